"""The AWS rights of a workload's pods, through EKS Pod Identity."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

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
    if isinstance(cluster_name, str):
        trust: pulumi.Input[str] = pod_trust(region, account_id, cluster_name)
    else:
        known: pulumi.Output[str] = pulumi.Output.from_input(cluster_name)
        trust = known.apply(lambda name: pod_trust(region, account_id, name))
    return pod_role(
        name,
        f"Pods of {service_account} in namespace {namespace}",
        trust,
        statements,
        PodAccount(cluster_name, namespace, service_account),
        options=pulumi.ResourceOptions(parent=parent),
        permissions_boundary=permissions_boundary,
    )
