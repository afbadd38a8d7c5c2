"""An open workflow of another kind locks nobody out: a reason leaves it open, and it is named before that."""

from collections.abc import Sequence

import pytest

from haven.runbooks.arc.run import RegionSwitcher
from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.judging import Preview
from haven.runbooks.failover.resuming.leaving import UNSEEN
from haven.runbooks.failover.run import Operator
from haven.runbooks.rebuild.run import Rebuilder
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call, UnansweredError
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import PLAN, Model, P, R
from tests.simulation.operators import PATIENT, Machine, machine, start

LOST = Request(planned=False, force="the provider confirms the loss", accept_loss="unknown")
OPEN = "a region-switch is open (workflow-one), which haven failover sim --to eu-central-1 --with arc ends"
ASKS = "needs a reason, given with --force, for leaving that one open"


class Ground:
    """The writing Region is lost, and a process that started the plan, or was about to, is stopped."""

    def __init__(self, stopped_at: str = "start_plan_execution", kind: str = "crash-before", *, arc: bool) -> None:
        self.model = Model()
        self.model.at(100, self.model.kill)
        self.arc, self._stopped_at, self._kind = arc, stopped_at, kind
        self.simulation = Simulation(self.model, self._fault)
        self.manifest = PATIENT[1].model_copy(update={"recovery_plan": PLAN})
        start(self.simulation, self.made("one", RegionSwitcher), LOST, 300)
        self.simulation.run()

    def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
        if owner == "one":
            body = str(call.arguments.get("Item", {}).get("body", {}))
            there = self._stopped_at in (call.operation, *(["intent"] if '"step":"start-plan"' in body else []))
            return Fault(self._kind) if there else None
        silent = call.service == "arc-region-switch" and not self.arc
        return Fault("timeout-before") if silent else None

    def made(self, name: str, make: type[Operator]) -> Machine:
        """An operator to the Region that survives."""
        return machine(self.simulation, name, manifest=self.manifest, make=make)

    def previewed(self, made: Machine, request: Request) -> Preview:
        """What an operator is shown."""
        shown: list[Preview] = []
        self.simulation.start(made.name, made.operator.preview(request), shown.append)
        self.simulation.run()
        if isinstance(shown[0], Exception):
            raise shown[0]
        return shown[0]

    def ended(self, made: Machine, request: Request) -> Report:
        """What came of its run."""
        start(self.simulation, made, request, self.simulation.now + 100)
        self.simulation.run()
        report = made.outcome[0]
        assert isinstance(report, Report), report
        return report

    def writers(self) -> Sequence[bool]:
        """Which stores of the Region that survives take writes."""
        return list(self.model.regions[R].writer.values())


@pytest.mark.parametrize("plan", [True, False])
def test_a_region_switch_that_arc_doesn_t_answer_about_is_left_open_by_a_reason_that_names_that(*, plan: bool) -> None:
    ground = Ground(arc=False)
    if not plan:  # the stack declares it no more
        ground.manifest = PATIENT[1]
    refused = ground.previewed(ground.made("two", Operator), Request(planned=False))
    assert (refused.why_not, refused.in_the_way, refused.needs[0]) == (OPEN, True, ASKS)
    made = ground.made("three", Operator)
    preview = ground.previewed(made, LOST)
    unknown = "whether ARC still executes its plan isn't known (timeout-before)"
    assert (preview.why_not, preview.overrides[0]) == ("", f"an open workflow: {OPEN}; {unknown}, and stays so")
    assert (ground.ended(made, LOST).state, ground.writers()) == (State.DONE, [True, True])
    kinds = [(each.kind, each.data.get("state")) for each in made.operator.journal.entries]
    begun = [each for each in made.operator.journal.entries if each.kind == "begin"][-1]
    assert ("end", "left open") in kinds
    assert begun.data["goal"]["leavesOpen"] == f"{OPEN}; {unknown}"
    ground.simulation.abandon()


