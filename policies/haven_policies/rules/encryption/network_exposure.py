"""Network exposure: listeners, queues' policies, security groups, clusters' endpoints, instances."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.documents import RESOURCE, denies_without_tls, statements
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.property_rules import Property, each_of, one_of, property_rule, where
from haven_policies.rules.ranges import is_internet
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.routes import public_subnets
from haven_policies.rules.values import has_unknown, in_words, is_list, is_true, is_unknown, value_at

_BALANCERS = (aws.ALB_LOAD_BALANCER, aws.LB_LOAD_BALANCER)
_LISTENERS = (aws.ALB_LISTENER, aws.LB_LISTENER)

_STRONG = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-")
"""Security policies with nothing older than TLS 1.2 (Elastic Load Balancing User Guide, security policies; read
2026-11-21)."""


def _only_redirects(listener: Resource) -> bool:
    actions = [value_at(listener.inputs, path) for path in each_of(listener, "defaultActions")]
    return bool(actions) and all(
        one_of("redirect")(value_at(each, "type")) and one_of("HTTPS")(value_at(each, "redirect.protocol"))
        for each in actions
    )


# Where no policy is named, the balancer takes TLS 1.0.
listener_demands_tls = property_rule(
    "encryption/listener-demands-tls",
    Property(
        _LISTENERS,
        "protocol",
        lambda protocol: protocol != "HTTP",
        '"HTTPS", or a redirect to it',
        "redirect to HTTPS, or listen with HTTPS",
        lambda listener: not _only_redirects(listener),
    ),
    Property(
        _LISTENERS,
        "sslPolicy",
        lambda policy: is_unknown(policy) or _STRONG.match(str(policy)) is not None,
        "a policy with TLS 1.2 and newer only",
        "name ELBSecurityPolicy-TLS13-1-2-Res-2021-06 or a newer one",
        where("protocol", "HTTPS", "TLS"),
    ),
    description="A load balancer's listener speaks TLS 1.2 or newer; plain HTTP is only sent on to HTTPS.",
    remediation="Use HTTPS with a policy such as ELBSecurityPolicy-TLS13-1-2-Res-2021-06, and redirect HTTP to it.",
    page="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    severity=Severity.HIGH,
)


@stack_rule(
    description="Every queue refuses requests without TLS.",
    remediation="Deny sqs:* to everybody where aws:SecureTransport is false.",
    page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
    severity=Severity.MEDIUM,
)
def queue_demands_tls(graph: ResourceGraph) -> Iterator[Finding]:
    """The endpoints of SQS answer plain HTTP too."""
    for queue in graph.of(aws.SQS_QUEUE):
        policies = [queue, *_policies_of(graph, queue, aws.SQS_QUEUE_POLICY, "queueUrl")]
        yield from _answering_plainly(queue, policies, "sqs:*", "SQS:*")


@stack_rule(
    description="Every topic refuses messages that come without TLS.",
    remediation="Deny sns:Publish to everybody where aws:SecureTransport is false.",
    page="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
    severity=Severity.MEDIUM,
)
def topic_demands_tls(graph: ResourceGraph) -> Iterator[Finding]:
    """The endpoints of SNS answer plain HTTP too."""
    for topic in graph.of(aws.SNS_TOPIC):
        policies = [topic, *_policies_of(graph, topic, aws.SNS_TOPIC_POLICY, "arn")]
        yield from _answering_plainly(topic, policies, "sns:Publish", "SNS:Publish", "sns:*", "SNS:*")


def _policies_of(graph: ResourceGraph, record: Resource, type_: str, path: str) -> list[Resource]:
    """The policies that name a resource, and those that may: what they name isn't known yet."""
    return [each for each in graph.of(type_) if graph.may_name(each, path, record)]


def _answering_plainly(record: Resource, policies: Sequence[Resource], *actions: str) -> Iterator[Finding]:
    """What is wrong where none of the policies denies one of these actions without TLS."""
    unreadable = any(str(value_at(each.inputs, "policy")).startswith("@@") for each in policies)
    found = (each for policy in policies for each in statements(policy, RESOURCE))
    if not (unreadable or any(denies_without_tls(each, *actions) for each in found)):
        allowed = f"a statement that denies {actions[0]} to everybody where aws:SecureTransport is false"
        yield Finding(record, "policy", "no policy that refuses requests without TLS", allowed, "add it to the policy")


