"""Counts and key facts of the resources in a Region, read from the recording alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from haven.base.terminal import plural
from haven.plan import account_summary, part_summary
from haven.program import aws_types as aws
from haven.program.queries import is_gpu_group, of_type, zones
from haven.program.recording import Recording, Resource

Records = Sequence[Resource]


def scaling(record: Resource) -> Mapping[str, int] | None:
    """Min, desired and max of a node group; None for anything else."""
    sizes = record.inputs.get("scalingConfig")
    if record.type != aws.EKS_NODE_GROUP or not isinstance(sizes, Mapping):
        return None
    return {"min": sizes["minSize"], "desired": sizes["desiredSize"], "max": sizes["maxSize"]}


def capacity(records: Records, recording: Recording) -> dict[str, int]:
    """How much capacity one Region has, from that Region's records."""
    groups = of_type(records, aws.EKS_NODE_GROUP)
    return {
        "buckets": len(of_type(records, aws.S3_BUCKET)),
        "cacheNodes": sum(cache_nodes(each, recording) for each in of_type(records, aws.ELASTICACHE_REPLICATION_GROUP)),
        "controlPlanes": len(of_type(records, aws.EKS_CLUSTER)),
        "databaseClusters": len(of_type(records, aws.RDS_CLUSTER)),
        "databaseInstances": len(of_type(records, aws.RDS_CLUSTER_INSTANCE)),
        "gpuNodes": sum(_desired(each) for each in groups if is_gpu_group(each)),
        "natGateways": len(of_type(records, aws.EC2_NAT_GATEWAY)),
        "systemNodes": sum(_desired(each) for each in groups if not is_gpu_group(each)),
        "zones": len(zones(records)),
    }


def _desired(group: Resource) -> int:
    sizes = scaling(group)
    return sizes["desired"] if sizes else 0


def cache_nodes(group: Resource, recording: Recording) -> int:
    """Nodes of a cache group; a Global Datastore's secondary has as many shards as its primary."""
    if "numCacheClusters" in group.inputs:
        return int(group.inputs["numCacheClusters"])
    return cache_shards(group, recording) * (int(group.inputs.get("replicasPerNodeGroup", 0)) + 1)


def cache_shards(group: Resource, recording: Recording) -> int:
    """Shards of a cache group."""
    return int(cache_setting(group, recording, "numNodeGroups") or 1)


def cache_setting(group: Resource, recording: Recording, name: str, of_datastore: str = "") -> Any:
    """What a cache group has, or takes from its Global Datastore's primary or, rebuilt after a loss, from that one.

    Args:
        group: the group.
        recording: what is declared.
        name: of the setting.
        of_datastore: what a Global Datastore calls it. Omitted: the same.
    """
    datastore = recording.referred(group.inputs.get("globalReplicationGroupId"))
    primary = recording.referred(datastore.inputs.get("primaryReplicationGroupId")) if datastore else None
    for each, key in ((group, name), (primary, name), (datastore, of_datastore or name)):
        if each is not None and each.inputs.get(key) is not None:
            return each.inputs[key]
    return None


def component_facts(component: str | None, records: Records, recording: Recording) -> list[str]:
    """Key facts about a component's resources in one Region; empty if the counts suffice."""
    describe = _DESCRIPTIONS.get(component or "")
    return [fact for fact in describe(records, recording) if fact] if describe else []


def _network(records: Records, _: Recording) -> list[str]:
    gateways = len(of_type(records, aws.EC2_NAT_GATEWAY))
    endpoints = of_type(records, aws.EC2_VPC_ENDPOINT)
    interfaces = sum(each.inputs.get("vpcEndpointType") == "Interface" for each in endpoints)
    blocks = [str(each.inputs.get("cidrBlock")) for each in of_type(records, aws.EC2_VPC)]
    return [
        ", ".join(blocks),
        f"zones {', '.join(zones(records))}",
        plural(gateways, "NAT gateway") if gateways else "no NAT",
        plural(interfaces, "interface endpoint") if interfaces else "no interface endpoints",
    ]


def _inference_cluster(records: Records, _: Recording) -> list[str]:
    version = [f"Kubernetes {each.inputs.get('version')}" for each in of_type(records, aws.EKS_CLUSTER)]
    groups = sorted(of_type(records, aws.EKS_NODE_GROUP), key=lambda each: (is_gpu_group(each), each.name))
    return [*version, *(_node_group(each) for each in groups)]


def _node_group(group: Resource) -> str:
    sizes = scaling(group) or {"min": 0, "desired": 0, "max": 0}
    kind = "GPU nodes" if is_gpu_group(group) else "system nodes"
    types = ", ".join(str(each) for each in group.inputs.get("instanceTypes", ())) or "reserved capacity"
    return f"{kind} {group.name}: {sizes['desired']} now, {sizes['min']} to {sizes['max']} ({types})"


def _database(records: Records, _: Recording) -> list[str]:
    members = of_type(records, aws.RDS_CLUSTER)
    instances = of_type(records, aws.RDS_CLUSTER_INSTANCE)
    if not members:
        return []
    classes = sorted({str(each.inputs.get("instanceClass")) for each in instances})
    engine = f"Aurora PostgreSQL {members[0].inputs.get('engineVersion', '')}".strip()
    forwarding = any(each.inputs.get("enableGlobalWriteForwarding") for each in members)
    return [
        f"{engine}, {_members(members)}",
        f"{plural(len(instances), 'instance')} ({', '.join(classes)})" if instances else "headless: no instance",
        "forwards writes to the writer" if forwarding else "",
    ]


