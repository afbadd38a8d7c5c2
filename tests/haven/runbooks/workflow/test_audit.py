"""The audit: what was changed in it afterwards is found; where it can't be written, nothing begins."""

import json
import random
from collections.abc import Callable

import pytest

from haven.runbooks.workflow.audit import Audit, AuditError, Bucket, Head, verify
from haven.runbooks.workflow.requests import Call, UnansweredError
from tests.simulation.clock import Memory, Simulation
from tests.simulation.tables import Tables

RECORDS = 12


class Store:
    """A bucket that may be broken."""

    def __init__(self, *, broken: bool = False) -> None:
        self.tables, self.broken = Tables(), broken

    def answer(self, call: Call, now: float, owner: str) -> object:
        if self.broken:
            raise UnansweredError("silent")
        return self.tables.answer(call)


def written(sessions: int = 1) -> tuple[bytes, list[Head], Store]:
    """An audit of some operators, the heads that the journal has of it, and the bucket."""
    store, lines, heads = Store(), Memory(), []
    simulation = Simulation(store)  # type: ignore[arg-type]
    before = ""
    for number in range(sessions):
        audit = Audit(f"s{number}", "alice", lines, Bucket("r", "b"), simulation.machine())

        async def write(audit: Audit = audit, before: str = before) -> None:
            await audit.open(before, goal="x")
            for index in range(RECORDS):
                audit.record("call", step=f"step-{index}", answer="ä")
                if index % 5 == 0:  # between two entries of the journal there may be several records
                    heads.append(audit.head)
            await audit.close(state="done")
            heads.append(audit.head)

        ended: list[object] = []
        simulation.start("alice", write(), ended.append)
        simulation.run()
        assert ended == [None]
        before = audit.head.hash
    return lines.content, heads, store


def test_an_untouched_audit_has_no_findings_on_disk_and_in_the_bucket() -> None:
    content, heads, store = written(2)
    assert list(verify(content, heads)) == []
    kept = b"".join(body + b"\n" for _, body in sorted(store.tables.objects.items()))
    assert kept == content


Tampering = Callable[[random.Random, list[bytes]], list[bytes]]


def _bit(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    place, line = rng.randrange(len(lines)), bytearray()
    line += lines[place]
    line[rng.randrange(len(line))] ^= 1 << rng.randrange(8)
    return [*lines[:place], bytes(line), *lines[place + 1 :]]


def _delete(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    place = rng.randrange(len(lines))
    return [*lines[:place], *lines[place + 1 :]]


def _reorder(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    one, other = rng.sample(range(len(lines)), 2)
    mixed = list(lines)
    mixed[one], mixed[other] = mixed[other], mixed[one]
    return mixed


def _truncate(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    return lines[: rng.randrange(len(lines))]


@pytest.mark.parametrize("tamper", [_bit, _delete, _reorder, _truncate])
def test_2500_tamperings_of_each_kind_are_found(tamper: Tampering) -> None:
    content, heads, _ = written()
    lines = content.split(b"\n")[:-1]
    rng = random.Random(14)
    for _ in range(2500):
        tampered = b"".join(each + b"\n" for each in tamper(rng, lines))
        assert list(verify(tampered, heads)) != [], tampered


def test_a_file_that_is_cut_anywhere_is_found() -> None:
    content, heads, _ = written()
    assert all(list(verify(content[:place], heads)) for place in range(len(content)))


def test_a_chain_that_was_computed_once_more_has_other_hashes_than_the_journal() -> None:
    content, heads, _ = written()
    lines = [json.loads(each) for each in content.split(b"\n")[:-1]]
    lines[3]["data"]["answer"] = "something else"
    again = Memory()
    simulation = Simulation(Store())  # type: ignore[arg-type]
    audit = Audit("s0", "alice", again, None, simulation.machine())
    for each in lines:
        audit.record(each["what"], **each["data"])
    found = list(verify(again.content, heads))
    assert [each.problem for each in found] == ["another record than the journal knows"]
    assert list(verify(again.content, [])) == []  # only the journal can tell


@pytest.mark.parametrize(("full", "broken"), [(True, False), (False, True)])
def test_a_full_disk_or_a_silent_bucket_refuses_to_begin(full: bool, broken: bool) -> None:
    lines = Memory()
    lines.full = full
    simulation = Simulation(Store(broken=broken))  # type: ignore[arg-type]
    audit = Audit("s", "alice", lines, Bucket("r", "b"), simulation.machine())
    ended: list[object] = []
    simulation.start("alice", audit.open(""), ended.append)
    simulation.run()
    assert isinstance(ended[0], AuditError)


def test_names_of_a_record_s_own_members_within_its_data_and_texts_change_nothing() -> None:
    lines = Memory()
    audit = Audit('s"index":1', 'alice "hash":"0",', lines, None, Simulation(Store()).machine())  # type: ignore[arg-type]
    audit.record('"index":', index=7, hash=audit.head.hash, nested={"hash": "0", "index": ['"index":2']})
    audit.record("call", nested={"hash": audit.head.hash, "index": 0})
    heads = [audit.head]
    assert list(verify(lines.content, heads)) == []
    assert list(verify(lines.content.replace(b'"index":7', b'"index":8'), heads)) != []
