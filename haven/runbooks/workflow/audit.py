"""Who did what, when and why, by which call and with which answer: records that can be added to and not changed.

The bucket gets a record before the journal has its head, so what the journal knows isn't on one machine alone.

Each operator's process writes a chain of its own: a record has the hash of the one before. The first one continues from
the head that the journal has of the chain before, and every entry of the journal has the head of its time, so a chain
that was cut is shorter than the journal knows, and one that was written over has other hashes.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.runbooks.workflow.local_file import Lines, kept
from haven.runbooks.workflow.requests import Call, CallError, Clock, Pause, RefusedError

GENESIS = "0" * 64
CLOSING = "closed"
FOLDER = "audit/"
"""Of the bucket."""
_QUIET_SECONDS = 15.0
"""For so long a bucket that didn't take a record isn't asked in the middle of a run: each lost answer takes seconds."""
_EXISTS = "PreconditionFailed"
_TRIES, _EVERY_SECONDS = 3, 1.0
"""How often the first record is written, for one answer that was lost is no broken bucket."""


class AuditError(Exception):
    """The audit can't be written, so nothing is changed."""


@dataclass(frozen=True)
class Head:
    """The end of a chain."""

    session: str
    count: int
    hash: str

    def as_data(self) -> dict[str, Any]:
        """For the journal."""
        return {"session": self.session, "count": self.count, "hash": self.hash}


@dataclass(frozen=True)
class Bucket:
    """Where the records are kept; Object Lock keeps them there."""

    region: str
    name: str


class Audit:
    """One process's chain: this machine's disk first, then the bucket."""

    def __init__(self, session: str, who: str, lines: Lines, bucket: Bucket | None, clock: Clock) -> None:
        """
        Args:
            session: this process, and no other one ever.
            who: the operator.
            lines: a file on this machine.
            bucket: in the Region that survives. None: the environment has none.
            clock: this machine's.
        """
        self._session, self._who, self._lines, self._bucket, self._clock = session, who, lines, bucket, clock
        self._head = GENESIS
        self._count = 0
        self._pending: list[tuple[int, str]] = []
        self._problem = ""
        """Why the bucket didn't take the last one that it refused."""
        self._closed = False
        self._quiet = 0.0
        """Until when the bucket isn't asked in the middle of a run."""

    @property
    def head(self) -> Head:
        """The newest record."""
        return Head(self._session, self._count, self._head)

    @property
    def bucket(self) -> Bucket | None:
        """Where its records are kept. None: on this machine alone."""
        return self._bucket

    @property
    def pending(self) -> int:
        """Records that the bucket doesn't have yet."""
        return len(self._pending)

    async def open(self, before: str, **data: Any) -> None:
        """Begin the chain.

        Args:
            before: the head of the chain before it, from the journal; empty: there is none.

        Raises:
            AuditError: the disk or the bucket takes no record.
        """
        self._head = before or GENESIS
        self.record("opened", **data)
        for attempt in range(_TRIES):  # a record that is there already is taken as written
            if attempt:
                await Pause(_EVERY_SECONDS)
            await self.upload()
            if not self._pending:
                return
        raise AuditError(f"the audit bucket {self._bucket} takes no record: {self._problem}")

    def record(self, what: str, **data: Any) -> None:
        """Write a record to this machine's disk; `upload` takes it to the bucket.

        Args:
            what: its kind.
            data: as JSON has it, so names are text at every depth; what JSON doesn't have is written as its text.

        Raises:
            AuditError: the disk takes nothing.
        """
        body = {
            "session": self._session,
            "index": self._count,
            "previous": self._head,
            "at": self._clock.wall(),
            "who": self._who,
            "what": what,
            "data": data,
        }
        text = _canonical(body)
        digest = _digest(text)
        before, after = text.rsplit(_AFTER_HASH, 1)
        line = f"{before}{_member(digest)}{_AFTER_HASH}{after}"
        try:
            self._lines.append(line)
        except OSError as error:
            raise AuditError(f"the audit can't be written here: {error.strerror or error}") from error
        self._pending.append((self._count, line))
        self._head, self._count = digest, self._count + 1

    async def upload(self, *, sparing: bool = False) -> None:
        """Write what is pending to the bucket; what it doesn't take stays pending.

        Args:
            sparing: leave out a bucket that has just refused.
        """
        if self._bucket is None:
            self._pending.clear()
            return
        if sparing and self._clock.monotonic() < self._quiet:
            return
        while self._pending:
            index, line = self._pending[0]
            try:
                await _put(self._bucket, key(self._session, index), line)
            except CallError as error:
                self._problem, self._quiet = str(error), self._clock.monotonic() + _QUIET_SECONDS
                return
            if self._pending and self._pending[0] == (index, line):
                self._pending.pop(0)

    async def close(self, **data: Any) -> None:
        """Write the last record; a chain that was never begun gets none, and none gets two."""
        if self._count and not self._closed:
            self.record(CLOSING, **data)
            self._closed = True
        await self.upload()
        if self._pending:  # one answer that was lost is no broken bucket
            await self.upload()


