"""Workflows whose operators are stopped one after the other: forward, undone, from copies, and on the way back."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from haven.runbooks.failover.decision import Request
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.workflow.audit import Head, verify
from haven.runbooks.workflow.journal import BEGIN
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation import test_restore as copies
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import MANIFESTS, PATIENT, Machine, machine, start

LATER = 600.0
STOPS = ("crash-before", "crash-after")
LOST = ("timeout-before", "timeout-after", "error-before", "error-after", "throttle")
Stop = tuple[int, str]
"""Number of a call, and what happens to it."""


@dataclass(frozen=True)
class Case:
    """One workflow that is stopped."""

    request: Request
    ends: State = State.DONE
    to: str = R
    made: Callable[[], Model] = Model
    manifest: RecoveryManifest = PATIENT[1]
    begin: Callable[[Simulation, Model], None] = lambda *_: None
    """What is there before the first operator comes."""
    at: float = 150.0
    later: float = LATER
    """Between two operators."""


class Run:
    """The operators of a case, each but the last with a stop."""

    def __init__(self, stops: Sequence[Stop], case: Case) -> None:
        self.case, self.model = case, case.made()
        self.numbers: Counter[str] = Counter()
        self.points: list[int] = []
        """Numbers of the calls of the first operator that change something, its journal included."""
        self.four: list[Stop] = []
        """Of each call of the first operator: before and after its intent, after the call, after its outcome."""
        self.later_four: list[Stop] = []
        """The same of the second operator."""
        self._stops = {f"op{place}": stop for place, stop in enumerate(stops)}
        self.simulation = Simulation(self.model, self._fault)
        case.begin(self.simulation, self.model)
        self.already = len(self.model.effects)
        self.machines: list[Machine] = []
        for place in range(len(stops) + 1):
            made = machine(self.simulation, f"op{place}", to=case.to, manifest=case.manifest)
            self.machines.append(made)
            start(self.simulation, made, case.request, max(self.simulation.now, 0.0) + case.at + place * case.later)
        self.simulation.run()
        self.simulation.abandon()

    def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
        self.numbers[owner] += 1
        if owner == "op0" and call.changes:
            self.points.append(self.numbers[owner])
        if owner in ("op0", "op1"):
            four = self.four if owner == "op0" else self.later_four
            four += [(self.numbers[owner], kind) for kind in _kinds(call)]
        number, kind = self._stops.get(owner, (0, ""))
        return Fault(kind) if self.numbers[owner] == number else None

    @property
    def final(self) -> dict[str, Any]:
        """What is there in the end, once every queue heeds its policy; without the replicas that an autoscaler removes
        once an abort lets it."""
        undone = self.case.ends is State.UNDONE
        for each in self.model.regions.values():
            each.queue.heed()
        return {
            name: (dict(each.writer), sorted(each.closed), each.queue.policy, each.queue.denied, each.nodes,
                   each.instances, each.off, each.mode,
                   str(replace(each.workloads, replicas=0) if undone else each.workloads))
            for name, each in self.model.regions.items()
        }  # fmt: skip

    @property
    def effects(self) -> Counter[tuple[str, str]]:
        """What was changed, and how often."""
        return Counter((what, region) for _, _, what, region in self.model.effects[self.already :])

    @property
    def records(self) -> bytes:
        """What the audit bucket has, in the order of its keys."""
        objects = self.model.regions[self.case.to].tables.objects
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

    @property
    def begun(self) -> int:
        """How many workflows were begun."""
        return sum(each.kind == BEGIN for each in self.machines[-1].operator.journal.entries)


def _kinds(call: Call) -> Sequence[str]:
    if call.not_after is not None:
        return ("crash-after",)
    body = str(call.arguments.get("Item", {}).get("body", {}).get("S", ""))
    if '"kind":"intent"' in body:
        return STOPS
    return ("crash-after",) if '"kind":"outcome"' in body else ()


def wrong(stops: Sequence[Stop], whole: Run) -> str:
    """What is wrong after these stops; empty: nothing."""
    run = Run(stops, whole.case)
    ended = [each.outcome for each in run.machines if each.outcome]
    if run.state not in (whole.case.ends, State.NOTHING if whole.case.ends is State.DONE else None):
        return f"{stops}: {ended}"
    if run.final != whole.final:
        return f"{stops}: {run.final}"
    known = {each.session for each in run.heads}  # one that was stopped before its first entry has changed nothing
    if missing := [each for each in verify(run.records, run.heads) if each.session in known]:
        return f"{stops}: {missing}"
    left_out, repeated = whole.effects - run.effects, run.effects - whole.effects
    if whole.case.ends is State.UNDONE:  # what wasn't done isn't undone, and who comes after the end begins anew
        left_out, repeated = Counter(), repeated if run.begun == whole.begun else Counter()
    return "" if not repeated and left_out == announced(left_out, whole) else f"{stops}: {left_out} {repeated}"


def announced(left_out: Counter[tuple[str, str]], whole: Run) -> Counter[tuple[str, str]]:
    """Of these effects the announcements of read-only mode, begin and end: whoever comes once the new Region is written
    makes none."""
    return Counter({
        each: count for each, count in left_out.items() if each[0] == "put_parameter" and count == whole.effects[each]
    })  # fmt: skip


def _lost(simulation: Simulation, model: Model) -> None:
    model.at(100, model.kill)


def _undrained(simulation: Simulation, model: Model) -> None:
    """Nothing more arrives of the cache, so what may be lost is never within what a planned failover may lose."""
    model.at(130, lambda now: model.cut(now, "cache"))


def _moved(simulation: Simulation, model: Model) -> None:
    """R is the writing Region since an hour ago."""
    made = machine(simulation, "before", manifest=PATIENT[1])
    start(simulation, made, Request(planned=True), 10)
    simulation.run()
    assert made.outcome[0].state is State.DONE, made.outcome
    simulation.now += 4000


CASES = {
    "unplanned": Case(Request(planned=False), begin=_lost),
    "planned": Case(Request(planned=True)),
    "headless": Case(Request(planned=False), made=lambda: Model(instances=0), manifest=PATIENT[0], begin=_lost),
    "undone": Case(Request(planned=True), ends=State.UNDONE, manifest=MANIFESTS[1], begin=_undrained),
    "way back": Case(Request(planned=True), to=P, begin=_moved),
    "copies": Case(
        Request(planned=False, force=copies.REASON),
        made=copies.Vault,
        manifest=copies.manifest(rpo_minutes=1e6),
        begin=_lost,
        at=400,
        later=9000,
    ),
}
