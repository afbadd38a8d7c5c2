"""A cluster's add-ons at pinned versions, and the roles that they take through pod identity."""

import json
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from haven_components.cluster._node_groups import GPU_TOLERATION
from haven_components.names import partition
from haven_components.shared.roles import PodAccount, pod_association, pod_trust
from haven_components.shared.support import policy_document

ON_EVERY_NODE = ("eks-node-monitoring-agent", "eks-pod-identity-agent", "kube-proxy", "vpc-cni")
"""Add-ons that only have a pod on each node: ready without nodes, and a node is not ready without them, so they come
before the nodes."""

ON_SYSTEM_NODES = ("aws-ebs-csi-driver", "coredns", "metrics-server")
"""Add-ons with pods that must find a node: without one they stay degraded until their creation times out, so they
come after the system nodes."""

CONTAINER_INSIGHTS = "amazon-cloudwatch-observability"
"""Optional: without it CloudWatch has no data of pods, nodes and GPUs."""

SECRETS_STORE = "aws-secrets-store-csi-driver-provider"
"""Optional: with it pods mount secrets, as a `ClusterAccess` declares them."""

_SETTINGS: dict[str, object] = {
    # Its GPU monitor tolerates no taint by default, and a GPU node without it counts as unhealthy (chart of
    # aws/eks-node-monitoring-agent 1.7.0; aws/containers-roadmap#2567; both read 2026-11-21).
    "eks-node-monitoring-agent": {"dcgmAgent": {"tolerations": [GPU_TOLERATION]}},
    # Without it NetworkPolicy objects are accepted and enforced by nothing; the value is a text (EKS User Guide,
    # configure your cluster for Kubernetes network policies; read 2026-11-26).
    "vpc-cni": {"enableNetworkPolicy": "true"},
    # The provider tolerates no taint by default, its driver all of them; Kubernetes Secrets are for environment
    # variables (values.yaml of both charts; secrets-store-csi-driver-provider-aws#267; both read 2026-11-26).
    SECRETS_STORE: {
        "tolerations": [GPU_TOLERATION],
        "secrets-store-csi-driver": {
            "enableSecretRotation": True,
            "rotationPollInterval": "2m",
            "syncSecret": {"enabled": True},
        },
    },
}


class ClusterAddons:
    """Makes the add-ons of one cluster."""

    def __init__(
        self,
        parent: pulumi.Resource,
        cluster: str,
        cluster_name: pulumi.Output[str],
        *,
        region: str,
        account_id: str,
        versions: Mapping[str, str],
        kms_key_arn: pulumi.Input[str],
    ) -> None:
        self._parent = parent
        self._cluster = cluster
        self._cluster_name = cluster_name
        self._region = region
        self._account_id = account_id
        self._versions = versions
        self._kms_key_arn = kms_key_arn

    def before_nodes(self) -> list[pulumi.Resource]:
        """The add-ons that nodes need from their first minute."""
        network = self._identity("vpc-cni", "cni", "aws-node", "AmazonEKS_CNI_Policy")
        # A pod takes an association only if it existed before the pod.
        return [self._addon(each, network if each == "vpc-cni" else []) for each in ON_EVERY_NODE]

    def after_nodes(self, system_nodes: pulumi.Resource) -> None:
        """The add-ons that run on system nodes, and any that the caller named beyond the required ones."""
        volumes = self._identity(
            "aws-ebs-csi-driver", "ebs-csi", "ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy"
        )
        needs = {"aws-ebs-csi-driver": volumes}
        if CONTAINER_INSIGHTS in self._versions:
            # As AWS's own set-up does it (CloudWatch User Guide, add-on with pod identity; read 2026-11-21).
            needs[CONTAINER_INSIGHTS] = self._identity(
                CONTAINER_INSIGHTS,
                "cloudwatch",
                "cloudwatch-agent",
                "CloudWatchAgentServerPolicy",
                namespace="amazon-cloudwatch",
            )
        for addon in sorted({*ON_SYSTEM_NODES, *self._versions} - set(ON_EVERY_NODE)):
            self._addon(addon, [system_nodes, *needs.get(addon, [])])

    def _addon(self, addon: str, after: Sequence[pulumi.Resource]) -> aws.eks.Addon:
        settings = _SETTINGS.get(addon)
        return aws.eks.Addon(
            f"{self._cluster}-{addon}",
            cluster_name=self._cluster_name,
            addon_name=addon,
            addon_version=self._versions.get(addon),
            configuration_values=json.dumps(settings, sort_keys=True) if settings else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags={"Name": f"{self._cluster}-{addon}"},
            opts=pulumi.ResourceOptions(parent=self._parent, depends_on=list(after)),
        )

    def _identity(
        self, addon: str, suffix: str, service_account: str, managed_policy: str, *, namespace: str = "kube-system"
    ) -> list[pulumi.Resource]:
        """A role for an add-on's service account; returns what must exist before the add-on's pods start."""
        logical = f"{self._cluster}-{suffix}"
        role = aws.iam.Role(
            logical,
            name=logical,
            description=f"Pods of {addon} in cluster {self._cluster}",
            assume_role_policy=pod_trust(self._region, self._account_id, self._cluster),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )
        attached = aws.iam.RolePolicyAttachment(
            logical,
            role=role.name,
            policy_arn=f"arn:{partition(self._region)}:iam::aws:policy/{managed_policy}",
            opts=pulumi.ResourceOptions(parent=self._parent),
        )
        pods = PodAccount(self._cluster_name, namespace, service_account)
        association = pod_association(logical, role, pods, pulumi.ResourceOptions(parent=self._parent))
        extra = [self._volume_key(logical, role)] if addon == "aws-ebs-csi-driver" else []
        return [association, attached, *extra]

    def _volume_key(self, logical: str, role: aws.iam.Role) -> aws.iam.RolePolicy:
        """Volumes of pods may be encrypted with the cluster's key (aws-ebs-csi-driver, driver options for KMS, read
        2026-11-21)."""
        use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        return aws.iam.RolePolicy(
            logical,
            name=f"{logical}-key",
            role=role.name,
            policy=policy_document(
                {"Effect": "Allow", "Action": use, "Resource": [self._kms_key_arn]},
                {
                    "Effect": "Allow",
                    "Action": ["kms:CreateGrant"],
                    "Resource": [self._kms_key_arn],
                    "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
                },
            ),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )
