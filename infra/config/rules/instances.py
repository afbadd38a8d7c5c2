"""What must hold between instance types and the Regions and AMI types that they are asked for in."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from haven.base.problems import Problem, choices, nearest, shown
from haven.model import catalog, node_disks
from haven.model.catalog import Catalog
from haven_components import limits
from infra import PROJECT
from infra.config import models, node_models
from infra.config.rules.validators import Rules

RULES = Rules()
CATALOG = Catalog(PROJECT)
"""Of this project: its own `data/` folder counts before what Haven ships."""

_AMI_TYPES = {"none": "BOTTLEROCKET_x86_64", "nvidia": "BOTTLEROCKET_x86_64_NVIDIA"}
"""Which accelerators a node group needs -> the AMI type that its nodes start from."""


@RULES.on("regions", "cluster")
def _node_groups(pair: models.Regions, cluster: models.Cluster) -> Iterable[Problem]:
    for what, group, wanted in _groups(cluster):
        taken = list(group.instance_types)
        for index, name in enumerate(group.instance_types):
            both = (pair.primary, pair.recovery)
            yield from refusals(f"{what}.instanceTypes[{index}]", name, wanted, both, taken)
            taken += _others(name, both, taken)[:1]  # two that lack are not both to become the same
        if isinstance(group, node_models.GpuNodeGroup):
            yield from _without_capacity_block(f"{what}.instanceTypes", group, pair)


def refusals(path: str, name: str, wanted: str, regions: Sequence[str], taken: Sequence[str] = ()) -> Sequence[Problem]:
    """Why nodes can't be of an instance type; nothing where they can, as far as the data knows.

    Args:
        path: the config key that names the type.
        name: of the type.
        wanted: whose accelerators the nodes need: `nvidia`, or `none`.
        regions: where they run.
        taken: types that are not to be proposed. Omitted: none.
    """
    return _unknown(path, name) or _unfit(path, name, wanted) or list(_not_offered(path, name, regions, taken))


def uses_instance_store(group: node_models.GpuNodeGroup, instance_types: Sequence[str]) -> bool:
    """Whether the nodes of a group put images, weights and pods' files on their instance store.

    Args:
        group: the group.
        instance_types: its types in one Region: the reserved one, or its own.
    """
    if group.instance_store is not None:
        return group.instance_store
    return node_disks.instance_store_holds(CATALOG, instance_types, group.image_gib + group.weights_gib)


@RULES.on("cluster")
def _disks(cluster: models.Cluster) -> Iterable[Problem]:
    for what, group, _ in _groups(cluster):
        least = max(limits.GP3_IOPS.least, limits.GP3_IOPS_PER_MIBPS * (group.disk_throughput_mibps or 0))
        most = min(limits.GP3_IOPS.most, limits.GP3_IOPS_PER_GIB * group.disk_gib)
        iops = least if group.disk_iops is None else group.disk_iops
        if not least <= iops <= most:
            allowed = f"{least} to {most}: 4 for each MiB/s or more, 500 for each GiB of diskGib or fewer"
            yield Problem(f"{what}.diskIops", str(iops), allowed, f"write diskIops: {least}")
        if isinstance(group, node_models.GpuNodeGroup):
            yield from _stored(what, group)


def _stored(what: str, group: node_models.GpuNodeGroup) -> Iterator[Problem]:
    """A group whose images and weights have no room, or no instance store where the stack file puts them on one."""
    lacking = node_disks.without_instance_store(CATALOG, group.instance_types) if group.instance_store else ()
    if lacking:
        allowed = f"true where every type has an instance store; none, as far as the data knows: {', '.join(lacking)}"
        yield Problem(f"{what}.instanceStore", "true", allowed, "delete instanceStore")
    sized = {"image_gib", "weights_gib"} & group.model_fields_set
    needed = math.ceil((group.image_gib + group.weights_gib) / node_disks.FILLED.value)
    if sized and needed > group.disk_gib and not uses_instance_store(group, group.instance_types):
        allowed = f"at least {needed} GiB for imageGib and weightsGib, with a fifth to spare"
        yield Problem(f"{what}.diskGib", str(group.disk_gib), allowed, f"write diskGib: {needed}")


@RULES.on("regions", "cluster")
def _prepared(pair: models.Regions, cluster: models.Cluster) -> Iterable[Problem]:
    for index, group in enumerate(cluster.gpu_node_groups):
        what = f"haven:cluster.gpuNodeGroups[{index}]"
        yield from _warm_pool(what, group)
        both = tuple(dict.fromkeys((pair.primary, pair.recovery)))
        for region in group.image_snapshots:
            if region not in both:
                yield Problem(f"{what}.imageSnapshots", shown(region), choices(both), f"delete {region}")
        if group.image_snapshots and group.parallel_pull:
            allowed = "false with imageSnapshots: Bottlerocket deletes images that another snapshotter has pulled"
            yield Problem(f"{what}.parallelPull", "true", allowed, "delete one of the two")
        if group.image_snapshots and uses_instance_store(group, group.instance_types):
            allowed = "none with an instance store, where images are then"
            yield Problem(f"{what}.imageSnapshots", choices(group.image_snapshots), allowed, "add instanceStore: false")


def _warm_pool(what: str, group: node_models.GpuNodeGroup) -> Iterator[Problem]:
    if group.prepared_size is None:
        return
    got = str(group.prepared_size)
    if group.spot or group.capacity_reservations:
        allowed = "none for spot instances and reserved capacity: EC2 Auto Scaling keeps no warm pool of spot instances"
        yield Problem(f"{what}.preparedSize", got, allowed, "delete preparedSize")
    if group.prepared_size > group.max_size:
        allowed = f"at most maxSize, {group.max_size}"
        yield Problem(f"{what}.preparedSize", got, allowed, f"write preparedSize: {group.max_size}")


def _groups(cluster: models.Cluster) -> Iterator[tuple[str, node_models.SystemNodes | node_models.GpuNodeGroup, str]]:
    """Each group with its config key and whose accelerators its nodes need."""
    yield "haven:cluster.systemNodes", cluster.system_nodes, "none"
    for index, group in enumerate(cluster.gpu_node_groups):
        yield f"haven:cluster.gpuNodeGroups[{index}]", group, "nvidia"


def _unknown(path: str, name: str) -> list[Problem]:
    if CATALOG.is_known(name):
        return []
    family = name.partition(".")[0]
    near = nearest(name, CATALOG.instance_types(family) or CATALOG.instance_types())
    fix = f"write {near}" if near else "name a type that AWS offers"
    return [Problem(path, shown(name), "an EC2 instance type", f"{fix}; for a newly launched one: haven data refresh")]


def _unfit(path: str, name: str, wanted: str) -> list[Problem]:
    """A type on which the node group's AMI does not start, or starts without its accelerators."""
    ami = _AMI_TYPES[wanted]
    if catalog.architecture(name) != "x86_64":
        allowed = f"an x86-64 type: the nodes start from AMI type {ami}"
        return [Problem(path, f"{shown(name)}, an Arm type", allowed, _like(name, wanted))]
    found = catalog.accelerator(name)
    if wanted == "nvidia" and found != "nvidia":
        got = "a type without GPU" if found == "none" else f"a type with accelerators of {found}"
        allowed = f"a type with NVIDIA GPUs: the nodes start from AMI type {ami}"
        return [Problem(path, f"{shown(name)}, {got}", allowed, _like(name, wanted))]
    return []


