"""What the components call things in AWS: pure functions, so that programs, runbooks and rules compute the same names.

`name` is the name that a component was given, `region` the Region of the thing that is named.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

_DIRECTIONS = {
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "central": "c",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}
_DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}
_PARTITIONS = {"us-gov": "aws-us-gov", "cn": "aws-cn", "eusc": "aws-eusc"}

DATABASE_PORT = 5432
"""Port of a `GlobalDatabase`, on both sides."""
CACHE_PORT = 6379
"""Port of a `GlobalCache`, on both sides."""
REGISTRY_PORT = 5000
"""Port of a `ModelRegistry`, of its Service and of its pods."""
WORKFLOWS_PORT = 4200
"""Port of the API of a `WorkflowOrchestrator`, of its Service and of its pods."""
ORCHESTRATION_PODS = ("migration", "server", "services", "settings")
"""What the pods of a `WorkflowOrchestrator` are called, beside those of its pools."""
SERVING_PROBE_PORT = 8002
"""Port of the pods of a `ModelServing` that answers probes, and has their metrics."""
WEIGHTS_CLAIM_GIB = 1
"""What the claim of a version of a `ModelServing` requests of a namespace's storage, where it mounts its weights."""
STREAMER_BUFFER_GIB = 4
"""[assumption] What the process of each GPU of a `ModelServing` buffers while weights are streamed: room for the
largest tensor, which the streamer refuses to be smaller than; the embeddings of 405 billion parameters take 3.9 GiB."""
OTLP_PORT = 4317
"""Port of a `ClusterTelemetry` for traces, OTLP over gRPC (OpenTelemetry protocol specification; read 2026-11-26)."""
SYSTEM_NODE_GROUP = "system"
"""The node group of a cluster's own services; a GPU group can't have this name."""
FLOW_RUN = "flow-run"
"""What names of the Jobs of flow runs begin with."""
POOL_LABEL = "haven.dev/pool"
"""Label of nodes with the name of their node group."""
GPU_LABEL = "haven.dev/gpu"
"""Label of GPU nodes: `true`, or `spot` where EC2 may take them back."""
HEADROOM_LABEL = "haven.dev/headroom"
"""Label, `true`, of nodes that Karpenter added to those of a node group."""
SWITCH_NAMESPACE = "Haven/TrafficSwitch"
SWITCH_METRIC = "Off"

BALANCER_CONTROLLER = ("kube-system", "aws-load-balancer-controller")
"""Namespace and service account of the AWS Load Balancer Controller, as its chart has them."""

CLOUD_TRAIL = "cloudtrail.amazonaws.com"
"""The service principal of CloudTrail, which a key's policy must allow to encrypt a trail."""


REPLICATION_RULE = "everything"
"""Id of a bucket's replication rule, by which S3's replication metrics are found."""


def otlp_endpoint(telemetry: str, namespace: str) -> str:
    """Where a `ClusterTelemetry` of this name takes the traces of its cluster's pods."""
    return f"http://{telemetry}.{namespace}.svc:{OTLP_PORT}"


def region_code(region: str) -> str:
    """The short form of a Region that names carry: `eu-west-1` is `euw1`, `us-gov-east-1` is `usgove1`."""
    *words, number = region.split("-")
    return "".join(_DIRECTIONS.get(word, word) for word in words) + number


def partition(region: str) -> str:
    """The partition of a Region's ARNs: `aws`, `aws-us-gov`, `aws-cn` or `aws-eusc`."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(f"{prefix}-")), "aws")


def resource_arn(service: str, region: str, account_id: str, resource: str) -> str:
    """ARN of something of an account in a Region."""
    return f"arn:{partition(region)}:{service}:{region}:{account_id}:{resource}"


def dns_suffix(region: str) -> str:
    """How the names of a Region's AWS endpoints end (botocore 1.x, partitions.json; read 2026-11-26)."""
    return _DNS_SUFFIXES.get(partition(region), "amazonaws.com")


def registry_host(account_id: str, region: str) -> str:
    """The account's registry of container images and charts in a Region."""
    return f"{account_id}.dkr.ecr.{region}.{dns_suffix(region)}"


def image_reference(account_id: str, region: str, repository: str, digest: str) -> str:
    """An image in the Region's own registry, by digest: the same digest in both Regions.

    Args:
        account_id: the AWS account.
        region: where it is pulled.
        repository: its repository, such as `haven-images/vllm`.
        digest: `sha256:` and 64 hexadecimal digits.
    """
    return f"{registry_host(account_id, region)}/{repository}@{digest}"


def regional(name: str, region: str) -> str:
    """What the names of a component's resources in one Region begin with."""
    return f"{name}-{region_code(region)}"


def secret_name(name: str) -> str:
    """Name of a data store's secret, the same in both Regions."""
    return f"{name}-secret"


def global_cluster_name(name: str) -> str:
    """Identifier of the Aurora global cluster of a `GlobalDatabase`."""
    return f"{name}-global"


def cluster_name(name: str, region: str) -> str:
    """Identifier of the Aurora cluster that a `GlobalDatabase` has in a Region."""
    return regional(name, region)


def instance_name(name: str, region: str, index: int) -> str:
    """Identifier of an instance of that cluster, counted from 1."""
    return f"{cluster_name(name, region)}-{index}"


def instance_zone(zones: Sequence[str], index: int) -> str | None:
    """The zone of a database instance, counted from 1; None where RDS chooses."""
    return zones[index - 1] if index <= min(len(zones), 2) else None


def subnet_group_name(name: str, region: str) -> str:
    """Name of the subnet group of a `GlobalDatabase` or a `GlobalCache` in a Region."""
    return f"{regional(name, region)}-subnets"


