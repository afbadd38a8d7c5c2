"""A planned failover waits until the cache has what the closed Region wrote last: no switchover does that for it."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.report import Report, State
from tests.simulation.clock import Simulation
from tests.simulation.model import INTERVAL, Model, P, R
from tests.simulation.operators import MANIFESTS, machine, start


def go(model: Model, accepted: str = "") -> Report:
    """What comes of one planned failover."""
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=MANIFESTS[1])
    start(simulation, made, Request(planned=True, accept_loss=accepted), 150)
    simulation.run()
    report: Report = made.outcome[0]
    assert isinstance(report, Report), report
    return report


def lagging() -> Model:
    """A cache of which nothing arrives any more since shortly before the beginning."""
    model = Model()
    model.at(130, lambda now: model.cut(now, "cache"))
    return model


def test_a_cache_that_does_not_drain_is_not_promoted_and_the_old_writer_is_opened_again() -> None:
    model = lagging()
    report = go(model)
    assert (report.state, model.losses, model.regions[P].closed) == (State.UNDONE, [], set()), report
    why = "; ".join(report.why)
    assert f"judge-loss: not done within 60 s: what {P} wrote last hasn't arrived in {R}: cache (up to 40 s)" in why
    assert f"haven failover sim --to {R} --planned --accept-loss" in why


@pytest.mark.parametrize("accepted", ["2m", "unknown"])
def test_whoever_accepts_that_loss_does_not_wait_for_it(accepted: str) -> None:
    model = lagging()
    report = go(model, accepted)
    assert (report.state, model.regions[R].writer["cache"]) == (State.DONE, True), report


def test_a_cache_that_drains_late_is_waited_for_and_the_bound_is_in_the_report() -> None:
    model = lagging()
    model.at(190, model.drain)
    report = go(model)
    assert report.state is State.DONE
    lost = {store: seconds for store, seconds, _ in model.losses}
    assert lost["database"] == 0.0
    assert lost["cache"] <= INTERVAL
    (bound,) = [each for each in report.losses if each.startswith("cache")]
    assert bound.endswith("may be lost (a bound), within the objective")
    assert not [each for each in report.losses if each.startswith("database")]
