"""Tier `backup`: the recovery Region gets its tables from the vault's newest copies, and the rest by `pulumi up`.

The database is restored by Pulumi, from the snapshot that is chosen here, so that it is encrypted, protected and named
as all else (docs/restore.md). A table is restored before Pulumi declares it, for DynamoDB restores into a new one only.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from haven.runbooks.failover import database, guard, loss
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, RefusedError, pages
from haven.runbooks.workflow.steps import Done, Impossible, Look, Missing, Step, Waiting

CHOSEN, DEPLOYED = "choose-backups", "deploy-recovery-side"
TABLE = "restore-table:"
_COMPLETE = ("COMPLETED", "AVAILABLE")
_FAILED = ("ABORTED", "FAILED")
LOOK_BACK = timedelta(days=35)
DATABASE = "database"
_TOKEN_LENGTH = 128
_ROUNDED_SECONDS = 2.0
"""By which the time of an answer may be too late: it is a whole second, and rounded up (`Site.time_ms`)."""
_HOURS = 3600.0


def steps(site: Site, after: tuple[str, ...]) -> Iterator[Step]:
    """What leads from the vault to a Region that can serve.

    Args:
        site: from where to where.
        after: what comes before.
    """
    title = f"Choose the newest copies in {site.new_side.vault}"
    yield Step(CHOSEN, title, partial(_chosen, site), after, deadline=120)
    tables = []
    for name in sorted(site.new_side.tables.values()):
        tables.append(f"{TABLE}{name}")
        title = f"Restore table {name} in {site.to}"
        look = partial(_table, site, name)
        yield Step(tables[-1], title, look, (CHOSEN,), 8 * _HOURS, every=30, settle=300, repeatable=True)
    title = f"Wait until pulumi up has deployed {site.to}"
    yield Step(DEPLOYED, title, partial(_deployed, site), (CHOSEN, *tables), 12 * _HOURS, every=30)


async def _chosen(site: Site, workflow: Workflow) -> Look:
    answer = await _points(site)
    newest = newest_copies(site, answer["RecoveryPoints"])
    wanted = [DATABASE, *site.new_side.tables.values()]
    missing = [each for each in wanted if each not in newest]
    if missing:
        return Impossible(f"{site.new_side.vault}: no complete copy of {', '.join(missing)}")
    now = site.time_ms(answer)
    ages = {store: now - made(point).timestamp() * 1000 for store, point in newest.items()}
    accepted = loss.accepted(workflow)
    most = guard.accepted_ms(accepted) if accepted else site.objective_ms
    late = [each for each in wanted if most is not None and ages[each] > most]
    listed = ", ".join(f"{each}: {ages[each] / 60_000:.0f} min old" for each in wanted)
    if late:
        limit = f"what is accepted ({accepted})" if accepted else "the objective"
        advice = loss.advice(site, workflow.goal, [ages[each] for each in late])
        return Impossible(f"older than {limit}: {listed}; {advice}")
    points = {each: newest[each]["RecoveryPointArn"] for each in wanted}
    return Done({"points": points, "accepted": accepted}, f"lost is what was written since: {listed}")


async def _points(site: Site) -> Mapping[str, Any]:
    """Every recovery point in the Region's vault, with the time of the last answer."""
    arguments: dict[str, Any] = {
        "BackupVaultName": site.new_side.vault,
        "ByCreatedAfter": datetime.fromtimestamp(site.clock.wall(), UTC) - LOOK_BACK,
    }
    call = Call("backup", site.to, "list_recovery_points_by_backup_vault", arguments)
    found = await pages(call, "NextToken", "NextToken")
    return {**found[-1], "RecoveryPoints": [each for page in found for each in page["RecoveryPoints"]]}


