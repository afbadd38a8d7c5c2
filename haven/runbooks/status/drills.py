"""What the newest failover to each Region took, as the audit there has it, held against the objective."""

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from haven.model.drills import DrillRecord, Place
from haven.runbooks.clients import Client
from haven.runbooks.failover.times.measured import MEASURED
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.status import newest
from haven.runbooks.status.readings import Answers, Questions, Reading, State, duration, unknown
from haven.runbooks.workflow.audit import key
from haven.runbooks.workflow.journal import END
from haven.runbooks.workflow.report import State as Ended

AREA = "drills"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Journal and audit of a failover are in the Region that it led to."""
    operations = manifest.operations
    return {
        (AREA, region): partial(_newest, client, region, operations.tables[region], operations.audit[region])
        for region in manifest.both
        if operations is not None and region in operations.audit and region in operations.tables
    }


def _newest(client: Client, region: str, table: str, bucket: str) -> DrillRecord | None:
    """The journal knows where: its last entry of a failover has the head of the audit, whose last record closes it, and
    the one before has what it took. A bucket can't be listed from its newest key on."""
    s3 = client("s3", region)
    for session, count in _ended(client("dynamodb", region), table):
        try:
            content = s3.get_object(Bucket=bucket, Key=key(session, count - 2))["Body"].read()
        except s3.exceptions.NoSuchKey:  # that machine alone has it, until it is published
            continue
        if made := _record(content):
            return made
    return None


def _ended(dynamodb: Any, table: str) -> Iterator[tuple[str, int]]:
    """Session and number of records of the audit of each workflow that reached its goal, the newest first."""
    found = newest.items(
        dynamodb,
        table,
        {":end": {"S": f'"kind":"{END}"'}, ":done": {"S": f'"state":"{Ended.DONE}"'}},
        FilterExpression="contains(#body, :end) AND contains(#body, :done)",
        ExpressionAttributeNames={"#body": "body"},
    )
    for item in found:
        head = json.loads(item["body"]["S"])["data"].get("audit") or {}
        if head.get("count", 0) > 1:
            yield str(head["session"]), int(head["count"])


def _record(content: bytes) -> DrillRecord | None:
    """What a run took; None: it isn't there, or in a form that only another version knows."""
    try:
        found = json.loads(content)
        return DrillRecord.model_validate(found["data"]) if found["what"] == MEASURED else None
    except (LookupError, TypeError, ValueError):  # `haven audit verify` judges the audit
        return None


def readings(manifest: RecoveryManifest, answers: Answers) -> Iterator[Reading]:
    """Per Region; that nobody has failed back is no finding."""
    for region in manifest.both:
        answer = answers.get((AREA, region))
        if answer is None:
            continue
        if not answer.known:
            yield unknown(AREA, region, answer)
        elif answer.value is not None:
            yield _reading(manifest, region, answer.value)
        elif region == manifest.regions.recovery:
            none = f"the journal's newest entries have no failover to {region}: what one takes isn't measured"
            yield Reading(AREA, region, State.UNKNOWN, none)


def _reading(manifest: RecoveryManifest, region: str, record: DrillRecord) -> Reading:
    age, took = time.time() - record.started.timestamp(), record.measured.environment
    objective = manifest.objectives.rto_minutes if record.kind != "failback" else None
    where = " in an emulator" if record.place is Place.EMULATOR else ""
    served = "when it served isn't known" if took is None else f"served after {duration(took)}"
    against = "" if objective is None else f"; objective: {objective:g} min"
    description = f"newest {record.kind}{where}, {duration(age)} ago: {served}{against}"
    if objective is None:
        return Reading(AREA, region, State.OK, description, age)
    if took is None:
        return Reading(AREA, region, State.UNKNOWN, description, age)
    return Reading(AREA, region, State.WRONG if took > objective * 60 else State.OK, description, age)
