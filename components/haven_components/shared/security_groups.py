"""Security groups."""

import re
from collections.abc import Callable, Sequence

import pulumi
import pulumi_aws as aws

from haven_components.shared import sdk

sdk.load(aws.ec2)

ChildOptions = Callable[[], pulumi.ResourceOptions]


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
        label = f"{name}-from-{re.sub(r'[./]', '-', cidr)}"
        aws.vpc.SecurityGroupIngressRule(
            label,
            security_group_id=group.id,
            description="Clients",
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags={"Name": label},
            opts=options(),
        )
    return group
