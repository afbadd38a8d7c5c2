"""The identity with which the AWS Load Balancer Controller puts pods into target groups that exist already."""

from collections.abc import Sequence

import pulumi

from haven_components.names import BALANCER_CONTROLLER, partition
from haven_components.shared.roles import PodAccount, pod_role, pod_trust

READS = (
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)
"""What binding a target group reads; none of it can be limited to one resource (Service Authorization Reference, EC2
and ELB V2; installation guide of the controller, IAM permissions; read 2026-11-26)."""

WRITES = ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")


def register_targets(
    parent: pulumi.Resource,
    cluster: str,
    cluster_name: pulumi.Output[str],
    *,
    region: str,
    account_id: str,
    target_groups: Sequence[str],
) -> None:
    """A role for the controller's service account: it registers pods in these target groups and creates nothing.

    Load balancers, listeners and rules of security groups belong to the program, so the controller needs no permission
    for them, and Ingress objects get no load balancer.
    """
    namespace, service_account = BALANCER_CONTROLLER
    prefix = f"arn:{partition(region)}:elasticloadbalancing:{region}:{account_id}:targetgroup"
    pod_role(
        f"{cluster}-targets",
        f"Registers pods of cluster {cluster} in target groups",
        pod_trust(region, account_id, cluster),
        [
            {"Sid": "FindTargets", "Effect": "Allow", "Action": list(READS), "Resource": "*"},
            {
                "Sid": "RegisterTargets",
                "Effect": "Allow",
                "Action": list(WRITES),
                "Resource": [f"{prefix}/{each}/*" for each in target_groups],
            },
        ],
        PodAccount(cluster_name, namespace, service_account),
        options=pulumi.ResourceOptions(parent=parent),
    )
