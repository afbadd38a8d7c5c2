"""Puts back what a journal lacks that was cut: the audit bucket gets each record before the journal gets the entry.

A table that was restored to an earlier point in time, or whose newest items somebody deleted, knows less than what was
done. Whoever goes on from there would do it once more, or would say `undone` of what it doesn't know.
"""

from collections.abc import Collection, Mapping
from typing import Any

from haven.runbooks.workflow.audit import Bucket, key, record_in
from haven.runbooks.workflow.engine import Engine
from haven.runbooks.workflow.journal import BEGIN, CLOSED, END, KINDS, replay
from haven.runbooks.workflow.requests import Call, pages

RESTORED = "restored"
"""Of an entry that comes from the audit: which record it was."""
_PUT_BACK = [each for each in KINDS if each not in (CLOSED, END)]


async def put_back(engine: Engine, region: str) -> None:
    """Write what the processes of the open workflow have recorded, and the journal lacks, into the journal.

    A process that died between the two writings has such a record too: its call wasn't made, and counts as one that may
    have been.

    Args:
        engine: with the journal as it was read, the lease and its notes, and an audit that is open.
        region: the journal's.

    Raises:
        CallError: the bucket doesn't answer.
        DisplacedError, UnwrittenError, AuditError: as in `Engine.write`.
    """
    bucket = engine.audit.bucket
    entries = engine.journal.entries
    last = replay(entries)
    begun = {each.data["workflow"]: place for place, each in enumerate(entries) if each.kind == BEGIN}
    opened = engine.lease.notes.get("open") or {}
    unknown = opened.get("to") == region and opened["workflow"] not in begun
    if bucket is None or not (unknown or (last is not None and last.end is None)):
        return
    own = [] if unknown or last is None else entries[begun[last.id] :]
    heads = [each.data["audit"] for each in own if each.data["audit"]]
    back = {each.data[RESTORED] for each in own if RESTORED in each.data}
    sessions = [str(opened.get("session", ""))] if unknown else [str(each["session"]) for each in heads]
    for session in filter(None, dict.fromkeys(sessions)):
        known = {int(each["count"]) - 1 for each in heads if each["session"] == session}
        for place in await _places(bucket, session, known):
            record = await _record(bucket, place)
            if record is None or record["what"] not in _PUT_BACK or place in back:
                continue
            if RESTORED not in record["data"]:  # what such a one puts back is found itself
                await engine.write(record["what"], **{**record["data"], RESTORED: place})


async def _places(bucket: Bucket, session: str, known: Collection[int]) -> list[str]:
    """Keys of a process's records of which the journal has no entry. The first record never has one."""
    arguments = {"Bucket": bucket.name, "Prefix": key(session, 0).rpartition("/")[0] + "/"}
    call = Call("s3", bucket.region, "list_objects_v2", arguments)
    listed = await pages(call, "NextContinuationToken", "ContinuationToken")
    found = [str(each["Key"]) for page in listed for each in page.get("Contents", ())]
    left_out = {key(session, index) for index in {0, *known}}
    return [each for each in sorted(found) if each not in left_out]


async def _record(bucket: Bucket, place: str) -> Mapping[str, Any] | None:
    answer = await Call("s3", bucket.region, "get_object", {"Bucket": bucket.name, "Key": place})
    return record_in(answer["Body"].decode(errors="replace"))
