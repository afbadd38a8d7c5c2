"""Declares the Kubernetes objects of a component that serves from a database: explicit names, one namespace."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.workloads._pods import (
    PATCH_FORCE,
    SKIP_AWAIT,
    WorkloadScaleArgs,
    apart,
    disruption_budget,
    is_autoscaled,
    restricted_container,
    restricted_pod,
    selecting,
    spread,
    tolerations,
)
from haven_components.workloads._requests import SCRATCH_LIMIT, SMALL_DISK_REQUEST, scratch
from haven_components.workloads._secrets import secret_mounts, secret_volumes

CPU_TARGET_PERCENT = 70
"""[assumption] Use of the requested processors from which an autoscaler adds pods."""
GRACE_SECONDS = 60
DRAIN_SECONDS = 10
"""How long a pod goes on serving after it is taken out of its Service: clients notice a moment later."""
JOB_RETRIES = 6
START_SECONDS = 300
"""[assumption] How long a server may take until its database answers it."""
PERIOD_SECONDS = 10
POD_IDENTITY_AGENT, AGENT_PORT = "169.254.170.23/32", 80
"""Where the EKS Pod Identity agent of a node answers (EKS User Guide, Pod Identity Agent; read 2026-11-26)."""
EVERYWHERE = "0.0.0.0/0"
HTTPS_PORT = 443
SCRATCH = "/tmp"  # noqa: S108  an emptyDir of the pod
SCRIPTS = "/opt/haven"


@dataclass(frozen=True)
class Container:
    """What runs in a container."""

    name: str
    image: str
    command: Sequence[pulumi.Input[str]]
    environment: Sequence[Mapping[str, Any]]
    cpu: str
    memory: str
    port: int = 0
    probes: Mapping[str, Any] = field(default_factory=dict)

    def spec(self, *, files: bool, secrets: Sequence[str] = ()) -> dict[str, Any]:
        """The container, restricted, with scratch space, `files` at `SCRIPTS`, and mounted `secrets`."""
        mounts: list[dict[str, Any]] = [{"name": "scratch", "mount_path": SCRATCH}]
        if files:
            mounts.append({"name": "scripts", "mount_path": SCRIPTS, "read_only": True})
        mounts += secret_mounts(secrets)
        spec: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "command": list(self.command),
            "env": [dict(each) for each in self.environment],
            "resources": {
                "requests": {"cpu": self.cpu, "memory": self.memory, "ephemeral-storage": SMALL_DISK_REQUEST},
                "limits": {"memory": self.memory},
            },
            "security_context": restricted_container(),
            "volume_mounts": mounts,
            **self.probes,
        }
        if self.port:
            spec["ports"] = [{"name": "http", "container_port": self.port, "protocol": "TCP"}]
            spec["lifecycle"] = {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}}
        return spec


@dataclass(frozen=True)
class Objects:
    """The objects of one component."""

    parent: pulumi.Resource
    namespace: str
    zones: Sequence[str]
    secrets: Sequence[str] = ()
    """SecretProviderClasses that every pod mounts."""
    forced: Mapping[str, str] = field(default_factory=dict)
    """Annotations by which what is declared replaces what others have scaled; none: it is refused."""

    def options(self, **more: Any) -> pulumi.ResourceOptions:
        """Options of a child."""
        return pulumi.ResourceOptions(parent=self.parent, **more)

    def metadata(self, name: str, labels: Mapping[str, str], **annotations: str) -> Any:
        """Metadata of an object."""
        metadata: dict[str, Any] = {"name": name, "namespace": self.namespace, "labels": dict(labels)}
        return metadata | ({"annotations": annotations} if annotations else {})

    def files(self, name: str, labels: Mapping[str, str], data: Mapping[str, str]) -> str:
        """A ConfigMap with files, which never changes: other files get another one, and pods that use it start again.

        Returns:
            Its name.
        """
        full = digest_name(name, data)
        kept_config_map(self.parent, self.metadata(full, labels), data)
        return full

    def service_account(self, name: str, labels: Mapping[str, str], *, token: bool = False) -> None:
        """A service account; `token`: whether its pods call the Kubernetes API."""
        kubernetes.core.v1.ServiceAccount(
            name,
            metadata=self.metadata(name, labels),
            automount_service_account_token=token,
            opts=self.options(),
        )

    def pod(
        self,
        labels: Mapping[str, str],
        service_account: str,
        container: Container,
        *,
        files: str = "",
        waits: Sequence[Container] = (),
        token: bool = False,
    ) -> dict[str, Any]:
        """A pod's template.

        Args:
            labels: of the pod.
            service_account: whose name the pod acts in.
            container: what it runs.
            files: the ConfigMap at `SCRIPTS`. Omitted: none.
            waits: what has to succeed before.
            token: whether it calls the Kubernetes API.
        """
        volumes: list[dict[str, Any]] = [scratch("scratch", SCRATCH_LIMIT)]
        if files:
            volumes.append({"name": "scripts", "config_map": {"name": files}})
        volumes += secret_volumes(self.secrets)
        return {
            "metadata": {"labels": dict(labels)},
            "spec": {
                "service_account_name": service_account,
                "automount_service_account_token": token,
                "enable_service_links": False,
                "termination_grace_period_seconds": GRACE_SECONDS,
                "security_context": restricted_pod(),
                "tolerations": tolerations(),
                "init_containers": [each.spec(files=bool(files), secrets=self.secrets) for each in waits],
                "containers": [container.spec(files=bool(files), secrets=self.secrets)],
                "volumes": volumes,
            },
        }

    def deployment(
        self,
        name: str,
        labels: Mapping[str, str],
        template: Mapping[str, Any],
        replicas: int | None,
        *,
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> None:
        """A Deployment spread over zones, with its disruption budget."""
        pod = {
            **template["spec"],
            "affinity": apart(labels, self.zones),
            "topology_spread_constraints": spread(labels, self.zones),
        }
        spec: Any = {
            **({} if replicas is None else {"replicas": replicas}),
            "selector": {"match_labels": selecting(labels)},
            "strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 0, "max_surge": 1}},
            "revision_history_limit": 3,
            "template": {"metadata": template["metadata"], "spec": pod},
        }
        kubernetes.apps.v1.Deployment(
            name,
            metadata=self.metadata(name, labels, **SKIP_AWAIT, **self.forced),
            spec=spec,
            opts=self.options(depends_on=list(depends_on)),
        )
        disruption_budget(name, self.namespace, labels, self.zones, self.options())

    def job(
        self,
        name: str,
        labels: Mapping[str, str],
        template: Mapping[str, Any],
        *,
        suspended: bool,
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> None:
        """A Job that runs once, and again when its template changes, which is part of its name."""
        full = f"{name}-{digest(_known(template))}"
        pod = {**template["spec"], "restart_policy": "OnFailure"}
        spec: Any = {
            "backoff_limit": JOB_RETRIES,
            "suspend": suspended,
            "template": {"metadata": template["metadata"], "spec": pod},
        }
        kubernetes.batch.v1.Job(
            full,
            metadata=self.metadata(full, labels, **SKIP_AWAIT),
            spec=spec,
            opts=self.options(depends_on=list(depends_on)),
        )

    def service(self, logical: str, name: str, labels: Mapping[str, str], port: int) -> None:
        """A Service inside the cluster, under a name that both Regions may share."""
        spec: Any = {
            "selector": selecting(labels),
            "ports": [{"name": "http", "port": port, "target_port": "http", "protocol": "TCP"}],
        }
        kubernetes.core.v1.Service(
            logical, metadata=self.metadata(name, labels, **SKIP_AWAIT), spec=spec, opts=self.options()
        )

    def autoscaler(self, name: str, labels: Mapping[str, str], scale: WorkloadScaleArgs) -> None:
        """An autoscaler where there is room to scale."""
        if not is_autoscaled(scale):
            return
        utilization = {"type": "Utilization", "average_utilization": CPU_TARGET_PERCENT}
        spec: Any = {
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": name},
            "min_replicas": int(scale["minimum"]),
            "max_replicas": int(scale["maximum"]),
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}],
        }
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            name, metadata=self.metadata(name, labels, **self.forced), spec=spec, opts=self.options()
        )

    def network_policy(
        self,
        name: str,
        labels: Mapping[str, str],
        *,
        ingress: Sequence[Mapping[str, Any]],
        egress: Sequence[Mapping[str, Any]],
    ) -> None:
        """What the pods may be reached by, and reach."""
        spec: Any = {
            "pod_selector": {"match_labels": selecting(labels)},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [dict(each) for each in ingress],
            "egress": [dict(each) for each in egress],
        }
        kubernetes.networking.v1.NetworkPolicy(
            name, metadata=self.metadata(name, labels), spec=spec, opts=self.options()
        )


def kept_config_map(
    parent: pulumi.Resource, metadata: Mapping[str, Any], data: Mapping[str, str]
) -> kubernetes.core.v1.ConfigMap:
    """A ConfigMap that never changes, called by `digest_name`. When other data get a new one, Pulumi leaves this one in
    the cluster: Deployments aren't waited for, and pods of the last version may still have to start with it.

    Args:
        parent: the component.
        metadata: its name, namespace and labels.
        data: its files.
    """
    # Where it is still there, creating it takes it over (pulumi-kubernetes 4.25, await.go: a create is an apply).
    annotations = {**metadata.get("annotations", {}), **PATCH_FORCE}
    return kubernetes.core.v1.ConfigMap(
        metadata["name"],
        metadata={**metadata, "annotations": annotations},
        immutable=True,
        data=dict(data),
        opts=pulumi.ResourceOptions(parent=parent, retain_on_delete=True),
    )


def digest_name(name: str, data: Mapping[str, str]) -> str:
    """Name of a ConfigMap that never changes."""
    return f"{name}-{digest(dict(data))}"


def probes(path: str, *, start_path: str = "") -> dict[str, Any]:
    """What the kubelet asks of a container with a port.

    Args:
        path: what answers while the container is alive and ready.
        start_path: what answers once it has started. Omitted: `path`.
    """
    return {
        "startup_probe": _probe(start_path or path, START_SECONDS // PERIOD_SECONDS),
        "readiness_probe": _probe(path, 2),
        "liveness_probe": _probe(path, 6),
    }


def command_probes(command: Sequence[str]) -> dict[str, Any]:
    """What the kubelet asks of a container without a port.

    Args:
        command: what succeeds in the container while that is alive, from its start on.
    """
    asked = {"exec_": {"command": list(command)}}
    return {
        "startup_probe": _asked(asked, START_SECONDS // PERIOD_SECONDS),
        "liveness_probe": _asked(asked, 3),
    }


def _probe(path: str, failures: int) -> dict[str, Any]:
    return _asked({"http_get": {"path": path, "port": "http"}}, failures)


def _asked(what: Mapping[str, Any], failures: int) -> dict[str, Any]:
    return {
        **what,
        "period_seconds": PERIOD_SECONDS,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }


def from_namespaces(namespaces: Sequence[str], port: int) -> dict[str, Any]:
    """Ingress of one port from all pods of namespaces."""
    return {"from_": [in_namespace(each) for each in namespaces], "ports": [tcp(port)]}


def to_networks(cidrs: Sequence[str], *ports: int) -> dict[str, Any]:
    """Egress to ports in networks."""
    return {"to": networks(cidrs), "ports": [tcp(each) for each in ports]}


def to_dns() -> dict[str, Any]:
    """Egress to the cluster's DNS."""
    return {"to": [in_namespace("kube-system")], "ports": dns_ports()}