def _members(members: Records) -> str:
    names = ", ".join(str(each.inputs.get("clusterIdentifier", each.name)) for each in members)
    return f"{'member' if len(members) == 1 else 'members'} {names}"


def _cache(records: Records, recording: Recording) -> list[str]:
    return [_cache_group(each, recording) for each in of_type(records, aws.ELASTICACHE_REPLICATION_GROUP)]


def _cache_group(group: Resource, recording: Recording) -> str:
    shards = cache_shards(group, recording)
    nodes = cache_nodes(group, recording)
    secondary = "globalReplicationGroupId" in group.inputs
    datastores = of_type(recording.resources, aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP)
    primaries = [recording.referred(each.inputs.get("primaryReplicationGroupId")) for each in datastores]
    role = "secondary of the Global Datastore" if secondary else "on its own: nothing is replicated"
    named = [each.inputs.get("primaryReplicationGroupId") for each in datastores]
    if group in primaries or group.inputs.get("replicationGroupId") in named:
        role = "primary of the Global Datastore"
    size = f"{plural(shards, 'shard')} x {plural(nodes // shards, 'node')}"
    return f"{group.inputs.get('replicationGroupId', group.name)}: {size}, {role}"


def _bucket(records: Records, recording: Recording) -> list[str]:
    facts = []
    for bucket in of_type(records, aws.S3_BUCKET):
        destinations = [each for each in _rules_of(bucket, records, recording) if each]
        timed = any("replicationTime" in each and _enabled(each["replicationTime"]) for each in destinations)
        clock = "with time control" if timed else "without time control"
        replicates = f"replicates to the other Region, {clock}" if destinations else "not replicated"
        lock = "Object Lock" if bucket.inputs.get("objectLockEnabled") else ""
        facts.append(", ".join(each for each in (str(bucket.inputs.get("bucket")), replicates, lock) if each))
    return facts


def _enabled(setting: Any) -> bool:
    return isinstance(setting, Mapping) and setting.get("status") == "Enabled"


def _rules_of(bucket: Resource, records: Records, recording: Recording) -> list[Mapping[str, Any]]:
    """The destinations of the replication rules that start at this bucket."""
    configs = of_type(records, aws.S3_BUCKET_REPLICATION_CONFIG)
    names = (bucket.inputs.get("bucket"), bucket.urn)
    mine = []
    for each in configs:
        source = recording.referred(each.inputs.get("bucket"))
        if each.inputs.get("bucket") in names or source is bucket:
            mine.append(each)
    return [rule.get("destination", {}) for each in mine for rule in each.inputs.get("rules", ())]


def _dns(records: Records, _: Recording) -> list[str]:
    zones_here = of_type(records, aws.ROUTE53_ZONE)
    facts = [
        f"{'private' if each.inputs.get('vpcs') else 'public'} zone {each.inputs.get('name')}" for each in zones_here
    ]
    answers: dict[str, dict[str, None]] = {}
    for each in of_type(records, aws.ROUTE53_RECORD):
        answers.setdefault(str(each.inputs.get("name")), {})[_answer(each)] = None  # one, for both IP versions
    return [*facts, *(f"{name}: {'; '.join(each)}" for name, each in answers.items())]


def _answer(record: Resource) -> str:
    aliases = record.inputs.get("aliases", ())
    if aliases and "setIdentifier" not in record.inputs:
        return f"answers as {aliases[0].get('name')}"
    region = record.inputs.get("setIdentifier", "every client")
    roles = [f" as {str(each.get('type')).lower()}" for each in record.inputs.get("failoverRoutingPolicies", ())]
    how = " by latency" if record.inputs.get("latencyRoutingPolicies") else "".join(roles)
    return f"{region}{how}, {'with' if record.inputs.get('healthCheckId') else 'without'} a health check"


def _switch(records: Records, _: Recording) -> list[str]:
    facts = []
    for alarm in of_type(records, aws.CLOUDWATCH_METRIC_ALARM):
        dimensions = alarm.inputs.get("dimensions", {})
        facts.append(f"alarm {alarm.inputs.get('name')} turns {dimensions.get('Region')} off")
    checks = of_type(records, aws.ROUTE53_HEALTH_CHECK)
    automatic = any(each.inputs.get("type") == "CALCULATED" for each in checks)
    mode = "automatic: endpoint checks turn a Region off too" if automatic else "manual: only the operator turns it off"
    return [*facts, mode if checks else ""]


def _trail(records: Records, recording: Recording) -> list[str]:
    return [*account_summary.trail(records), *_bucket(records, recording)]


def _baseline(records: Records, recording: Recording) -> list[str]:
    return [*account_summary.baseline(records), *_bucket(records, recording)]


def _state(records: Records, recording: Recording) -> list[str]:
    return [*account_summary.state(records), *_bucket(records, recording)]


_DESCRIPTIONS: Mapping[str, Callable[[Records, Recording], list[str]]] = {
    "RegionalNetwork": _network,
    "InferenceCluster": _inference_cluster,
    "GlobalDatabase": _database,
    "GlobalCache": _cache,
    "ReplicatedBucket": _bucket,
    "FailoverDns": _dns,
    "TrafficSwitch": _switch,
    "AuditTrail": _trail,
    "AccountBaseline": _baseline,
    "StateBackend": _state,
    **part_summary.DESCRIPTIONS,
}
