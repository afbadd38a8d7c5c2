"""How subnets route traffic to the internet."""

from collections.abc import Mapping
from typing import Any

from haven.program import aws_types as aws
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import maps_at, plain

EVERYWHERE = ("0.0.0.0/0", "::/0")


def tables_of_subnets(graph: ResourceGraph) -> dict[str, str]:
    """The URN of the route table of each subnet that has one."""
    found = {}
    for each in graph.of(aws.EC2_ROUTE_TABLE_ASSOCIATION):
        subnet, table = graph.target(each.inputs.get("subnetId")), graph.target(each.inputs.get("routeTableId"))
        if subnet is not None and table is not None:
            found[subnet.urn] = table.urn
    return found


def public_subnets(graph: ResourceGraph) -> set[str]:
    """The URNs of the subnets whose default route leads to an internet gateway."""
    tables = {
        table.urn
        for route in graph.of(aws.EC2_ROUTE)
        if is_default(route.inputs) and _to_internet(graph, route.inputs)
        for table in graph.referred(route.inputs.get("routeTableId"))
    }
    tables |= {
        table.urn
        for table in graph.of(aws.EC2_ROUTE_TABLE)
        for _, entry in maps_at(table.inputs, "routes")
        if is_default(entry) and _to_internet(graph, entry)
    }
    return {subnet for subnet, table in tables_of_subnets(graph).items() if table in tables}


def is_default(route: Mapping[str, Any]) -> bool:
    """Whether a route is for all that no other route is for."""
    names = ("destinationCidrBlock", "cidrBlock", "destinationIpv6CidrBlock", "ipv6CidrBlock")
    return any(plain(route.get(name)) in EVERYWHERE for name in names)


def _to_internet(graph: ResourceGraph, route: Mapping[str, Any]) -> bool:
    gateway = plain(route.get("gatewayId"))
    if isinstance(gateway, str) and gateway.startswith("igw-"):
        return True
    return any(each.type == aws.EC2_INTERNET_GATEWAY for each in graph.referred(gateway))
