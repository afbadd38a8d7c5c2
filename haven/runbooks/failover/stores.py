"""The cache's promotion, and the tables, which need none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from haven.runbooks.failover import loss
from haven.runbooks.failover.site import Site, described
from haven.runbooks.observation import first
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

_PRIMARY = "PRIMARY"
_AVAILABLE = ("available", "primary-only")


def cache(site: Site) -> Looking:
    """Done when the group in the new Region is the primary of its Global Datastore, or is in none and starts empty."""
    name = site.new_side.cache

    async def look(workflow: Workflow) -> Look:
        group = await _group(site.to, name)
        if group is None:
            return Done(remark=f"{name} doesn't exist yet: the cache starts empty")
        info = group.get("GlobalReplicationGroupInfo") or {}
        if not info.get("GlobalReplicationGroupId"):
            return Done(remark=f"{name} is in no Global Datastore: nothing to promote")
        if info.get("GlobalReplicationGroupMemberRole") == _PRIMARY:
            return Done() if group["Status"] == "available" else Waiting(f"{name} is {group['Status']}")
        datastore = info["GlobalReplicationGroupId"]
        asked = {"GlobalReplicationGroupId": datastore}
        answer = await Call("elasticache", site.to, "describe_global_replication_groups", asked)
        found = first(answer["GlobalReplicationGroups"])
        if found is not None and found["Status"] not in _AVAILABLE:
            return Waiting(f"{datastore} is {found['Status']}")
        why, not_after = await loss.refusal(site, workflow, "cache")
        if why:
            return Impossible(why)
        arguments = {**asked, "PrimaryRegion": site.to, "PrimaryReplicationGroupId": name}
        call = Call("elasticache", site.to, "failover_global_replication_group", arguments, changes=True)
        return Missing(replace(call, not_after=not_after))

    return look


async def is_primary(region: str, name: str) -> bool:
    """Whether a Region's group is the primary of its Global Datastore.

    Raises:
        CallError: no answer.
    """
    info = ((await _group(region, name)) or {}).get("GlobalReplicationGroupInfo") or {}
    return info.get("GlobalReplicationGroupMemberRole") == _PRIMARY


async def _group(region: str, name: str) -> Mapping[str, Any] | None:
    call = Call("elasticache", region, "describe_replication_groups", {"ReplicationGroupId": name})
    return await described(call, "ReplicationGroups", "ReplicationGroupNotFoundFault")


def tables(site: Site) -> Looking:
    """Done when every replicated table is active in the new Region: both Regions' replicas take writes."""

    async def look(_: Workflow) -> Look:
        for name in site.manifest.replicated_tables:
            status = (await Call("dynamodb", site.to, "describe_table", {"TableName": name}))["Table"]["TableStatus"]
            if status not in ("ACTIVE", "UPDATING"):
                return Waiting(f"{name} is {status}")
        return Done()

    return look
