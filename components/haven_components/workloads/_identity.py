"""The AWS rights of a workload's pods, through EKS Pod Identity."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from haven_components.names import partition
from haven_components.shared.roles import PodAccount, PodIdentity, pod_role, pod_trust

MOST_ROLE_NAME_CHARACTERS = 64
"""Of an IAM role's name (IAM quotas, read 2026-11-21)."""


def pod_identity(
    parent: pulumi.Resource,
    name: str,
    *,
    namespace: str,
    service_account: str,
    cluster_name: pulumi.Input[str],
    region: str,
    account_id: str,
    statements: Sequence[Mapping[str, Any]],
    permissions_boundary: pulumi.Input[str] | None = None,
) -> PodIdentity:
    """A role that the pods of one service account in one cluster take, its policy, and the association of both.

    The AWS provider is the parent's. Whatever starts the pods depends on `ready` of the result.

    Args:
        parent: the component.
        name: of the role, which the account has once for both Regions: it contains the Region's code. At most 64
            characters.
        namespace: the service account's namespace.
        service_account: the service account, which doesn't have to exist yet.
        cluster_name: the EKS cluster.
        region: the cluster's Region.
        account_id: the AWS account.
        statements: what the pods may do, as statements of an IAM policy; each may hold outputs.
        permissions_boundary: ARN of the policy beyond which the role can do nothing. Omitted: none.
    """
    cluster: pulumi.Output[str] = pulumi.Output.from_input(cluster_name)
    return pod_role(
        name,
        f"Pods of {service_account} in namespace {namespace}",
        cluster.apply(lambda known: pod_trust(region, account_id, known)),
        statements,
        PodAccount(cluster_name, namespace, service_account),
        options=pulumi.ResourceOptions(parent=parent),
        permissions_boundary=permissions_boundary,
    )


def bucket_arn(region: str, bucket: pulumi.Input[str]) -> pulumi.Output[str]:
    """ARN of a bucket, for the statements of a policy.

    Args:
        region: a Region of its partition.
        bucket: its name.
    """
    return pulumi.Output.concat(f"arn:{partition(region)}:s3:::", bucket)
