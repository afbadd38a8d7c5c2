"""Arguments of a `ClusterAccess`."""

from typing import NotRequired, TypedDict

import pulumi

from haven_components.choices import PodSecurityLevel


class PodSecurityExceptionArgs(TypedDict):
    level: PodSecurityLevel
    """What pods may ask for in place of `restricted`."""
    reason: str
    """What needs it, such as a GPU profiler that reads the host's counters: written on the namespace."""


class NamespaceQuotaArgs(TypedDict):
    cpu_cores: int
    """Processor cores that all pods together may request."""
    memory_gib: int
    """Memory that all pods together may request, in GiB."""
    pods: int
    """Pods at the same time, finished ones not counted."""
    gpus: NotRequired[int]
    """NVIDIA GPUs that all pods together may request. Omitted: none."""
    storage_gib: NotRequired[int]
    """Storage that all volume claims together may request, in GiB. Omitted: none, so there are no volume claims."""


class ContainerDefaultsArgs(TypedDict):
    cpu_millicores: NotRequired[int]
    """Requested by a container that requests no processor time. Omitted: 100."""
    memory_mib: NotRequired[int]
    """Requested by a container that requests no memory, in MiB. Omitted: 256."""
    memory_limit_mib: NotRequired[int]
    """Memory limit of a container without one, in MiB; one that requests more is then refused. Omitted: none."""


class NamespaceNetworkArgs(TypedDict):
    vpc_cidrs: list[str]
    """IPv4 blocks of the own Region's VPC, in which its interface endpoints, database and cache are."""
    client_cidrs: NotRequired[list[str]]
    """IPv4 blocks whose clients reach `ports`: the subnets of the load balancer. Omitted: nobody from outside."""
    ports: NotRequired[list[int]]
    """TCP ports on which pods serve. Omitted: none."""
    client_namespaces: NotRequired[list[str]]
    """Namespaces of the cluster whose pods reach `ports` too. Omitted: none."""
    servers: NotRequired[dict[str, int]]
    """Namespaces of the cluster that pods call -> the TCP port of the pods there. Omitted: none."""
    collector_namespace: NotRequired[str]
    """Namespace of the OpenTelemetry collector to which pods send traces, on ports 4317 and 4318. Omitted: none."""
    metrics_cidrs: NotRequired[list[str]]
    """IPv4 blocks from which metrics are scraped: the subnets of a managed scraper. Omitted: none."""
    metrics_namespaces: NotRequired[list[str]]
    """Namespaces from which metrics are scraped. Omitted: none."""
    metrics_ports: NotRequired[list[int]]
    """TCP ports with metrics. Omitted: `ports`."""
    vpc_ports: NotRequired[list[int]]
    """TCP ports that pods reach in the VPC. Omitted: 443, the ports of `GlobalDatabase` (5432) and `GlobalCache`
    (6379)."""
    aws_cidrs: NotRequired[list[str]]
    """Public IPv4 blocks that pods reach on port 443. A gateway endpoint for S3 or DynamoDB has their public addresses,
    and a NetworkPolicy knows no prefix lists. Omitted: all public addresses; what the VPC routes decides."""
    kubernetes_api_cidrs: NotRequired[list[str]]
    """IPv4 blocks of the Kubernetes API, for pods that use it: the block of Kubernetes services, since the API's own
    addresses are in the VPC. Omitted: pods don't reach it."""


class BucketAccessArgs(TypedDict):
    bucket: pulumi.Input[str]
    """Name of a bucket in this Region."""
    prefix: NotRequired[str]
    """Beginning of the keys, such as `checkpoints/`. Omitted: the whole bucket."""
    write: NotRequired[bool]
    """Whether objects are written too. None is deleted: the bucket's lifecycle rules do that. Omitted: false."""


class TableAccessArgs(TypedDict):
    table: str
    """Name of a DynamoDB table in this Region."""
    write: NotRequired[bool]
    """Whether items are written and deleted too. Omitted: false."""


