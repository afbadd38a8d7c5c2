"""The shape of every config key. What is written here is what a stack file may say."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from haven.base.regions import REGION
from haven.config.base_model import Model, Name
from haven.model.tiers import STANDBY_SHARE, Tier


def _network(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError("an IPv4 network such as 10.40.0.0/16, without host bits") from error
    if not 16 <= network.prefixlen <= 20:
        raise ValueError("an IPv4 network between /16 and /20: a VPC is at most /16, and pods need the room of a /20")
    if not network.is_private:
        raise ValueError("a private IPv4 network (10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16)")
    return text


def _block(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError as error:
        raise ValueError("an IPv4 network such as 203.0.113.0/24, without host bits") from error


Cidr = Annotated[str, AfterValidator(_network)]
AllowedCidr = Annotated[str, AfterValidator(_block)]
Count = Annotated[int, Field(ge=0, le=1000)]
Days = Annotated[int, Field(ge=1, le=3650)]


class Regions(Model):
    """The two Regions of the environment; never edited after the first `up`."""

    primary: Annotated[str, Field(pattern=REGION)]
    """Where everything is born: keys, the database, the table's home."""
    recovery: Annotated[str, Field(pattern=REGION)]
    """Where the environment goes on when the primary Region is lost."""


class Objectives(Model):
    """What the business asks for; the plan shows it beside what the tier promises."""

    rto_minutes: Annotated[float, Field(gt=0)] | None = None
    """Recovery time objective, minutes."""
    rpo_minutes: Annotated[float, Field(gt=0)] | None = None
    """Recovery point objective, minutes of acknowledged writes that may be lost."""
    availability_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    """Share of the year in which the environment answers, percent."""


class Cidrs(Model):
    """One VPC block for each Region; they must not overlap, for the VPCs are peered."""

    primary: Cidr = "10.40.0.0/16"
    recovery: Cidr = "10.41.0.0/16"


class Network(Model):
    """VPCs."""

    cidrs: Cidrs = Cidrs()
    interface_endpoints: bool = True
    """Whether AWS services are reached through interface endpoints, hourly priced, instead of NAT alone."""


class SystemNodes(Model):
    """The managed node group that carries the cluster's own services, in every zone."""

    instance_types: Annotated[list[str], Field(min_length=1)] = ["m6i.large", "m5.large"]
    min_size: Count = 3
    desired_size: Count = 3
    max_size: Count = 6
    disk_gib: Annotated[int, Field(ge=20, le=16384)] = 80


class CapacityReservation(Model):
    """GPU capacity that is reserved, per Region, zone and type."""

    id: Annotated[str, Field(pattern=r"^cr-[0-9a-f]{8,17}$")]
    zone: str
    instance_type: str
    market: Annotated[str, Field(pattern=r"^(on-demand|capacity-block)$")] = "on-demand"
    """on-demand: paid until it is given up; capacity-block: bought in advance for a span of time."""


class GpuNodeGroup(Model):
    """Nodes with GPUs of a kind, of one size in the Region that serves."""

    name: Name
    instance_types: Annotated[list[str], Field(min_length=1)]
    min_size: Count = 1
    desired_size: Count = 1
    max_size: Annotated[int, Field(ge=1, le=1000)] = 4
    disk_gib: Annotated[int, Field(ge=50, le=16384)] = 500
    """Data volume, GiB: images and weights land there."""
    labels: Mapping[str, str] = {}
    system: str | None = None
    """The system of `haven:systems` whose tier decides how many of these stand by. Omitted: the environment's tier."""
    capacity_reservations: Mapping[str, CapacityReservation] = {}
    """Region -> the reservation used there. Omitted: on-demand capacity."""


class Cluster(Model):
    """EKS in each Region that has one."""

    version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] = "1.33"
    addons: Mapping[str, str] = {}
    """Add-on -> pinned version, over the defaults for the Kubernetes version."""
    public_access_cidrs: list[AllowedCidr] = []
    """Who may reach the API endpoint from the internet. Omitted: nobody, the endpoint is private."""
    admin_role_arns: list[Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]] = []
    """IAM roles with administrator access to the cluster."""
    system_nodes: SystemNodes = SystemNodes()
    gpu_node_groups: list[GpuNodeGroup] = []
    standby_share: Annotated[float, Field(gt=0, le=1)] = STANDBY_SHARE
    """Share of the GPU nodes that stands by in tier warm; at least one node of each group."""


class Database(Model):
    """Aurora PostgreSQL."""

    engine_version: Annotated[str, Field(pattern=r"^\d{2}\.\d{1,2}$")] = "16.11"
    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")] = "db.r6g.large"
    instances: Annotated[int, Field(ge=1, le=15)] = 2
    """Writer and readers in the Region that serves."""
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = "haven"
    username: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = "haven_admin"
    backup_retention_days: Annotated[int, Field(ge=1, le=35)] = 14
    restore_snapshot: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:rds:")] | None = None
    """Cluster snapshot in the recovery Region to start from, in tier backup, once writes go there."""


class Cache(Model):
    """ElastiCache."""

    engine: Annotated[str, Field(pattern=r"^(valkey|redis)$")] = "valkey"
    engine_version: Annotated[str, Field(pattern=r"^\d\.\d$")] = "8.0"
    node_type: Annotated[str, Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$")] = "cache.r7g.large"
    shards: Annotated[int, Field(ge=1, le=90)] = 2
    replicas: Annotated[int, Field(ge=1, le=5)] = 1
    """Replicas for each shard."""
    snapshot_retention_days: Annotated[int, Field(ge=1, le=35)] = 7


class Bucket(Model):
    """One replicated pair of buckets."""

    object_lock_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Default retention under Object Lock; decided at creation. Omitted: no Object Lock."""
    noncurrent_days: Days = 90
    """How long replaced and deleted versions are kept."""


class Storage(Model):
    """S3."""

    buckets: Annotated[Mapping[Name, Bucket], Field(min_length=1)] = {
        "models": Bucket(),
        "checkpoints": Bucket(noncurrentDays=14),
        "artifacts": Bucket(),
    }


class System(Model):
    """An AI system of the environment."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    """model-serving, workflow-orchestration, training, model-registry, feature-store, or a name of one's own."""
    tier: Annotated[Tier, Field(strict=False)] | None = None
    """At or below the environment's. Omitted: the environment's."""


class Traffic(Model):
    """Who turns a Region off."""

    automatic: bool = False
    """Whether a Region that fails its readiness check is left out without anybody's decision."""
    readiness_path: Annotated[str, Field(pattern=r"^/[^\s]*$")] = "/readyz"
    """Path that a Region's entrance answers with 200 only when it can serve."""
