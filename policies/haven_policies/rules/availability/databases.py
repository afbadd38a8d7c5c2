"""Databases and caches that go on when a zone does not."""

from collections.abc import Iterator, Mapping, Sequence

from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.property_rules import Property, at_least, is_set, property_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_off, is_unknown, number, value_at

CLUSTERS = (aws.RDS_CLUSTER, aws.DOCDB_CLUSTER, aws.NEPTUNE_CLUSTER)
CLUSTER_INSTANCES = (
    aws.RDS_CLUSTER_INSTANCE,
    aws.DOCDB_CLUSTER_INSTANCE,
    aws.NEPTUNE_CLUSTER_INSTANCE,
)
LEAST_INSTANCES = 2
"""One writes, one takes over. An assumption."""


@stack_rule(
    description="The database that takes writes has two instances at least, in different zones.",
    remediation="Add an instance in another zone; set multiAz on a single instance.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
    severity=Severity.CRITICAL,
)
def database_spans_zones(graph: ResourceGraph) -> Iterator[Finding]:
    """A standby may be smaller, as the tier defines. If it has several instances, they are spread too."""
    members = instances_by_cluster(graph)
    for cluster in graph.of(*CLUSTERS):
        if _is_spread_by_itself(cluster):
            continue
        instances = members.get(cluster.urn, ())
        if len(instances) < LEAST_INSTANCES and takes_writes(graph, cluster):
            got = f"{len(instances)} instances" if len(instances) != 1 else "1 instance"
            allowed = f"at least {LEAST_INSTANCES} instances where writes go"
            yield Finding(
                cluster, "", got, allowed, "add a reader in another zone: it takes over when the writer is lost"
            )
        yield from _together(instances)
    for instance in graph.of(aws.RDS_INSTANCE):
        if is_off(value_at(instance.inputs, "replicateSourceDb")) and is_off(instance.inputs.get("multiAz")):
            yield against(instance, "multiAz", "true", "set it: a standby in another zone takes over within minutes")


def _is_spread_by_itself(cluster: Resource) -> bool:
    """A Multi-AZ DB cluster has its instances in three zones, Aurora Serverless v1 moves by itself."""
    return not is_off(value_at(cluster.inputs, "dbClusterInstanceClass")) or (
        value_at(cluster.inputs, "engineMode") == "serverless"
    )


def takes_writes(graph: ResourceGraph, cluster: Resource) -> bool:
    """Whether a cluster is the one that writes go to: by the stack's config, or because it follows no other one."""
    if graph.facts.active is not None:
        return cluster.region == graph.facts.active
    followed = ("sourceRegion", "replicationSourceIdentifier")
    return all(is_off(value_at(cluster.inputs, name)) for name in followed)


def instances_by_cluster(graph: ResourceGraph) -> Mapping[str, Sequence[Resource]]:
    """The instances of each cluster, by the cluster's URN."""
    found: dict[str, list[Resource]] = {}
    for each in graph.of(*CLUSTER_INSTANCES):
        for cluster in graph.linked(each, "clusterIdentifier", *CLUSTERS):
            found.setdefault(cluster.urn, []).append(each)
    return found


def _together(instances: Sequence[Resource]) -> Iterator[Finding]:
    zones = [value_at(each.inputs, "availabilityZone") for each in instances]
    known = not any(is_off(each) or is_unknown(each) for each in zones)
    if len(zones) >= LEAST_INSTANCES and known and len(set(map(str, zones))) == 1:
        fix = "name another zone, or none: then Aurora chooses"
        yield against(instances[-1], "availabilityZone", f"another zone than {instances[0].name}'s", fix)


@stack_rule(
    description="A cluster's instances define the order in which they are promoted.",
    remediation="Set promotionTier on each: 0 for those that take over first, 15 for those that never should.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
    severity=Severity.LOW,
    level=Level.ADVISORY,
)
def database_promotion_order(graph: ResourceGraph) -> Iterator[Finding]:
    """By default the largest instance takes over, or any: a reporting replica may become the writer."""
    for instances in instances_by_cluster(graph).values():
        for each in instances if len(instances) >= LEAST_INSTANCES else ():
            if value_at(each.inputs, "promotionTier") is None:
                yield against(each, "promotionTier", "a number from 0 to 15", "0 where it takes over first")


_GROUPS = (aws.ELASTICACHE_REPLICATION_GROUP,)


def _counts_nodes(cache: Resource) -> bool:
    return value_at(cache.inputs, "numCacheClusters") is not None


def _counts_replicas(cache: Resource) -> bool:
    """Whether its replicas are counted shard by shard, in the property of that name."""
    others = ("numCacheClusters", "nodeGroupConfigurations", "clusterMode")
    return all(value_at(cache.inputs, name) is None for name in others)


cache_fails_over = property_rule(
    "availability/cache-fails-over",
    # Without a replica, or with one that isn't promoted, a zone takes the cache's shard with it.
    Property(
        (aws.MEMORYDB_CLUSTER,), "numReplicasPerShard", lambda count: number(count) != 0, "at least 1", "raise it"
    ),
    Property(
        (*_GROUPS, aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP),
        "automaticFailoverEnabled",
        is_set,
        "true",
        "set it: otherwise no replica is promoted",
    ),
    Property(_GROUPS, "multiAzEnabled", is_set, "true", "set it: otherwise replicas may be in the primary's zone"),
    Property(
        _GROUPS,
        "numCacheClusters",
        at_least(LEAST_INSTANCES),
        f"at least {LEAST_INSTANCES} nodes",
        "add one",
        _counts_nodes,
    ),
    Property(_GROUPS, "replicasPerNodeGroup", at_least(1), "at least 1", "raise it", _counts_replicas),
    description="A cache has replicas in other zones, and fails over to them by itself.",
    remediation="Set automaticFailoverEnabled and multiAzEnabled, and at least one replica for each shard.",
    page="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html",
    severity=Severity.HIGH,
)