def test_a_start_that_the_audit_alone_has_is_shown_before_the_region_switch_is_left_open() -> None:
    """Killed between both writings, it started nothing; but nobody can know that who has the records alone."""
    ground = Ground("intent", arc=False)
    made = ground.made("two", Operator)
    assert ground.previewed(made, LOST).overrides[0] == f"an open workflow: {OPEN}, and stays so"
    report = ground.ended(made, LOST)
    assert (report.state, report.why[1]) == (State.REFUSED, UNSEEN)
    again = ground.made("three", Operator)
    unknown = "whether ARC still executes its plan isn't known (timeout-before)"
    assert ground.previewed(again, LOST).overrides[0] == f"an open workflow: {OPEN}; {unknown}, and stays so"
    assert (ground.ended(again, LOST).state, ground.writers()) == (State.DONE, [True, True])
    ground.simulation.abandon()


def test_an_execution_that_is_under_way_isn_t_left_by_any_reason_and_the_command_that_cancels_it_is_named() -> None:
    ground = Ground("get_plan_execution", arc=True)
    made = ground.made("two", Operator)
    preview = ground.previewed(made, LOST)
    assert preview.in_the_way
    assert (
        f"cancel it with: aws arc-region-switch cancel-plan-execution --region {R} --plan-arn {PLAN}" in preview.why_not
    )
    assert preview.needs == []
    report = ground.ended(made, LOST)
    assert (report.state, report.why) == (State.REFUSED, [preview.why_not])
    ground.simulation.abandon()


def test_what_a_reason_leaves_open_has_to_be_shown_before_the_confirmation() -> None:
    ground = Ground(arc=False)
    report = ground.ended(ground.made("two", Operator), LOST)
    assert report.state is State.REFUSED
    assert report.why[1] == "it wasn't shown before the confirmation: type the same command once more"
    made = ground.made("three", Operator)
    ground.arc = True
    ground.model.arc.executions.clear()
    ground.previewed(made, LOST)
    ground.arc = False  # the preview knew that nothing goes on, and the run doesn't
    assert ground.ended(made, LOST).why == report.why
    ground.simulation.abandon()


def test_a_process_that_ends_between_leaving_a_workflow_and_beginning_its_own_locks_nobody_out() -> None:
    ground = Ground(arc=False)
    killed, before = ground.made("two", Operator), ground._fault

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        body = str(call.arguments.get("Item", {}).get("body", {}))
        return Fault("crash-after") if owner == "two" and '"kind":"end"' in body else before(owner, call, now)

    ground.simulation._fault = fault
    ground.previewed(killed, LOST)
    start(ground.simulation, killed, LOST, ground.simulation.now + 10)
    ground.simulation.run()
    assert killed.outcome == []
    assert (ground.ended(ground.made("three", Operator), LOST).state, ground.writers()) == (State.DONE, [True, True])
    ground.simulation.abandon()


def test_a_failover_that_is_open_locks_no_region_switch_out_nor_a_rebuild() -> None:
    model = Model()
    simulation = Simulation(model, lambda owner, call, _: (
        Fault("crash-before") if (owner, call.operation) == ("one", "switchover_global_cluster") else None
    ))  # fmt: skip
    manifest = PATIENT[1].model_copy(update={"recovery_plan": PLAN})
    start(simulation, machine(simulation, "one", manifest=manifest), Request(planned=True), 300)
    simulation.run()
    left = "a failover is open (workflow-one), which haven failover sim --to eu-central-1 ends"
    for make in (RegionSwitcher, Rebuilder):
        for request in (Request(planned=True), Request(planned=True, force="the plan is what we practised")):
            made = machine(simulation, f"{make.kind}-{bool(request.force)}", manifest=manifest, make=make)
            shown: list[Preview] = []
            simulation.start(made.name, made.operator.preview(request), shown.append)
            simulation.run()
            assert ((left in shown[0].why_not), shown[0].in_the_way) == (not request.force, not request.force)
            assert any(left in each for each in shown[0].overrides) is bool(request.force)
    simulation.abandon()


def test_a_preview_that_arc_doesn_t_answer_names_the_command_that_needs_no_arc() -> None:
    ground = Ground(arc=False)
    with pytest.raises(UnansweredError, match=f"don't need ARC: haven failover sim --to {R} .--force REASON"):
        ground.previewed(ground.made("two", RegionSwitcher), LOST)
    ground.simulation.abandon()
    assert ground.model.source["database"] == P
