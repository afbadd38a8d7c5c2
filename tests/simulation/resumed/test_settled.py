"""Whoever goes on long after a call was to be made doesn't wait once more for what it may have done."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.plan import OFF, WRITABLE
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from haven.runbooks.workflow.steps import Progress
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model
from tests.simulation.operators import machine, start

CALLS = {WRITABLE: "put_parameter", OFF: "put_metric_data"}
SETTLE = {WRITABLE: 60, OFF: 180}


def resumed(step: str, later: float) -> list[Progress]:
    """What a run reports of a step whose call the run before it was to make when it died."""
    seen: list[Call] = []

    def fault(owner: str, call: Call, _: float) -> Fault | None:
        wanted = call.operation == CALLS[step] and call.arguments.get("Value", "read-write") == "read-write"
        if owner == "a" and wanted and call.changes:
            seen.append(call)
            return Fault("crash-before")
        return None

    simulation = Simulation(Model(), fault)
    first = machine(simulation, "a")
    start(simulation, first, Request(planned=True), 100)
    simulation.run()
    assert len(seen) == 1
    found: list[Progress] = []
    second = machine(simulation, "b")
    second.operator.report = lambda each: found.append(each) if each.step == step else None
    start(simulation, second, Request(planned=True), simulation.now + later)
    simulation.run()
    (report,) = second.outcome
    assert isinstance(report, Report)
    assert report.state is State.DONE, report
    return found


@pytest.mark.parametrize("step", [WRITABLE, OFF])
def test_a_call_that_may_be_repeated_is_made_at_once_where_its_entry_is_older_than_it_needs_to_show(step: str) -> None:
    assert resumed(step, 600)[-1].seconds < SETTLE[step]


def test_where_it_is_younger_the_rest_is_waited_for_and_the_screen_tells_why() -> None:
    found = resumed(OFF, 30)
    assert found[-1].seconds < SETTLE[OFF]
    assert any(each.detail.startswith("an earlier run may have made the call: once more in ") for each in found)
