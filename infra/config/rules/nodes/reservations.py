"""What must hold for reserved capacity: its type takes the place of the group's, in its Region and its zone."""

from collections.abc import Iterable, Iterator, Mapping

from haven.base.problems import Problem, choices, shown
from haven.model import catalog
from infra.config import models
from infra.config.node_models import CapacityReservation, GpuNodeGroup
from infra.config.rules import instances
from infra.config.rules.general import default_zones
from infra.config.rules.instances import CATALOG
from infra.config.rules.validators import Rules

RULES = Rules()

_BLOCK = "capacity-block"


@RULES.on("regions", "cluster")
def _types(pair: models.Regions, cluster: models.Cluster) -> Iterable[Problem]:
    for path, group, region, reserved in _reserved(pair, cluster):
        key, name = f"{path}.instanceType", reserved.instance_type
        refused = instances.refusals(key, name, "nvidia", [region])
        yield from refused or _smaller(key, group, name)
        if name in catalog.NO_ON_DEMAND_PRICE and reserved.market != _BLOCK:
            allowed = f"{_BLOCK} for {name}: AWS sells this type no other way"
            yield Problem(f"{path}.market", shown(str(reserved.market)), allowed, f"write market: {_BLOCK}")


def _smaller(key: str, group: GpuNodeGroup, name: str) -> Iterator[Problem]:
    """A type with fewer GPUs than every type of the group has: its pods count on those."""
    own, known = CATALOG.instance(name), [CATALOG.instance(each) for each in group.instance_types]
    found = [each for each in known if each is not None]
    if own is None or not found or len(found) < len(known):
        return
    gpus = min(each.gpus for each in found)
    if own.gpus < gpus:
        yield Problem(
            key,
            f"{shown(name)}, with {own.gpus:g} GPU{'' if own.gpus == 1 else 's'}",
            f"at least {gpus:g}, as every type of the group has: this one takes their place",
            f"write {group.instance_types[0]}, or a reservation's larger type",
        )


@RULES.on("regions", "cluster", "zones")
def _zones(pair: models.Regions, cluster: models.Cluster, zones: Mapping[str, list[str]]) -> Iterable[Problem]:
    for path, _, region, reserved in _reserved(pair, cluster):
        used = zones.get(region) or default_zones(region)
        if used and reserved.zone not in used:
            yield Problem(
                f"{path}.zone",
                shown(reserved.zone),
                f"a zone of {region} in which the cluster has a subnet: {choices(used)}",
                f"write the reservation's zone; another zone of {region} has to be one of the three in"
                f" haven:zones.{region} before the first deployment",
            )


@RULES.on("cluster")
def _in_one_region(cluster: models.Cluster) -> Iterable[Problem]:
    """A reservation is in one Region: the same id in another is that of nothing."""
    first: dict[str, tuple[str, str]] = {}
    for index, group in enumerate(cluster.gpu_node_groups):
        for region, reserved in group.capacity_reservations.items():
            key = f"haven:cluster.gpuNodeGroups[{index}].capacityReservations.{region}.id"
            before, known = first.setdefault(reserved.id, (region, key))
            if before != region:
                allowed = f"another reservation than that of {known}: a reservation is in one Region"
                fix = f"write the id of a reservation in {region}"
                yield Problem(key, shown(reserved.id), allowed, fix)


@RULES.on("cluster")
def _without_spot(cluster: models.Cluster) -> Iterable[Problem]:
    for index, group in enumerate(cluster.gpu_node_groups):
        if group.spot and group.capacity_reservations:
            allowed = "false with capacityReservations, which hold on-demand capacity or a Capacity Block"
            fix = "delete spot, or delete capacityReservations"
            yield Problem(f"haven:cluster.gpuNodeGroups[{index}].spot", "true", allowed, fix)


def _reserved(
    pair: models.Regions, cluster: models.Cluster
) -> Iterator[tuple[str, GpuNodeGroup, str, CapacityReservation]]:
    """Each reservation in one of the two Regions, with its config key and its group."""
    for index, group in enumerate(cluster.gpu_node_groups):
        for region, reserved in group.capacity_reservations.items():
            if region in (pair.primary, pair.recovery):
                path = f"haven:cluster.gpuNodeGroups[{index}].capacityReservations.{region}"
                yield path, group, region, reserved
