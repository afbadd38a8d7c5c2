"""A journal of a run that died half-way, and that lost its end: that is put back from the audit, or looked for."""

import json
import shlex

import pytest

from haven.base.problems import Problems
from haven.runbooks.workflow.cut import RESTORED
from haven.runbooks.workflow.journal import entry_of
from haven.runbooks.workflow.report import Report, State
from tests.simulation.model import R
from tests.simulation.operators import Machine, machine, start
from tests.simulation.stopped.runs import CASES, Case, Run, Stop


class Dead(Run):
    """A case whose only operator dies, or ends where no stop is given."""

    def __init__(self, stop: Stop | None, case: Case) -> None:
        self._stop = stop
        super().__init__([], case)

    def cut(self, *, entries: int, audit: bool) -> int:
        """Remove the journal's last entries, and all of the audit where it doesn't stay; how many are left."""
        tables = self.model.regions[self.case.to].tables
        journal = sorted(each for each in tables.items if each[1] == "journal")
        for each in journal[len(journal) - entries :]:
            del tables.items[each]
        if not audit:
            tables.objects.clear()
        return len(journal) - entries

    def resumed(self, name: str = "next") -> Machine:
        """What comes of the next operator."""
        made = machine(self.simulation, name, to=self.case.to, manifest=self.case.manifest)
        start(self.simulation, made, self.case.request, self.simulation.now + self.case.later)
        self.simulation.run()
        self.simulation.abandon()
        return made

    @property
    def _stops(self) -> dict[str, Stop]:
        return {"op0": self._stop} if self._stop else {}

    @_stops.setter
    def _stops(self, value: dict[str, Stop]) -> None:
        assert value == {}


def closed(run: Run) -> list[str]:
    """Regions that are closed to clients, or whose applications are asked not to write."""
    return [name for name, each in run.model.regions.items() if each.closed or each.mode != "read-write"]


EVERY = [(7, 7), pytest.param(5, 1, marks=pytest.mark.exhaustive)]
"""The share of the points at which a process dies, and of the entries at which its journal is cut."""


@pytest.mark.parametrize(("points", "every"), EVERY)
@pytest.mark.parametrize("name", ["unplanned", "planned", "undone", "way back"])
def test_a_journal_of_a_dead_run_that_was_cut_at_any_entry_goes_on_as_if_it_were_whole(
    name: str, points: int, every: int
) -> None:
    case = CASES[name]
    whole = Run([], case)
    tried = 0
    for stop in whole.four[points // 2 :: points]:
        entries = 0
        while True:
            run = Dead(stop, case)
            left = run.cut(entries=entries, audit=True)
            made = run.resumed()
            (report,) = made.outcome
            assert isinstance(report, Report), (stop, entries, report)
            assert (report.state, closed(run)) == (case.ends, []), (stop, entries, report.why)
            assert run.final == whole.final, (stop, entries)
            repeated = run.effects - whole.effects
            assert not repeated, (stop, entries, repeated)
            back = [each for each in made.operator.journal.entries if RESTORED in each.data]
            assert len(back) >= entries - 1, (stop, entries)  # the first one's BEGIN may be what the lease doesn't know
            tried += 1
            entries += every
            if left - every < 0:
                break
    assert tried > len(whole.four[points // 2 :: points])


@pytest.mark.parametrize(("points", "every"), EVERY)
@pytest.mark.parametrize("name", ["planned", "undone", "way back"])
def test_without_the_audit_it_repeats_no_promotion_and_is_not_undone_with_a_region_closed(
    name: str, points: int, every: int
) -> None:
    """Where an environment has no audit bucket, or lost that too: looks find what the journal doesn't know."""
    case = CASES[name]
    whole = Run([], case)
    for stop in whole.four[points // 2 :: points]:
        entries = 0
        while True:
            run = Dead(stop, case)
            left = run.cut(entries=entries, audit=False)
            (report,) = run.resumed().outcome
            assert isinstance(report, Report), (stop, entries, report)
            assert report.state is not State.INCOMPLETE, (stop, entries, report)
            if report.state is State.UNDONE:
                assert closed(run) == [], (stop, entries, report.why)
            if report.state is State.DONE and closed(run):  # the cache's loss is unknown, so it wasn't promoted
                assert any(each.startswith("reopen-old-side: not done") for each in report.why), (stop, entries)
            promotions = [what for what, _ in run.effects.elements() if what.startswith(("failover_", "switchover_"))]
            assert len(promotions) == len(set(promotions)), (stop, entries, promotions)
            entries += every
            if left - every < 0:
                break


def test_a_journal_of_a_finished_run_that_was_cut_repeats_nothing() -> None:
    case = CASES["unplanned"]
    whole = Run([], case)
    for entries in range(sum(each[1] == "journal" for each in whole.model.regions[R].tables.items)):
        run = Dead(None, case)
        run.cut(entries=entries, audit=True)
        (report,) = run.resumed().outcome
        assert report.state in (State.DONE, State.NOTHING), (entries, report)
        assert (run.final, run.effects) == (whole.final, whole.effects), entries


def test_an_entry_of_the_journal_that_is_cut_at_any_byte_is_refused_with_its_number() -> None:
    items = Run([], CASES["unplanned"]).model.regions[R].tables.items
    bodies = {place[2]: item["body"]["S"] for place, item in items.items() if place[1] == "journal"}
    for number, body in bodies.items():
        assert entry_of({"entry": number, "body": body}).number == int(number)
        for length in range(len(body.encode())):
            with pytest.raises(Problems, match=f"entry {number} of the journal"):
                entry_of({"entry": number, "body": body.encode()[:length].decode(errors="replace")})


@pytest.mark.parametrize(("points", "every"), [(40, 97), pytest.param(60, 1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", ["unplanned", "planned"])
def test_whose_last_entry_is_cut_at_any_byte_is_refused_and_goes_on_once_the_named_command_was_typed(
    name: str, points: int, every: int
) -> None:
    case = CASES[name]
    whole = Run([], case)
    for stop in whole.four[points // 2 :: points]:
        for length in range(0, _last_length(stop, case), every):
            run = Dead(stop, case)
            tables = run.model.regions[case.to].tables
            journal = sorted(each for each in tables.items if each[1] == "journal")
            item = tables.items[journal[-1]]
            body = item["body"]["S"].encode()
            tables.items[journal[-1]] = {**item, "body": {"S": body[:length].decode(errors="replace")}}
            effects = run.effects
            (refused,) = run.resumed().outcome
            assert isinstance(refused, Problems), (stop, length, refused)
            assert run.effects == effects, (stop, length)
            typed = shlex.split(str(refused).rpartition("once more: ")[2])
            assert typed[:3] == ["aws", "dynamodb", "delete-item"], refused
            key = json.loads(typed[typed.index("--key") + 1])
            del tables.items[typed[typed.index("--table-name") + 1], key["id"]["S"], key["entry"]["S"]]
            (report,) = run.resumed("once more").outcome
            assert (report.state, run.final) == (case.ends, whole.final), (stop, length, report)
            assert not run.effects - whole.effects, (stop, length)


def _last_length(stop: Stop, case: Case) -> int:
    """Bytes of the last entry of a run that died; 0 where it wrote none."""
    items = Dead(stop, case).model.regions[case.to].tables.items
    journal = sorted(each for each in items if each[1] == "journal")
    return len(items[journal[-1]]["body"]["S"].encode()) if journal else 0
