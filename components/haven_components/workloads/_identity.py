"""The AWS rights of a workload's pods, through EKS Pod Identity.

EKS writes a pod's credentials into it while it is created, and never later; an association takes effect some seconds
after AWS has accepted it, and no API tells when (EKS API, CreatePodIdentityAssociation; aws/containers-roadmap, issue
2507; read 2026-11-26). A pod of those seconds would stay without credentials through every restart of its containers.
No order of resources and no waiting time is sure to outlast them, so the API server refuses such pods: whatever starts
them tries again until EKS gives them credentials.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.names import partition
from haven_components.shared.roles import PodAccount, PodIdentity, pod_role, pod_trust

MOST_ROLE_NAME_CHARACTERS = 64
"""Of an IAM role's name (IAM quotas, read 2026-11-21)."""
CREDENTIALS = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
"""Environment variable with which EKS gives a pod its credentials (EKS User Guide, how EKS Pod Identity works; read
2026-11-26)."""


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
    """A role that the pods of one service account in one cluster take, its policy, the association of both, and what
    refuses pods that come before the association takes effect.

    The providers are the parent's. Whatever starts the pods depends on `ready` of the result.

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
        guards=[identity_guard(parent, name, namespace, service_account)],
    )


def identity_guard(parent: pulumi.Resource, name: str, namespace: str, service_account: str) -> pulumi.Resource:
    """The API server refuses a new pod of a service account without credentials. It asks no program, so nothing of it
    can be away; a rule takes effect within about two seconds, so it comes before the association.

    Args:
        parent: the component.
        name: what the two resources are named after.
        namespace: the service account's namespace.
        service_account: the service account, whose pods EKS gives credentials.

    Returns:
        What has to be there before the association, or before the service account.
    """
    full = f"{namespace}.{service_account}"
    here = pulumi.ResourceOptions(parent=parent)
    metadata: Any = {"name": full, "labels": {"app.kubernetes.io/managed-by": "haven"}}
    pods = {"api_groups": [""], "api_versions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    spec: Any = {
        "failure_policy": "Fail",
        "match_constraints": {
            "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}},
            "resource_rules": [pods],
        },
        "match_conditions": [
            {"name": "service-account", "expression": f"object.spec.serviceAccountName == '{service_account}'"}
        ],
        "validations": [
            {
                # EKS writes into all containers or into none; others may add containers of their own afterwards.
                "expression": "object.spec.containers.exists(each, has(each.env) && each.env.exists(one, "
                f"one.name == '{CREDENTIALS}'))",
                "message": f"EKS gives {full} no credentials yet: its pod identity association takes effect some "
                "seconds after it is made, and then this pod is created",
            }
        ],
    }
    policy = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
        f"{name}-guard", metadata=metadata, spec=spec, opts=here
    )
    bound: Any = {"policy_name": full, "validation_actions": ["Deny"]}
    binding: pulumi.Resource = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
        f"{name}-guarded",
        metadata=metadata,
        spec=bound,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy]),
    )
    return binding


def bucket_arn(region: str, bucket: pulumi.Input[str]) -> pulumi.Output[str]:
    """ARN of a bucket, for the statements of a policy.

    Args:
        region: a Region of its partition.
        bucket: its name.
    """
    return pulumi.Output.concat(f"arn:{partition(region)}:s3:::", bucket)
