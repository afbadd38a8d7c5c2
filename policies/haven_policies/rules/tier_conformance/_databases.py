"""What the standby Region has of the database and the cache."""

from collections.abc import Iterator, Sequence
from typing import Any

from haven.model.tiers import DatabaseStandby, database_instances
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.property_rules import is_on
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._sides import RegionSide, sides
from haven_policies.rules.values import heads_its_caches, is_off, is_unknown, value_at

_AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide"
_GLOBAL = "globalClusterIdentifier"
_FIRST = "sourceDbClusterIdentifier"
_FORWARDING = "enableGlobalWriteForwarding"


@stack_rule(
    description="In every tier a database cluster is born as a member of a global cluster.",
    remediation="Declare the database as a GlobalDatabase, which creates the global cluster with it.",
    page=f"{_AURORA}/aurora-global-database.html",
    severity=Severity.HIGH,
)
def database_born_global(graph: ResourceGraph) -> Iterator[Finding]:
    """A single cluster can become the first of a global cluster by hand only, and never another's second:
    a tier could not be raised later. One that is restored from a snapshot is named by the global cluster that is
    created around it."""
    for side in sides(graph):
        for cluster in _aurora(side.here(aws.RDS_CLUSTER)):
            if not _is_member(side.graph, cluster):
                yield against(
                    cluster, _GLOBAL, "a global cluster's identifier", "declare an aws.rds.GlobalCluster and name it"
                )


@stack_rule(
    description="From tier pilot-light up the database has a member in both Regions.",
    remediation="Give the GlobalDatabase its recovery side.",
    page=f"{_AURORA}/aurora-global-database.html",
    severity=Severity.CRITICAL,
)
def standby_database(graph: ResourceGraph) -> Iterator[Finding]:
    """A member without an instance is enough in tier pilot-light: its storage follows the writer's."""
    for side in sides(graph):
        if side.standby.database is DatabaseStandby.NONE:
            continue
        for cluster in _members(side.graph, side.there(aws.RDS_CLUSTER)):
            if _member_beside(side, cluster) is None:
                yield side.lacks(cluster, "member of its global cluster", "give the GlobalDatabase its recovery side")


@stack_rule(
    description="The standby member of the database has a reader in tier warm, and all instances in active-active.",
    remediation="Set the instances of that side of the GlobalDatabase.",
    page=f"{_AURORA}/aurora-global-database-disaster-recovery.html",
    severity=Severity.HIGH,
)
def standby_database_instances(graph: ResourceGraph) -> Iterator[Finding]:
    """A member without an instance can't be promoted: the tier's minutes don't include making one."""
    for side in sides(graph):
        for cluster in _members(side.graph, side.there(aws.RDS_CLUSTER)):
            member = _member_beside(side, cluster)
            if member is None:
                continue
            here, there = _instances(side, member), _instances(side, cluster)
            full = max(here, there)
            wanted = full if side.serves else database_instances(side.tier, full)
            if here < wanted:
                yield Finding(
                    member,
                    "",
                    f"{here} of the {there} instances of {cluster.name}",
                    f"at least {wanted}: {side.why}",
                    "set the instances of this side of the GlobalDatabase, or choose a lower haven:tier",
                )


@stack_rule(
    description="In tier active-active the member of the database that doesn't write forwards writes.",
    remediation="Set write_forwarding of the GlobalDatabase.",
    page=f"{_AURORA}/aurora-global-database-write-forwarding-apg.html",
    severity=Severity.MEDIUM,
)
def standby_write_forwarding(graph: ResourceGraph) -> Iterator[Finding]:
    """Both Regions serve, and one of them writes: the other one's writes have to get there."""
    for side in sides(graph):
        if side.serves or not side.standby.write_forwarding:
            continue
        for cluster in _members(side.graph, side.here(aws.RDS_CLUSTER)):
            if not is_on(value_at(cluster.inputs, _FORWARDING)):
                yield against(cluster, _FORWARDING, f"true: {side.why}", "set write_forwarding of the GlobalDatabase")


