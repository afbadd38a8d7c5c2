"""A namespace with its limits, and the roles of people in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.choices import PodSecurityLevel
from haven_components.workloads._pods import GPU_RESOURCE
from haven_components.workloads.access._access_args import (
    ContainerDefaultsArgs,
    NamespaceQuotaArgs,
    PodSecurityExceptionArgs,
)

CPU_MILLICORES, MEMORY_MIB = 100, 256

POD_SECURITY = "pod-security.kubernetes.io"
REASON = "haven.dev/pod-security-exception"

OPERATOR_RULES: Sequence[Mapping[str, Any]] = (
    {"api_groups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"]},
    {"api_groups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["patch"]},
    {"api_groups": ["batch"], "resources": ["jobs"], "verbs": ["patch"]},
    {"api_groups": ["keda.sh"], "resources": ["scaledobjects"], "verbs": ["list", "patch"]},
    {"api_groups": ["kueue.x-k8s.io"], "resources": ["localqueues"], "verbs": ["list", "patch"]},
)
"""What the runbooks call beside what `view` reads (haven/runbooks/serving/workloads.py): replicas, an autoscaler's
minimum, a Job's or a queue's suspension. No pod template is in any of it, for whoever writes one reaches what the pods
reach; of a Job that exists the API server takes no other container (Kubernetes documentation, Jobs; read 2026-11-26).
There are no resource names: a list takes none, and the namespace is one system's."""


@dataclass(frozen=True)
class InNamespace:
    """Where the objects of one namespace are declared."""

    name: str
    """What their logical names begin with."""
    namespace: str
    labels: Mapping[str, str]
    options: pulumi.ResourceOptions

    def logical(self, suffix: str) -> str:
        """An object's logical name."""
        return f"{self.name}-{suffix}"

    def metadata(self, name: str) -> Any:
        """An object's metadata."""
        return {"name": name, "namespace": self.namespace, "labels": dict(self.labels)}


def namespace_object(
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    exception: PodSecurityExceptionArgs | None,
    opts: pulumi.ResourceOptions,
) -> kubernetes.core.v1.Namespace:
    """The namespace. Pods that don't keep its Pod Security level are refused; those weaker than `restricted` warn."""
    level = PodSecurityLevel(exception["level"]) if exception else PodSecurityLevel.RESTRICTED
    strict = PodSecurityLevel.RESTRICTED.value
    modes = {"enforce": level.value, "audit": strict, "warn": strict}
    security = {f"{POD_SECURITY}/{mode}": each for mode, each in modes.items()}
    security |= {f"{POD_SECURITY}/{mode}-version": "latest" for mode in modes}
    metadata: dict[str, Any] = {"name": namespace, "labels": {**labels, **security}}
    if exception:
        metadata["annotations"] = {REASON: exception["reason"]}
    return kubernetes.core.v1.Namespace(f"{name}-namespace", metadata=metadata, opts=opts)


def resource_quota(place: InNamespace, quota: NamespaceQuotaArgs) -> None:
    """What all pods of the namespace may request together, and no load balancer or node port."""
    hard = {
        "requests.cpu": str(int(quota["cpu_cores"])),
        "requests.memory": f"{int(quota['memory_gib'])}Gi",
        "pods": str(int(quota["pods"])),
        f"requests.{GPU_RESOURCE}": str(int(quota.get("gpus", 0))),
        "requests.storage": f"{int(quota.get('storage_gib', 0))}Gi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    kubernetes.core.v1.ResourceQuota(
        place.logical("quota"), metadata=place.metadata("quota"), spec={"hard": hard}, opts=place.options
    )


def limit_range(place: InNamespace, defaults: ContainerDefaultsArgs) -> None:
    """What a container requests that requests nothing."""
    requested = {
        "cpu": f"{int(defaults.get('cpu_millicores', CPU_MILLICORES))}m",
        "memory": f"{int(defaults.get('memory_mib', MEMORY_MIB))}Mi",
    }
    limits: dict[str, Any] = {"type": "Container", "default_request": requested}
    if "memory_limit_mib" in defaults:
        limits["default"] = {"memory": f"{int(defaults['memory_limit_mib'])}Mi"}
    kubernetes.core.v1.LimitRange(
        place.logical("limits"), metadata=place.metadata("defaults"), spec={"limits": [limits]}, opts=place.options
    )


def people(place: InNamespace, viewers: Sequence[str], operators: Sequence[str]) -> None:
    """Roles by group: whoever may see, and whoever may do what the runbooks do."""
    if everybody := sorted({*viewers, *operators}):
        # Kubernetes' own role `view` has no secrets (Kubernetes documentation, user-facing roles; read 2026-11-26).
        _bind(place, "viewers", everybody, cluster_role="view")
    if operators:
        kubernetes.rbac.v1.Role(
            place.logical("operators"),
            metadata=place.metadata("operators"),
            rules=[dict(each) for each in OPERATOR_RULES],
            opts=place.options,
        )
        _bind(place, "operators", operators)


def _bind(place: InNamespace, binding: str, groups: Sequence[str], *, cluster_role: str = "") -> None:
    """To the role of the same name, or to a cluster's role."""
    group = "rbac.authorization.k8s.io"
    kind, role = ("ClusterRole", cluster_role) if cluster_role else ("Role", binding)
    kubernetes.rbac.v1.RoleBinding(
        place.logical(binding),
        metadata=place.metadata(binding),
        role_ref={"api_group": group, "kind": kind, "name": role},
        subjects=[kubernetes.rbac.v1.SubjectArgs(api_group=group, kind="Group", name=each) for each in groups],
        opts=place.options,
    )
