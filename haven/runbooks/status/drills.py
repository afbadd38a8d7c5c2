"""What the newest failover to each Region took, as the audit there has it, held against the objective."""

import json
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice

from haven.model.drills import DrillRecord, Place
from haven.runbooks.clients import Client
from haven.runbooks.failover.times.measured import MEASURED
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.status.readings import Answers, Questions, Reading, State, duration, unknown
from haven.runbooks.workflow.audit import FOLDER

AREA = "drills"
_SESSIONS = 20
"""Of the newest ones so many are looked at: each takes a request, and all together 7 seconds at most."""


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """The audit of a failover is in the Region that it led to."""
    buckets = manifest.operations.audit if manifest.operations is not None else {}
    return {
        (AREA, region): partial(_newest, client, region, buckets[region])
        for region in manifest.both
        if region in buckets
    }


def _newest(client: Client, region: str, bucket: str) -> DrillRecord | None:
    s3 = client("s3", region)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=FOLDER)
    sessions: dict[str, list[tuple[str, float]]] = {}
    for each in (each for page in pages for each in page.get("Contents", [])):
        key = str(each["Key"])
        sessions.setdefault(key.rpartition("/")[0], []).append((key, each["LastModified"].timestamp()))
    newest = sorted(sessions.values(), key=lambda found: max(at for _, at in found), reverse=True)
    keys = (sorted(key for key, _ in found) for found in newest if len(found) > 1)
    for *_, key, _closing in islice(keys, _SESSIONS):
        if made := _record(s3.get_object(Bucket=bucket, Key=key)["Body"].read()):
            return made
    return None


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
            none = f"of the last {_SESSIONS} runs none made a failover to {region}: what one takes isn't measured"
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
