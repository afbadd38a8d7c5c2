"""A failover that is run once more, or gone on with by another operator or another version."""

import pytest

from haven.base.problems import Problems
from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.report import State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, R
from tests.simulation.operators import machine, start
from tests.simulation.stopped.runs import CASES, Run


def test_a_second_and_a_third_failover_change_nothing() -> None:
    run = Run([(0, ""), (0, "")], CASES["planned"])
    assert [each.outcome[0].state for each in run.machines] == [State.DONE, State.NOTHING, State.NOTHING]
    assert {owner for _, owner, _, _ in run.model.effects} == {"op0"}


def test_a_step_of_another_version_is_refused_with_its_name() -> None:
    model = Model()
    model.at(100, model.kill)

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        return Fault("crash-after") if owner == "a" and call.not_after is not None else None

    simulation = Simulation(model, fault)
    start(simulation, machine(simulation, "a"), Request(planned=False), 150)
    simulation.run()
    items = model.regions[R].tables.items
    for place in [each for each in items if each[1] == "journal"]:
        body = items[place]["body"]["S"].replace('"step":"scale:', '"step":"warp:')
        items[place] = {**items[place], "body": {"S": body}}
    later = machine(simulation, "b")
    start(simulation, later, Request(planned=False), 400)
    simulation.run()
    simulation.abandon()
    assert isinstance(later.outcome[0], Problems), later.outcome
    assert 'step "warp:' in str(later.outcome[0])
    assert "use the version of haven that began the workflow" in str(later.outcome[0])


@pytest.mark.parametrize(
    ("accepted", "later", "state"), [("30m", "", State.DONE), ("", "30m", State.DONE), ("", "", State.UNDONE)]
)
def test_a_resumed_run_keeps_what_was_accepted_and_takes_what_is_accepted_later(
    accepted: str, later: str, state: State
) -> None:
    """The first operator is lost before anything is judged; the second one types no reason."""
    model = Model()
    model.at(100, model.kill)

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        return Fault("crash-before") if owner == "a" and call.operation == "update_nodegroup_config" else None

    simulation = Simulation(model, fault)
    start(simulation, machine(simulation, "a"), Request(planned=False, force="a reason", accept_loss=accepted), 1000)
    simulation.run()
    second = machine(simulation, "b")
    start(simulation, second, Request(planned=False, accept_loss=later), simulation.now + 100)
    simulation.run()
    simulation.abandon()
    assert second.outcome[0].state is state, second.outcome
    assert model.regions[R].writer["database"] is (state is State.DONE)
    assert [lost for _, lost, _ in model.losses if lost > 1800] == []
