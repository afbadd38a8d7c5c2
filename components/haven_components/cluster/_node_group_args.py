"""Arguments of node groups, and the names that follow from them."""

import hashlib
import json
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from haven_components import names
from haven_components.choices import CapacityMarket

FINGERPRINT_CHARACTERS = 5


class CapacityReservationArgs(TypedDict):
    id: str
    """Id of the reservation, `cr-…`. It must lie in this Region, zone and type."""
    zone: str
    """The zone it is in; the group's only one."""
    instance_type: str
    """The type that is reserved; the group's only one."""
    market: NotRequired[CapacityMarket]
    """What kind of reservation it is. Omitted: `on-demand`. A Capacity Block can't launch before its start: keep the
    group's sizes at 0 until then, and set them back to 0 before an update of the group (EKS User Guide, managed node
    groups with Capacity Blocks, read 2026-11-21)."""


class SystemNodesArgs(TypedDict):
    instance_types: list[str]
    """Types to take nodes from, best first; several survive a shortage of one. All x86-64."""
    min_size: int
    """The fewest nodes, at least 1."""
    desired_size: int
    """Nodes now, from `min_size` to `max_size`."""
    max_size: int
    """The most nodes."""
    disk_gib: int
    """Size of each node's data volume, GiB: images and pods' scratch space."""
    disk_throughput_mibps: NotRequired[int]
    """Throughput of the data volume, 125 to 1,000 MiB/s, at an hourly price above 125. Omitted: 125."""
    disk_iops: NotRequired[int]
    """I/O operations a second of the data volume, 3,000 to 80,000, at an hourly price above 3,000; at most 500 for each
    GiB, at least 4 for each MiB/s. Omitted: the fewest that `disk_throughput_mibps` takes."""
    ami_release: NotRequired[str]
    """Release of the Bottlerocket image, such as `1.49.0-713f44ce`. Omitted: EKS takes the newest one when it creates
    the group or moves it to another Kubernetes version."""


class GpuNodeGroupArgs(TypedDict):
    name: str
    """Names the group within the cluster. What EKS can't change in place (types, zones, kind of capacity) makes a group
    of another AWS name beside the old one, which then goes: for a while there are nodes, and quotas, for both."""
    instance_types: list[str]
    """Types to take nodes from, best first, of the same number of GPUs: at least two, to survive a shortage of one,
    unless capacity is reserved. All x86-64 with NVIDIA GPUs."""
    min_size: int
    """The fewest nodes; 0 is allowed."""
    desired_size: int
    """Nodes now, from `min_size` to `max_size`."""
    max_size: int
    """The most nodes, at least 1."""
    disk_gib: int
    """Size of each node's data volume, GiB: images and model weights land there."""
    disk_throughput_mibps: NotRequired[int]
    """As for the system nodes. At 125 MiB/s, 100 GB of weights take 13 minutes; pods start when they are there.
    Omitted: 125."""
    disk_iops: NotRequired[int]
    """As for the system nodes. Omitted: the fewest that `disk_throughput_mibps` takes."""
    instance_store: NotRequired[bool]
    """Whether images, pods' files and their logs are on the instance store, a RAID 0 of the type's NVMe disks, instead
    of the data volume. Every type must have one; what is on it goes with the instance. Nodes without one don't start.
    Omitted: false."""
    zones: NotRequired[list[str]]
    """The zones to take nodes from, two at least: a type that one zone lacks keeps EKS from making the group. Omitted:
    every zone of the cluster."""
    capacity_reservation: NotRequired[CapacityReservationArgs]
    """Reserved capacity that the group runs on, and on nothing else. Omitted: on-demand capacity."""
    spot: NotRequired[bool]
    """Whether its nodes are spot instances, which EC2 takes back with a notice of 120 s; EKS drains them before. They
    have the label `haven.dev/gpu: spot`, so that no model server lands there, only what asks for them, as a job of
    `TrainingJobs` does. Not with a reservation. Omitted: false."""
    prepared_size: NotRequired[int]
    """Nodes that run or wait in a warm pool, booted once and stopped, up to `max_size`: they join sooner than new ones.
    Their volumes have their price; no capacity is reserved for them. Not for spot instances and reservations (EKS User
    Guide, warm pools with managed node groups; read 2026-11-26). Omitted: no warm pool."""
    parallel_pull: NotRequired[bool]
    """Whether images are pulled and unpacked in parallel, by the SOCI snapshotter of Bottlerocket 1.44 and newer.
    Omitted: false."""
    image_snapshot: NotRequired[str]
    """Id of an EBS snapshot, `snap-…`, that the data volume starts from: one of a Bottlerocket data volume onto which
    the images were pulled. Its blocks come from S3 when first read. Not with `parallel_pull`. Omitted: none."""
    labels: NotRequired[dict[str, str]]
    """Kubernetes labels of the nodes, beside `haven.dev/pool` and `haven.dev/gpu`. Omitted: none."""
    ami_release: NotRequired[str]
    """Release of the Bottlerocket NVIDIA image. Omitted: as for the system nodes."""


def node_group_names(
    cluster: str, zones: Sequence[str], system: SystemNodesArgs, gpu_groups: Sequence[GpuNodeGroupArgs]
) -> list[str]:
    """The AWS names of all node groups of a cluster: the system group's, then the GPU groups' in their order."""
    return [
        system_group_name(cluster, zones, system),
        *(gpu_group_name(cluster, zones, each) for each in gpu_groups),
    ]


def system_group_name(cluster: str, zones: Sequence[str], args: SystemNodesArgs) -> str:
    """The AWS name of the group of a cluster's own services."""
    return _aws_name(cluster, names.SYSTEM_NODE_GROUP, zones, args["instance_types"], capacity_type(None))


def gpu_group_name(cluster: str, zones: Sequence[str], args: GpuNodeGroupArgs) -> str:
    """The AWS name of a GPU group.

    Args:
        cluster: the cluster's name.
        zones: the cluster's.
        args: the group's.
    """
    kind = capacity_type(args.get("capacity_reservation"), spot=args.get("spot", False))
    return _aws_name(cluster, args["name"], group_zones(zones, args), args["instance_types"], kind)


def group_zones(all_zones: Sequence[str], args: GpuNodeGroupArgs) -> list[str]:
    """Where a GPU group takes its nodes from."""
    reservation = args.get("capacity_reservation")
    return [reservation["zone"]] if reservation else list(args.get("zones") or all_zones)


def _aws_name(
    cluster: str,
    group: str,
    zones: Sequence[str],
    instance_types: Sequence[str],
    kind: str,
) -> str:
    """A name that differs as soon as EKS would have to replace the group: so old and new one can exist side by side.

    Subnets, instance types and kind of capacity can't be changed (EKS API Reference, UpdateNodegroupConfig; read
    2026-11-21).
    """
    fixed = json.dumps([list(zones), list(instance_types), kind])
    return f"{cluster}-{group}-{hashlib.sha256(fixed.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]}"


def capacity_type(reservation: CapacityReservationArgs | None, *, spot: bool = False) -> str:
    """EKS's word for how a group gets its nodes."""
    if spot:
        return "SPOT"
    return "CAPACITY_BLOCK" if is_block(reservation) else "ON_DEMAND"


def is_block(reservation: CapacityReservationArgs | None) -> bool:
    """Whether a group runs on a Capacity Block."""
    return reservation is not None and reservation.get("market") == CapacityMarket.CAPACITY_BLOCK
