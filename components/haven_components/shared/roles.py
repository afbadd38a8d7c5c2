"""IAM roles that AWS services and pods assume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.names import partition
from haven_components.shared.support import assume_role_policy, policy_document


@dataclass(frozen=True)
class PodAccount:
    """The Kubernetes service account whose pods take a role."""

    cluster_name: pulumi.Input[str]
    namespace: str
    service_account: str


@dataclass(frozen=True)
class PodIdentity:
    """A role that pods take."""

    role: aws.iam.Role
    ready: list[pulumi.Resource]
    """What has to be there before the pods start: a pod takes an association only if it existed before the pod (EKS
    User Guide, pod identity associations; read 2026-11-21), and took effect."""


def service_role(
    name: str,
    description: str,
    trust: pulumi.Input[str],
    options: pulumi.ResourceOptions,
    *,
    permissions_boundary: pulumi.Input[str] | None = None,
) -> aws.iam.Role:
    """A role whose name is also its tag.

    Args:
        name: of the role.
        description: what assumes it, and what for.
        trust: its trust policy, JSON.
        options: of the resource.
        permissions_boundary: ARN of the policy beyond which the role can do nothing. Omitted: none.
    """
    return aws.iam.Role(
        name,
        name=name,
        description=description,
        assume_role_policy=trust,
        permissions_boundary=permissions_boundary,
        tags={"Name": name},
        opts=options,
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


def pod_association(
    logical: str, role: aws.iam.Role, pods: PodAccount, options: pulumi.ResourceOptions, *, label: str = ""
) -> aws.eks.PodIdentityAssociation:
    """The pods of a service account take a role.

    Args:
        logical: the resource's name.
        role: what they take.
        pods: which pods.
        options: of the resource.
        label: its tag `Name`. Omitted: `logical`.
    """
    return aws.eks.PodIdentityAssociation(
        logical,
        cluster_name=pods.cluster_name,
        namespace=pods.namespace,
        service_account=pods.service_account,
        role_arn=role.arn,
        tags={"Name": label or logical},
        opts=options,
    )


def pod_role(
    name: str,
    description: str,
    trust: pulumi.Input[str],
    statements: Sequence[Mapping[str, Any]],
    pods: PodAccount,
    *,
    options: pulumi.ResourceOptions,
    permissions_boundary: pulumi.Input[str] | None = None,
    guards: Sequence[pulumi.Resource] = (),
) -> PodIdentity:
    """A role with one policy, for the pods of one service account.

    Args:
        name: of role and policy, and of all three resources.
        description: what takes the role, and what for.
        trust: `pod_trust` of the cluster.
        statements: of the policy; each may hold outputs. Without any the role can do nothing, and has no policy.
        pods: which pods take it.
        options: of all three resources.
        permissions_boundary: ARN of the policy beyond which the role can do nothing. Omitted: none.
        guards: what the association comes after, and the pods too. Omitted: nothing.
    """
    role = service_role(name, description, trust, options, permissions_boundary=permissions_boundary)
    ready: list[pulumi.Resource] = [*guards]
    if statements:
        document = policy_document(*statements)
        ready.append(aws.iam.RolePolicy(name, name=name, role=role.name, policy=document, opts=options))
    after = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[*guards]))
    ready.append(pod_association(name, role, pods, after))
    return PodIdentity(role, ready)
