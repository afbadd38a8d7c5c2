"""The cache's promotion, and the tables, which need none."""

from collections.abc import Mapping
from typing import Any

from haven.runbooks.failover import database, fence, loss
from haven.runbooks.failover.site import Site, described
from haven.runbooks.observation import first
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, UnansweredError
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

PRIMARY = "PRIMARY"
STEADY = ("available", "primary-only")
"""States of a Global Datastore in which it takes a change (ElastiCache API, DisassociateGlobalReplicationGroup; read
2026-11-26)."""

TAKING = ("ACTIVE", "UPDATING")
"""States of a table in which it takes writes."""


def cache(site: Site) -> Looking:
    """Done when the group in the new Region is the primary of its Global Datastore, or is in none and starts empty."""
    name = site.new_side.cache

    async def look(workflow: Workflow) -> Look:
        found = await group(site.to, name)
        if found is None:
            return Done(remark=f"{name} doesn't exist yet: the cache starts empty")
        info = datastore_info(found)
        if not info.get("GlobalReplicationGroupId"):
            return Done(remark=f"{name} is in no Global Datastore: nothing to promote")
        if info.get("GlobalReplicationGroupMemberRole") == PRIMARY:
            return Done() if found["Status"] == "available" else Waiting(f"{name} is {found['Status']}")
        asked = {"GlobalReplicationGroupId": info["GlobalReplicationGroupId"]}
        whole = await datastore(site.to, asked["GlobalReplicationGroupId"])
        if whole is not None and whole["Status"] not in STEADY:
            return Waiting(f"{asked['GlobalReplicationGroupId']} is {whole['Status']}")
        return await _guarded(site, workflow, asked)

    return look


async def _guarded(site: Site, workflow: Workflow, asked: Mapping[str, str]) -> Look:
    """The promotion, where neither loss nor fence forbids it."""
    if workflow.goal["planned"] and not database.is_under_way(workflow):
        return Waiting("the database goes first: where RDS refuses the switchover, nothing is promoted")
    if late := await _behind(site, workflow):
        return Waiting(late)
    why, not_after = await loss.refusal(site, workflow, loss.CACHE)
    why = why or await fence.gone(site, workflow)
    if why:
        return Impossible(why)
    arguments = {**asked, "PrimaryRegion": site.to, "PrimaryReplicationGroupId": site.new_side.cache}
    call = Call("elasticache", site.to, "failover_global_replication_group", arguments, changes=True)
    return Missing(call._replace(not_after=not_after))


async def _behind(site: Site, workflow: Workflow) -> str:
    """A Region that stops answering now was asked before anything was promoted (`judge-loss`)."""
    try:
        return await loss.behind(site, workflow)
    except UnansweredError:
        return ""


async def is_primary(region: str, name: str) -> bool:
    """Whether a Region's group is the primary of its Global Datastore.

    Raises:
        CallError: no answer.
    """
    return datastore_info(await group(region, name)).get("GlobalReplicationGroupMemberRole") == PRIMARY


async def awaits_promotion(site: Site) -> bool:
    """Whether the new Region's group is a secondary of its Global Datastore.

    Raises:
        CallError: no answer.
    """
    info = datastore_info(await group(site.to, site.new_side.cache))
    return bool(info.get("GlobalReplicationGroupId")) and info.get("GlobalReplicationGroupMemberRole") != PRIMARY


async def group(region: str, name: str, *, observes: bool = False) -> Mapping[str, Any] | None:
    """One Region's group; None: it has none.

    Raises:
        CallError: no answer.
    """
    call = Call("elasticache", region, "describe_replication_groups", {"ReplicationGroupId": name}, observes=observes)
    return await described(call, "ReplicationGroups", "ReplicationGroupNotFoundFault")


def datastore_info(found: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A group's place in its Global Datastore; empty: it is in none."""
    return (found or {}).get("GlobalReplicationGroupInfo") or {}


async def datastore(region: str, identifier: str) -> Mapping[str, Any] | None:
    """A Global Datastore with its members, as one Region describes it; None: it has none.

    Raises:
        CallError: no answer.
    """
    asked = {"GlobalReplicationGroupId": identifier, "ShowMemberInfo": True}
    answer = await Call("elasticache", region, "describe_global_replication_groups", asked)
    return first(answer["GlobalReplicationGroups"])


def tables(site: Site) -> Looking:
    """Done when every replicated table is active in the new Region: both Regions' replicas take writes."""

    async def look(_: Workflow) -> Look:
        for name in site.manifest.replicated_tables:
            status = (await Call("dynamodb", site.to, "describe_table", {"TableName": name}))["Table"]["TableStatus"]
            if status not in TAKING:
                return Waiting(f"{name} is {status}")
        return Done()

    return look
