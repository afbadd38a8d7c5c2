"""IAM roles that AWS services and pods assume."""

import pulumi
import pulumi_aws as aws

from haven_components.names import partition
from haven_components.shared.support import assume_role_policy


def service_role(name: str, description: str, trust: str, options: pulumi.ResourceOptions) -> aws.iam.Role:
    """A role whose name is also its tag.

    Args:
        name: of the role.
        description: what assumes it, and what for.
        trust: its trust policy, JSON.
        options: of the resource.
    """
    return aws.iam.Role(
        name, name=name, description=description, assume_role_policy=trust, tags={"Name": name}, opts=options
    )


def pod_trust(region: str, account_id: str, cluster: str) -> str:
    """The trust policy of a role for pods of one cluster: both actions, and no other cluster (EKS User Guide, pod
    identity roles; read 2026-11-21)."""
    return assume_role_policy(
        "pods.eks.amazonaws.com",
        actions=("sts:AssumeRole", "sts:TagSession"),
        account_id=account_id,
        source_arn=f"arn:{partition(region)}:eks:{region}:{account_id}:cluster/{cluster}",
    )
