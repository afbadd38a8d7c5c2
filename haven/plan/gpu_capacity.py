"""GPU capacity: what the standby Region must get at a failover, and whether it is there to be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from haven.base.terminal import Style, plural
from haven.model.catalog import Catalog
from haven.model.durations.gpu import GpuGroup
from haven.model.durations.graph import Node
from haven.model.durations.simulation import Simulation
from haven.model.durations.terms import Terms
from haven.model.recovery_time import graphs
from haven.plan.model_inputs import ModelInputs, pool
from haven.plan.text import minutes
from haven.program import aws_types as aws
from haven.program.queries import is_gpu_group, of_type, standby_region
from haven.program.recording import Recording, Resource

_DRAWS = 2000


@dataclass(frozen=True)
class GpuNeed:
    """What one GPU node group of the standby Region needs at a failover."""

    group: str
    region: str
    full: int
    standby: int
    stopped: int
    """Of the nodes to get, those that wait in a warm pool; AWS reserves no capacity for them."""
    reserved: bool
    """Whether its nodes come from a capacity reservation."""
    types: Mapping[str, Sequence[str] | None]
    """Instance type -> zone ids that offer it there; None where the data doesn't know."""
    quota: str
    """Code of the quota; empty where the family has none here."""
    vcpus: int | None
    """What the quota must allow for this group at full size, with its first type."""
    nodes_for_rto: int | None
    """Fewest nodes on standby with which p95 meets the RTO, if every other group that serves has its fewest too. None:
    no number does, there is no RTO, or traffic doesn't wait for the group."""
    no_nodes_because: str
    """Why no number of nodes meets the RTO; empty unless that is so."""

    @property
    def missing(self) -> int:
        """Nodes to get at the failover."""
        return max(0, self.full - self.standby)


def gpu_needs(recording: Recording, inputs: ModelInputs, rto_minutes: float | None, catalog: Catalog) -> list[GpuNeed]:
    """What each GPU group needs.

    Args:
        recording: what the environment declares.
        inputs: of its models.
        rto_minutes: its objective. None: none.
        catalog: what AWS offers where.
    """
    standby = standby_region(recording)
    groups = [each for each in of_type(recording.real(), aws.EKS_NODE_GROUP) if is_gpu_group(each)]
    resources = {pool(each): each for each in groups if each.region == inputs.active}
    resources |= {pool(each): each for each in groups if each.region == standby}
    nodes, because = ({}, "") if rto_minutes is None else _nodes_for(rto_minutes, inputs)
    return [
        replace(
            _need(resources[each.name], each, standby, catalog),
            nodes_for_rto=nodes.get(each.name),
            no_nodes_because=because if each.serves else "",
        )
        for each in inputs.recovery.groups
    ]


def _need(resource: Resource, group: GpuGroup, region: str, catalog: Catalog) -> GpuNeed:
    types = [str(each) for each in resource.inputs.get("instanceTypes") or ()]
    first, quota = (catalog.instance(types[0]), catalog.quota_of(types[0])) if types else (None, None)
    return GpuNeed(
        group=group.name,
        region=region,
        full=group.full,
        standby=group.standby,
        stopped=max(0, min(group.prepared, group.full) - group.standby),
        reserved=resource.inputs.get("capacityType") == "CAPACITY_BLOCK" or not types,
        types={each: catalog.zone_ids(each, region) for each in types},
        quota=quota.code if quota else "",
        vcpus=first.vcpu * group.full if first else None,
        nodes_for_rto=None,
        no_nodes_because="",
    )


def _nodes_for(rto_minutes: float, inputs: ModelInputs) -> tuple[Mapping[str, int], str]:
    """Group that serves -> its fewest nodes on standby; or why no number of them meets the RTO.

    All groups are raised together, for one that is short holds up the traffic of all; then each is lowered again as far
    as the RTO allows.
    """
    simulation, terms = Simulation(_DRAWS), Terms()
    opening = {each.name: each.opening for each in inputs.recovery.groups if each.serves}

    def graph(nodes: Mapping[str, int]) -> Node:
        groups = (replace(each, standby=nodes.get(each.name, each.standby)) for each in inputs.recovery.groups)
        return graphs(replace(inputs.recovery, groups=tuple(groups)), terms).environment

    def meets(nodes: Mapping[str, int]) -> bool:
        return simulation.summary(graph(nodes)).p95 <= rto_minutes * 60

    levels = (
        {name: min(level, most) for name, most in opening.items()}
        for level in range(max(opening.values(), default=0) + 1)
    )
    found = next(filter(meets, levels), None)
    if found is None:
        return {}, _because(rto_minutes, simulation, graph(opening))
    for name, enough in dict(found).items():
        found[name] = next(fewer for fewer in range(enough + 1) if meets({**found, name: fewer}))
    return found, ""


def _because(rto_minutes: float, simulation: Simulation, node: Node) -> str:
    """Why no number of nodes meets the RTO, given the graph with all of them."""
    p95, slowest = simulation.summary(node).p95 / 60, simulation.tornado(node)[0].step.name
    return (
        f"no number of nodes meets RTO {minutes(rto_minutes)}: with all of them p95 is {minutes(p95)}, "
        f"{slowest} the most of it"
    )


def as_json(need: GpuNeed) -> dict[str, Any]:
    """One group's need as JSON."""
    return {
        "group": need.group,
        "region": need.region,
        "full": need.full,
        "standby": need.standby,
        "missing": need.missing,
        "stopped": need.stopped,
        "reserved": need.reserved,
        "zones": {name: None if zones is None else list(zones) for name, zones in need.types.items()},
        "quota": need.quota or None,
        "quotaVcpus": need.vcpus,
        "nodesForRto": need.nodes_for_rto,
        "noNodesBecause": need.no_nodes_because or None,
    }


def render(needs: Sequence[GpuNeed], style: Style) -> list[str]:
    """What each group needs, in words."""
    if not needs:
        return []
    lines = ["", style.paint("GPU capacity of the standby Region at a failover", "bold")]
    for need in needs:
        lines += style.wrapped(sentence(need), 2)
    return lines


def sentence(need: GpuNeed) -> str:
    """What one group needs, in words."""
    offered = "; ".join(f"{name} in {_zones(zones)}" for name, zones in need.types.items()) or "a reservation"
    quota = f"; quota {need.quota} of {need.vcpus} vCPUs at full size" if need.quota and need.vcpus else ""
    nodes = need.nodes_for_rto
    enough = "" if nodes is None else f"; {plural(nodes, 'node')} on standby would meet the RTO at p95"
    enough = f"; {need.no_nodes_because}" if need.no_nodes_because else enough
    reserved = "reserved" if need.reserved else "none reserved"
    stopped = f", {need.stopped} of them stopped in a warm pool" if need.stopped else ""
    got = f"{need.missing} of {need.full} to get{stopped}, {reserved}"
    return f"{need.group} in {need.region}: {got}: {offered}{quota}{enough}"


def _zones(zones: Sequence[str] | None) -> str:
    if zones is None:
        return "unknown zones"
    return ", ".join(zones) or "no zone"
