"""The lease after an error, one lost answer of the audit bucket, and what is shown while somebody else has it."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.audit import AuditError
from haven.runbooks.workflow.journal import UnwrittenError
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from haven.runbooks.workflow.steps import Progress
from tests.simulation import clock
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model
from tests.simulation.operators import PATIENT, Machine, machine, start


def runs(fault: Fault, operation: str, times: int) -> tuple[Machine, Machine, list[Progress]]:
    """One operator with faults of an operation, the next one a second later, and what that one is shown."""
    count = 0

    def faults(owner: str, call: Call, now: float) -> Fault | None:
        nonlocal count
        count += (owner, call.operation) == ("a", operation)
        return fault if (owner, call.operation) == ("a", operation) and count <= times else None

    model = Model()
    simulation = Simulation(model, faults)
    first, second = machine(simulation, "a", manifest=PATIENT[1]), machine(simulation, "b", manifest=PATIENT[1])
    shown: list[Progress] = []
    second.operator.report = shown.append
    start(simulation, first, Request(planned=True), 150)
    simulation.run()
    start(simulation, second, Request(planned=True), simulation.now + 1)
    simulation.run()
    simulation.abandon()
    return first, second, shown


@pytest.mark.parametrize("kind", ["timeout-before", "timeout-after", "error-after"])
def test_one_lost_answer_of_the_audit_bucket_refuses_nothing(kind: str) -> None:
    first, _, _ = runs(Fault(kind), "put_object", 1)
    report = first.outcome[0]
    assert isinstance(report, Report)
    assert (report.state, report.pending_audit) == (State.DONE, 0)


@pytest.mark.parametrize(
    ("operation", "error"), [("put_object", AuditError), ("put_item", UnwrittenError)], ids=["audit", "journal"]
)
def test_after_an_error_the_next_operator_finds_the_lease_free(operation: str, error: type[Exception]) -> None:
    first, second, shown = runs(Fault("error-before"), operation, 1000)
    assert isinstance(first.outcome[0], error)
    assert "lease" not in {each.step for each in shown}
    assert second.outcome[0].state is State.DONE


def test_whoever_waits_for_the_lease_of_a_process_that_died_reads_whose_it_is_and_until_when() -> None:
    _, second, shown = runs(Fault("crash-before"), "put_item", 1)
    waiting = [each for each in shown if each.step == "lease"]
    assert waiting[0].detail == "a has it (token 1); free in 61 s at the latest, unless they renew it"
    assert (waiting[0].state, waiting[-1].state, waiting[-1].detail) == ("running", "done", "")
    assert "free in 5 s at the latest" in waiting[-2].detail
    assert second.outcome[0].state is State.DONE


@pytest.mark.parametrize("latency", [0.005, 0.05, 0.2])
def test_the_lease_is_free_when_it_was_announced_however_fast_its_tables_answer(
    latency: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "LATENCY", latency)
    _, second, shown = runs(Fault("crash-before"), "put_item", 1)
    waited = [each for each in shown if each.step == "lease"][-1]
    assert (waited.state, f"{waited.seconds:.0f} of {waited.deadline:.0f} s") == ("done", "61 of 61 s")
    assert second.outcome[0].state is State.DONE
