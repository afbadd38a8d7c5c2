"""The shape of the config keys that describe an environment as a whole: Regions, network, cluster, stores."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from haven.config.base_model import Model, Name, form, refusal
from haven.config.policy import RegionName
from haven.model import sources
from haven.model.tiers import STANDBY_SHARE
from haven_components import limits
from haven_components.choices import (
    CacheEngine,
    KubernetesUpgradePolicy,
)
from infra.config.fields import within
from infra.config.network_models import ExistingNetwork, FlowLogs
from infra.config.node_models import GpuNodeGroup, Headroom, SystemNodes

LARGEST_PREFIX, SMALLEST_PREFIX = limits.VPC_PREFIX.least, 20
"""Haven's own: nodes and pods need the addresses of a /20."""


def _network(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise refusal("an IPv4 network such as 10.40.0.0/16, without host bits", _whole_network(text)) from error
    if not any(network.subnet_of(each) for each in limits.VPC_RANGES):
        *most, last = map(str, limits.VPC_RANGES)
        allowed = f"a private IPv4 network ({', '.join(most)} or {last})"
        raise refusal(allowed, f"write 10.40.0.0/{_prefix(network)}, for example")
    if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        allowed = (
            f"an IPv4 network between /{LARGEST_PREFIX} and /{SMALLEST_PREFIX}: a VPC is at most /{LARGEST_PREFIX}, and"
            f" pods need the addresses of a /{SMALLEST_PREFIX}"
        )
        address = ipaddress.IPv4Network(f"{network.network_address}/{_prefix(network)}", strict=False)
        raise refusal(allowed, f"write {address}")
    return text


def _prefix(network: ipaddress.IPv4Network) -> int:
    """The nearest prefix length that a VPC may have here."""
    return min(max(network.prefixlen, LARGEST_PREFIX), SMALLEST_PREFIX)


def _percent(value: float) -> float:
    if value <= 1:
        raise refusal("a percentage, such as 99.95", f"write {min(round(value * 100, 6), 99.99):g}")
    return value


def _block(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError as error:
        raise refusal("an IPv4 network such as 203.0.113.0/24, without host bits", _whole_network(text)) from error


def _service_block(text: str) -> str:
    block = ipaddress.IPv4Network(_block(text))
    least, most = limits.SERVICE_PREFIX.least, limits.SERVICE_PREFIX.most
    inside = any(block.subnet_of(ipaddress.IPv4Network(each)) for each in limits.SERVICE_RANGES)
    if not inside or not least <= block.prefixlen <= most:
        allowed = f"a block between /{least} and /{most} in {', '.join(limits.SERVICE_RANGES)}"
        raise refusal(allowed, "write 172.20.0.0/16 or 10.100.0.0/16")
    return str(block)


_LARGEST_OWN_PREFIX = 8
"""Nobody was given a larger IPv4 network than a /8: a larger one is the internet."""


def _narrow_block(text: str) -> str:
    network = ipaddress.IPv4Network(text)
    if network.prefixlen < _LARGEST_OWN_PREFIX:
        raise refusal(
            "networks of your own: the API endpoint is never open to everyone", "write 203.0.113.0/24 instead"
        )
    return text


def _public_block(text: str) -> str:
    if any(ipaddress.IPv4Network(text).subnet_of(each) for each in limits.VPC_RANGES):
        allowed = "public networks: nobody reaches the public endpoint from a private address"
        raise refusal(allowed, f"delete {text} here, and name it in privateAccessCidrs")
    return text


def _whole_network(text: str) -> str:
    """What to write instead of a text that is no network."""
    try:
        return f"write {ipaddress.IPv4Network(text, strict=False)}"
    except ValueError:
        return "write an address, a slash and a prefix length, such as 10.40.0.0/16"


def _other_than(*reserved: str) -> AfterValidator:
    def check(name: str) -> str:
        if name in reserved:
            raise refusal(f"another name than {', '.join(reserved)}, which are reserved", f"write haven_{name}")
        return name

    return AfterValidator(check)


Cidr = Annotated[
    str, AfterValidator(_network), Field(json_schema_extra={"words": "a private IPv4 network, /16 to /20"})
]
AllowedCidr = Annotated[
    str,
    AfterValidator(_block),
    Field(examples=["203.0.113.0/24"], json_schema_extra={"words": "an IPv4 network without host bits"}),
]
NarrowCidr = Annotated[AllowedCidr, AfterValidator(_narrow_block)]
PublicCidr = Annotated[NarrowCidr, AfterValidator(_public_block)]
Days = Annotated[int, Field(ge=1, le=limits.DAYS_IN_TEN_YEARS)]
RoleArn = Annotated[
    str,
    form(r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$", "the ARN of an IAM role", "arn:aws:iam::111122223333:role/platform"),
]
Identifier = Annotated[
    str,
    form(limits.DATABASE_IDENTIFIER, "1 to 63 lower-case letters, digits and underscores, the first a letter", "haven"),
]
LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]


class Regions(Model):
    """The two Regions of the environment; never edited after the first `up`."""

    primary: Annotated[RegionName, Field(examples=["eu-west-1"])]
    """Where everything is created first: keys, the database, the tables' home."""
    recovery: Annotated[RegionName, Field(examples=["eu-central-1"])]
    """Where the environment continues when the primary Region is lost."""


class Objectives(Model):
    """What the business asks for; the plan shows it beside what the tier promises, and refuses what it can't meet."""

    rto_minutes: Annotated[float, Field(gt=0, examples=[30])] | None = None
    """Recovery time objective. Omitted: none."""
    rpo_minutes: Annotated[float, Field(gt=0, examples=[15])] | None = None
    """Recovery point objective: acknowledged writes that may be lost. Omitted: none."""
    availability_percent: Annotated[float, Field(gt=0, lt=100, examples=[99.95]), AfterValidator(_percent)] | None = (
        None
    )
    """Share of the year in which the environment answers. Omitted: none."""


class Cidrs(Model):
    """One VPC block for each Region; they must not overlap, because the VPCs are peered."""

    primary: Cidr = "10.40.0.0/16"
    """Block of the primary Region's VPC."""
    recovery: Cidr = "10.41.0.0/16"
    """Block of the recovery Region's VPC."""


class Network(Model):
    """VPCs."""

    cidrs: Cidrs = Cidrs()
    """One VPC block for each Region; they must not overlap, because the VPCs are peered."""
    existing: Mapping[RegionName, ExistingNetwork] = {}
    """Region -> a VPC there that exists already, instead of one that Haven creates. Omitted: Haven creates both."""
    interface_endpoints: bool = True
    """Whether AWS services are reached through interface endpoints, hourly priced, instead of NAT alone. A standby
    Region of tier pilot-light has those of a start, in one zone (`haven/model/endpoints.py`)."""
    flow_logs: FlowLogs = FlowLogs()
    """What the networks' flow logs hold."""


class Cluster(Model):
    """EKS in each Region that has a cluster."""

    version: Annotated[str, form(r"^1\.\d{2}$", "a Kubernetes version in quotes, such as 1.36", "1.36")] = "1.36"
    """Kubernetes version. EKS upgrades a cluster one minor version at a time."""
    upgrade_policy: Annotated[KubernetesUpgradePolicy, Field(strict=False)] = KubernetesUpgradePolicy.STANDARD
    """At the end of standard support EKS upgrades the control plane (STANDARD), or charges for more time (EXTENDED)."""
    addons: Annotated[
        Mapping[
            str,
            Annotated[
                str,
                form(
                    r"^v\d+\.\d+\.\d+-eksbuild\.\d+$",
                    "the full version of an EKS add-on, such as v1.12.4-eksbuild.1",
                    "v1.12.4-eksbuild.1",
                ),
            ],
        ],
        Field(examples=[{"coredns": "v1.12.4-eksbuild.1"}]),
    ] = {}
    """Add-on -> pinned version, over those that Haven ships; where neither has one, EKS takes its default."""
    public_access_cidrs: list[PublicCidr] = []
    """Networks that may reach the API endpoint from the internet. Omitted: the endpoint is private."""
    private_access_cidrs: list[NarrowCidr] = []
    """Networks that may reach the private API endpoint, such as a VPN's. Omitted: nodes and pods alone."""
    service_cidr: Annotated[str, AfterValidator(_service_block), Field(examples=["10.100.0.0/16"])] = "172.20.0.0/16"
    """Block of Kubernetes services, outside both VPCs and `privateAccessCidrs`. Another one replaces the cluster."""
    admin_role_arns: list[RoleArn] = []
    """IAM roles with administrator access to the cluster. Omitted: none."""
    log_types: list[LogType] = ["api", "audit", "authenticator"]
    """Logs of the control plane, paid for by volume. The default answers who did what; controllerManager and scheduler
    explain what events and metrics show as well."""
    system_nodes: SystemNodes = SystemNodes()
    """The managed node group of the cluster's own services, in every zone."""
    gpu_node_groups: list[GpuNodeGroup] = []
    """GPU node groups. Omitted: none."""
    headroom: Headroom | None = None
    """Nodes beyond those of the groups, for load. It wants Karpenter 1.15, which you install. Omitted: none."""
    standby_share: Annotated[float, Field(gt=0, le=1, examples=[0.5])] = STANDBY_SHARE
    """Share of the GPU nodes that the standby Region runs in tier warm; at least one node of each group."""


class Database(Model):
    """Aurora PostgreSQL."""

    engine_version: Annotated[
        str,
        form(limits.DATABASE_ENGINE_VERSION, "a version of Aurora PostgreSQL in quotes, such as 16.11", "16.11"),
    ] = "16.11"
    """Engine version."""
    instance_class: Annotated[
        str,
        form(
            limits.DATABASE_INSTANCE_CLASS,
            "an instance class that isn't burstable, such as db.r6g.large: Aurora Global Database takes no others",
            "db.r6g.large",
        ),
    ] = "db.r6g.large"
    """Instance class of every instance."""
    instances: Annotated[int, Field(ge=1, le=limits.DATABASE_INSTANCES)] = 2
    """Writer and readers in the Region that serves."""
    name: Annotated[Identifier, _other_than(*limits.DATABASE_RESERVED_NAMES)] = "haven"
    """Name of the first database; decided at creation."""
    username: Annotated[Identifier, _other_than(*limits.DATABASE_RESERVED_USERS)] = "haven_admin"
    """Name of the master user; decided at creation."""
    assumed_size_gb: Annotated[float, Field(gt=0)] = sources.DATABASE_SIZE.value
    """How much data it has: what storage, copies of its backups and the way back cost follows from it. An assumption:
    measure it."""
    backup_retention_days: Annotated[int, within(limits.DATABASE_BACKUP_DAYS)] = 14
    """How long Aurora's own continuous backups are kept."""
    restore_snapshot: (
        Annotated[
            str,
            form(
                r"^arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:\S+$",
                "the ARN of a cluster snapshot",
                "arn:aws:rds:eu-central-1:111122223333:cluster-snapshot:copied",
            ),
        ]
        | None
    ) = None
    """Cluster snapshot in the recovery Region to start from, in tier backup, after a failover. Omitted: none."""
    home_snapshot: (
        Annotated[
            str,
            form(
                r"^arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:\S+$",
                "the ARN of a cluster snapshot",
                "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:copied",
            ),
        ]
        | None
    ) = None
    """Cluster snapshot in the primary Region that the database there is created from. Omitted: an empty database."""
    certificates: (
        Annotated[
            str,
            form(
                r"^(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$",
                "root certificates in PEM, one or more, as AWS's bundle for a Region has them",
                "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
                max_length=500_000,
            ),
        ]
        | None
    ) = None
    """Root certificates, PEM, with which systems and heartbeats verify the database, for both Regions. Omitted: those
    of RDS that Haven has."""


class Cache(Model):
    """ElastiCache."""

    engine: Annotated[CacheEngine, Field(strict=False)] = CacheEngine.VALKEY
    """Engine."""
    engine_version: Annotated[
        str, form(r"^\d\.\d$", "a version of the cache's engine in quotes, such as 8.0", "8.0")
    ] = "8.0"
    """Engine version."""
    node_type: Annotated[
        str,
        form(
            limits.CACHE_NODE_TYPE,
            "a node type of M5, R5 or newer, such as cache.r7g.large: a Global Datastore takes no others",
            "cache.r7g.large",
        ),
    ] = "cache.r7g.large"
    """Node type."""
    shards: Annotated[int, within(limits.CACHE_SHARDS)] = 2
    """Shards."""
    replicas: Annotated[int, within(limits.CACHE_REPLICAS)] = 1
    """Replicas of each shard."""
    snapshot_retention_days: Annotated[int, within(limits.CACHE_SNAPSHOT_DAYS)] = 7
    """How long snapshots are kept."""


class Bucket(Model):
    """One replicated pair of buckets."""

    object_lock_days: Annotated[int, within(limits.OBJECT_LOCK_DAYS, examples=[30])] | None = None
    """Default retention under Object Lock; decided at creation. Such a bucket has no heartbeats, so what a failover may
    lose of it isn't judged. Omitted: no Object Lock."""
    noncurrent_days: Days = 90
    """How long replaced and deleted versions are kept."""


class Storage(Model):
    """S3."""

    buckets: Annotated[Mapping[Name, Bucket], Field(min_length=1)] = {
        "models": Bucket(),
        "checkpoints": Bucket(noncurrentDays=14),
        "artifacts": Bucket(),
    }
    """Name -> a bucket in each Region that replicates to the other."""


class Traffic(Model):
    """How a Region is taken out of DNS."""

    automatic: bool = False
    """Whether a Region that fails its readiness check is taken out without a person's decision."""
    readiness_path: Annotated[
        str, form(r"^/[^\s]*$", "a path, such as /readyz", "/readyz", max_length=limits.ENDPOINT_PATH_CHARACTERS)
    ] = "/readyz"
    """Path that answers with 200 only when the Region can serve."""


Consistency = Literal["eventual", "strong"]
