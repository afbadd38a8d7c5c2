"""Whether the newest copies in the Region's vault could be restored: new enough, not about to expire, tried."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.failover.backups.restore import DATABASE, LOOK_BACK, made, newest_copies
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import REWRITE, Questions, View, asking
from haven.runbooks.workflow.threads import MachineClock

_POINTS, _TESTS = "recovery points", "restore tests"
_FAILED = ("ABORTED", "FAILED")
_INVALID = ("FAILED", "TIMED_OUT")
_JOBS = "docs/restore.md: read the failed job of AWS Backup, or start one now"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for its own vault and its own restores."""
    since = datetime.now(UTC) - LOOK_BACK
    return {
        **{
            (_POINTS, region): asking(client, "backup", region, _points, side.vault, since)
            for region, side in manifest.sides.items()
        },
        **{(_TESTS, region): asking(client, "backup", region, _tests, since) for region in manifest.both},
    }


def _points(backup: Any, vault: str, since: datetime) -> Sequence[Mapping[str, Any]]:
    pages = backup.get_paginator("list_recovery_points_by_backup_vault")
    found = pages.paginate(BackupVaultName=vault, ByCreatedAfter=since)
    return [each for page in found for each in page["RecoveryPoints"]]


def _tests(backup: Any, since: datetime) -> Sequence[Mapping[str, Any]]:
    """Restores that a plan of restore tests has begun."""
    pages = backup.get_paginator("list_restore_jobs").paginate(ByCreatedAfter=since)
    jobs = (each for page in pages for each in page["RestoreJobs"])
    return [each for each in jobs if "RestoreTestingPlanArn" in (each.get("CreatedBy") or {})]


def checks(view: View) -> Iterator[Check]:
    """A line for each store, and the newest restore test of each Region."""
    yield from _copies(view)
    if view.manifest.backups is not None and not view.manifest.backups.restore_tests:
        line = view.line(_TESTS, "", "restore tests", "set haven:backups.restoreTests to true", blocker=False)
        yield line.problem("haven:backups.restoreTests is false: no copy is ever tried")
        return
    yield from _restore_tests(view)


def _copies(view: View) -> Iterator[Check]:
    answer = view.answers[_POINTS, view.to]
    promised = view.manifest.backups
    needed = "a complete copy" if promised is None else f"a complete copy of at most {promised.newest_minutes:g} min"
    vault = view.side.vault
    # Where stores are replicated, copies are for what replication copies too: deletions and corruption.
    line = view.line(f"copies in {vault}", view.to, needed, _JOBS, blocker=view.restores)
    if not answer.known:
        yield line.unknown(answer.unknown, "allow backup:ListRecoveryPointsByBackupVault")
        return
    if answer.value is None:
        yield line.problem("no such vault", "pulumi up declares it")
        return
    newest = newest_copies(Site(view.manifest, view.to, MachineClock()), _kept(answer.value, view.now))
    for store in [DATABASE, *sorted(view.side.tables.values())]:
        line = view.line(f"copy of {store} in {vault}", view.to, needed, _JOBS, blocker=view.restores)
        if store not in newest:
            yield line.problem(f"none that is complete and kept, of {LOOK_BACK.days} days")
        elif promised is None:
            yield line.unknown("the manifest doesn't have how old it may be", REWRITE)
        else:
            age = (view.now - made(newest[store])).total_seconds() / 60
            yield line.judge(f"{age:.0f} min old", fine=age <= promised.newest_minutes)


def _kept(points: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[Mapping[str, Any]]:
    """Those that are not to be deleted already."""
    ends = [(each.get("CalculatedLifecycle") or {}).get("DeleteAt") for each in points]
    return [each for each, end in zip(points, ends, strict=True) if end is None or end > now]


def _restore_tests(view: View) -> Iterator[Check]:
    answers = view.both(_TESTS)
    for region, answer in answers.items():
        if not answer.known:
            line = view.line(_TESTS, region, "a restore test that succeeded", _JOBS, blocker=False)
            yield line.unknown(answer.unknown, "allow backup:ListRestoreJobs")
    jobs = [each for answer in answers.values() for each in answer.value or ()]
    if jobs or all(each.known for each in answers.values()):
        yield from _results(view, jobs)


def _results(view: View, jobs: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """The newest one that has ended, of each type of resource."""
    ended: dict[str, Mapping[str, Any]] = {}
    for each in sorted(jobs, key=lambda job: job["CreationDate"]):
        if each["Status"] in (*_FAILED, "COMPLETED"):
            ended[str(each.get("ResourceType", ""))] = each
    needed = f"one that succeeded within {LOOK_BACK.days} days"
    if not ended:
        yield view.line(_TESTS, "", needed, _JOBS, blocker=False).problem("none has ended")
    for kind, job in sorted(ended.items()):
        line = view.line(f"restore test of {kind or 'an unknown type'}", "", needed, _JOBS, blocker=view.restores)
        validation = job.get("ValidationStatus")
        bad = job["Status"] in _FAILED or validation in _INVALID
        date = f"{job['CreationDate']:%Y-%m-%d}"
        remark = job.get("StatusMessage") or job.get("ValidationStatusMessage") or ""
        result = f"{job['Status']}{f', validation {validation}' if validation else ''}"
        got = f"{result} on {date}{f': {remark}' if bad else ''}"
        yield line.judge(got, fine=not bad)