@stack_rule(
    description="Instances and nodes have no public address.",
    remediation="Put them into private subnets, without associatePublicIpAddress.",
    page="https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html",
    severity=Severity.HIGH,
)
def instance_without_public_address(graph: ResourceGraph) -> Iterator[Finding]:
    """What is reached through a load balancer needs none."""
    types = (
        aws.EC2_INSTANCE,
        aws.EC2_LAUNCH_CONFIGURATION,
        aws.EC2_LAUNCH_TEMPLATE,
    )
    for each in graph.of(*types):
        bases = ["", *(f"{path}." for path in each_of(each, "networkInterfaces"))]
        for base in bases:
            if is_true(value_at(each.inputs, f"{base}associatePublicIpAddress")):
                yield against(each, f"{base}associatePublicIpAddress", "false", "remove the public address")
    public = public_subnets(graph)
    for group in graph.of(aws.EKS_NODE_GROUP):
        subnets = graph.referred(value_at(group.inputs, "subnetIds"))
        giving = [each.name for each in subnets if is_true(value_at(each.inputs, "mapPublicIpOnLaunch"))]
        outside = [each.name for each in subnets if each.urn in public]
        if giving:
            got = f"{', '.join(giving)}: every instance there gets a public address"
            yield Finding(group, "subnetIds", got, "subnets without mapPublicIpOnLaunch", "use private subnets")
        elif outside:
            got = f"{', '.join(outside)}: a default route there leads to an internet gateway"
            yield Finding(
                group, "subnetIds", got, "subnets with a route to a NAT gateway, or none", "use private subnets"
            )


_PORTS = {("tcp", "80"), ("tcp", "443"), ("6", "80"), ("6", "443"), ("udp", "443"), ("17", "443")}
"""What a public load balancer may take from anywhere: HTTP, to send it on, and HTTPS in all its versions."""


@stack_rule(
    description="Nothing is open to the whole internet but ports 80 and 443 of a public load balancer.",
    remediation="Name the ranges or the security groups that have to come in.",
    page="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    severity=Severity.CRITICAL,
)
def security_group_not_open(graph: ResourceGraph) -> Iterator[Finding]:
    """What everybody can reach, everybody tries."""
    balancers = graph.of(*_BALANCERS)
    faces = {group.urn for balancer in balancers for group in _groups_of(graph, balancer)}
    unsure = any(_is_open(graph, each) for each in balancers)
    for record, group, base in _ingress(graph):
        wide = _wide(record, base)
        faced = unsure or (group is not None and group.urn in faces)
        if wide is not None and not (faced and _web(record, base)):
            ports = in_words(value_at(record.inputs, f"{base}fromPort"))
            got = f"{in_words(value_at(record.inputs, wide))} from port {ports}"
            allowed = "ranges of your own; from anywhere only to ports 80 and 443 of a public load balancer"
            yield Finding(record, wide, got, allowed, "name who has to come in")


def _groups_of(graph: ResourceGraph, balancer: Resource) -> list[Resource]:
    """The security groups of a load balancer that faces the internet."""
    internal = is_true(value_at(balancer.inputs, "internal"))
    return [] if internal else graph.referred(value_at(balancer.inputs, "securityGroups"))


def _is_open(graph: ResourceGraph, balancer: Resource) -> bool:
    """Whether it isn't known yet which security groups a load balancer has."""
    groups = value_at(balancer.inputs, "securityGroups")
    return has_unknown(groups) and not graph.referred(groups)


def _ingress(graph: ResourceGraph) -> Iterator[tuple[Resource, Resource | None, str]]:
    """Every rule for what comes in: where it is declared, for which group, and below which path."""
    for group in graph.of(aws.EC2_SECURITY_GROUP, aws.EC2_DEFAULT_SECURITY_GROUP):
        yield from ((group, group, f"{path}.") for path in each_of(group, "ingress"))
    for rule in graph.of(aws.VPC_SECURITY_GROUP_INGRESS_RULE):
        yield rule, graph.target(value_at(rule.inputs, "securityGroupId")), ""
    for rule in graph.of(aws.EC2_SECURITY_GROUP_RULE):
        if value_at(rule.inputs, "type") == "ingress":
            yield rule, graph.target(value_at(rule.inputs, "securityGroupId")), ""


def _wide(record: Resource, base: str) -> str | None:
    """The property that lets everybody in, if one does."""
    paths = (f"{base}{name}" for name in ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks"))
    return next((path for path in paths if is_internet(_listed(value_at(record.inputs, path)))), None)


def _listed(value: Any) -> Sequence[Any]:
    return value if is_list(value) else [value]


def _web(record: Resource, base: str) -> bool:
    protocol = value_at(record.inputs, f"{base}ipProtocol") or value_at(record.inputs, f"{base}protocol")
    first, last = value_at(record.inputs, f"{base}fromPort"), value_at(record.inputs, f"{base}toPort")
    port = f"{first:g}" if isinstance(first, int | float) else str(first)  # Pulumi hands whole numbers over as 443.0.
    return first == last and (str(protocol), port) in _PORTS
