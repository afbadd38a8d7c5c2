"""The shape of a VPC that exists already, and of flow logs."""

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from haven.config.base_model import Model, form, refusal
from haven_components import limits
from haven_components.choices import FlowLogTraffic


def _vpc_block(text: str) -> str:
    least, most = limits.EXISTING_VPC_PREFIX.least, limits.EXISTING_VPC_PREFIX.most
    try:
        block = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise refusal("the IPv4 block of the VPC, such as 10.40.0.0/16, without host bits", "copy it") from error
    if not least <= block.prefixlen <= most:
        raise refusal(f"the IPv4 block of the VPC, /{least} to /{most}", "copy it from `aws ec2 describe-vpcs`")
    return text


def _id(prefix: str, words: str) -> object:
    return form(rf"^{prefix}-[0-9a-f]{{8,17}}$", f"the id of {words}", f"{prefix}-0123456789abcdef0")


VpcBlock = Annotated[
    str,
    AfterValidator(_vpc_block),
    Field(examples=["10.40.0.0/16"], json_schema_extra={"words": "the VPC's IPv4 block, /16 to /28"}),
]
SubnetId = Annotated[str, _id("subnet", "a subnet")]
RouteTableId = Annotated[str, _id("rtb", "a route table")]


class ExistingNetwork(Model):
    """A VPC that exists already, and its subnets in the order of haven:zones. Decided before the first `up`."""

    vpc_id: Annotated[str, _id("vpc", "a VPC")]
    """Its id."""
    cidr: VpcBlock
    """Its primary IPv4 block, in which subnets and pods have their addresses."""
    private_subnet_ids: Annotated[list[SubnetId], Field(min_length=limits.ZONES.least, max_length=limits.ZONES.most)]
    """Subnets of nodes and pods, one for each zone: with a route to the internet, or endpoints of AWS's services."""
    public_subnet_ids: Annotated[list[SubnetId], Field(max_length=limits.ZONES.most)] = []
    """Subnets of load balancers, one for each zone. Omitted: only with haven:edge.internal or without haven:domain."""
    data_subnet_ids: Annotated[list[SubnetId], Field(max_length=limits.ZONES.most)] = []
    """Subnets of databases and caches, one for each zone. Omitted: the private ones."""
    route_table_ids: list[RouteTableId] = []
    """Route tables of the private and data subnets, for a peering's routes; only append. Omitted: no peering."""


class FlowLogs(Model):
    """Flow logs of the VPCs, paid for by volume."""

    traffic: Annotated[FlowLogTraffic, Field(strict=False)] = FlowLogTraffic.REJECT
    """ALL, ACCEPT or REJECT. The default shows wrong rules and scans; GuardDuty reads all flows without these logs."""
    interval_seconds: Literal[60, 600] = 600
    """The longest time that one record covers. The default makes the fewest records."""