def newest_copies(site: Site, points: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Store to its newest complete copy. A copy's resource is the original, in the Region that is left."""
    originals = {f":cluster:{site.old_side.database.cluster}": DATABASE}
    originals |= {f":table/{name}": name for name in site.old_side.tables.values()}
    found: dict[str, Mapping[str, Any]] = {}
    for point in sorted(points, key=made):
        arn = str(point.get("ResourceArn", ""))
        store = next((store for ending, store in originals.items() if arn.endswith(ending)), None)
        if store is not None and point["Status"] in _COMPLETE:
            found[store] = point
    return found


def made(point: Mapping[str, Any]) -> datetime:
    """As of when a recovery point has its resource; of a copy that is the original's time.

    Copies retain the creation date of their source (AWS Backup Developer Guide, Creating backup copies: "The creation
    date refers to when the source was created, not when the copy was created"; read 2026-11-27). What was written while
    the backup job ran needn't be in it, so the job's beginning counts where AWS gives it and it is the earlier one.

    Args:
        point: as AWS Backup lists it.
    """
    created: datetime = point["CreationDate"]
    return min(created, point.get("InitiationDate") or created)


async def _table(site: Site, name: str, workflow: Workflow) -> Look:
    point = workflow.step(CHOSEN).data["points"][name]
    step = workflow.step(f"{TABLE}{name}")
    try:
        status = (await Call("dynamodb", site.to, "describe_table", {"TableName": name}))["Table"]["TableStatus"]
    except RefusedError as error:
        if error.code != "ResourceNotFoundException":
            raise
        return await _begin(site, name, point, workflow, begun=step.may_have_happened)
    if status != "ACTIVE":
        return Waiting(f"{name} is {status}")
    return Done(remark="" if step.may_have_happened else f"{name} was there already: nothing was restored into it")


async def _begin(site: Site, name: str, point: str, workflow: Workflow, *, begun: bool) -> Look:
    if begun and (why := await _failure(site, point, workflow)):
        return Impossible(f"{name}: {why}")
    key = await Call("kms", site.to, "describe_key", {"KeyId": site.manifest.key})
    arguments = {
        "RecoveryPointArn": point,
        "IamRoleArn": site.manifest.restore_role,
        "ResourceType": "DynamoDB",
        "IdempotencyToken": f"{workflow.id}-{name}"[:_TOKEN_LENGTH],
        "Metadata": {
            "targetTableName": name,
            "encryptionType": "KMS",
            "kmsMasterKeyArn": key["KeyMetadata"]["Arn"],
        },
    }
    return Missing(Call("backup", site.to, "start_restore_job", arguments, changes=True))


async def _failure(site: Site, point: str, workflow: Workflow) -> str:
    """Why this workflow's restore from a copy has failed; empty: it hasn't, or isn't listed yet."""
    begun = datetime.fromtimestamp(workflow.goal["observedMs"] / 1000 - _ROUNDED_SECONDS, UTC)
    call = Call("backup", site.to, "list_restore_jobs", {"ByCreatedAfter": begun})
    found = [each for page in await pages(call, "NextToken", "NextToken") for each in page["RestoreJobs"]]
    # An emulator may list all there are; a job of an earlier workflow says nothing about this one's.
    jobs = [each for each in found if each.get("RecoveryPointArn") == point and each["CreationDate"] >= begun]
    if not jobs or any(each["Status"] not in _FAILED for each in jobs):
        return ""
    return f"restore job {jobs[0]['RestoreJobId']} {jobs[0]['Status']}: {jobs[0].get('StatusMessage', '')}"


async def _deployed(site: Site, workflow: Workflow) -> Look:
    """The step's own check: the restored database is there under the manifest's names, and has an instance."""
    side = site.new_side.database
    cluster = await database.member(site.to, side.cluster)
    if cluster is None:
        return Waiting(_by_hand(site, workflow))
    if cluster["Status"] != database.AVAILABLE:
        return Waiting(f"{side.cluster} is {cluster['Status']}")
    instances = await database.instances(site.to, side.cluster)
    if not any(each["DBInstanceStatus"] == database.AVAILABLE for each in instances):
        return Waiting(f"{side.cluster} has no instance that is available")
    return Done()


def _by_hand(site: Site, workflow: Workflow) -> str:
    snapshot = workflow.step(CHOSEN).data["points"][DATABASE]
    restored = ", ".join(site.new_side.tables)
    tables = f", restored: true of haven:tables ({restored}), import them" if restored else ""
    return (
        f"set haven:active: {site.to}, haven:database.restoreSnapshot: {snapshot}{tables}, and run pulumi up"
        " (docs/restore.md, from step 3)"
    )
