"""The audits of real runs, however they ended: records that are cut off, and whole sessions, are missed."""

from collections.abc import Iterator

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.reconcile.keeping import keep, stop
from haven.runbooks.workflow.audit import CLOSING, Head, verify
from haven.runbooks.workflow.journal import stored
from haven.runbooks.workflow.lease import FREE
from haven.runbooks.workflow.report import State
from haven.runbooks.workflow.table import Table
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, Machine, machine, start


class Runs:
    """Operators of one environment, one after the other."""

    def __init__(self, *requests: Request, broken: str = "") -> None:
        """
        Args:
            requests: what each operator wants.
            broken: an operation that the first one finds broken.
        """
        self.model = Model(instances=1)
        self.simulation = Simulation(
            self.model,
            lambda owner, call, _: Fault("error-before") if (owner, call.operation) == ("op0", broken) else None,
        )
        self.machines: list[Machine] = []
        for place, request in enumerate(requests):
            made = machine(self.simulation, f"op{place}", manifest=PATIENT[1])
            self.machines.append(made)
            start(self.simulation, made, request, 150 + place * 20_000)
        self.simulation.run()

    @property
    def states(self) -> list[State]:
        """How each run ended."""
        return [each.outcome[0].state for each in self.machines]

    def keep(self) -> None:
        """Copy the snapshots of the old volume, as `haven reconcile --keep` does."""
        made = machine(self.simulation, "keeper", manifest=PATIENT[1])
        self.machines.append(made)
        self.simulation.start(made.name, keep(made.operator, P), made.outcome.append)
        self.simulation.run()

    @property
    def heads(self) -> list[Head]:
        """What the journal knows of the audit."""
        found: list[object] = []
        self.simulation.start("reader", stored(Table(R, "operations")), found.append)
        self.simulation.run()
        return [Head(**each.data["audit"]) for each in found[0]]  # type: ignore[attr-defined]

    @property
    def records(self) -> dict[str, list[bytes]]:
        """What the audit bucket has of each operator, in order."""
        objects = sorted(self.model.regions[R].tables.objects.items())
        return {each.name: [body for key, body in objects if f"/{each.name}/" in str(key)] for each in self.machines}


def content(records: dict[str, list[bytes]]) -> bytes:
    return b"".join(body + b"\n" for each in records.values() for body in each)


def cut(records: dict[str, list[bytes]]) -> Iterator[tuple[str, int, bytes]]:
    """Each audit without the end of one session, from its last record alone to all of them."""
    for name, bodies in records.items():
        for left in range(len(bodies)):
            yield name, left, content({**records, name: bodies[:left]})


CASES = {
    "done, then nothing to do": (Runs, [Request(planned=True)] * 2, "", [State.DONE, State.NOTHING]),
    "refused": (Runs, [Request(planned=False)], "", [State.REFUSED]),
    "incomplete, then done": (Runs, [Request(planned=True)] * 2, "put_metric_data", [State.INCOMPLETE, State.DONE]),
    "undone": (Runs, [Request(planned=True)], "create_network_acl_entry", [State.UNDONE]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_whatever_is_cut_off_the_audit_of_a_run_is_found_however_it_ended(
    case: tuple[type[Runs], list[Request], str, list[State]],
) -> None:
    make, requests, broken, states = case
    runs = make(*requests, broken=broken)
    assert runs.states == states, [each.outcome for each in runs.machines]
    records, heads = runs.records, runs.heads
    assert all(records.values())
    assert list(verify(content(records), heads)) == []
    assert [(name, left) for name, left, rest in cut(records) if list(verify(rest, heads)) == []] == []


def test_the_audit_of_keeping_snapshots_is_missed_too() -> None:
    runs = Runs(Request(planned=True))
    runs.keep()
    records, heads = runs.records, runs.heads
    assert len(records["keeper"]) > 1
    assert list(verify(content(records), heads)) == []
    assert [(name, left) for name, left, rest in cut(records) if list(verify(rest, heads)) == []] == []


SNAPSHOT = "rds:unplanned-global-failover-db-2026"


@pytest.mark.parametrize("seconds", [each / 20 for each in range(30)])
def test_keeping_that_is_interrupted_anywhere_has_a_closed_audit_and_gives_the_lease_back(seconds: float) -> None:
    runs, seen = Runs(Request(planned=True)), list[str]()
    runs.model.regions[P].snapshots.append(SNAPSHOT)
    made = machine(runs.simulation, "keeper", manifest=PATIENT[1])
    runs.machines.append(made)
    runs.simulation.start(made.name, keep(made.operator, P, seen.append), made.outcome.append)
    runs.simulation.run(until=runs.simulation.now + seconds)
    runs.simulation.abandon()
    runs.simulation.start(made.name, stop(made.operator, "interrupted"), made.outcome.append)
    runs.simulation.run()
    records, heads = runs.records, runs.heads
    assert list(verify(content(records), heads)) == []
    assert [CLOSING.encode() in each for each in records["keeper"][-1:]] in ([], [True])
    copied = [what for _, _, what, _ in runs.model.effects if what == "copy_db_cluster_snapshot"]
    assert bool(copied) <= any(SNAPSHOT in each for each in seen)
    tables = [runs.model.regions[P].tables, runs.model.regions[R].tables, runs.model.third]
    leases = [each.items["operations", "lease", "0"] for each in tables]
    assert {each["state"]["S"] for each in leases} == {FREE} or not records["keeper"]  # what is half won expires
