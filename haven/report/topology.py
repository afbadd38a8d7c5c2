"""What replicates between the two Regions of an environment, row by row, read from a recording."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from haven.base.terminal import plural
from haven.plan.summary import RegionPlan, make_plan
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource


class DataFlow(Enum):
    """Which way data flows between the Regions."""

    NONE = "none"
    TO_RECOVERY = "to the recovery Region"
    TO_PRIMARY = "to the primary Region"
    BOTH = "both ways"


@dataclass(frozen=True)
class ServiceRow:
    """One service, in both Regions."""

    service: str
    primary: str
    """What the primary Region has; empty: nothing."""
    recovery: str
    edge: DataFlow = DataFlow.NONE
    mechanism: str = ""
    """What replicates; empty where nothing does."""


@dataclass(frozen=True)
class RegionColumn:
    """One Region."""

    region: str
    role: str
    """`primary` or `recovery`."""
    state: str
    """`active` or `standby`."""
    zones: Sequence[str]
    block: str
    """CIDR block of its network; empty: no network."""
    routing: str
    """Its failover or latency record; empty: none."""

    @property
    def serves(self) -> bool:
        """Whether traffic goes there; otherwise it is on standby."""
        return self.state == "active" or "latency" in self.routing


@dataclass(frozen=True)
class Topology:
    """An environment's two Regions and what replicates between them."""

    stack: str
    tier: str
    primary: RegionColumn
    recovery: RegionColumn
    rows: Sequence[ServiceRow]


_Records = Sequence[Resource]


def topology(recording: Recording) -> Topology:
    """The topology of a recorded environment.

    Raises:
        KeyError: the recording is of an account stack, which has no tier.
    """
    plan = make_plan(recording)
    primary, recovery = plan.regions
    there = [each for each in plan.resources if each.region == primary.region]
    here = [each for each in plan.resources if each.region == recovery.region]
    rows = [
        ServiceRow("Load balancer", _balancer(there), _balancer(here)),
        ServiceRow("EKS", _cluster(primary), _cluster(recovery)),
        _database(primary, recovery),
        *_data(there, here, recovery.region),
    ]
    return Topology(
        recording.stack,
        recording.outputs["tier"],
        _side(primary, there),
        _side(recovery, here),
        [each for each in rows if each.primary or each.recovery],
    )


def _side(plan: RegionPlan, records: _Records) -> RegionColumn:
    subnets = {str(each.inputs["availabilityZone"]) for each in _of(records, aws.EC2_SUBNET)}
    blocks = [str(each.inputs["cidrBlock"]) for each in _of(records, aws.EC2_VPC)]
    return RegionColumn(plan.region, plan.role, plan.state, sorted(subnets), "".join(blocks[:1]), _routing(records))


def _routing(records: _Records) -> str:
    for each in _of(records, aws.ROUTE53_RECORD):
        for policy in each.inputs.get("failoverRoutingPolicies", ()):
            return f"{str(policy['type']).lower()} failover record"
        if each.inputs.get("latencyRoutingPolicies"):
            return "latency record"
    return ""


def _of(records: _Records, type_: str) -> list[Resource]:
    return [each for each in records if each.type == type_]


def _balancer(records: _Records) -> str:
    kinds = [str(each.inputs.get("loadBalancerType")) for each in _of(records, aws.LB_LOAD_BALANCER)]
    firewall = " with WAF" if _of(records, aws.WAFV2_WEB_ACL_ASSOCIATION) else ""
    return f"{kinds[0]}{firewall}" if kinds else ""


def _cluster(region: RegionPlan) -> str:
    counts = region.capacity
    if not counts["controlPlanes"]:
        return ""
    return f"{plural(counts['systemNodes'], 'system node')}, {plural(counts['gpuNodes'], 'GPU node')}"


def _database(primary: RegionPlan, recovery: RegionPlan) -> ServiceRow:
    edge = DataFlow.TO_RECOVERY if primary.state == "active" else DataFlow.TO_PRIMARY
    return _row("Aurora PostgreSQL", _member(primary), _member(recovery), edge, "Aurora global database")


def _member(region: RegionPlan) -> str:
    counts = region.capacity
    if not counts["databaseClusters"]:
        return ""
    instances = counts["databaseInstances"]
    if not instances:
        return "headless member"
    if region.state != "active":
        return plural(instances, "reader")
    return f"writer, {plural(instances - 1, 'reader')}" if instances > 1 else "writer"


def _data(primary: _Records, recovery: _Records, recovery_region: str) -> Iterator[ServiceRow]:
    yield _cache(primary, recovery)
    yield _buckets(primary, recovery)
    tables, replicas = _of(primary, aws.DYNAMODB_TABLE), _of(recovery, aws.DYNAMODB_TABLE_REPLICA)
    yield _row("DynamoDB", _many(tables, "table"), _many(replicas, "replica"), DataFlow.BOTH, "global tables")
    keys, copies = _of(primary, aws.KMS_KEY), _of(recovery, aws.KMS_REPLICA_KEY)
    yield _row("KMS", _many(keys, "key"), _many(copies, "replica key"), DataFlow.TO_RECOVERY, "multi-Region keys")
    secrets = _of(primary, aws.SECRETSMANAGER_SECRET)
    copied = [each for each in secrets for one in each.inputs.get("replicas", ()) if one["region"] == recovery_region]
    yield _row("Secrets Manager", _many(secrets, "secret"), _many(copied, "replica"), DataFlow.TO_RECOVERY, "replicas")
    yield _backups(primary, recovery)


def _row(service: str, primary: str, recovery: str, edge: DataFlow, mechanism: str) -> ServiceRow:
    linked = primary and recovery
    return ServiceRow(service, primary, recovery, edge if linked else DataFlow.NONE, mechanism if linked else "")


def _many(records: _Records, noun: str) -> str:
    return plural(len(records), noun) if records else ""


def _cache(primary: _Records, recovery: _Records) -> ServiceRow:
    type_ = aws.ELASTICACHE_REPLICATION_GROUP
    there, here = (_many(_of(each, type_), "replication group") for each in (primary, recovery))
    if _of(primary, aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP):
        return _row("ElastiCache", there, here, DataFlow.TO_RECOVERY, "Global Datastore")
    return ServiceRow("ElastiCache", there, here)


def _buckets(primary: _Records, recovery: _Records) -> ServiceRow:
    type_ = aws.S3_BUCKET_REPLICATION_CONFIG
    there, here = _of(primary, type_), _of(recovery, type_)
    mechanism = "replication time control" if _timed(there) else "replication"
    return _row("S3", _many(there, "bucket"), _many(here, "bucket"), DataFlow.BOTH, mechanism)


def _timed(configurations: _Records) -> bool:
    rules = [rule for each in configurations for rule in each.inputs["rules"]]
    return bool(rules) and all(rule["destination"].get("replicationTime") for rule in rules)


def _backups(primary: _Records, recovery: _Records) -> ServiceRow:
    there, here = (_many(_of(each, aws.BACKUP_VAULT), "vault") for each in (primary, recovery))
    rules = [rule for plan in _of(primary, aws.BACKUP_PLAN) for rule in plan.inputs["rules"]]
    if any(rule.get("copyActions") for rule in rules):
        return _row("AWS Backup", there, here, DataFlow.TO_RECOVERY, "copies")
    return ServiceRow("AWS Backup", there, here)
