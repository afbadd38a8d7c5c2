"""What a recording's resources cost: the quantities that prices are multiplied with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from haven.model.cost import SHARED, Item
from haven.plan.component_summary import cache_nodes
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource

USAGE: Mapping[str, float] = {
    "aurora-storage": 100,  # GB of each member
    "aurora-io": 50_000_000,  # requests a month to each member
    "aurora-replicated-write": 10_000_000,  # writes a month from the active Region
    "bucket-storage": 200,  # GB of each bucket
    "replication-time-control": 50,  # GB a month of each bucket
    "table-storage": 10,  # GB of each table and replica
    "table-write": 5_000_000,  # a month to each table
    "table-read": 20_000_000,  # a month from each table
    "images": 20,  # GB of each repository and Region
    "load-balancer-lcu": 1,  # capacity units, all month
    "logs-ingestion": 20,  # GB a month of each Region with a cluster
    "nat-gateway-data": 100,  # GB a month of each gateway
    "transfer-to-region": 200,  # GB a month out of the active Region
}
"""What the program doesn't decide. Assumptions, shown as such."""

Items = Iterator[tuple[str, float]]


def cost_items(recording: Recording) -> list[Item]:
    """The items of an environment, as the program declares it now."""
    active = str(recording.outputs.get("active", ""))
    items: list[Item] = []
    for each in recording.real():
        quantities = _QUANTITIES.get(each.type)
        if quantities is None or each.region is None:
            continue
        for what, quantity in quantities(each, recording):
            items.append(
                Item(what, quantity, each.region, each.component or "the stack itself", _system(each), what in USAGE)
            )
    items += [Item(what, USAGE[what], active, "usage", assumed=True) for what in _OF_ACTIVE if active]
    return items


_OF_ACTIVE = ("aurora-replicated-write", "transfer-to-region")


def _system(record: Resource) -> str:
    return str(record.inputs.get("tags", {}).get("haven:system") or SHARED)


def _nodes(group: Resource, recording: Recording) -> Items:
    desired = float(group.inputs["scalingConfig"]["desiredSize"])
    types: Sequence[Any] = group.inputs.get("instanceTypes") or ()
    yield (f"instance:{types[0]}" if types else f"reserved capacity of {group.name}", desired)
    template = recording.referred(group.inputs.get("launchTemplate", {}).get("id"))
    volumes = [each["ebs"] for each in template.inputs.get("blockDeviceMappings", ())] if template else []
    yield "gp3-storage", desired * sum(float(each.get("volumeSize", 0)) for each in volumes)
    extra = sum(max(0.0, float(each.get("throughput", 125)) - 125) for each in volumes)
    if extra:
        yield "gp3-throughput", desired * extra


def _cache(group: Resource, recording: Recording) -> Items:
    datastore = recording.referred(group.inputs.get("globalReplicationGroupId"))
    primary = recording.referred(datastore.inputs.get("primaryReplicationGroupId")) if datastore else None
    source = primary or group
    yield f"cache-{source.inputs.get('engine', 'redis')}:{source.inputs['nodeType']}", cache_nodes(group, recording)


def _balancer(balancer: Resource, _: Recording) -> Items:
    yield "load-balancer", 1
    yield "load-balancer-lcu", USAGE["load-balancer-lcu"]
    if not balancer.inputs.get("internal"):
        yield "public-ipv4", len(balancer.inputs.get("subnets", ()))


def _endpoint(endpoint: Resource, _: Recording) -> Items:
    if endpoint.inputs.get("vpcEndpointType") == "Interface":
        yield "interface-endpoint", len(endpoint.inputs.get("subnetIds", ()))


def _nat(_: Resource, __: Recording) -> Items:
    yield "nat-gateway", 1
    yield "nat-gateway-data", USAGE["nat-gateway-data"]


def _database_member(_: Resource, __: Recording) -> Items:
    yield "aurora-storage", USAGE["aurora-storage"]
    yield "aurora-io", USAGE["aurora-io"]


def _replicated_bucket(replication: Resource, _: Recording) -> Items:
    if any("replicationTime" in rule["destination"] for rule in replication.inputs["rules"]):
        yield "replication-time-control", USAGE["replication-time-control"]


def _table(_: Resource, __: Recording) -> Items:
    for what in ("table-storage", "table-write", "table-read"):
        yield what, USAGE[what]


def _secret(secret: Resource, _: Recording) -> Items:
    yield "secret", 1 + len(secret.inputs.get("replicas", ()))


def _alarm(alarm: Resource, _: Recording) -> Items:
    metrics = [each for each in alarm.inputs.get("metricQueries", ()) if "metric" in each]
    yield "alarm", max(1, len(metrics))


def _web_acl(acl: Resource, _: Recording) -> Items:
    yield "web-acl", 1
    yield "web-acl-rule", len(acl.inputs.get("rules", ()))


def _control_plane(_: Resource, __: Recording) -> Items:
    yield "control-plane", 1
    yield "logs-ingestion", USAGE["logs-ingestion"]


def _one(what: str, usage: bool = False) -> Callable[[Resource, Recording], Items]:
    def quantities(_: Resource, __: Recording) -> Items:
        yield what, USAGE[what] if usage else 1.0

    return quantities


def _instance(instance: Resource, _: Recording) -> Items:
    yield f"aurora-instance:{instance.inputs['instanceClass']}", 1


_QUANTITIES: Mapping[str, Callable[[Resource, Recording], Items]] = {
    aws.CLOUDWATCH_COMPOSITE_ALARM: _one("alarm-composite"),
    aws.CLOUDWATCH_METRIC_ALARM: _alarm,
    aws.DYNAMODB_TABLE: _table,
    aws.DYNAMODB_TABLE_REPLICA: _table,
    aws.EC2_EIP: _one("public-ipv4"),
    aws.EC2_NAT_GATEWAY: _nat,
    aws.EC2_VPC_ENDPOINT: _endpoint,
    aws.ECR_REPOSITORY: _one("images", usage=True),
    aws.EKS_CLUSTER: _control_plane,
    aws.EKS_NODE_GROUP: _nodes,
    aws.ELASTICACHE_REPLICATION_GROUP: _cache,
    aws.KMS_KEY: _one("key"),
    aws.KMS_REPLICA_KEY: _one("key"),
    aws.LB_LOAD_BALANCER: _balancer,
    aws.RDS_CLUSTER: _database_member,
    aws.RDS_CLUSTER_INSTANCE: _instance,
    aws.ROUTE53_HEALTH_CHECK: _one("health-check"),
    aws.ROUTE53_ZONE: _one("hosted-zone"),
    aws.S3_BUCKET: _one("bucket-storage", usage=True),
    aws.S3_BUCKET_REPLICATION_CONFIG: _replicated_bucket,
    aws.SECRETSMANAGER_SECRET: _secret,
    aws.WAFV2_WEB_ACL: _web_acl,
}
"""Resource type -> what it costs. Types that aren't here cost nothing by themselves."""
