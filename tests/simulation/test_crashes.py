"""A process that is stopped anywhere: the next one ends in the same state, and no effect happens twice."""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from haven.base.problems import Problems
from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.audit import Head, verify
from haven.runbooks.workflow.journal import _entry
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, R
from tests.simulation.operators import PATIENT, Machine, machine, start

LATER = 600.0
Stop = tuple[int, str]
"""Number of a call, and whether the process stops before or after AWS does it."""


class Run:
    """A failover whose operators are stopped, one after the other; the last one isn't."""

    def __init__(self, stops: Sequence[Stop], *, planned: bool, standby: int = 1) -> None:
        self.model = Model(instances=standby)
        self.numbers: Counter[str] = Counter()
        self.points: list[int] = []
        """Numbers of the calls of the first operator that change something, its journal included."""
        self.four: list[Stop] = []
        """Of each call of the first operator: before and after its intent, after the call, after its outcome."""
        self.later_four: list[Stop] = []
        """The same of the second operator."""
        self._stops = {f"op{place}": stop for place, stop in enumerate(stops)}
        self.simulation = Simulation(self.model, self._fault)
        if not planned:
            self.model.at(100, self.model.kill)
        self.machines: list[Machine] = []
        for place in range(len(stops) + 1):
            made = machine(self.simulation, f"op{place}", manifest=PATIENT[standby])
            self.machines.append(made)
            start(self.simulation, made, Request(planned), 150 + place * LATER)
        self.simulation.run()
        self.simulation.abandon()

    def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
        self.numbers[owner] += 1
        if call.changes and owner == "op0":
            self.points.append(self.numbers[owner])
            self.four += [(self.numbers[owner], kind) for kind in _kinds(call)]
        elif owner == "op1":
            self.later_four += [(self.numbers[owner], kind) for kind in _kinds(call)]
        number, kind = self._stops.get(owner, (0, ""))
        return Fault(kind) if self.numbers[owner] == number else None

    @property
    def final(self) -> object:
        """What is there in the end."""
        return {
            name: (
                dict(each.writer),
                sorted(each.closed),
                each.queue.policy,
                each.queue.denied,
                each.nodes,
                each.instances,
                each.off,
                each.mode,
                str(each.workloads),
            )
            for name, each in self.model.regions.items()
        }

    @property
    def effects(self) -> Counter[tuple[str, str]]:
        """What was changed, and how often."""
        return Counter((what, region) for _, _, what, region in self.model.effects)

    @property
    def records(self) -> bytes:
        """What the audit bucket has, in the order of its keys."""
        objects = self.model.regions[R].tables.objects
        return b"".join(body + b"\n" for _, body in sorted(objects.items()))

    @property
    def heads(self) -> list[Head]:
        """What the journal knows of the audit."""
        entries = self.machines[-1].operator.journal.entries
        return [Head(**each.data["audit"]) for each in entries if each.data["audit"]]

    @property
    def state(self) -> State | None:
        """How the last operator's run ended."""
        outcome = self.machines[-1].outcome
        return outcome[0].state if outcome and isinstance(outcome[0], Report) else None


def _kinds(call: Call) -> Sequence[str]:
    if call.not_after is not None:
        return ("crash-after",)
    body = str(call.arguments.get("Item", {}).get("body", {}).get("S", ""))
    if '"kind":"intent"' in body:
        return KINDS
    return ("crash-after",) if '"kind":"outcome"' in body else ()


def check(stops: Sequence[Stop], whole: Run, *, planned: bool, standby: int) -> str:
    """What is wrong after these stops; empty: nothing."""
    run = Run(stops, planned=planned, standby=standby)
    ended = [each for each in run.machines if each.outcome]
    if run.state not in (State.DONE, State.NOTHING):
        return f"{stops}: {[each.outcome for each in ended]}"
    if run.final != whole.final:
        return f"{stops}: {run.final}"
    known = {each.session for each in run.heads}  # one that was stopped before its first entry has changed nothing
    if missing := [each for each in verify(run.records, run.heads) if each.session in known]:
        return f"{stops}: {missing}"
    left_out, repeated = whole.effects - run.effects, run.effects - whole.effects
    return "" if not repeated and left_out == _announced(left_out, whole) else f"{stops}: {run.effects}"


