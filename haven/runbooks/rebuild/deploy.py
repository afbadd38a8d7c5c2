"""Waits for the lost Region, and for what `pulumi up` makes there: each step has its own check, and names the command.

Tables are added by whoever deploys, as the rest: a new replica needs the right to write and delete its items (DynamoDB
Developer Guide, Global tables security; read 2026-11-26), which an operator hasn't.
"""

from collections.abc import Mapping
from typing import Any

from haven.runbooks.failover import database, stores
from haven.runbooks.failover.site import Site
from haven.runbooks.rebuild.survey import eks_cluster, table
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import RefusedError
from haven.runbooks.workflow.steps import Done, Look, Looking, Waiting
from haven.runbooks.workflow.table import Table

PAGE = "docs/runbooks/rebuild.md"
_SERVES = ("ACTIVE", "UPDATING")
"""States of a table in which it takes reads and writes."""
REPLICA = "replicate-table:"
_DEAD = ("REGION_DISABLED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "CREATION_FAILED", "ARCHIVED")
"""States of a replica that replicates nothing (DynamoDB API Reference, ReplicaDescription; read 2026-11-26)."""


def returned(site: Site) -> Looking:
    """Done when the lost Region answers, and the names of database and cache are free there or those of members."""

    async def look(_: Workflow) -> Look:
        side = site.old_side
        cluster = await database.member(site.old, side.database.cluster, observes=True)
        if cluster is not None and site.old not in await _members(site):
            return Waiting(
                f"{side.database.cluster} in {site.old} has the old volume, with writes that nobody else has: keep it"
                f" under another name ({PAGE}, What comes back)"
            )
        group = await stores.group(site.old, side.cache, observes=True)
        if site.manifest.replicates_cache and group is not None and not stores.datastore_info(group):
            return Waiting(f"{side.cache} in {site.old} is a group of its own: delete it ({PAGE}, What comes back)")
        return Done()

    return look


def replica(site: Site, name: str) -> Looking:
    """Done when a table has a replica in the lost Region again."""

    async def look(_: Workflow) -> Look:
        listed = (await table(site.to, name) or {}).get("Replicas", [])
        status = next((each.get("ReplicaStatus") for each in listed if each["RegionName"] == site.old), None)
        own = await table(site.old, name, observes=True)
        if own is None and (status == "ACTIVE" or status in _DEAD):
            return Waiting(f"the replica of {name} is dead: {_update(site, name, 'Delete')}")
        if status == "ACTIVE" and own is not None:
            serves = own["TableStatus"] in _SERVES
            return Done() if serves else Waiting(f"{name} in {site.old} is {own['TableStatus']}")
        if status is not None:
            return Waiting(f"the replica of {name} in {site.old} is {status}")
        if own is not None:
            return Waiting(f"{name} in {site.old} is a table of its own, no replica: compare its items, then delete it")
        return Waiting(f"{name} has no replica in {site.old}: {_update(site, name, 'Create')}")

    return look


def _update(site: Site, name: str, action: str) -> str:
    key = f",KMSMasterKeyId={site.manifest.key}" if action == "Create" else ""
    return (
        f"aws dynamodb update-table --region {site.to} --table-name {name}"
        f" --replica-updates '{action}={{RegionName={site.old}{key}}}'"
    )


def deployed(site: Site) -> Looking:
    """The step's own check: everything that replicates is there, and is kept up to date."""

    async def look(_: Workflow) -> Look:
        for check in (_database, _cache, _cluster, _operations):
            if missing := await check(site):
                return Waiting(f"{missing}; {by_hand(site)}")
        return Done()

    return look


def by_hand(site: Site) -> str:
    """What makes the lost Region's side anew."""
    rebuilt = "set haven:rebuilt: true, " if site.old == site.manifest.regions.primary else ""
    return f"with haven:active: {site.to} deployed: pulumi refresh, {rebuilt}pulumi up ({PAGE}, step 3)"


async def _database(site: Site) -> str:
    side = site.old_side.database
    member = (await _members(site)).get(site.old)
    if member is None:
        return f"{site.manifest.database.global_cluster} has no member in {site.old}"
    found = await database.member(site.old, side.cluster)
    if found is None or found["Status"] != database.AVAILABLE:
        return f"{side.cluster} is {found['Status'] if found else 'missing'}"
    if member.get("SynchronizationStatus") not in (None, "connected"):
        return f"{side.cluster} is {member['SynchronizationStatus']}"
    instances = await database.instances(site.old, side.cluster)
    ready = sum(each["DBInstanceStatus"] == database.AVAILABLE for each in instances)
    wanted = side.standby or 0
    return "" if ready >= wanted else f"{side.cluster} has {ready} of {wanted} instances"


async def _members(site: Site) -> Mapping[str, Mapping[str, Any]]:
    return database.members(await database.global_cluster(site.to, site.manifest.database.global_cluster))


async def _cache(site: Site) -> str:
    if not site.manifest.replicates_cache:
        return ""
    name = site.old_side.cache
    found = await stores.group(site.old, name)
    if found is None or found["Status"] != "available":
        return f"{name} is {found['Status'] if found else 'missing'}"
    return "" if stores.datastore_info(found) else f"{name} is in no Global Datastore"


async def _cluster(site: Site) -> str:
    name = site.old_side.cluster.name
    found = await eks_cluster(site.old, name)
    status = found["status"] if found else "missing"
    return "" if status == "ACTIVE" else f"{name} is {status}"


async def _operations(site: Site) -> str:
    """A failback keeps its journal there."""
    assert site.manifest.operations is not None  # noqa: S101  assembly.py refuses a manifest without
    kept = Table(site.old, site.manifest.operations.tables[site.old])
    try:
        await kept.get("lease", "0")
    except RefusedError as error:
        if error.code != "ResourceNotFoundException":
            raise
        return f"{kept.name} in {site.old} is missing"
    return ""


def replicas(site: Site) -> Mapping[str, Looking]:
    """Step to its look, for each replicated table."""
    return {f"{REPLICA}{name}": replica(site, name) for name in site.manifest.replicated_tables}
