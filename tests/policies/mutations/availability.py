"""What is broken of availability."""

from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.policies.breaking import (
    Change,
    Mutation,
    adding,
    both,
    find,
    protecting,
    putting,
    setting,
    without,
)
from tests.policies.kubernetes import (
    AUTOSCALER,
    BUDGET,
    DEPLOYMENT,
    GUARDED,
    SCALED,
    STATEFUL_SET,
    budget,
    workload,
)

EUW1, EUC1 = "eu-west-1", "eu-central-1"
CLUSTER, NODES = aws.EKS_CLUSTER, aws.EKS_NODE_GROUP
DATABASE, INSTANCE = aws.RDS_CLUSTER, aws.RDS_CLUSTER_INSTANCE
CACHE = aws.ELASTICACHE_REPLICATION_GROUP
BALANCER, TARGETS = aws.LB_LOAD_BALANCER, aws.LB_TARGET_GROUP
TABLE, TABLE_REPLICA = aws.DYNAMODB_TABLE, aws.DYNAMODB_TABLE_REPLICA
QUEUE, ALARM = aws.SQS_QUEUE, aws.CLOUDWATCH_METRIC_ALARM
SUBNET, ROUTE, NAT = aws.EC2_SUBNET, aws.EC2_ROUTE, aws.EC2_NAT_GATEWAY
TEMPLATE = aws.EC2_LAUNCH_TEMPLATE
EFS, MOUNT_TARGET = aws.EFS_FILE_SYSTEM, aws.EFS_MOUNT_TARGET
TAGS = {"owner": "platform", "environment": "warm", "system": "serving", "data-class": "internal", "cost-center": "ai"}


def _pointing(type_: str, path: str, to: str, *words: str, at: str, region: str = EUW1, many: bool = False) -> Change:
    """Points one property (paths as in `setting`) at one other resource, alone in a list or by itself."""

    def change(recording: Recording) -> Recording:
        value: Any = reference(find(recording, to, at, region=region).key, "id")
        return setting(type_, path, [value] if many else value, *words, region=region)(recording)

    return change


def _in_one_zone(type_: str, path: str, *words: str, subnet: str = "private-a") -> Change:
    return _pointing(type_, path, SUBNET, *words, at=subnet, many=True)


