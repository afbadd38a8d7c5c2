"""At least two zones for everything that can span several, with egress of its own in each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.model.tiers import STANDBY, EndpointStandby, Tier
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.routes import is_default, public_subnets, tables_of_subnets
from haven_policies.rules.values import entries, in_words, is_off, is_unknown, maps_at, plain, value_at

LEAST_ZONES = 2
"""One remains while the other is gone. An assumption."""
LOAD_BALANCERS = (aws.LB_LOAD_BALANCER, aws.ALB_LOAD_BALANCER)
_PLACES: Mapping[str, Sequence[str]] = {
    aws.EKS_CLUSTER: ("vpcConfig.subnetIds",),
    aws.EKS_NODE_GROUP: ("subnetIds",),
    **dict.fromkeys(LOAD_BALANCERS, ("subnets", "subnetMappings")),
    aws.ELB_LOAD_BALANCER: ("subnets", "availabilityZones"),
    aws.RDS_SUBNET_GROUP: ("subnetIds",),
    aws.DOCDB_SUBNET_GROUP: ("subnetIds",),
    aws.NEPTUNE_SUBNET_GROUP: ("subnetIds",),
    aws.ELASTICACHE_SUBNET_GROUP: ("subnetIds",),
    aws.MEMORYDB_SUBNET_GROUP: ("subnetIds",),
    aws.MSK_CLUSTER: ("brokerNodeGroupInfo.clientSubnets",),
    aws.AUTOSCALING_GROUP: ("vpcZoneIdentifiers", "availabilityZones"),
    aws.EC2_VPC_ENDPOINT: ("subnetIds", "subnetConfigurations"),
}
"""Properties in which a type names its zones: one of them is enough."""


def zones_of(graph: ResourceGraph, value: Any) -> set[str]:
    """The zones of a list of subnets; an unknown one counts as a zone of its own.

    Before subnets exist, an engine shows for each entry only that it is one of those in the list: then it counts for
    all of them.
    """
    found = set()
    for index, entry in enumerate(entries(value)):
        subnets = graph.referred(entry)
        found |= {_zone(each) for each in subnets} or {str(index) if is_unknown(entry) else in_words(entry)}
    return found


def _zone(subnet: Resource) -> str:
    named = value_at(subnet.inputs, "availabilityZone") or value_at(subnet.inputs, "availabilityZoneId")
    return str(subnet.name if is_unknown(named) else named or subnet.name)


@stack_rule(
    description="Everything that can span several zones spans at least two.",
    remediation="Name subnets of at least two zones.",
    page="https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/availability-zones.html",
    severity=Severity.HIGH,
)
def spans_zones(graph: ResourceGraph) -> Iterator[Finding]:
    """Groups of GPU nodes have a rule of their own: capacity may be reserved in one zone."""
    gpu = {each.urn for each in gpu_groups(graph)}
    for record in graph.of(*_PLACES):
        if record.urn in gpu or not _is_zonal(record) or _only_starts(record, graph):
            continue
        given = [path for path in _PLACES[record.type] if not is_off(value_at(record.inputs, path))]
        paths = given or list(_PLACES[record.type][:1])
        values = [value_at(record.inputs, path) for path in paths]
        if any(is_unknown(value) for value in values):
            continue
        zones = set[str]().union(*(zones_of(graph, value) for value in values))
        if len(zones) < LEAST_ZONES:
            yield _narrow(record, paths[0], graph)


def _is_zonal(record: Resource) -> bool:
    """Gateway endpoints are in route tables, and in no zone."""
    return record.type != aws.EC2_VPC_ENDPOINT or value_at(record.inputs, "vpcEndpointType") in (
        "Interface",
        "GatewayLoadBalancer",
    )


def _only_starts(record: Resource, graph: ResourceGraph) -> bool:
    """Whether it is an endpoint of a standby Region that serves nobody: one zone is what such a tier has."""
    facts = graph.facts
    if record.type != aws.EC2_VPC_ENDPOINT or facts.stack_kind != "environment" or facts.tier is None:
        return False
    return record.region != facts.active and STANDBY[facts.tier].endpoints is not EndpointStandby.ALL


def _narrow(record: Resource, path: str, graph: ResourceGraph) -> Finding:
    zones = zones_of(graph, value_at(record.inputs, path))
    got = f"only zone {zones.pop()}" if zones else "no zone"
    return Finding(record, path, got, f"subnets of at least {LEAST_ZONES} zones", "add a subnet of another zone")


def gpu_groups(graph: ResourceGraph) -> list[Resource]:
    """The node groups whose nodes have accelerators: by image, by taint or by type."""
    return [each for each in graph.of(aws.EKS_NODE_GROUP) if _has_gpus(each)]


_ACCELERATED = ("p2", "p3", "p4", "p5", "p6", "g4", "g5", "g6", "g7", "inf", "trn", "dl")


def _has_gpus(group: Resource) -> bool:
    image = str(value_at(group.inputs, "amiType") or "")
    types = [str(each) for each in entries(group.inputs.get("instanceTypes"))]
    taints = [str(taint.get("key")) for _, taint in maps_at(group.inputs, "taints")]
    return (
        any(word in image for word in ("NVIDIA", "NEURON", "GPU"))
        or any(key.startswith(("nvidia.com/", "aws.amazon.com/neuron")) for key in taints)
        or any(each.startswith(_ACCELERATED) for each in types)
    )


@stack_rule(
    description="From tier warm up, every subnet's egress goes through a NAT gateway of its own zone.",
    remediation="Make a NAT gateway in each zone, and route each private subnet to the one of its zone.",
    page="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
    severity=Severity.HIGH,
)
def nat_per_zone(graph: ResourceGraph) -> Iterator[Finding]:
    """A zone that leaves through another one goes down with it. Lower tiers may save the gateways' price. A regional
    NAT gateway spans the zones by itself."""
    if graph.facts.tier is None or graph.facts.tier.rank < Tier.WARM.rank:
        return
    exits = _exits(graph)
    tables = tables_of_subnets(graph)
    public = public_subnets(graph)
    vpcs_with_exit = set()
    for urn, table in tables.items():
        for record, path, gateway in exits.get(table, ()):
            vpcs_with_exit.add(_vpc(urn, graph))
            yield from _foreign_gateway(graph, graph.recording.by_urn[urn], record, path, gateway)
    for subnet in _subnets_of_nodes(graph):
        if subnet.urn in public or exits.get(tables.get(subnet.urn, "")):
            continue
        if _vpc(subnet.urn, graph) in vpcs_with_exit:
            allowed = "a default route to a NAT gateway, as other subnets of its network have"
            yield Finding(
                subnet, "", "no egress route, though nodes run in it", allowed, "route it to one of its own zone"
            )


def _foreign_gateway(
    graph: ResourceGraph, subnet: Resource, record: Resource, path: str, gateway: Resource
) -> Iterator[Finding]:
    if value_at(gateway.inputs, "availabilityMode") == "regional":
        return
    stands_in = graph.target(gateway.inputs.get("subnetId"))
    if stands_in is not None and (theirs := _zone(stands_in)) != (own := _zone(subnet)):
        got = f"NAT gateway {gateway.name} of zone {theirs} for subnet {subnet.name} of zone {own}"
        yield Finding(record, path, got, f"a NAT gateway of zone {own}", "make one in that zone and route to it")


def _vpc(urn: str, graph: ResourceGraph) -> str:
    return str(plain(graph.recording.by_urn[urn].inputs.get("vpcId")))


def _subnets_of_nodes(graph: ResourceGraph) -> list[Resource]:
    found = (each for group in graph.of(aws.EKS_NODE_GROUP) for each in graph.referred(group.inputs.get("subnetIds")))
    return list({each.urn: each for each in found if each.type == aws.EC2_SUBNET}.values())


def _exits(graph: ResourceGraph) -> dict[str, list[tuple[Resource, str, Resource]]]:
    """For each route table its default routes to a NAT gateway: declaring resource, property and gateway."""
    found: dict[str, list[tuple[Resource, str, Resource]]] = {}
    for route in graph.of(aws.EC2_ROUTE):
        table, gateway = graph.target(route.inputs.get("routeTableId")), graph.target(route.inputs.get("natGatewayId"))
        if table and gateway and gateway.type == aws.EC2_NAT_GATEWAY and is_default(route.inputs):
            found.setdefault(table.urn, []).append((route, "natGatewayId", gateway))
    for table in graph.of(aws.EC2_ROUTE_TABLE):
        for path, entry in maps_at(table.inputs, "routes"):
            gateway = graph.target(entry.get("natGatewayId"))
            if gateway and gateway.type == aws.EC2_NAT_GATEWAY and is_default(entry):
                found.setdefault(table.urn, []).append((table, f"{path}.natGatewayId", gateway))
    return found


@stack_rule(
    description="A file system is in several zones, and reachable in at least two.",
    remediation="Leave availabilityZoneName out, and make a mount target in each zone.",
    page="https://docs.aws.amazon.com/efs/latest/ug/accessing-fs.html",
    severity=Severity.HIGH,
)
def file_system_spans_zones(graph: ResourceGraph) -> Iterator[Finding]:
    """EFS: One Zone storage is lost with its zone; a mount target is reached best from its own zone."""
    for system in graph.of(aws.EFS_FILE_SYSTEM):
        zone = value_at(system.inputs, "availabilityZoneName")
        if not (is_off(zone) or is_unknown(zone)):
            fix = "leave it out; it can be chosen at creation only, so copy the data over"
            yield Finding(system, "availabilityZoneName", in_words(zone), "nothing: storage in several zones", fix)
            continue
        targets = graph.users(system, aws.EFS_MOUNT_TARGET)
        zones = zones_of(graph, [each.inputs.get("subnetId") for each in targets])
        if targets and len(zones) < LEAST_ZONES:
            got = f"mount targets in {len(zones)} zone"
            yield Finding(system, "", got, f"mount targets in at least {LEAST_ZONES}", "add one in another zone")
