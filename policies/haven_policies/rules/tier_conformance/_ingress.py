"""What a standby has of ingress and egress: load balancers, firewalls, endpoints of AWS services."""

from collections.abc import Iterator

from haven.model import endpoints
from haven.model.tiers import EndpointStandby
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._sides import RegionSide, sides

_BALANCERS = (aws.LB_LOAD_BALANCER, aws.ALB_LOAD_BALANCER)
_PARTS = {
    aws.LB_LISTENER: "listener",
    aws.ALB_LISTENER: "listener",
    aws.LB_TARGET_GROUP: "target group",
    aws.ALB_TARGET_GROUP: "target group",
}
_FIREWALLS = {
    aws.WAFV2_WEB_ACL: "web ACL",
    aws.WAFV2_WEB_ACL_ASSOCIATION: "web ACL association",
}
_WAF = "https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html"
_PRIVATELINK = "https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html"


@stack_rule(
    description="Where a standby network exists, so do the other Region's load balancers, listeners and target groups.",
    remediation="Declare an EdgeBalancer in both Regions.",
    page="https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/static-stability.html",
    severity=Severity.CRITICAL,
)
def standby_balancer(graph: ResourceGraph) -> Iterator[Finding]:
    """Records that lead to a Region lead to its balancer: to make one in a disaster takes a control plane."""
    for side in sides(graph):
        lost = list(_lost(side, *_BALANCERS))
        for balancer in lost:
            yield side.lacks(balancer, "load balancer", "declare an EdgeBalancer there")
        if not lost:
            for part in _lost(side, *_PARTS):
                yield side.lacks(part, _PARTS[part.type], "declare it there, as EdgeBalancer does")


@stack_rule(
    description="What a firewall guards in one Region it guards in the other.",
    remediation="Declare an EdgeBalancer with its firewall in both Regions.",
    page=_WAF,
    severity=Severity.HIGH,
)
def standby_firewall(graph: ResourceGraph) -> Iterator[Finding]:
    """A failover is the worst hour to be without one. If the balancer itself is missing, only that is reported."""
    for side in sides(graph):
        if not any(_lost(side, *_BALANCERS)):
            for each in _lost(side, *_FIREWALLS):
                yield side.lacks(each, _FIREWALLS[each.type], "declare it there, as EdgeBalancer does")


@stack_rule(
    description="The standby network has the other one's endpoints of AWS services; in pilot-light, those of a start.",
    remediation="Give both RegionalNetworks the same endpoints, those in haven.model.endpoints.TO_START at the least.",
    page=_PRIVATELINK,
    severity=Severity.HIGH,
)
def standby_endpoints(graph: ResourceGraph) -> Iterator[Finding]:
    """What reaches a service without the internet here looks for the same way there."""
    for side in sides(graph):
        least = side.standby.endpoints is EndpointStandby.START and not side.serves
        for endpoint in _lost(side, aws.EC2_VPC_ENDPOINT):
            if least and not _needed_to_start(endpoint):
                continue
            yield side.lacks(endpoint, "endpoint of this service", "give that RegionalNetwork the same endpoints")


def _needed_to_start(endpoint: Resource) -> bool:
    """A gateway endpoint costs nothing, so a standby has it, too."""
    service = str(endpoint.inputs.get("serviceName"))
    return endpoint.inputs.get("vpcEndpointType") == "Gateway" or service.endswith(
        tuple(f".{each}" for each in endpoints.TO_START)
    )


def _lost(side: RegionSide, *types: str) -> Iterator[Resource]:
    """What the other Region has and this one, with a network of its own, has not."""
    if side.wants(side.standby.network) and side.here(aws.EC2_VPC):
        yield from (each for each in side.there(*types) if side.counterparts.of(each) is None)
