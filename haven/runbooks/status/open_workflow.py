"""The failover that is open in a Region's journal: who runs it, since when, and which step it has reached."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from haven.base.problems import Problems
from haven.runbooks.clients import Client
from haven.runbooks.failover.resuming.standing import open_in
from haven.runbooks.failover.site import command_of, kind_of
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.status import newest
from haven.runbooks.status.readings import Answers, Questions, Reading, State, duration, unknown
from haven.runbooks.workflow import journal, lease
from haven.runbooks.workflow.table import plain

AREA = "journal"


@dataclass(frozen=True)
class Open:
    """An open workflow."""

    id: str
    kind: str
    began: journal.Entry
    last: journal.Entry
    step: str
    """The last one that an entry names; empty: none has begun."""
    aborting: str


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """The journal of a failover is in the Region that it leads to."""
    tables = manifest.operations.tables if manifest.operations is not None else {}
    return {
        (AREA, region): partial(_open, client, region, tables[region]) for region in manifest.both if region in tables
    }


def _open(client: Client, region: str, table: str) -> Open | str | None:
    """The open workflow; why its journal can't be read; or None: nothing is open."""
    dynamodb = client("dynamodb", region)
    try:
        entries = list(_newest(dynamodb, table))[::-1]
    except Problems as error:
        return "; ".join(each.render() for each in error.problems)
    key = {"id": {"S": lease.ID}, "entry": {"S": lease.ENTRY}}
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    workflow = open_in(entries, lease.lease_in(plain(item) if item else None).notes)
    if workflow is None:
        return None
    steps = [str(each.data["step"]) for each in entries if each.data.get("step")]
    last = entries[-1]
    return Open(workflow.id, kind_of(workflow), entries[0], last, steps[-1] if steps else "", workflow.aborting)


def _newest(dynamodb: Any, table: str) -> Iterator[journal.Entry]:
    """The entries of the last workflow, the newest first."""
    for item in newest.items(dynamodb, table, ConsistentRead=True):
        entry = journal.entry_of(plain(item))
        yield entry
        if entry.kind == journal.BEGIN:
            return


def readings(manifest: RecoveryManifest, answers: Answers) -> Iterator[Reading]:
    """Per Region; none where nothing is open."""
    for region in manifest.both:
        answer = answers.get((AREA, region))
        if answer is None:
            continue
        if not answer.known:
            yield unknown(AREA, region, answer)
        elif isinstance(answer.value, str):
            yield Reading(AREA, region, State.WRONG, answer.value)
        elif answer.value is not None:
            yield _reading(manifest, region, answer.value)
        else:
            yield Reading(AREA, region, State.OK, f"no failover to {region} is open")


def _reading(manifest: RecoveryManifest, region: str, found: Open) -> Reading:
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(found.began.at))
    age = max(0.0, time.time() - found.last.at)
    by = found.last.who
    where = f" at step {found.step}" if found.step else ""
    what = "is being undone" if found.aborting else "is open"
    ends = command_of(found.kind, manifest, region)
    text = f"a {found.kind} to {region} {what}{where}, since {since}"
    text += f", last by {by} {duration(age)} ago; {ends} ends it ({found.id})"
    return Reading(AREA, region, State.WRONG, text)
