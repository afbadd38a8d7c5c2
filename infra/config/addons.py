"""EKS add-on versions that Haven ships, so that nothing is looked up."""

from collections.abc import Mapping

NAMES = (
    "aws-ebs-csi-driver",
    "coredns",
    "eks-node-monitoring-agent",
    "eks-pod-identity-agent",
    "kube-proxy",
    "metrics-server",
    "vpc-cni",
)

CONTAINER_INSIGHTS = "amazon-cloudwatch-observability"
"""By choice, by pinning its version: it sends metrics of pods, nodes and GPUs to CloudWatch, at a price for each."""

KNOWN = tuple(sorted((*NAMES, CONTAINER_INSIGHTS)))

SHIPPED: dict[str, dict[str, str]] = {
    "1.33": {
        "aws-ebs-csi-driver": "v1.50.1-eksbuild.1",
        "coredns": "v1.12.4-eksbuild.1",
        "eks-node-monitoring-agent": "v1.4.0-eksbuild.2",
        "eks-pod-identity-agent": "v1.3.8-eksbuild.2",
        "kube-proxy": "v1.33.3-eksbuild.6",
        "metrics-server": "v0.8.0-eksbuild.2",
        "vpc-cni": "v1.20.2-eksbuild.1",
    },
}
"""Kubernetes version -> add-on -> version. Versions that others run together on that Kubernetes version (public
configurations, read 2026-11-21); `aws eks describe-addon-versions` names the newest."""


def pinned(kubernetes_version: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """The version of every add-on: the stack's own choice over the shipped one."""
    return {**SHIPPED.get(kubernetes_version, {}), **chosen}


def missing(kubernetes_version: str, chosen: Mapping[str, str]) -> list[str]:
    """The add-ons that have no version yet."""
    return sorted(set(NAMES) - pinned(kubernetes_version, chosen).keys())