def _reserved(recording: Recording) -> Recording:
    """Serving's nodes come from one reservation, in one zone, as the components make such a group."""
    target = {"capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}}
    changes = (
        setting(TEMPLATE, "capacityReservationSpecification", target, "serving", region=EUW1),
        setting(TEMPLATE, "instanceType", "g4dn.2xlarge", "serving", region=EUW1),
        setting(NODES, "instanceTypes", None, "serving", region=EUW1),
        _in_one_zone(NODES, "subnetIds", "serving"),
    )
    return both(*changes)(recording)


def _files(recording: Recording) -> Recording:
    """A file system that can be reached in two zones."""
    key = find(recording, aws.KMS_KEY).key
    made = {"encrypted": True, "kmsKeyId": reference(key, "arn"), "tags": {**TAGS, "Name": "files"}}
    recording = adding(EFS, "files", made, EUW1, protect=True, retain_on_delete=True)(recording)
    system = reference(find(recording, EFS).key, "id")
    for zone in "ab":
        subnet = reference(find(recording, SUBNET, f"private-{zone}", region=EUW1).key, "id")
        inputs = {"fileSystemId": system, "subnetId": subnet, "securityGroups": []}
        recording = adding(MOUNT_TARGET, f"files-{zone}", inputs, EUW1)(recording)
    return recording


def _route_in_table(recording: Recording) -> Recording:
    """The egress of zone b is an inline route of its route table, and leads through zone a."""
    gateway = reference(find(recording, NAT, "nat-a", region=EUW1).key, "id")
    inner = setting(
        aws.EC2_ROUTE_TABLE,
        "routes",
        [{"cidrBlock": "0.0.0.0/0", "natGatewayId": gateway}],
        "private-b",
        region=EUW1,
    )
    return both(without(ROUTE, "nat-b", region=EUW1), inner)(recording)


def _without_tier(recording: Recording) -> Recording:
    writer = find(recording, INSTANCE, region=EUW1)
    return putting(writer, "promotionTier", None)(recording)


_ZONES = (
    Mutation("spans-zones", "warm", "a cluster in one zone", _in_one_zone(CLUSTER, "vpcConfig.subnetIds", "euw1")),
    Mutation("spans-zones", "warm", "the system's nodes in one zone", _in_one_zone(NODES, "subnetIds", "system")),
    Mutation(
        "spans-zones", "warm", "a balancer in one zone", _in_one_zone(BALANCER, "subnets", "euw1", subnet="public-a")
    ),
    Mutation(
        "spans-zones",
        "warm",
        "a database's subnets in one zone",
        _in_one_zone(aws.RDS_SUBNET_GROUP, "subnetIds", "db", subnet="data-a"),
    ),
    Mutation(
        "spans-zones",
        "active-active",
        "a cache's subnets in one zone",
        _in_one_zone(aws.ELASTICACHE_SUBNET_GROUP, "subnetIds", "cache", subnet="data-a"),
    ),
    Mutation(
        "spans-zones",
        "pilot-light",
        "an endpoint in one zone",
        _in_one_zone(aws.EC2_VPC_ENDPOINT, "subnetIds", "ecr-api"),
    ),
    Mutation(
        "nat-per-zone",
        "warm",
        "a single NAT gateway for two zones",
        _pointing(ROUTE, "natGatewayId", NAT, "nat-b", at="nat-a"),
    ),
    Mutation("nat-per-zone", "warm", "an inline route through another zone", _route_in_table),
    Mutation("nat-per-zone", "active-active", "no egress of one zone", without(ROUTE, "nat-c", region=EUC1)),
    Mutation(
        "file-system-spans-zones",
        "warm",
        "a file system in one zone",
        setting(EFS, "availabilityZoneName", "eu-west-1a"),
        base=_files,
    ),
    Mutation(
        "file-system-spans-zones",
        "warm",
        "a file system that one zone can reach",
        without(MOUNT_TARGET, "files-b"),
        base=_files,
    ),
)

_NODES = (
    Mutation("gpu-groups-spread", "warm", "GPU nodes in one zone", _in_one_zone(NODES, "subnetIds", "serving")),
    Mutation(
        "gpu-groups-spread",
        "warm",
        "GPU nodes of one type",
        both(
            setting(NODES, "instanceTypes", ["g4dn.2xlarge"], "serving", region=EUC1),
            setting(NODES, "instanceTypes", ["g4dn.2xlarge"], "serving", region=EUW1),
        ),
    ),
    Mutation(
        "gpu-groups-spread",
        "warm",
        "reserved GPU nodes with nothing in another zone",
        without(NODES, "training", region=EUW1),
        base=_reserved,
    ),
    Mutation(
        "node-updates-keep-half",
        "warm",
        "updates that take most nodes of a group",
        setting(NODES, "updateConfig.maxUnavailablePercentage", 80, "system", region=EUW1),
    ),
    Mutation(
        "node-updates-keep-half",
        "demo",
        "updates that take all nodes of a group",
        setting(NODES, "updateConfig", {"maxUnavailable": 2}, "system", region=EUW1),
    ),
)

_DATABASES = (
    Mutation("database-spans-zones", "warm", "a single instance where writes go", without(INSTANCE, "euw1-2")),
    Mutation(
        "database-spans-zones",
        "warm",
        "both instances in one zone",
        setting(INSTANCE, "availabilityZone", "eu-west-1a", "euw1-2"),
    ),
    Mutation("database-promotion-order", "warm", "an instance of no promotion tier", _without_tier),
    Mutation("cache-fails-over", "warm", "a cache in one zone", setting(CACHE, "multiAzEnabled", False, region=EUW1)),
    Mutation(
        "cache-fails-over",
        "backup",
        "a cache that fails over by hand",
        setting(CACHE, "automaticFailoverEnabled", False, region=EUW1),
    ),
    Mutation(
        "cache-fails-over", "warm", "a cache without replicas", setting(CACHE, "replicasPerNodeGroup", 0, region=EUC1)
    ),
)

_DELETION = (
    Mutation(
        "deletion-protection",
        "warm",
        "a database that can be deleted",
        setting(DATABASE, "deletionProtection", False, region=EUC1),
    ),
    Mutation(
        "deletion-protection",
        "warm",
        "a table's replica that can be deleted",
        setting(TABLE_REPLICA, "deletionProtectionEnabled", None, region=EUC1),
    ),
    Mutation(
        "deletion-protection",
        "backup",
        "a balancer that can be deleted",
        setting(BALANCER, "enableDeletionProtection", False),
    ),
    Mutation(
        "deletion-protection",
        "pilot-light",
        "a cluster that can be deleted",
        setting(CLUSTER, "deletionProtection", False, region=EUW1),
    ),
    Mutation("stateful-resources-protected", "warm", "a database not protected", protecting(DATABASE, protect=False)),
    Mutation(
        "stateful-resources-protected",
        "account",
        "a trail not protected",
        protecting(aws.CLOUDTRAIL_TRAIL, protect=False),
    ),
)

_TRAFFIC = (
    Mutation(
        "target-health-check",
        "warm",
        "targets asked for an open port",
        setting(TARGETS, "healthCheck", {"protocol": "TCP", "port": "traffic-port"}, region=EUW1),
    ),
    Mutation(
        "target-health-check",
        "warm",
        "targets asked for no path",
        setting(TARGETS, "healthCheck.path", None, region=EUW1),
    ),
    Mutation("target-health-check", "backup", "targets asked for nothing", setting(TARGETS, "healthCheck", None)),
    Mutation("targets-drain", "warm", "targets cut off", setting(TARGETS, "deregistrationDelay", 0, region=EUC1)),
    Mutation("target-health-alarm", "warm", "targets that fail unseen", without(ALARM, "unhealthy", region=EUW1)),
    Mutation(
        "target-health-alarm",
        "warm",
        "an alarm on targets that notifies nobody",
        setting(ALARM, "alarmActions", None, "unhealthy", region=EUC1),
    ),
    Mutation(
        "queue-has-dead-letters",
        "warm",
        "a queue without dead letters",
        setting(QUEUE, "redrivePolicy", None, "requests", "queue", region=EUW1),
    ),
)

_KUBERNETES = (
    Mutation(
        "workload-replicas", "warm", "a workload of one pod", setting(DEPLOYMENT, "spec.replicas", 1), base=GUARDED
    ),
    Mutation(
        "workload-replicas",
        "warm",
        "an autoscaler that goes down to one pod",
        setting(AUTOSCALER, "spec.minReplicas", 1),
        base=SCALED,
    ),
    Mutation(
        "workload-has-probes",
        "warm",
        "a container that is ready too early",
        setting(DEPLOYMENT, "spec.template.spec.containers.0.readinessProbe", None),
        base=GUARDED,
    ),
    Mutation(
        "workload-has-probes",
        "demo",
        "a container that may hang",
        setting(STATEFUL_SET, "spec.template.spec.containers.0.livenessProbe", None),
        base=both(workload("store", STATEFUL_SET), budget("store-budget", "store", minAvailable=2)),
    ),
    Mutation(
        "workload-requests-resources",
        "warm",
        "a container that requests no memory",
        setting(DEPLOYMENT, "spec.template.spec.containers.0.resources.requests.memory", None),
        base=GUARDED,
    ),
    Mutation(
        "workload-spread",
        "warm",
        "pods over nodes, and not over zones",
        setting(DEPLOYMENT, "spec.template.spec.topologySpreadConstraints.0.topologyKey", "kubernetes.io/hostname"),
        base=GUARDED,
    ),
    Mutation("workload-has-disruption-budget", "warm", "a workload without a budget", without(BUDGET), base=GUARDED),
    Mutation(
        "workload-has-disruption-budget",
        "warm",
        "a budget of another workload's pods",
        setting(BUDGET, "spec.selector.matchLabels.app", "training"),
        base=SCALED,
    ),
    Mutation(
        "disruption-budget-allows-drains",
        "warm",
        "minAvailable above replicas",
        setting(BUDGET, "spec", {"selector": {"matchLabels": {"app": "serving"}}, "minAvailable": 4}),
        base=GUARDED,
    ),
    Mutation(
        "disruption-budget-allows-drains",
        "warm",
        "minAvailable in percent that keeps every pod",
        setting(BUDGET, "spec", {"selector": {"matchLabels": {"app": "serving"}}, "minAvailable": "70%"}),
        base=GUARDED,
    ),
    Mutation(
        "disruption-budget-allows-drains",
        "warm",
        "maxUnavailable 0",
        setting(BUDGET, "spec.maxUnavailable", 0),
        base=SCALED,
    ),
)

MUTATIONS = (*_ZONES, *_NODES, *_DATABASES, *_DELETION, *_TRAFFIC, *_KUBERNETES)
