"""The interface endpoints of a network."""

import pulumi
import pulumi_aws as aws

INTERFACE_ENDPOINTS = (
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "secretsmanager",
    "sqs",
    "ssm",
    "sts",
)
"""What a cluster without a way to the internet asks for (EKS User Guide, private clusters, read 2026-11-21), and what
the systems on it use: keys, secrets, parameters and queues."""


def security_group(
    component: pulumi.Resource, name: str, vpc_id: pulumi.Output[str], cidr: str
) -> aws.ec2.SecurityGroup:
    """The group of all interface endpoints: HTTPS from the network."""
    logical = f"{name}-endpoints"
    here = pulumi.ResourceOptions(parent=component)
    group = aws.ec2.SecurityGroup(
        logical,
        name=logical,
        description="AWS services reached from inside the network",
        vpc_id=vpc_id,
        tags={"Name": logical},
        opts=here,
    )
    aws.vpc.SecurityGroupIngressRule(
        logical,
        security_group_id=group.id,
        description="HTTPS from the network",
        cidr_ipv4=cidr,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        tags={"Name": logical},
        opts=here,
    )
    return group
