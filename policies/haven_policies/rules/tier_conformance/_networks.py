"""What the standby Region has of the network."""

from collections.abc import Iterator

from haven.program import aws_types as aws
from haven.program.queries import zones
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._sides import STRATEGIES, RegionSide, sides


@stack_rule(
    description="The recovery Region has a network from tier pilot-light up, and wherever writes go.",
    remediation="Declare a RegionalNetwork in that Region.",
    page=STRATEGIES,
    severity=Severity.CRITICAL,
)
def standby_network(graph: ResourceGraph) -> Iterator[Finding]:
    """Without it nothing can be started there before a network is built."""
    for side in sides(graph):
        if side.wants(side.standby.network) and not side.here(aws.EC2_VPC):
            for vpc in side.there(aws.EC2_VPC)[:1]:
                yield side.lacks(vpc, "VPC", "declare a RegionalNetwork there")


@stack_rule(
    description="The standby network spans as many zones as the other Region's.",
    remediation="Give both Regions as many zones.",
    page="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/use-fault-isolation-to-protect-your-workload.html",
    severity=Severity.MEDIUM,
)
def standby_zones(graph: ResourceGraph) -> Iterator[Finding]:
    """What was spread over three zones has to fit into those of the other Region."""
    for side in sides(graph):
        if not side.wants(side.standby.network):
            continue
        here, there = len(zones(side.here(aws.EC2_SUBNET))), len(zones(side.there(aws.EC2_SUBNET)))
        for vpc in side.here(aws.EC2_VPC)[:1]:
            if here < there:
                yield Finding(
                    vpc,
                    "",
                    f"subnets in {here} zones",
                    f"subnets in {there} zones, as in {side.other}: {side.why}",
                    f"name as many zones for {side.region} in haven:zones, and give each its subnets",
                )


@stack_rule(
    description="Private subnets reach the internet in the recovery Region from tier warm up, and wherever writes go.",
    remediation="Set nat of the Region's RegionalNetwork.",
    page="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
    severity=Severity.HIGH,
)
def standby_nat(graph: ResourceGraph) -> Iterator[Finding]:
    """That there is one for each zone is for another rule; this one asks whether there is any."""
    for side in sides(graph):
        if _has_network_without_nat(side) and side.wants(side.standby.nat):
            for gateway in side.there(aws.EC2_NAT_GATEWAY)[:1]:
                yield side.lacks(gateway, "NAT gateway", "set nat of that Region's RegionalNetwork")


def _has_network_without_nat(side: RegionSide) -> bool:
    return bool(side.here(aws.EC2_VPC)) and not side.here(aws.EC2_NAT_GATEWAY)
