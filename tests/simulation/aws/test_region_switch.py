"""The runbook's own code with ARC's plan in the simulator: a process that is stopped anywhere, lost answers, and what
the guards refuse. ARC is the model of `region_switch.py`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from botocore import xform_name

from haven.runbooks import executions
from haven.runbooks.arc.run import RegionSwitcher
from haven.runbooks.executions import SERVICE
from haven.runbooks.failover.consumers.queues import SID
from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.run import Operator
from haven.runbooks.reconcile import history
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.components.resilience.test_operator_role import operations
from tests.simulation.aws.region_switch import APPROVED, OPERATIONS
from tests.simulation.aws.test_calls import model, problems
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import PLAN, Model, P, R
from tests.simulation.operators import MANIFESTS, PATIENT, Machine, machine, start
from tests.simulation.regions import Queue

LATER = 600.0
KINDS = ("crash-before", "crash-after", "timeout-before", "timeout-after", "error-after")
Stop = tuple[int, str]


@dataclass
class Run:
    """A failover by the plan, whose first operator meets one fault; a second one comes after it."""

    stop: Stop = (0, "")
    planned: bool = True
    before: Callable[[Model], None] = lambda _: None
    request: Request | None = None
    machines: list[Machine] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    """Numbers of the first operator's calls."""
    calls: list[Call] = field(default_factory=list)
    """These calls."""

    def __post_init__(self) -> None:
        self.model = Model()
        self.before(self.model)
        self._number = 0
        simulation = Simulation(self.model, self._fault)
        if not self.planned:
            self.model.at(100, self.model.kill)
        manifest = PATIENT[1].model_copy(update={"recovery_plan": PLAN})
        for place in range(2):
            made = machine(simulation, f"op{place}", manifest=manifest, make=RegionSwitcher)
            self.machines.append(made)
            start(simulation, made, self.request or Request(self.planned), 150 + place * LATER)
        simulation.run()
        simulation.abandon()

    def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
        if owner != "op0":
            return None
        self._number += 1
        self.calls.append(call)
        self.points.append(self._number)
        return Fault(self.stop[1]) if self._number == self.stop[0] else None

    @property
    def reports(self) -> Sequence[object]:
        """How each operator's run ended; one that was stopped has none."""
        return [each.outcome[0] if each.outcome else None for each in self.machines]

    @property
    def writer(self) -> str:
        """The Region that is written."""
        return R if self.model.regions[R].writer["database"] else P


@pytest.mark.parametrize("planned", [True, False])
@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_a_process_that_is_stopped_at_any_call_is_followed_by_one_that_starts_no_second_execution(
    planned: bool, every: int, record_property: Callable[[str, object], None]
) -> None:
    whole, switches = Run(planned=planned), 0 if planned else 1
    assert (whole.writer, whole.model.arc.starts, whole.model.arc.switches) == (R, 1, switches), whole.reports
    stops = [(number, kind) for number in whole.points for kind in KINDS][::every]
    wrong = []
    for stop in stops:
        run = Run(stop, planned)
        states = [each.state for each in run.reports if isinstance(each, Report)]
        ended = states and states[-1] in (State.DONE, State.NOTHING)
        arc = run.model.arc
        if not ended or (run.writer, arc.starts, arc.switches) != (R, 1, switches) or any(run.model.regions[P].closed):
            wrong.append((stop, run.reports, run.writer, arc.starts, arc.switches))
    record_property(
        "figure", f"{len(stops)} faults of one call with ARC's plan: one execution, {switches} switches each"
    )
    assert wrong == []


def test_a_start_that_the_list_shows_late_is_repeated_with_the_same_token_and_made_once() -> None:
    run = Run(before=lambda model: setattr(model.arc, "late", 150.0))
    assert [each.operation for each in run.calls].count("start_plan_execution") > 1
    assert [each.state for each in run.reports if isinstance(each, Report)] == [State.DONE, State.NOTHING]
    assert run.model.arc.starts == 1


def test_what_a_cancelled_execution_left_is_done_by_haven_s_own_steps() -> None:
    model = Model()
    model.arc.broken = {"scale"}
    simulation = Simulation(model)
    manifest = PATIENT[1].model_copy(update={"recovery_plan": PLAN})
    made: dict[str, type[Operator]] = {"one": RegionSwitcher, "two": RegionSwitcher, "own": Operator}
    machines = {name: machine(simulation, name, manifest=manifest, make=make) for name, make in made.items()}
    for place, each in enumerate(machines.values()):
        start(simulation, each, Request(planned=True), 150 + place * LATER)

    def cancel() -> None:
        (running,) = model.arc.executions
        model.arc.answer("CancelPlanExecution", {"executionId": running.id}, R)

    simulation.at(150 + LATER / 2, "console", cancel)
    simulation.run()
    simulation.abandon()
    one, two, own = (each.outcome[0] for each in machines.values())
    assert (one.state, two.state, own.state) == (State.INCOMPLETE, State.INCOMPLETE, State.DONE), (one, two, own)
    assert "is paused: step scale (scale broke) failed" in one.why[0]
    assert any("ended as canceled" in each for each in two.why)
    assert (model.regions[R].writer, model.arc.starts) == ({"database": True, "cache": True}, 1)
    assert not any(model.regions[P].closed)
    ends = [each.data for each in machines["own"].operator.journal.entries if each.kind == "end"]
    assert [each["state"] for each in ends] == ["incomplete", "done"]
    found = list(history._workflows(machines["own"].operator.journal.entries))
    assert [history._is_done(each) for each in found] == [True, True]