@stack_rule(
    description="From tier warm up caches are replicated in a Global Datastore; below, the active Region has one.",
    remediation="Give the GlobalCache its recovery side.",
    page="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastore.html",
    severity=Severity.HIGH,
)
def standby_cache(graph: ResourceGraph) -> Iterator[Finding]:
    """A cold cache lets every request through to the database, at the moment when all clients arrive at once. What is
    of use in one Region alone, such as messages in flight, isn't replicated."""
    for side in sides(graph):
        for group in side.there(aws.ELASTICACHE_REPLICATION_GROUP):
            if value_at(group.inputs, "tags.haven:regional") == "true":
                continue
            if side.standby.cache and not _replicated(side, group):
                what = "cache that is in a Global Datastore with it"
                yield side.lacks(group, what, "give the GlobalCache its recovery side, replicated")
            elif side.serves and not side.here(aws.ELASTICACHE_REPLICATION_GROUP):
                yield side.lacks(group, "cache", "give the GlobalCache its recovery side")


def _aurora(clusters: Sequence[Resource]) -> list[Resource]:
    return [each for each in clusters if str(value_at(each.inputs, "engine") or "aurora").startswith("aurora")]


def _members(graph: ResourceGraph, clusters: Sequence[Resource]) -> list[Resource]:
    return [each for each in clusters if _is_member(graph, each)]


def _is_member(graph: ResourceGraph, cluster: Resource) -> bool:
    return not is_off(value_at(cluster.inputs, _GLOBAL)) or _created_around(graph, cluster) is not None


def _created_around(graph: ResourceGraph, cluster: Resource) -> Resource | None:
    """The global cluster that names this one, by its ARN, as the member that it is created from."""
    name = value_at(cluster.inputs, "clusterIdentifier")
    for each in graph.of(aws.RDS_GLOBAL_CLUSTER):
        arn = str(value_at(each.inputs, _FIRST)).split(":")
        if (arn[3:4], arn[5:]) == ([cluster.region], ["cluster", name]):
            return each
    return None


def _member_beside(side: RegionSide, cluster: Resource) -> Resource | None:
    """The member of the same global cluster on this side."""
    name = _global_name(side.graph, cluster)
    here = _members(side.graph, side.here(aws.RDS_CLUSTER))
    return next((each for each in here if _global_name(side.graph, each) == name), None)


def _global_name(graph: ResourceGraph, cluster: Resource) -> Any:
    """Which global cluster it is a member of, whether it is referred to or named."""
    value = value_at(cluster.inputs, _GLOBAL)
    target = _created_around(graph, cluster) if is_off(value) else graph.target(value)
    return value_at(target.inputs, _GLOBAL) if target else value


def _instances(side: RegionSide, cluster: Resource) -> int:
    """Instances of a member, which refer to it or name it."""
    name = value_at(cluster.inputs, "clusterIdentifier")
    own = [
        each
        for each in side.graph.of(aws.RDS_CLUSTER_INSTANCE, region=cluster.region)
        if side.graph.target(each.inputs.get("clusterIdentifier")) is cluster
        or value_at(each.inputs, "clusterIdentifier") == name
    ]
    return len(own)


def _replicated(side: RegionSide, group: Resource) -> bool:
    """Whether a cache has a partner on this side, in the same Global Datastore."""
    return any(
        group.urn in members and any(each.urn in members for each in side.here(aws.ELASTICACHE_REPLICATION_GROUP))
        for members in (
            _cache_members(side.graph, datastore)
            for datastore in side.graph.of(aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP)
        )
    )


def _cache_members(graph: ResourceGraph, datastore: Resource) -> set[str]:
    primary = next(iter(graph.linked(datastore, "primaryReplicationGroupId", aws.ELASTICACHE_REPLICATION_GROUP)), None)
    secondaries = [each for each in graph.of(aws.ELASTICACHE_REPLICATION_GROUP) if _follows(graph, each, datastore)]
    return {each.urn for each in (primary, *secondaries) if each is not None}


def _follows(graph: ResourceGraph, group: Resource, datastore: Resource) -> bool:
    """Whether it is a member; one that follows without saying whom gets the benefit of the doubt."""
    given = value_at(group.inputs, "globalReplicationGroupId")
    if is_off(given) or (is_unknown(given) and not graph.referred(given)):
        return not heads_its_caches(group)
    return datastore in graph.referred(given)
