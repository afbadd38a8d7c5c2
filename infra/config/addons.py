"""The add-ons of every cluster, and their versions, so that nothing is looked up."""

from collections.abc import Mapping

from haven.model import kubernetes

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

SECRETS_STORE = "aws-secrets-store-csi-driver-provider"
"""Mounts secrets in pods: on the Kubernetes versions for which Haven ships a version of it, or by pinning one."""

KUBE_STATE_METRICS = "kube-state-metrics"
"""By choice, by pinning its version: Prometheus knows pods, Jobs and nodes by its metrics."""

MOUNTPOINT = "aws-mountpoint-s3-csi-driver"
"""By choice, by pinning its version: servers of models with `loader: mountpoint` read their weights through it."""

KNOWN = tuple(sorted((*NAMES, CONTAINER_INSIGHTS, KUBE_STATE_METRICS, MOUNTPOINT, SECRETS_STORE)))


def pinned(kubernetes_version: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """The version of every add-on that has one: the stack's own choice over what Haven ships."""
    return {**kubernetes.addon_versions().get(kubernetes_version, {}), **chosen}


def unpinned(kubernetes_version: str, chosen: Mapping[str, str]) -> list[str]:
    """The add-ons without a version, which EKS installs at its default for the Kubernetes version."""
    return sorted(set(NAMES) - pinned(kubernetes_version, chosen).keys())


def notes(kubernetes_version: str, chosen: Mapping[str, str], *, prometheus: bool = False) -> list[str]:
    """What a plan says of add-ons without a version, and of the one that Prometheus needs."""
    found = []
    if prometheus and KUBE_STATE_METRICS not in pinned(kubernetes_version, chosen):
        found.append(
            f"haven:watch.prometheus without the add-on {KUBE_STATE_METRICS}: alerts on pods and nodes stay silent;"
            " pin it in haven:cluster.addons (aws eks describe-addon-versions --kubernetes-version"
            f" {kubernetes_version} --addon-name {KUBE_STATE_METRICS})"
        )
    without = unpinned(kubernetes_version, chosen)
    if not without:
        return found
    return [
        *found,
        f"Haven ships no add-on versions for Kubernetes {kubernetes_version}: EKS installs {', '.join(without)} at its"
        " default; pin them in haven:cluster.addons (aws eks describe-addon-versions --kubernetes-version"
        f" {kubernetes_version})",
    ]