def test_every_call_is_one_that_aws_has_and_every_state_too() -> None:
    distinct = {(each.operation, str(each.arguments)): each for each in Run().calls if each.service == SERVICE}
    assert [problem for each in distinct.values() for problem in problems(each)] == []
    shape = model(SERVICE).shape_for
    assert sorted((*executions.LIVE, *executions.COMPLETED, *executions.GIVEN_UP)) == sorted(
        shape("ExecutionState").enum
    )
    distinguished = {
        executions.RUNNING,
        executions.FAILED,
        executions.COMPLETE,
        executions.SKIPPED,
        executions.STEP_APPROVAL,
    }
    assert distinguished < set(shape("StepStatus").enum)
    assert {"stepFailed", "stepPausedByError"} < set(shape("ExecutionEventType").enum)
    assert "ResourceNotFoundException" in {each.name for each in model(SERVICE).error_shapes}


def test_guards_refuse_before_anything_is_started() -> None:
    def without_witness(model: Model) -> None:
        model.regions[P].reachable = lambda _: False

    run = Run(request=Request(planned=False), before=without_witness)
    reports = [each for each in run.reports if isinstance(each, Report)]
    assert [each.state for each in reports] == [State.REFUSED] * 2
    assert list(reports[0].why)[1:] == [
        "needs a reason, given with --force, for taking the Region for lost",
        f"whoever decides that types: haven failover sim --to {R} --force REASON",
    ]
    assert run.model.arc.starts == 0


def test_what_may_be_lost_above_the_objective_starts_no_plan_and_opens_what_was_closed() -> None:
    model = Model()
    model.at(100, model.cut)
    model.at(100, lambda _: setattr(model.regions[P], "database_writes", False))
    simulation = Simulation(model)
    manifest = MANIFESTS[1].model_copy(update={"recovery_plan": PLAN})
    made = machine(simulation, "op", manifest=manifest, make=RegionSwitcher)
    start(simulation, made, Request(planned=False), 100 + 5 * 60 + 60)
    simulation.run()
    simulation.abandon()
    (report,) = made.outcome
    assert (report.state, model.arc.starts) == (State.UNDONE, 0), report
    assert "above the objective" in str(report.why)
    assert not any(model.regions[P].closed)
    assert [what for _, _, what, _ in model.effects].count("create_network_acl_entry") > 0
    assert [what for _, _, what, _ in model.effects].count("set_queue_attributes") == 2
    assert model.regions[P].queue == Queue()


def test_the_guards_close_queues_of_a_region_that_answers_and_the_new_one_s_open_behind_the_plan() -> None:
    def closed_earlier(model: Model) -> None:
        statement = {"Sid": SID, "Effect": "Deny", "Principal": "*", "Action": "sqs:ReceiveMessage", "Resource": "*"}
        model.regions[R].queue.policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        model.regions[R].queue.heed()

    run = Run(request=Request(planned=False, force="a drill"), before=closed_earlier)
    run.model.advance(10_000)
    assert (run.reports[0].state, run.writer) == (State.DONE, R)  # type: ignore[attr-defined]
    queues = [run.model.regions[each].queue for each in (P, R)]
    assert [each.denied for each in queues] == [True, False]
    assert queues[1].policy == ""


def test_an_open_region_switch_refuses_the_failover_of_haven_and_the_other_way_round() -> None:
    for first, second, command in (
        (RegionSwitcher, Operator, f"haven failover sim --to {R} --with arc"),
        (Operator, RegionSwitcher, f"haven failover sim --to {R}"),
    ):
        model = Model()
        model.arc.blocks = APPROVED

        def dies(owner: str, call: Call, now: float) -> Fault | None:
            return Fault("crash-after") if owner == "one" and call.not_after is not None else None

        simulation = Simulation(model, dies)
        manifest = PATIENT[1].model_copy(update={"recovery_plan": PLAN})
        one = machine(simulation, "one", manifest=manifest, make=first)
        other = machine(simulation, "other", manifest=manifest, make=second)
        start(simulation, one, Request(planned=True), 150)
        start(simulation, other, Request(planned=True), 150 + LATER)
        simulation.run()
        simulation.abandon()
        (report,) = other.outcome
        assert report.state is State.REFUSED
        assert f", which {command} ends" in report.why[0]


def test_only_operations_of_the_data_plane_are_called_and_the_model_has_each_of_them() -> None:
    """What has `UseControlPlaneEndpoint` goes to one Region of the partition, which may be the lost one."""
    arc = model(SERVICE)
    called = {operation for service, operation in operations() if service == SERVICE}
    assert called <= set(OPERATIONS)
    central = {each for each in called if arc.operation_model(each).static_context_parameters}
    assert ("StartPlanExecution" in called, central) == (True, set())
    assert arc.operation_model("GetPlan").static_context_parameters  # such there are
    assert {xform_name(each) for each in OPERATIONS} >= {xform_name(each) for each in called}
