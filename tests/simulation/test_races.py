"""Several operators at once: one works, the others change nothing and name who has the lease."""

import random

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.journal import DisplacedError
from haven.runbooks.workflow.lease import HeldError, LeaseError
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model
from tests.simulation.operators import machine, start


def race(seed: int) -> str:
    """What is wrong with one race; empty: nothing."""
    rng = random.Random(seed)
    model = Model()
    model.at(100, model.kill)
    simulation = Simulation(model)
    machines = [machine(simulation, f"op{place}", skew=rng.uniform(-300, 300)) for place in range(rng.randint(2, 8))]
    for each in machines:
        start(simulation, each, Request(planned=False), 150 + rng.choice((0, rng.uniform(0, 0.3), rng.uniform(0, 30))))
    simulation.run()
    outcomes = {each.name: each.outcome[0] for each in machines}
    done = [name for name, each in outcomes.items() if isinstance(each, Report) and each.state is State.DONE]
    workers = {owner for _, owner, _, _ in model.effects}
    if len(done) != 1 or workers != set(done):
        return f"{done} ended it, {workers} changed something"
    losers = [each for name, each in outcomes.items() if name != done[0]]
    odd = [each for each in losers if not (isinstance(each, HeldError) and each.who == done[0])]
    return f"{done[0]} had the lease, and others ended with {odd}" if odd else ""


def test_of_2_to_8_operators_one_works_and_the_others_name_it() -> None:
    assert [each for each in map(race, range(40)) if each] == []


@pytest.mark.exhaustive
def test_1000_races_have_one_winner_each() -> None:
    assert [each for each in map(race, range(1000)) if each] == []


def test_an_operator_who_was_paused_for_longer_than_the_lease_changes_nothing_more() -> None:
    model = Model()
    model.at(100, model.kill)

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        looks = owner == "a" and call.operation == "describe_target_groups"
        return Fault("pause", 200.0) if looks and simulation.now < 300 else None

    simulation = Simulation(model, fault)
    first, second = machine(simulation, "a"), machine(simulation, "b")
    start(simulation, first, Request(planned=False), 150)
    start(simulation, second, Request(planned=False), 240)
    simulation.run()
    assert isinstance(second.outcome[0], Report)
    assert second.outcome[0].state is State.DONE
    assert isinstance(first.outcome[0], LeaseError | DisplacedError)
    assert [what for _, owner, what, _ in model.effects if owner == "b"] == ["put_metric_data", "put_parameter"]
