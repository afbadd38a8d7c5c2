"""Groups of nodes: where accelerators come from, and how many nodes an update may take at once."""

from collections.abc import Iterator, Mapping, Sequence

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.availability.zones import LEAST_ZONES, gpu_groups, zones_of
from haven_policies.rules.model import Finding, Severity, against, resource_rule, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import entries, has_unknown, is_off, is_unknown, number, plain, value_at

LEAST_TYPES = 2
"""One to fall back on when the other is short. An assumption."""
HALF = 50
"""Percent of a group's nodes that an update may take at once. An assumption."""


@stack_rule(
    description="Groups of GPU nodes take capacity from two zones and two instance types at least.",
    remediation="Name more subnets and instance types; give a group on reserved capacity a sibling in another zone.",
    page="https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html",
    severity=Severity.HIGH,
)
def gpu_groups_spread(graph: ResourceGraph) -> Iterator[Finding]:
    """A type that is short in a zone stops a recovery. Reserved capacity has one type and one zone: there another group
    of the cluster has to be in another zone."""
    groups = gpu_groups(graph)
    reserved = {each.urn for each in groups if _is_reserved(each, graph)}
    zones = {each.urn: zones_of(graph, each.inputs.get("subnetIds")) for each in groups}
    for group in groups:
        if group.urn in reserved:
            yield from _alone(group, groups, zones)
            continue
        subnets = value_at(group.inputs, "subnetIds")
        if not is_unknown(subnets) and len(zones[group.urn]) < LEAST_ZONES:
            yield against(group, "subnetIds", f"subnets of at least {LEAST_ZONES} zones", "add subnets of other zones")
        yield from _few_types(group)


def _few_types(group: Resource) -> Iterator[Finding]:
    types = value_at(group.inputs, "instanceTypes")
    if not has_unknown(types) and len(set(map(str, entries(types)))) < LEAST_TYPES:
        allowed = f"at least {LEAST_TYPES} types"
        yield against(group, "instanceTypes", allowed, "add types with GPUs that the models fit on as well")


def _alone(group: Resource, groups: Sequence[Resource], zones: Mapping[str, set[str]]) -> Iterator[Finding]:
    cluster = plain(group.inputs.get("clusterName"))
    siblings = (each for each in groups if plain(each.inputs.get("clusterName")) == cluster and each is not group)
    if not any(zones[each.urn] - zones[group.urn] for each in siblings):
        fix = "add a group of GPU nodes in another zone: on demand, or on a reservation there"
        yield Finding(group, "subnetIds", "the one zone of its reservation", "a sibling group in another zone", fix)


def _is_reserved(group: Resource, graph: ResourceGraph) -> bool:
    if value_at(group.inputs, "capacityType") == "CAPACITY_BLOCK":
        return True
    templates = [
        each for each in graph.referred(group.inputs.get("launchTemplate")) if each.type == aws.EC2_LAUNCH_TEMPLATE
    ]
    path = "capacityReservationSpecification.capacityReservationTarget"
    return any(not is_off(value_at(each.inputs, path)) for each in templates)


@resource_rule(
    aws.EKS_NODE_GROUP,
    description="An update of a group takes no more than half of its nodes at once.",
    remediation="Lower updateConfig.maxUnavailable or maxUnavailablePercentage, or omit both: then it is one node.",
    page="https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html",
    severity=Severity.MEDIUM,
)
def node_updates_keep_half(group: Resource) -> Iterator[Finding]:
    """EKS drains this many nodes at a time; pods without room wait."""
    share = number(value_at(group.inputs, "updateConfig.maxUnavailablePercentage"))
    if share is not None and share > HALF:
        yield against(
            group, "updateConfig.maxUnavailablePercentage", f"at most {HALF}", "set it to 33, or leave it out"
        )
    count = number(value_at(group.inputs, "updateConfig.maxUnavailable"))
    size = number(value_at(group.inputs, "scalingConfig.desiredSize"))
    if count is not None and size is not None and count > max(1, size / 2):
        allowed = f"at most {max(1, int(size / 2))}, half of the {size:.0f} nodes"
        yield against(group, "updateConfig.maxUnavailable", allowed, "lower it, or set a percentage")