def _announced(left_out: Counter[tuple[str, str]], whole: Run) -> Counter[tuple[str, str]]:
    """Of these effects the announcements of read-only mode, begin and end: whoever comes once the new Region is written
    makes none."""
    return Counter({
        each: count for each, count in left_out.items() if each[0] == "put_parameter" and count == whole.effects[each]
    })  # fmt: skip


KINDS = ("crash-before", "crash-after")
LOST = ("timeout-before", "timeout-after", "error-before", "error-after", "throttle")
CASES = [
    pytest.param(False, 1, id="unplanned"),
    pytest.param(True, 1, id="planned"),
    pytest.param(False, 0, id="headless"),
]


@pytest.mark.parametrize(("planned", "standby"), CASES)
@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_a_stop_before_or_after_any_change_or_journal_entry_changes_nothing(
    planned: bool, standby: int, every: int
) -> None:
    whole = Run([], planned=planned, standby=standby)
    assert whole.state is State.DONE
    stops = [(number, kind) for number in whole.points for kind in KINDS][::every]
    wrong = [check([each], whole, planned=planned, standby=standby) for each in stops]
    assert [each for each in wrong if each] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(("planned", "standby"), CASES)
def test_two_stops_at_any_of_four_points_of_each_step_change_nothing(
    planned: bool, standby: int, record_property: Callable[[str, object], None]
) -> None:
    """The second process is stopped at each of the points of what the first one left to do."""
    whole = Run([], planned=planned, standby=standby)
    wrong, count = [], 0
    for one in whole.four:
        resumed = Run([one], planned=planned, standby=standby)
        for other in resumed.later_four:
            wrong.append(check([one, other], whole, planned=planned, standby=standby))
            count += 1
    assert count > len(whole.four)
    record_property("figure", f"{len(whole.four)} stops and {count} pairs of stops: one final state, each effect once")
    assert [each for each in wrong if each] == []


@pytest.mark.parametrize(("planned", "standby"), CASES)
@pytest.mark.parametrize("every", [41, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_an_answer_that_is_lost_of_any_change_or_journal_entry_repeats_nothing(
    planned: bool, standby: int, every: int
) -> None:
    whole = Run([], planned=planned, standby=standby)
    lost = [(number, kind) for number in whole.points for kind in LOST][::every]
    wrong = [check([each], whole, planned=planned, standby=standby) for each in lost]
    assert [each for each in wrong if each] == []


def test_a_second_and_a_third_failover_change_nothing() -> None:
    run = Run([(0, ""), (0, "")], planned=True)
    assert [each.outcome[0].state for each in run.machines] == [State.DONE, State.NOTHING, State.NOTHING]
    assert {owner for _, owner, _, _ in run.model.effects} == {"op0"}


def test_a_journal_that_was_cut_resumes_and_repeats_nothing() -> None:
    whole = Run([], planned=False)
    entries = [place for place in whole.model.regions[R].tables.items if place[1] == "journal"]
    for length in range(len(entries)):
        run = Run([], planned=False)
        table = run.model.regions[R].tables.items
        for place in entries[length:]:
            del table[place]
        table.pop(("operations", "lease", "0"))
        run.model.third.items.clear()
        again = machine(run.simulation, "again")
        start(run.simulation, again, Request(planned=False), run.simulation.now + 100)
        run.simulation.run()
        assert again.outcome[0].state in (State.DONE, State.NOTHING), (length, again.outcome)
        assert (run.final, run.effects) == (whole.final, whole.effects), length


def test_an_entry_of_the_journal_that_is_cut_at_any_byte_is_refused_with_its_number() -> None:
    items = Run([], planned=False).model.regions[R].tables.items
    bodies = {place[2]: item["body"]["S"] for place, item in items.items() if place[1] == "journal"}
    for number, body in bodies.items():
        assert _entry({"entry": number, "body": body}).number == int(number)
        for length in range(len(body.encode())):
            with pytest.raises(Problems, match=f"entry {number} of the journal"):
                _entry({"entry": number, "body": body.encode()[:length].decode(errors="replace")})


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