def data_acl_name(name: str) -> str:
    """Tag `Name` of the network ACL of the data subnets of a `RegionalNetwork`."""
    return f"{name}-data"


def datastore_suffix(name: str) -> str:
    """The end of the identifier of a `GlobalCache`'s Global Datastore; AWS prefixes five letters, the Region's own."""
    return f"{name}-global"


def group_name(name: str, region: str) -> str:
    """Identifier of the replication group of a `GlobalCache`: the primary one, or a member of its Global Datastore."""
    return regional(name, region)


INDEPENDENT_GROUP_SUFFIX = "-alone"


def independent_group_name(name: str, region: str) -> str:
    """Identifier of a `GlobalCache`'s recovery group outside any Global Datastore.

    It differs because such a group can't join a Global Datastore later: the member is created beside it before the
    group is deleted.
    """
    return f"{regional(name, region)}{INDEPENDENT_GROUP_SUFFIX}"


def bucket_name(base: str, region: str) -> str:
    """Name of the bucket that a `ReplicatedBucket` with this `bucket_name` has in a Region."""
    return regional(base, region)


def trail_name(name: str, region: str) -> str:
    """Name of the trail, and of its log group, that an `AuditTrail` has in a Region."""
    return regional(name, region)


def trail_bucket_base(name: str, account_id: str) -> str:
    """What the names of an `AuditTrail`'s buckets begin with."""
    return f"{name}-{account_id}"


def config_bucket_base(name: str, account_id: str) -> str:
    """What the names of the AWS Config buckets of an `AccountBaseline` begin with."""
    return f"{name}-config-{account_id}"


def repository_name(name: str, repository: str) -> str:
    """Name of a repository of a `ReplicatedRegistry`, the same in both Regions."""
    return f"{name}/{repository}"


def vault_name(name: str, region: str) -> str:
    """Name of the vault, and of the plan, that a `BackupVault` has in a Region."""
    return regional(name, region)


def restore_test_name(name: str) -> str:
    """Name of a restore test: AWS Backup allows only letters, digits and underscores."""
    return name.replace("-", "_")


def alarm_name(name: str, region: str) -> str:
    """Name of the alarm with which a `TrafficSwitch` turns `region` off. The alarm is in the other Region."""
    return regional(name, region)


class SwitchMetric(TypedDict):
    """The metric behind such an alarm."""

    namespace: str
    metric_name: str
    dimensions: Mapping[str, str]


def metric(name: str, region: str) -> SwitchMetric:
    """The metric with which a `TrafficSwitch` turns `region` off, to be written in the other Region."""
    return {
        "namespace": SWITCH_NAMESPACE,
        "metric_name": SWITCH_METRIC,
        "dimensions": {"Environment": name, "Region": region},
    }


def queue_name(name: str, *, fifo: bool, part: str = "queue") -> str:
    """Name of an SQS queue of a `RequestBuffer`: the one that requests wait in, or `part` of it."""
    return f"{name}-{part}{'.fifo' if fifo else ''}"


def queue_alarm_names(name: str) -> tuple[str, str]:
    """Names of the alarms of a `RequestBuffer`: on the age of its oldest message, and on failed messages."""
    return f"{name}-age", f"{name}-failed"


def balancer_error_alarm_name(name: str, region: str, label: str) -> str:
    """Name of the alarm with which an `Observability` watches the errors of the load balancer labelled `label`."""
    return f"{regional(name, region)}-{balancer_error_suffix(label)}"


def balancer_error_suffix(label: str) -> str:
    """The end of that name."""
    return f"balancer-{label}-errors"


def system_log_group_name(environment: str, system: str) -> str:
    """Name of the log group of one system of an environment."""
    return f"/haven/{environment}/{system}"


DATABASE_HEARTBEAT = "database"
"""Store of an environment's database in heartbeats, in the operations tables and in the recovery manifest."""


def cache_heartbeats(shards: int) -> list[str]:
    """Stores of a cache there: one for each shard, in the order of their slots."""
    return [f"cache#{index}" for index in range(shards)]


def table_heartbeat(table: str) -> str:
    """Store of a global table there.

    Args:
        table: the table's name in AWS.
    """
    return f"table:{table}"


HEARTBEAT_OBJECTS = "haven/heartbeat/"
"""What keys of heartbeats in buckets begin with, as the function writes them (`heartbeat_function/keys.py`)."""


def bucket_heartbeat(name: str) -> str:
    """Store of a pair of buckets there.

    Args:
        name: what the environment calls the pair.
    """
    return f"bucket:{name}"


def fault_log_group_name(name: str) -> str:
    """Name of the log group of a `FaultExperiments`.

    Log groups with this prefix don't add to the resource policy of CloudWatch Logs, which has a maximum size
    (CloudWatch Logs User Guide, logs from AWS services; read 2026-11-21).
    """
    return f"/aws/vendedlogs/fis/{name}"


def node_name(cluster: str, group: str) -> str:
    """`Name` tag of the nodes, and of their volumes, of one node group of an `InferenceCluster`."""
    return f"{cluster}-{group}"


def node_role_name(cluster: str) -> str:
    """Name of the role of an `InferenceCluster`'s nodes."""
    return f"{cluster}-node"


def target_group_name(name: str) -> str:
    """Name of the target group of an `EdgeBalancer`: what a TargetGroupBinding names, and its ARN contains."""
    return f"{name}-tg"


def canary_target_group_name(name: str) -> str:
    """Name of the canary's target group of an `EdgeBalancer`."""
    return f"{name}-cg"


def balancer_security_group_name(name: str) -> str:
    """Name of the security group of an `EdgeBalancer`'s load balancer."""
    return f"{name}-edge"
