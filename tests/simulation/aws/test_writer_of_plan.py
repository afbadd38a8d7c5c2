"""The step of ARC's plan that moves the writer, in the simulator: when it is made to fail over, and when never."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from haven.runbooks.arc.run import RegionSwitcher
from haven.runbooks.executions import COMPLETE, FAILED, GRACEFUL, RUNNING, SKIPPED, UNGRACEFUL
from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.loss import ALLOWANCE_SECONDS
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.aws.region_switch import APPROVED, BESIDE, Running
from tests.simulation.aws.test_calls import problems
from tests.simulation.clock import Simulation
from tests.simulation.model import PLAN, Model, R
from tests.simulation.operators import MANIFESTS, PATIENT, machine, start

UNPLANNED, PLANNED = Request(planned=False), Request(planned=True)
BEGIN, LATER = 150.0, 3600.0
"""When the first operator begins, and how long after that the next one does."""


@dataclass
class Ground:
    """One environment, one operator after the other, and whoever works in the console."""

    model: Model
    simulation: Simulation
    manifest: RecoveryManifest
    calls: list[Call]
    sent: dict[str, float]
    """Operation to when it was sent last."""

    def runs(self, *requests: Request) -> list[Report]:
        """What came of each request."""
        machines = [
            machine(self.simulation, f"op{place}", manifest=self.manifest, make=RegionSwitcher)
            for place, _ in enumerate(requests)
        ]
        for place, (made, request) in enumerate(zip(machines, requests, strict=True)):
            start(self.simulation, made, request, BEGIN + place * LATER)
        self.simulation.run()
        self.simulation.abandon()
        reports = [each.outcome[0] for each in machines]
        assert all(isinstance(each, Report) for each in reports), reports
        return reports

    def console(self, when: float, operation: str, **arguments: str) -> None:
        """Let somebody do something to the execution that there is."""

        def done() -> None:
            named = {"executionId": self.execution.id} if self.model.arc.executions else {}
            self.model.arc.answer(operation, {**named, **arguments}, R)

        self.simulation.at(when, "console", done)

    def approved(self, when: float) -> None:
        """Let somebody approve the plan's first step."""
        self.console(when, "ApprovePlanExecutionStep", stepName="approve", approval="approve")

    @property
    def execution(self) -> Running:
        """The only one."""
        (found,) = self.model.arc.executions
        return found

    @property
    def switches(self) -> Sequence[Call]:
        """Calls that switch a step."""
        return [each for each in self.calls if each.operation == "update_plan_execution_step"]


def ground(*, lost_at: float | None = 100.0, manifest: RecoveryManifest = PATIENT[1]) -> Ground:
    """An environment whose primary Region is lost at a time."""
    model, calls, sent = Model(), list[Call](), dict[str, float]()

    def recorded(_: str, call: Call, now: float) -> None:
        calls.append(call)
        sent[call.operation] = now

    simulation = Simulation(model, recorded)
    if lost_at is not None:
        simulation.at(lost_at, "aws", lambda: model.kill(lost_at))
    return Ground(model, simulation, manifest.model_copy(update={"recovery_plan": PLAN}), calls, sent)


def test_an_unplanned_execution_is_graceful_and_its_step_for_the_writer_alone_fails_over() -> None:
    made = ground()
    (report,) = made.runs(UNPLANNED)
    assert report.state is State.DONE, report
    assert (made.execution.mode, made.execution.switched) == (GRACEFUL, {"move-writer"})
    assert made.execution.status == {"move-writer": COMPLETE, "scale": COMPLETE}
    (switched,) = made.switches
    assert switched.arguments["comment"] == "haven workflow-op0"
    assert list(problems(switched)) == []
    assert switched.not_after is not None
    assert switched.not_after - made.sent[switched.operation] <= ALLOWANCE_SECONDS, "what was judged holds until then"
    assert {each.region for each in made.calls if each.service == switched.service} == {R}


def test_an_execution_that_is_ungraceful_as_a_whole_would_leave_out_the_lambda_steps() -> None:
    made = ground()
    words = {"targetRegion": R, "action": "activate", "mode": UNGRACEFUL, "clientToken": "console"}
    made.console(BEGIN - 1, "StartPlanExecution", **words)
    made.model.arc.blocks = APPROVED  # so that it is under way when Haven comes
    made.approved(BEGIN + 60)
    (report,) = made.runs(UNPLANNED)
    assert made.execution.status["scale"] == SKIPPED
    assert any("scale skipped" in each for each in report.why), report
    assert made.switches == []


def test_the_step_is_found_within_a_parallel_one() -> None:
    made = ground()
    made.model.arc.blocks = BESIDE
    (report,) = made.runs(UNPLANNED)
    assert (report.state, made.execution.switched) == (State.DONE, {"move-writer"}), report
    assert set(made.execution.status.values()) == {COMPLETE}


