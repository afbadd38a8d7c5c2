"""A process that is stopped anywhere, or whose answers are lost: the next one ends in the same state, and no effect
happens twice."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault
from tests.simulation.operators import MANIFESTS, RPO_MINUTES
from tests.simulation.stopped.runs import CASES, LOST, STOPS, Case, Run, wrong

EVERY = {"unplanned": 11, "planned": 11, "headless": 11, "undone": 23, "way back": 29, "copies": 67}
"""Case to the share of its points that `make check` has."""
SAMPLES = [pytest.param(name, every, id=f"{name} {every}") for name, every in EVERY.items()]
ALL = [pytest.param(name, 1, id=f"{name} 1", marks=pytest.mark.exhaustive) for name in CASES]


@pytest.mark.parametrize(("name", "every"), [*SAMPLES, *ALL])
def test_a_stop_before_or_after_any_change_or_journal_entry_changes_nothing(name: str, every: int) -> None:
    whole = Run([], CASES[name])
    assert whole.state is CASES[name].ends
    stops = [(number, kind) for number in whole.points for kind in STOPS][::every]
    assert [found for each in stops if (found := wrong([each], whole))] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CASES)
def test_two_stops_at_any_of_four_points_of_each_step_change_nothing(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """The second process is stopped at each of the points of what the first one left to do."""
    whole = Run([], CASES[name])
    pairs = [(one, other) for one in whole.four for other in Run([one], CASES[name]).later_four]
    assert len(pairs) > len(whole.four)
    ended = "undone" if CASES[name].ends is State.UNDONE else "done"
    figure = f"{len(whole.four)} stops and {len(pairs)} pairs of stops: {ended}, one final state, each effect once"
    record_property("figure", f"{name}: {figure}")
    assert [found for each in pairs if (found := wrong(each, whole))] == []


@pytest.mark.parametrize(("name", "every"), [*[(name, 4 * every) for name, every in EVERY.items()], *ALL])
def test_an_answer_that_is_lost_of_any_change_or_journal_entry_repeats_nothing(name: str, every: int) -> None:
    whole = Run([], CASES[name])
    lost = [(number, kind) for number in whole.points for kind in LOST][::every]
    assert [found for each in lost if (found := wrong([each], whole))] == []


def test_the_undone_and_the_copied_case_are_stopped_in_the_steps_that_they_are_there_for() -> None:
    """At each of four points of the calls of an abort, and of what tier `backup` calls."""

    class Named(Run):
        def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
            before = len(self.four)
            found = super()._fault(owner, call, now)
            changed.update({call.operation: changed.get(call.operation, 0) + len(self.four) - before})
            return found

    changed: dict[str, int] = {}
    assert Named([], CASES["undone"]).state is State.UNDONE
    assert (changed["create_network_acl_entry"], changed["delete_network_acl_entry"]) == (2, 2)
    assert changed["put_parameter"] == 4
    changed.clear()
    assert Named([], CASES["copies"]).state is State.DONE
    assert changed["start_restore_job"] == 1


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_who_goes_on_after_the_objective_has_passed_promotes_nothing_and_undoes_what_is_there(every: int) -> None:
    """P was lost fifty seconds before the first operator came: within the objective. The second one comes ten minutes
    later, and nobody has accepted more: what isn't promoted by then is undone, and what is is ended. Where a promotion
    may have been made, and nothing shows it, the run waits for whoever accepts the loss, and says so."""
    case: Case = replace(CASES["unplanned"], manifest=MANIFESTS[1])
    whole = Run([], case)
    assert whole.state is State.DONE
    states = set()
    for stop in [(number, kind) for number in whole.points for kind in STOPS][::every]:
        run = Run([stop], case)
        ended = [each.outcome[0] for each in run.machines if each.outcome and isinstance(each.outcome[0], Report)]
        assert ended[-1].state is not State.REFUSED, (stop, ended)
        assert [lost for _, lost, _ in run.model.losses if lost > RPO_MINUTES * 60] == [], stop
        promoted = [what for what, _ in run.effects.elements() if what.startswith("failover_")]
        assert len(promoted) == len(set(promoted)), stop
        if ended[-1].state is State.UNDONE:
            assert promoted == [], (stop, ended)
            region = run.model.regions[case.to]
            assert (region.nodes, region.mode, region.workloads.suspended) == ((1, 1, 4), "read-write", True), stop
        if ended[-1].state is State.INCOMPLETE:
            assert promoted == [], (stop, ended)
            assert any(f"types: haven failover sim --to {case.to} --accept-loss" in each for each in ended[-1].why)
        states.add(ended[-1].state)
    assert {State.DONE, State.UNDONE, State.INCOMPLETE} <= states
