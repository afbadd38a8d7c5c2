"""The cache's promotion, as haven/runbooks/failover/stores.py does it, but for the guard against loss."""

from collections.abc import Callable, Mapping
from typing import Any

PRIMARY = "PRIMARY"
STEADY = ("available", "primary-only")
"""States of a Global Datastore in which it takes a change (ElastiCache API, DisassociateGlobalReplicationGroup; read
2026-11-26)."""


def promote(settings: Mapping[str, Any], client: Callable[[str, str], Any]) -> str:
    """Done when the group in this Region is the primary of its Global Datastore, or is in none."""
    region, name = settings["region"], settings["group"]
    elasticache = client("elasticache", region)
    (found,) = elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    info = found.get("GlobalReplicationGroupInfo") or {}
    datastore = info.get("GlobalReplicationGroupId")
    if not datastore:
        return ""
    if info.get("GlobalReplicationGroupMemberRole") == PRIMARY:
        return "" if found["Status"] == "available" else f"{name} is {found['Status']}"
    asked = elasticache.describe_global_replication_groups(GlobalReplicationGroupId=datastore)
    (whole,) = asked["GlobalReplicationGroups"]
    if whole["Status"] not in STEADY:
        return f"{datastore} is {whole['Status']}"
    elasticache.failover_global_replication_group(
        GlobalReplicationGroupId=datastore, PrimaryRegion=region, PrimaryReplicationGroupId=name
    )
    return f"{name} is being promoted"
