"""A process that is paused when it has decided: what it saw counts for a minute, and is looked at again after that."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.old_side.outdated import LOOK_SECONDS
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.observed.onlooker import decides
from tests.simulation.operators import PATIENT, machine, start

SURE = Request(planned=False, force="the provider confirms the loss", accept_loss="unknown")


def paused(seconds: float, *, returns: bool) -> tuple[Report, Model]:
    """What comes of a failover from a silent Region that is paused when it has decided, and a model that AWS fences
    nothing in."""

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        return Fault("pause-checked", seconds) if decides(call) else None

    model = Model(aws_fences=False)
    model.regions[P].reachable = lambda now: returns and now > 170
    model.at(100, model.cut)
    simulation = Simulation(model, fault)
    made = machine(simulation, "op", manifest=PATIENT[1])
    start(simulation, made, SURE, 150)
    simulation.run()
    (report,) = made.outcome
    assert isinstance(report, Report), report
    return report, model


def test_a_region_that_has_come_back_meanwhile_is_not_promoted_away_from() -> None:
    report, model = paused(300, returns=True)
    assert report.state is State.UNDONE, report
    typed = f"haven failover sim --to {R} --force '{SURE.force}' --accept-loss unknown"
    was = f"{P} was unreachable from here when this was decided, and is up now: the writing Region is up"
    assert report.why[0].startswith(f"promote-database: {was}: a planned failover loses nothing;")
    assert f"whoever decides that anew types: {typed}" in report.why[0]
    assert [what for _, _, what, _ in model.effects if what.startswith("failover_")] == []
    assert set(model.both_open.values()) == {0.0}


@pytest.mark.parametrize(("seconds", "returns"), [(300, False), (LOOK_SECONDS - 30, True)])
def test_what_is_as_it_was_or_was_seen_a_moment_ago_counts(seconds: float, returns: bool) -> None:
    report, _ = paused(seconds, returns=returns)
    assert report.state is State.DONE, report