def _like(name: str, wanted: str) -> str:
    example = "g5.xlarge, g6.xlarge or g6e.xlarge" if wanted == "nvidia" else "m6i.large or m5.large"
    return f"write another type, such as {example}, instead of {name}"


def _others(name: str, regions: Sequence[str], taken: Sequence[str]) -> Sequence[str]:
    """Up to three types like one that a Region lacks, without those that are taken."""
    found = CATALOG.nearest_offered(name, tuple(dict.fromkeys(regions)), 3 + len(taken))
    return [each for each in found if each not in taken][:3]


def _not_offered(path: str, name: str, regions: Sequence[str], taken: Sequence[str]) -> Iterator[Problem]:
    every = tuple(dict.fromkeys(regions))
    lacking = [region for region in every if CATALOG.zone_ids(name, region) == ()]
    if lacking:
        near = _others(name, every, taken)
        nearest_types = choices(near) if near else "none of its kind"
        asked = " ".join(f"--region {region}" for region in lacking)
        yield Problem(
            path,
            f"{shown(name)}, which {' and '.join(lacking)} {'does' if len(lacking) == 1 else 'do'} not offer",
            f"a type that {' and '.join(every)} offer{'s' if len(every) == 1 else ''} (EC2 offerings of"
            f" {CATALOG.source(catalog.OFFERINGS).retrieved_on}), nearest {nearest_types}",
            f"write {near[0]}"
            if near
            else f"take {name} out; if AWS has begun to offer it: haven data refresh {asked}",
        )