@pytest.mark.parametrize("status", [RUNNING, FAILED])
def test_a_refusal_means_not_yet_whichever_state_arc_wants_the_step_in(status: str) -> None:
    made = ground()
    made.model.arc.switchable = [status]
    (report,) = made.runs(UNPLANNED)
    assert (report.state, made.model.arc.switches, made.model.arc.starts) == (State.DONE, 1, 1), report
    assert len(made.switches) == (1 if status == RUNNING else 2)


def test_a_switch_that_arc_goes_on_refusing_ends_with_the_commands_and_the_same_command_tries_again() -> None:
    made = ground()
    made.model.arc.switchable = []
    made.simulation.at(BEGIN + LATER / 2, "aws", lambda: made.model.arc.switchable.append(FAILED))
    first, second = made.runs(UNPLANNED, UNPLANNED)
    assert (first.state, second.state) == (State.INCOMPLETE, State.DONE), (first, second)
    assert "paused: step move-writer (move-writer broke) failed" in first.why[0]
    assert f"update-plan-execution-step --region {R} --plan-arn {PLAN}" in first.why[0]
    assert "--action-to-take switchToUngraceful" in first.why[0]
    assert len(made.switches) < 10, "each try is two entries of the journal"
    assert (made.model.arc.switches, made.model.arc.starts) == (1, 1)


def test_what_may_be_lost_is_judged_at_the_moment_of_the_switch_and_whoever_accepts_it_goes_on() -> None:
    made = ground(manifest=MANIFESTS[1])
    made.model.arc.blocks = APPROVED
    made.approved(BEGIN + 900)
    first, second = made.runs(UNPLANNED, Request(planned=False, accept_loss="unknown"))
    assert (first.state, second.state) == (State.INCOMPLETE, State.DONE), (first, second)
    assert "step move-writer isn't made to fail over: " in first.why[0]
    assert "above the objective" in first.why[0]
    assert "--accept-loss" in first.why[0]
    assert len(made.switches) == 1


@pytest.mark.parametrize(("request_", "named"), [(PLANNED, False), (UNPLANNED, True)])
def test_neither_a_planned_switch_nor_somebody_else_s_execution_is_made_to_fail_over(
    request_: Request, named: bool
) -> None:
    """Of somebody else's the command says how, for there nobody decided that the Region is lost."""
    made = ground(lost_at=200.0)
    made.model.arc.blocks = APPROVED
    if not request_.planned:
        words = {"targetRegion": R, "action": "activate", "mode": GRACEFUL, "clientToken": "console"}
        made.console(BEGIN - 1, "StartPlanExecution", **words)
    made.approved(BEGIN + 300)
    (report,) = made.runs(request_)
    assert (report.state, made.switches, made.execution.status["move-writer"]) == (State.INCOMPLETE, [], FAILED), report
    assert ("--action-to-take switchToUngraceful" in report.why[-1]) is named, report


def test_a_writer_that_has_moved_already_is_left_alone() -> None:
    made = ground(lost_at=None)
    made.model.promotion_seconds = 0.01
    (report,) = made.runs(Request(planned=False, force="a drill"))
    lost = [(store, seconds) for store, seconds, _ in made.model.losses]
    assert (report.state, made.switches, lost) == (State.DONE, [], [("database", 0.0)]), report


def test_what_a_person_paused_is_left_to_that_person() -> None:
    made = ground()
    made.model.arc.blocks = APPROVED
    made.simulation.at(BEGIN + 60, "console", lambda: setattr(made.execution, "state", "pausedByOperator"))
    made.simulation.at(BEGIN + 60, "console", lambda: made.execution.status.update({"move-writer": RUNNING}))
    made.console(BEGIN + 600, "CancelPlanExecution")
    (report,) = made.runs(UNPLANNED)
    assert (report.state, made.switches) == (State.UNDONE, []), report


@pytest.mark.parametrize(("repaired", "state"), [(True, State.DONE), (False, State.INCOMPLETE)])
def test_a_step_that_was_switched_and_shows_as_failed_has_two_minutes_to_begin_anew(
    repaired: bool, state: State
) -> None:
    made = ground()
    made.model.arc.broken = {"move-writer"}
    if repaired:
        made.simulation.at(BEGIN + 80, "console", made.model.arc.broken.clear)
        made.console(BEGIN + 81, "UpdatePlanExecution", action="resume")
    (report,) = made.runs(UNPLANNED)
    assert (report.state, made.model.arc.switches) == (state, 1), report
    assert "switchToUngraceful" not in str(report.why)
