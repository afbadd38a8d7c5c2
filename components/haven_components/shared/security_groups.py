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
    return aws.vpc.SecurityGroupIngressRule(name, **_rule(name, group, "Clients", cidr, port), opts=options)


def allow_into(
    name: str, group_id: pulumi.Input[str], *, whom: str, port: int, options: pulumi.ResourceOptions, **source: Any
) -> aws.ec2.SecurityGroupRule:
    """Let somebody into a security group that another service has created, on one TCP port.

    The older kind of rule: the newer one reads a group that it refers to back under the provider's own account id, and
    a provider that doesn't know it sees a change after every refresh (`haven/program/account_ids.py`).

    Args:
        name: of the rule.
        group_id: the security group that is opened.
        whom: who is let in, in words.
        port: the port.
        options: of the resource.
        source: `cidr_blocks` for networks, or `source_security_group_id` for members of another group of the VPC.
    """
    return aws.ec2.SecurityGroupRule(
        name,
        type="ingress",
        security_group_id=group_id,
        description=whom,
        protocol="tcp",
        from_port=port,
        to_port=port,
        **source,
        opts=options,
    )


def allow_out(
    name: str, group: aws.ec2.SecurityGroup, cidr: str, port: int, options: pulumi.ResourceOptions
) -> aws.vpc.SecurityGroupEgressRule:
    """Let traffic out to targets of one network, on one TCP port."""
    return aws.vpc.SecurityGroupEgressRule(name, **_rule(name, group, "Targets", cidr, port), opts=options)


def _rule(name: str, group: aws.ec2.SecurityGroup, description: str, cidr: str, port: int) -> dict[str, Any]:
    return {
        "security_group_id": group.id,
        "description": description,
        "cidr_ipv4": cidr,
        "ip_protocol": "tcp",
        "from_port": port,
        "to_port": port,
        "tags": {"Name": name},
    }
