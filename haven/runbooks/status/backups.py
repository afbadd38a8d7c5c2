"""The newest recovery point in each Region's vault, and the newest restore test."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.failover.backups.restore import made
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.status.readings import Answers, Questions, Reading, State, duration, unknown

AREA = "backups"
_RESTORES = "restore tests"
_LOOK_BACK = timedelta(days=35)
"""A point-in-time recovery window ends there at the latest (AWS Backup Developer Guide; read 2026-11-26)."""


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for its own."""
    since = datetime.now(UTC) - _LOOK_BACK

    def point(region: str) -> datetime | None:
        pages = client("backup", region).get_paginator("list_recovery_points_by_backup_vault")
        found = pages.paginate(BackupVaultName=manifest.sides[region].vault, ByCreatedAfter=since)
        points = [
            each for page in found for each in page["RecoveryPoints"] if each["Status"] in ("COMPLETED", "AVAILABLE")
        ]
        return max(map(made, points), default=None)

    def tested(region: str) -> datetime | None:
        found = (
            client("backup", region)
            .get_paginator("list_restore_jobs")
            .paginate(ByCreatedAfter=since, ByStatus="COMPLETED")
        )
        jobs = [each for page in found for each in page["RestoreJobs"] if _is_test(each)]
        return max((each["CompletionDate"] for each in jobs if "CompletionDate" in each), default=None)

    return {
        **{(AREA, region): partial(point, region) for region in manifest.both},
        **{(_RESTORES, region): partial(tested, region) for region in manifest.both},
    }


def _is_test(job: Any) -> bool:
    return "RestoreTestingPlanArn" in (job.get("CreatedBy") or {})


def readings(manifest: RecoveryManifest, answers: Answers) -> Iterator[Reading]:
    """Per Region; without any restore test that succeeded a backup is a hope."""
    now = datetime.now(UTC)
    for region in manifest.both:
        answer, vault = answers[AREA, region], manifest.sides[region].vault
        if not answer.known:
            yield unknown(AREA, region, answer)
        elif answer.value is None:
            yield Reading(AREA, region, State.WRONG, f"{vault}: no recovery point in {_LOOK_BACK.days} days")
        else:
            age = (now - answer.value).total_seconds()
            yield Reading(AREA, region, State.OK, f"{vault}: newest recovery point {duration(age)} ago", age)
    dates = [answers[_RESTORES, region].value for region in manifest.both if answers[_RESTORES, region].value]
    if dates:
        age = (now - max(dates)).total_seconds()
        yield Reading(AREA, "", State.OK, f"newest restore test that succeeded: {duration(age)} ago", age)
    elif all(answers[_RESTORES, region].known for region in manifest.both):
        yield Reading(AREA, "", State.WRONG, f"no restore test succeeded in {_LOOK_BACK.days} days")
    else:
        silent = next(region for region in manifest.both if not answers[_RESTORES, region].known)
        yield Reading(AREA, "", State.UNKNOWN, f"restore tests: {silent}: {answers[_RESTORES, silent].unknown}")
