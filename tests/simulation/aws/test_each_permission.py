"""What becomes of a command when the role lacks one permission: those that no server on loopback enforces."""

from collections.abc import Callable
from dataclasses import replace as changed

import pytest

from haven.runbooks.arc.run import RegionSwitcher
from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.simulation import test_restore as copies
from tests.simulation.aws.policy import OF_NO_AWS, asked_of
from tests.simulation.clock import Simulation
from tests.simulation.model import PLAN, Model
from tests.simulation.operators import PATIENT, Machine, machine, start
from tests.simulation.stopped.runs import CASES, Run


def guarded(made: Model, missing: str) -> Model:
    """AWS that refuses what needs one permission."""
    answer = made.answer

    def asked(call: Call, now: float, owner: str) -> Answer:
        if call.service not in OF_NO_AWS and missing in [each.action for each in asked_of(call)]:
            raise RefusedError("AccessDeniedException", f"is not authorized to perform: {missing} ({call})")
        return answer(call, now, owner)

    made.answer = asked  # type: ignore[method-assign]
    return made


def with_plan(missing: str) -> Machine:
    """`haven failover --with arc` from a Region that is lost: what it shows, and the run."""
    model = guarded(Model(), missing)
    model.at(100, model.kill)
    simulation = Simulation(model)
    manifest = PATIENT[1].model_copy(update={"recovery_plan": PLAN})
    made = machine(simulation, "a", manifest=manifest, make=RegionSwitcher)
    shown: list[object] = []
    simulation.now = 150
    simulation.start("a", made.operator.preview(Request(planned=False)), shown.append)
    simulation.run()
    if isinstance(shown[0], Exception):
        made.outcome += shown
    else:
        start(simulation, made, Request(planned=False), simulation.now + 10)
        simulation.run()
    simulation.abandon()
    return made


def from_copies(missing: str) -> Machine:
    """`haven failover` of tier `backup`."""
    return copies.failed_over(guarded(copies.Vault(), missing), force=copies.REASON)  # type: ignore[arg-type]


NEEDED = [
    *[
        (with_plan, f"arc-region-switch:{each}")
        for each in (
            "GetPlanInRegion",
            "GetPlanExecution",
            "ListPlanExecutions",
            "StartPlanExecution",
            "UpdatePlanExecutionStep",
        )
    ],
    (from_copies, "iam:PassRole"),
    (from_copies, "backup:StartRestoreJob"),
]


@pytest.mark.parametrize("command", [with_plan, from_copies])
def test_with_every_permission_the_command_is_done(command: Callable[[str], Machine]) -> None:
    (report,) = command("nothing:AtAll").outcome
    assert isinstance(report, Report)
    assert report.state is State.DONE, report


@pytest.mark.parametrize(("command", "missing"), NEEDED, ids=[missing for _, missing in NEEDED])
def test_without_a_permission_the_command_is_not_done_and_says_that_it_was_refused(
    command: Callable[[str], Machine], missing: str
) -> None:
    (ended,) = command(missing).outcome
    assert not (isinstance(ended, Report) and ended.state is State.DONE), ended
    words = "; ".join(ended.why) if isinstance(ended, Report) else str(ended)
    refused = missing in words or "AccessDenied" in words
    assert refused or missing == "arc-region-switch:UpdatePlanExecutionStep", words  # how to do that by hand, it says


@pytest.mark.parametrize("missing", ["s3:ListBucket", "s3:GetObject"])
def test_whoever_may_not_read_the_audit_goes_on_with_no_workflow_of_somebody_else(missing: str) -> None:
    """What the journal may lack isn't known then."""
    whole = Run([], CASES["unplanned"])
    stop = next(each for each in whole.four if each[1] == "crash-before")
    denied = changed(CASES["unplanned"], made=lambda: guarded(Model(), missing))
    last = Run([stop], denied).machines[-1].outcome[0]
    assert isinstance(last, RefusedError), last
    assert missing in str(last)
