"""Checks whether `pulumi destroy` can work after a promotion, which depends on roles that only AWS knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven.base.problems import Problem, shown
from haven.runbooks.clients import Client, asked
from haven.runbooks.observation import region_of

PAGE = "docs/promotion.md"


@dataclass(frozen=True)
class Roles:
    """The Regions of the writing database member and of the primary cache group; None if there is no global one."""

    database: str | None
    cache: str | None
    datastore: str = ""
    """The cache's Global Datastore; empty if there is none."""


def obstacles(manifest: Mapping[str, Any], active: str, roles: Roles) -> Iterator[Problem]:
    """What blocks `pulumi destroy`, each with the remediation.

    Args:
        manifest: the environment's recovery manifest.
        active: the Region that `haven:active` named at the last deployment.
        roles: as AWS reports them.
    """
    primary = manifest["regions"]["primary"]
    if roles.database not in (None, active):
        yield Problem(
            "the database",
            f"{shown(roles.database)} as the writing Region while haven:active is {shown(active)}",
            "the same Region, for AWS removes the writing member last",
            f"set haven:active to {roles.database} and run pulumi up, or promote {active} again ({PAGE}, Destroying)",
        )
    if roles.cache not in (None, primary):
        group = manifest["sides"][primary]["cache"]
        yield Problem(
            "the cache",
            f"{shown(roles.cache)} as the primary of Global Datastore {roles.datastore}",
            f"{shown(primary)}, for the recovery Region's group is deleted first and AWS keeps a primary",
            f"aws elasticache failover-global-replication-group --region {primary} --global-replication-group-id"
            f" {roles.datastore} --primary-region {primary} --primary-replication-group-id {group};"
            f" or take the datastore apart ({PAGE}, Destroying)",
        )


def read(manifest: Mapping[str, Any], client: Client) -> Roles:
    """Read the roles from AWS.

    Raises:
        UnansweredError: a Region does not answer, or denies the request.
    """
    regions = (manifest["regions"]["primary"], manifest["regions"]["recovery"])
    what = f"RDS in {regions[0]} for the database's members"
    members = asked(what, lambda: _members(client("rds", regions[0]), manifest["database"]["globalCluster"]))
    found = {region: _datastore(client, region, manifest["sides"][region]["cache"]) for region in regions}
    primaries = [(region, each["GlobalReplicationGroupId"]) for region, each in found.items() if _is_primary(each)]
    cache, datastore = primaries[0] if primaries else (None, "")
    return Roles(next((region for region, writes in members.items() if writes), None), cache, datastore)


def _members(rds: Any, name: str) -> Mapping[str, bool]:
    """Region of each member of the global cluster to whether it is the writer."""
    try:
        (found,) = rds.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"]
    except rds.exceptions.GlobalClusterNotFoundFault:
        return {}
    return {region_of(each["DBClusterArn"]): each["IsWriter"] for each in found["GlobalClusterMembers"]}


def _datastore(client: Client, region: str, group: str) -> Mapping[str, str]:
    """A cache group's role in its Global Datastore; empty if it has none, or does not exist."""
    elasticache = client("elasticache", region)

    def ask() -> Mapping[str, str]:
        try:
            (found,) = elasticache.describe_replication_groups(ReplicationGroupId=group)["ReplicationGroups"]
        except elasticache.exceptions.ReplicationGroupNotFoundFault:
            return {}
        info: Mapping[str, str] = found.get("GlobalReplicationGroupInfo") or {}
        return info

    return asked(f"ElastiCache in {region} for {group}", ask)


def _is_primary(info: Mapping[str, str]) -> bool:
    return info.get("GlobalReplicationGroupMemberRole") == "PRIMARY"
