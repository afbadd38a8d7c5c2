"""Which clusters the standby Region has, and at which scale."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from haven.model.tiers import LEAST_SYSTEM_NODES, gpu_share, standby_count
from haven.program import aws_types as aws
from haven.program.queries import is_gpu_group
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._sides import STRATEGIES, RegionSide, count, sides
from haven_policies.rules.values import is_list, value_at

_GROUPS = "https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html"
_SIZES = "scalingConfig.desiredSize"
_MOST = "scalingConfig.maxSize"
_SYSTEM_LABEL = "haven-system"


@stack_rule(
    description="The recovery Region has an EKS control plane from tier pilot-light up, and wherever writes go.",
    remediation="Declare an InferenceCluster in that Region.",
    page=STRATEGIES,
    severity=Severity.CRITICAL,
)
def standby_cluster(graph: ResourceGraph) -> Iterator[Finding]:
    """A control plane takes its time to be made: it is there before it is needed."""
    for side in sides(graph):
        if side.wants(side.standby.cluster):
            for cluster in side.there(aws.EKS_CLUSTER):
                if side.counterparts.of(cluster) is None:
                    yield side.lacks(cluster, "EKS cluster", "declare an InferenceCluster there")


@stack_rule(
    description="System nodes run at the tier's standby share, and in full in the active Region.",
    remediation="Set desired_size of the Region's system_nodes.",
    page=_GROUPS,
    severity=Severity.HIGH,
)
def standby_system_nodes(graph: ResourceGraph) -> Iterator[Finding]:
    """The cluster's own services run on them."""
    for side in sides(graph):
        share = Fraction(1) if side.serves else side.standby.system_nodes
        for group in side.there(aws.EKS_NODE_GROUP):
            if not is_gpu_group(group):
                yield from _too_small(side, group, share, LEAST_SYSTEM_NODES, "haven:cluster.systemNodes.desiredSize")


@stack_rule(
    description="GPU nodes run at the standby share of their system's tier, and in full in the active Region.",
    remediation="Set desired_size of the Region's GPU node group; haven:cluster.standbyShare decides it in tier warm.",
    page=_GROUPS,
    severity=Severity.HIGH,
)
def standby_gpu_nodes(graph: ResourceGraph) -> Iterator[Finding]:
    """GPU capacity is what a Region runs out of first when another one is lost: standby nodes are there already."""
    for side in sides(graph):
        for group in side.there(aws.EKS_NODE_GROUP):
            if is_gpu_group(group):
                share = Fraction(1) if side.serves else _gpu_share(side, group)
                yield from _too_small(side, group, share, 1, "haven:cluster.standbyShare or the system's own tier")


@stack_rule(
    description="A standby node group may grow as far as the other Region's group.",
    remediation="Give both Regions' groups the same max_size.",
    page=_GROUPS,
    severity=Severity.HIGH,
)
def standby_room_to_grow(graph: ResourceGraph) -> Iterator[Finding]:
    """A group that can't reach the full size takes a change of its limits in the middle of a recovery."""
    for side in sides(graph):
        for group in side.there(aws.EKS_NODE_GROUP):
            own, full = side.counterparts.of(group), count(value_at(group.inputs, _SIZES))
            if own is not None and count(value_at(own.inputs, _MOST)) < full:
                allowed = f"at least {full}, the nodes of {group.name} in {side.other}"
                yield against(own, _MOST, allowed, "give the group the same max_size in both Regions")


def _gpu_share(side: RegionSide, group: Resource) -> Fraction:
    own = side.standby_share
    return gpu_share(side.tier_of(_system(side, group)), own if isinstance(own, int | float) else None)


def _system(side: RegionSide, group: Resource) -> Any:
    """The system that a group serves: by the stack's list of groups, or by the group's label."""
    cluster = side.graph.facts.config.get("cluster")
    listed = value_at(cluster, "gpuNodeGroups")
    for each in listed if is_list(listed) else ():
        name = value_at(each, "name")
        if name and group.name == f"{group.component_name}-{name}":
            return value_at(each, "system")
    return value_at(group.inputs, f"labels.{_SYSTEM_LABEL}")


def _too_small(side: RegionSide, group: Resource, share: Fraction, least: int, key: str) -> Iterator[Finding]:
    """What is wrong with the counterpart of the other Region's `group`."""
    own = side.counterparts.of(group)
    there = count(value_at(group.inputs, _SIZES))
    here = count(value_at(own.inputs, _SIZES)) if own else 0
    wanted = standby_count(max(here, there), share, least)
    if here >= wanted:
        return
    if own is None:
        yield side.lacks(group, f"node group with {wanted} of its {there} nodes", f"declare the group there ({key})")
    else:
        allowed = f"at least {wanted} of the {there} nodes of {group.name}: {side.why}"
        yield against(own, _SIZES, allowed, f"enlarge the group ({key}), or choose a lower haven:tier")