class QueueAccessArgs(TypedDict):
    queue_arn: pulumi.Input[str]
    """ARN of a queue in this Region."""
    send: NotRequired[bool]
    """Whether messages are sent. Omitted: false."""
    receive: NotRequired[bool]
    """Whether messages are received and deleted. Omitted: false."""


class DatabaseUserArgs(TypedDict):
    resource_id: pulumi.Input[str]
    """The DbClusterResourceId of an Aurora cluster in this Region, `cluster-...`. Each Region's member has its own."""
    user: str
    """The database user, which has the role `rds_iam`."""


class PodUsesArgs(TypedDict):
    buckets: NotRequired[list[BucketAccessArgs]]
    """Buckets that the pods use. Omitted: none."""
    tables: NotRequired[list[TableAccessArgs]]
    """Tables that the pods use. Omitted: none."""
    queues: NotRequired[list[QueueAccessArgs]]
    """Queues that the pods use. Omitted: none."""
    secrets: NotRequired[list[str]]
    """Names of secrets that the pods read, in the own Region: the replica has the primary's name. Omitted: none."""
    database_users: NotRequired[list[DatabaseUserArgs]]
    """Database users as which the pods connect with IAM authentication. Omitted: none."""
    kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of this Region's keys that encrypt what is named above; used only through those services. Omitted: none."""


class ServiceAccountArgs(TypedDict):
    name: str
    """Name of the Kubernetes service account, which the component creates."""
    kubernetes_api: NotRequired[bool]
    """Whether its pods get a token of the Kubernetes API. Omitted: false."""
    uses: NotRequired[PodUsesArgs]
    """What its pods use in AWS. Omitted: nothing, and it has no role."""


class MountedSecretArgs(TypedDict):
    name: str
    """Name of the SecretProviderClass, which a pod's CSI volume names."""
    secret: str
    """Name of the secret, the same in both Regions."""
    keys: NotRequired[dict[str, str]]
    """Key of the secret's JSON to the file that has its value. Omitted: one file, named after the secret, has it all.
    """
    environment_secret: NotRequired[str]
    """Name of a Kubernetes Secret with the same `keys`, for environment variables. It exists while a pod mounts the
    volume. Omitted: none, files only."""


class ClusterAccessArgs(TypedDict):
    region: str
    """The cluster's Region, and that of the component's AWS provider."""
    account_id: str
    """The AWS account, twelve digits: ARNs are composed from it."""
    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster."""
    namespace: str
    """Name of the Kubernetes namespace, which the component creates: one per system."""
    quota: NamespaceQuotaArgs
    """What the system may use at full scale, with room for a rollout's surge. The same in both Regions, or the standby
    Region refuses pods after a failover."""
    network: NamespaceNetworkArgs
    """Who reaches the pods, and what they reach. Everything else is refused."""
    viewer_groups: NotRequired[list[str]]
    """Kubernetes groups that see everything but secrets. Omitted: none."""
    operator_groups: NotRequired[list[str]]
    """Kubernetes groups that see the same, scale Deployments and autoscalers, and suspend Jobs and queues. Omitted:
    none."""
    pod_security_exception: NotRequired[PodSecurityExceptionArgs]
    """A weaker Pod Security level than `restricted`. Pods that only ask for GPUs need none. Omitted: none."""
    defaults: NotRequired[ContainerDefaultsArgs]
    """What a container requests that requests nothing: without requests the quota would refuse it. Omitted: the
    defaults of its fields."""
    service_accounts: NotRequired[list[ServiceAccountArgs]]
    """The system's service accounts, and what their pods may use in AWS. Omitted: none."""
    mounted_secrets: NotRequired[list[MountedSecretArgs]]
    """Secrets that pods mount. They are read with the rights of the pod's own service account: one of
    `service_accounts` with the secret, or that of a component that takes a `provider_class`. Wants the EKS add-on
    `aws-secrets-store-csi-driver-provider`. Omitted: none."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """ARN of the IAM policy beyond which no role here can do anything. Omitted: none."""
    labels: NotRequired[dict[str, str]]
    """Further labels of the namespace, such as a mesh's. Omitted: none."""