def to_pod_identity() -> dict[str, Any]:
    """Egress to what gives pods their credentials in AWS."""
    return to_networks([POD_IDENTITY_AGENT], AGENT_PORT)


def to_aws() -> list[dict[str, Any]]:
    """Egress to AWS, with credentials. S3's gateway endpoint has the service's public addresses; routes let nothing
    else out without a NAT gateway."""
    return [to_pod_identity(), to_networks([EVERYWHERE], HTTPS_PORT)]


def networks(cidrs: Sequence[str]) -> list[dict[str, Any]]:
    """Everything in networks."""
    return [{"ip_block": {"cidr": each}} for each in cidrs]


def dns_ports() -> list[dict[str, Any]]:
    """The ports of DNS."""
    return [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]


def in_namespace(namespace: str) -> dict[str, Any]:
    """All pods of a namespace, by the label that Kubernetes gives each namespace."""
    return {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}}}


def tcp(port: int) -> dict[str, Any]:
    """A port of a rule."""
    return {"port": int(port), "protocol": "TCP"}


def plain(name: str, value: pulumi.Input[str]) -> dict[str, Any]:
    """An environment variable."""
    return {"name": name, "value": value}


def from_secret(name: str, secret: str, key: str) -> dict[str, Any]:
    """An environment variable from a Kubernetes secret."""
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}


def digest(value: Any) -> str:
    """Eight characters that differ for different values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


def _known(value: Any) -> Any:
    """What of a template is known while the program runs; host names of stores are not before they exist."""
    if isinstance(value, Mapping):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, str | int | bool):
        return value
    return [_known(each) for each in value] if isinstance(value, Sequence) else None
