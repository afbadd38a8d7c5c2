"""The shape of node groups: those of the cluster's own services, and those with GPUs."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from haven.config.base_model import Model, Name, form
from haven.config.policy import RegionName
from haven.model.node_disks import IMAGE_GIB, WEIGHTS_GIB
from haven_components import limits
from haven_components.choices import CapacityMarket
from infra.config.fields import Count, InstanceType, ZoneName, within

DiskThroughput = Annotated[int, within(limits.GP3_THROUGHPUT_MIBPS, examples=[500])]
DiskIops = Annotated[int, within(limits.GP3_IOPS, examples=[4000])]
LabelKey = Annotated[
    str,
    form(
        rf"^(?=.{{1,{limits.NODE_LABEL_CHARACTERS}}}$)(?!haven\.dev/){limits.NODE_LABEL_KEY.pattern}$",
        f"the key of a Kubernetes label, {limits.NODE_LABEL_CHARACTERS} characters at most, outside haven.dev/ and what"
        f" EKS keeps for itself ({', '.join(limits.NODE_LABEL_PREFIXES)})",
        "example.com/team",
    ),
]
LabelValue = Annotated[
    str,
    form(limits.NODE_LABEL_VALUE, "1 to 63 letters, digits, dots, hyphens and underscores, in quotes", "platform"),
]


ImageSnapshot = Annotated[str, form(r"^snap-[0-9a-f]{8,17}$", "the id of an EBS snapshot", "snap-0123456789abcdef0")]


class SystemNodes(Model):
    """The managed node group of the cluster's own services, in every zone."""

    instance_types: Annotated[list[InstanceType], Field(min_length=1)] = ["m6i.large", "m5.large"]
    """Instance types, the preferred first."""
    min_size: Count = 3
    """Fewest nodes."""
    desired_size: Count = 3
    """Nodes of the Region that serves."""
    max_size: Count = 6
    """Most nodes."""
    disk_gib: Annotated[int, within(limits.NODE_DISK_GIB)] = 80
    """Data volume of a node."""
    disk_throughput_mibps: DiskThroughput | None = None
    """Throughput of the data volume, MiB/s; what is above 125 has a price. Omitted: 125."""
    disk_iops: DiskIops | None = None
    """I/O operations a second of the data volume: 4 for each MiB/s or more, 500 for each GiB or fewer. Omitted: the
    fewest that the throughput takes, at least 3000."""


class CapacityReservation(Model):
    """GPU capacity that is reserved, per Region, zone and type."""

    id: Annotated[
        str,
        form(
            r"^cr-[0-9a-f]{8,17}$",
            "the id of a capacity reservation, such as cr-0123456789abcdef0",
            "cr-0123456789abcdef0",
        ),
    ]
    """Its id."""
    zone: ZoneName
    """Its zone, one of the Region's in haven:zones."""
    instance_type: InstanceType
    """Its instance type."""
    market: Annotated[CapacityMarket, Field(strict=False)] = CapacityMarket.ON_DEMAND
    """on-demand: paid until it is given up; capacity-block: bought in advance for a span of time."""


class Headroom(Model):
    """Nodes that Karpenter may add to GPU node groups. No recovery depends on them."""

    bottlerocket_version: Annotated[str, form(r"^\d+\.\d+\.\d+$", "a version in full, such as 1.50.0", "1.50.0")]
    """Version of Bottlerocket on them. Another one replaces the nodes."""
    gpus: Annotated[Mapping[Name, Annotated[int, Field(ge=1, le=1000)]], Field(min_length=1, examples=[{"serving": 8}])]
    """GPU node group -> the GPUs of all nodes that are added to it, at most."""


class GpuNodeGroup(Model):
    """Nodes with one kind of GPU, at the size of the Region that serves."""

    name: Name
    """Its name, unique in the cluster."""
    instance_types: Annotated[list[InstanceType], Field(min_length=1, examples=[["g5.2xlarge", "g5.4xlarge"]])]
    """Instance types, the preferred first; two or more, or a capacity reservation."""
    min_size: Count = 1
    """Fewest nodes."""
    desired_size: Count = 1
    """Nodes of the Region that serves."""
    max_size: Annotated[int, Field(ge=1, le=1000)] = 4
    """Most nodes."""
    disk_gib: Annotated[int, Field(ge=50, le=limits.NODE_DISK_GIB.most)] = 500
    """Data volume of a node: images and weights are stored there, unless they are on the instance store."""
    image_gib: Annotated[float, Field(ge=0, le=1000)] = IMAGE_GIB.value
    """What the group's images take unpacked, GiB. An assumption: measure it."""
    weights_gib: Annotated[float, Field(ge=0, le=10000)] = WEIGHTS_GIB.value
    """The weights that a node loads, GiB. An assumption: measure it."""
    instance_store: bool | None = None
    """Whether images, weights and pods' files are on the instance store, the NVMe disks of the instance. Omitted: where
    every instance type has one that holds images and weights."""
    disk_throughput_mibps: DiskThroughput | None = None
    """Throughput of the data volume, MiB/s; what is above 125 has a price. Omitted: images and weights are written
    within 3 minutes (an assumption), as far as the instances' own limit allows; 125 with an instance store."""
    disk_iops: DiskIops | None = None
    """As for the system nodes."""
    labels: Mapping[LabelKey, LabelValue] = {}
    """Kubernetes labels of the nodes. Omitted: Haven's own alone."""
    system: Annotated[str, Field(examples=["serving"])] | None = None
    """The system of haven:systems whose tier decides how many nodes are on standby. Omitted: the environment's tier."""
    spot: bool = False
    """Whether the nodes are spot instances, which AWS takes back with a notice of 120 s: for training that names
    `capacity: spot`. Servers of models don't run there."""
    prepared_size: Annotated[int, Field(ge=1, le=1000, examples=[4])] | None = None
    """Nodes that are prepared in each Region: those that don't run wait in a warm pool, booted once and stopped, at the
    price of their volumes. AWS reserves no capacity for them. On-demand groups alone. Omitted: no warm pool."""
    parallel_pull: bool = False
    """Whether nodes pull images with SOCI's parallel pull, in Bottlerocket 1.44 and newer."""
    image_snapshots: Mapping[RegionName, ImageSnapshot] = {}
    """Region -> an EBS snapshot of a Bottlerocket data volume with the group's images, which you make with every new
    image; a node's data volume starts from it. Omitted: nodes pull their images."""
    capacity_reservations: Mapping[RegionName, CapacityReservation] = {}
    """Region -> the reservation used there. Omitted: on-demand capacity."""