async def _put(bucket: Bucket, name: str, line: str) -> None:
    """Write a record where there is none.

    Raises:
        CallError: the bucket doesn't take it.
    """
    arguments = {"Bucket": bucket.name, "Key": name, "Body": line.encode(), "IfNoneMatch": "*"}
    try:
        await Call("s3", bucket.region, "put_object", arguments, changes=True)
    except RefusedError as error:
        if error.code != _EXISTS:  # else an earlier attempt was done: its answer was lost
            raise


def key(session: str, index: int) -> str:
    """Where the bucket has a record."""
    return f"{FOLDER}{session}/{index:06d}.json"


async def publish(content: bytes, bucket: Bucket, there: Collection[str]) -> int:
    """Write the records of this machine that the bucket lacks, in their order; returns how many.

    Args:
        content: lines as they were written.
        bucket: where the records belong.
        there: the keys that it has.

    Raises:
        CallError: the bucket doesn't take one.
    """
    records = [(each, line) for line in kept(content).whole if (each := record_in(line)) is not None]
    named = [(key(str(each["session"]), int(each["index"])), line) for each, line in records]
    missing = [(name, line) for name, line in named if name not in there]
    for name, line in missing:
        await _put(bucket, name, line)
    return len(missing)


@dataclass(frozen=True)
class Finding:
    """Something wrong with an audit."""

    session: str
    index: int
    problem: str
    missing: bool = False
    """Whether the journal knows of records that aren't here."""


def verify(content: bytes, heads: Iterable[Head]) -> Iterator[Finding]:
    """What is wrong with the records of one file, or of one bucket in the order of its keys.

    Args:
        content: lines as they were written.
        heads: all that the journal has.
    """
    found = kept(content)
    chains: dict[str, list[Mapping[str, Any]]] = {}
    for number, line in enumerate(found.whole):
        record = record_in(line)
        if record is None:
            yield Finding("", number, "no record, or not as it was written")
        else:
            chains.setdefault(record["session"], []).append(record)
    if found.torn:
        yield Finding("", len(found.whole), "a record without an end")
    by_session: dict[str, list[Head]] = {}
    for head in heads:
        by_session.setdefault(head.session, []).append(head)
    for session in dict.fromkeys([*chains, *by_session]):
        yield from _chain(session, chains.get(session, []), by_session.get(session, []))


def sessions(content: bytes) -> set[str]:
    """The processes that wrote these records."""
    records = [record_in(line) for line in kept(content).whole]
    return {str(each["session"]) for each in records if each is not None}


def _chain(session: str, records: Sequence[Mapping[str, Any]], heads: Sequence[Head]) -> Iterator[Finding]:
    previous = records[0]["previous"] if records else GENESIS
    for place, record in enumerate(records):
        if record["index"] != place:
            yield Finding(session, place, f"record {record['index']} in the place of record {place}")
            return
        if record["previous"] != previous:
            yield Finding(session, place, "it doesn't continue the record before it")
            return
        previous = record["hash"]
    hashes = [record["hash"] for record in records]
    for head in heads:
        if head.count > len(hashes):
            missing = f"{len(hashes)} records, and the journal knows {head.count}"
            yield Finding(session, len(hashes), f"records are missing at the end: {missing}", missing=True)
            return
        if head.count and hashes[head.count - 1] != head.hash:
            yield Finding(session, head.count - 1, "another record than the journal knows")
            return
    closed = [place for place, record in enumerate(records) if record["what"] == CLOSING]
    if not closed and not heads:
        yield Finding(session, len(records), "no closing record: its process was stopped, or records are missing")
    if closed and closed[0] != len(records) - 1:
        yield Finding(session, closed[0] + 1, "a record after the closing one")


def record_in(line: str) -> Mapping[str, Any] | None:
    """The record that a line is; None: it is none, or not as it was written."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or set(record) != _MEMBERS or _canonical(record) != line:
        return None
    # The hash can't be in what it is of, so the only member with this value is the record's own.
    return record if record["hash"] == _digest(line.replace(_member(record["hash"]), "", 1)) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _member(digest: str) -> str:
    """The hash, as a record without it lacks it."""
    return f'"hash":"{digest}",'


_MEMBERS = {"session", "index", "previous", "at", "who", "what", "data", "hash"}
_AFTER_HASH = '"index":'
"""The member that follows the hash in the order of names; after it there is text alone, in which quotes are escaped."""
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


def _canonical(value: Mapping[str, Any]) -> str:
    return _CANONICAL.encode(value)
