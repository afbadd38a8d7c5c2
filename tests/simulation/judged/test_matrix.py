"""What a run does with a Region that is up, lost, cut off from here, read-only or flapping: the table of decisions, as
observation and run make it of what AWS answers."""

from collections.abc import Callable

import pytest

from haven.runbooks.failover.decision import Request, Seen
from haven.runbooks.failover.judging import Preview
from haven.runbooks.workflow.report import Report, State
from tests.simulation.clock import Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, machine, start
from tests.simulation.regions import DATABASE

BEFORE, AT = 100.0, 400.0


def _isolated(model: Model) -> None:
    """It runs, and nobody here reaches it; everything arrives from there."""
    model.at(BEFORE, lambda _: setattr(model.regions[P], "reachable", lambda _: False))


def _read_only(model: Model) -> None:
    model.at(BEFORE, lambda _: setattr(model.regions[P], "database_writes", False))


def _read_only_and_cut(model: Model) -> None:
    """Its database takes no writes, and RDS in the other Region has its replication as cut off."""
    _read_only(model)
    model.at(BEFORE, lambda now: model.cut(now, DATABASE))


def _flapping(model: Model) -> None:
    model.at(BEFORE, lambda _: setattr(model.regions[P], "reachable", lambda now: int(now * 0.7) % 2 == 0))


CELLS: dict[str, tuple[Callable[[Model], None], Seen, int]] = {
    "up": (lambda _: None, Seen.UP, 0),
    "lost": (lambda model: model.at(BEFORE, model.kill), Seen.UNREACHABLE, 2),
    "isolated": (_isolated, Seen.UNREACHABLE, 0),
    "read-only": (_read_only, Seen.READ_ONLY, 1),
    "read-only, and cut off": (_read_only_and_cut, Seen.READ_ONLY, 2),
    "flapping": (_flapping, Seen.FLAPPING, 0),
}
"""What happens to P, how this machine sees it then, and how many independent observations report its loss."""


def shown_and_done(cell: str, request: Request) -> tuple[Preview, Report, Model]:
    """A preview, and the run that follows it."""
    model = Model()
    CELLS[cell][0](model)
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=PATIENT[1])
    shown: list[Preview] = []
    simulation.now = AT
    simulation.start("a", made.operator.preview(request), shown.append)
    start(simulation, made, request, AT + 30)
    simulation.run()
    simulation.abandon()
    (report,) = made.outcome
    assert isinstance(report, Report), report
    assert isinstance(shown[0], Preview), shown
    return shown[0], report, model


@pytest.mark.parametrize("force", ["", "the provider confirms the loss"], ids=["", "forced"])
@pytest.mark.parametrize("cell", CELLS)
def test_an_unplanned_failover_goes_on_with_two_observations_or_a_reason(cell: str, force: str) -> None:
    _, seen, witnesses = CELLS[cell]
    preview, report, model = shown_and_done(cell, Request(planned=False, force=force))
    if cell != "flapping":  # how many of its looks are answered is chance
        assert preview.observation.seen is seen
    allowed = bool(force) or (seen is not Seen.UP and witnesses >= 2)
    assert (preview.decision.allowed, not preview.why_not) == (allowed, allowed), preview
    promoted = [what for _, _, what, _ in model.effects if what.startswith("failover_")]
    if not allowed:
        assert (report.state, model.effects) == (State.REFUSED, []), report
        return
    assert report.state is State.DONE, report
    assert sorted(promoted) == ["failover_global_cluster", "failover_global_replication_group"]
    assert model.regions[R].writer == {"database": True, "cache": True}
    unreached = seen is Seen.UNREACHABLE
    if cell != "flapping":
        assert bool(report.divergence) is unreached, report.divergence
        assert ("create_network_acl_entry" in [what for _, _, what, _ in model.effects]) is not unreached
        assert unreached or set(model.both_open.values()) == {0.0}


@pytest.mark.parametrize("cell", CELLS)
def test_a_planned_failover_needs_a_region_that_is_up_whatever_observations_and_reasons_there_are(cell: str) -> None:
    for force in ("", "a reason"):
        preview, report, model = shown_and_done(cell, Request(planned=True, force=force))
        up = cell == "up"
        assert preview.decision.allowed is up
        assert (report.state, bool(model.effects)) == ((State.DONE, True) if up else (State.REFUSED, False)), report