def _without_capacity_block(path: str, group: node_models.GpuNodeGroup, pair: models.Regions) -> Iterator[Problem]:
    for region in dict.fromkeys((pair.primary, pair.recovery)):
        reserved = group.capacity_reservations.get(region)
        blocked = sorted(catalog.NO_ON_DEMAND_PRICE & {*group.instance_types})
        if blocked and (reserved is None or reserved.market != "capacity-block"):
            yield Problem(
                path,
                f"{choices(blocked)} in {region} without a Capacity Block",
                "a type with an on-demand price, or a Capacity Block reservation: AWS sells this type no other way",
                f"add capacityReservations.{region} with market: capacity-block, or name another type",
            )


@RULES.on("database")
def _database(database: models.Database) -> Iterable[Problem]:
    name = database.instance_class
    if catalog.takes_aurora_postgresql(name) is False:
        taken = [each for each in catalog.aurora_families() if not each.startswith("db.t")]
        size = name.rpartition(".")[2]
        yield Problem(
            "haven:database.instanceClass",
            shown(name),
            f"a class that Aurora PostgreSQL takes: {choices(taken)}",
            f"write db.r6g.{size}",
        )


def notes(
    pair: models.Regions,
    zones: Mapping[str, Sequence[str]],
    cluster: models.Cluster,
    database: models.Database,
    cache: models.Cache,
) -> list[str]:
    """What the data does not know, or knows in part only; a plan shows it as warnings."""
    both = tuple(dict.fromkeys((pair.primary, pair.recovery)))
    names = dict.fromkeys(name for _, group, _ in _groups(cluster) for name in group.instance_types)
    found = [*_unknown_regions(both), *(_few_zones(region, zones[region], names) for region in both)]
    for key, name in (("database.instanceClass", database.instance_class), ("cache.nodeType", cache.node_type)):
        if not catalog.is_known_class(name):
            found.append(f"haven:{key}: no price list or SDK on this machine names {name}; check that AWS offers it")
    return [each for each in found if each]


def _unknown_regions(both: Iterable[str]) -> Iterator[str]:
    offerings = CATALOG.source(catalog.OFFERINGS)
    for region in both:
        if region not in CATALOG.regions():
            yield (
                f"what {region} offers is not in the data of {offerings.retrieved_on}: its instance types are not"
                f" checked; haven data refresh --region {region} asks AWS"
            )
        for zone in catalog.zones_without_eks(region, documented=False):
            yield f"EKS may take no cluster in zone id {zone} of {region}: name your zones in haven:zones.{region}"


def _few_zones(region: str, zones: Sequence[str], names: Iterable[str]) -> str:
    """One line for the types that fewer zones of the Region offer than the stack uses."""
    offered = {name: CATALOG.zone_ids(name, region) for name in names}
    few = {name: ids for name, ids in offered.items() if ids and len(ids) < len(zones)}
    if not few:
        return ""
    listed = "; ".join(f"{name} in {', '.join(ids)}" for name, ids in few.items())
    return (
        f"not every zone of {region} offers every type: {listed} (zone ids, which are other zone names in every"
        f" account: aws ec2 describe-availability-zones --region {region})"
    )
