"""Security groups and their rules."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.shared import sdk

sdk.load(aws.ec2)

ChildOptions = Callable[[], pulumi.ResourceOptions]
"""Makes the options of one child."""


def client_access(
    name: str, *, vpc_id: pulumi.Input[str], port: int, cidrs: Sequence[str], options: ChildOptions
) -> aws.ec2.SecurityGroup:
    """A security group that lets these networks in on one port, and nothing out."""
    group = aws.ec2.SecurityGroup(
        f"{name}-clients",
        name=f"{name}-clients",
        description=f"Clients of {name}",
        vpc_id=vpc_id,
        tags={"Name": f"{name}-clients"},
        opts=options(),
    )
    for cidr in cidrs:
        allow_in(f"{name}-from-{cidr_label(cidr)}", group, cidr, port, options())
    return group


def cidr_label(cidr: str) -> str:
    """A network as part of a name: `10-40-0-0-16`."""
    return re.sub(r"[./]", "-", cidr)


def allow_in(
    name: str, group: aws.ec2.SecurityGroup, cidr: str, port: int, options: pulumi.ResourceOptions
) -> aws.vpc.SecurityGroupIngressRule:
    """Let clients of one network in, on one TCP port."""
    return allow_network_in(name, group.id, whom="Clients", cidr=cidr, port=port, options=options)


def allow_network_in(
    name: str, group_id: pulumi.Input[str], *, whom: str, cidr: str, port: int, options: pulumi.ResourceOptions
) -> aws.vpc.SecurityGroupIngressRule:
    """Let a network into a security group that something else has created, on one TCP port; `whom` describes it."""
    return aws.vpc.SecurityGroupIngressRule(name, **_rule(name, group_id, whom, port, cidr_ipv4=cidr), opts=options)


def allow_group_in(
    name: str,
    group_id: pulumi.Input[str],
    *,
    whom: str,
    members_of: pulumi.Input[str],
    port: int,
    options: pulumi.ResourceOptions,
) -> aws.vpc.SecurityGroupIngressRule:
    """Let the members of one security group into another one of the same VPC, on one TCP port."""
    rule = _rule(name, group_id, whom, port, referenced_security_group_id=members_of)
    return aws.vpc.SecurityGroupIngressRule(name, **rule, opts=options)


def allow_out(
    name: str, group: aws.ec2.SecurityGroup, cidr: str, port: int, options: pulumi.ResourceOptions
) -> aws.vpc.SecurityGroupEgressRule:
    """Let traffic out to targets of one network, on one TCP port."""
    rule = _rule(name, group.id, "Targets", port, cidr_ipv4=cidr)
    return aws.vpc.SecurityGroupEgressRule(name, **rule, opts=options)


def _rule(
    name: str, group_id: pulumi.Input[str], description: str, port: int, **source: pulumi.Input[str]
) -> dict[str, Any]:
    return {
        "security_group_id": group_id,
        "description": description,
        **source,
        "ip_protocol": "tcp",
        "from_port": port,
        "to_port": port,
        "tags": {"Name": name},
    }
