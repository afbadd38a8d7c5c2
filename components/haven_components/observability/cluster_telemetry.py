"""What a cluster itself contributes to telemetry: a collector of traces, and metrics of its GPUs."""

import json
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.names import GPU_LABEL, otlp_endpoint
from haven_components.observability._collector_config import HEALTH_PORT, collector_config
from haven_components.observability._exported import DCGM_EXPORTER
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.shared.traces import OTLP_PORTS
from haven_components.workloads._identity import identity_guard
from haven_components.workloads._objects import digest_name, kept_config_map, tcp, to_aws, to_dns
from haven_components.workloads._pods import (
    SKIP_AWAIT,
    WorkloadScaleArgs,
    apart,
    disruption_budget,
    labels,
    replicas,
    require_image,
    require_scale,
    restricted_container,
    restricted_pod,
    selecting,
    spread,
    tolerations,
)
from haven_components.workloads._requests import scratch

MOST_NAME_CHARACTERS = 50
SERVICE_ACCOUNT = "collector"
CONFIG_FOLDER = "/etc/collector"
HOST_ENGINE_PORT = 5555
"""Port of the DCGM host engine that the EKS add-on eks-node-monitoring-agent runs on each GPU node. The add-on exports
no metrics of GPUs itself (aws/eks-node-monitoring-agent, its chart; read 2026-11-26)."""
DCGM_PORT = 9400
POD_RESOURCES = "/var/lib/kubelet/pod-resources"
"""Where kubelet says which pod has which GPU."""


class ClusterTelemetryArgs(TypedDict):
    region: str
    """The cluster's Region, for example `eu-west-1`."""
    environment: str
    """Name of the environment: the attribute `deployment.environment` of all traces, by which an `Observability` groups
    them."""
    cluster_name: str
    """Name of the EKS cluster: the attribute `k8s.cluster.name` of all traces."""
    namespace: str
    """The Kubernetes namespace, which exists. It must admit a host path where `gpu_image` is given: Pod Security
    `privileged`."""
    zones: list[str]
    """The zones that the collector is spread over, one at least."""
    scale: WorkloadScaleArgs
    """Replicas of the collector. Telemetry of a standby Region is worth having too: 1 at least while anything runs
    there."""
    collector_image: pulumi.Input[str]
    """Image of the AWS Distro for OpenTelemetry by digest, in the own Region's registry."""
    service_account: NotRequired[str]
    """Name of the collector's service account, which the component creates; its AWS role is that of an `Observability`
    with `primary_collector` or `recovery_collector`. Omitted: `collector`."""
    otlp_endpoint: NotRequired[str]
    """Address, with `https://`, of a further OTLP endpoint that gets all traces. Omitted: X-Ray alone."""
    gpu_image: NotRequired[pulumi.Input[str]]
    """Image of NVIDIA's dcgm-exporter by digest, of the DCGM version of the add-on eks-node-monitoring-agent. Omitted:
    no metrics of GPUs."""
    labels: NotRequired[dict[str, str]]
    """Labels of all pods, beside the component's own. Omitted: none."""


class ClusterTelemetry(pulumi.ComponentResource):
    """An OpenTelemetry collector that takes traces and sends them to X-Ray, and an exporter of GPU metrics.

    Metrics need no collector: the scraper of an `Observability` collects them without an agent. Logs need none either:
    containers write JSON lines with trace ids, which the node's log agent brings (docs/telemetry.md).
    """

    otlp_endpoint: pulumi.Output[str]
    """Where pods of the cluster send traces: the value of `OTEL_EXPORTER_OTLP_ENDPOINT`, over gRPC."""

    def __init__(self, name: str, args: ClusterTelemetryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ClusterTelemetry", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._labels = {**args.get("labels", {}), **labels(name, "collector")}
        self._collector()
        if "gpu_image" in args:
            self._gpu_exporter(args["gpu_image"])
        self.otlp_endpoint = pulumi.Output.from_input(otlp_endpoint(name, args["namespace"]))
        self.register_outputs({"otlp_endpoint": self.otlp_endpoint})

    def _metadata(self, name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "namespace": self._args["namespace"], "labels": self._labels, **more}

    def _options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _collector(self) -> None:
        args, name = self._args, self._name
        account = args.get("service_account", SERVICE_ACCOUNT)
        config = json.dumps(
            collector_config(args["region"], args["environment"], args["cluster_name"], args.get("otlp_endpoint")),
            indent=1,
        )
        files = {"config.yaml": config}
        # Another configuration is another ConfigMap, and starts other pods.
        config_map = digest_name(name, files)
        guard = identity_guard(self, name, args["namespace"], account)
        before = [
            kubernetes.core.v1.ServiceAccount(
                f"{name}-account",
                metadata=self._metadata(account),
                automount_service_account_token=False,
                opts=self._options(guard),
            ),
            kept_config_map(self, self._metadata(config_map), files),
            self._network_policy(),
        ]
        kubernetes.apps.v1.Deployment(
            name,
            metadata=self._metadata(name, annotations=SKIP_AWAIT),
            spec={
                "replicas": replicas(args["scale"]),
                "selector": {"match_labels": selecting(self._labels)},
                "strategy": {"rolling_update": {"max_unavailable": 0, "max_surge": 1}},
                "template": {"metadata": {"labels": self._labels}, "spec": self._collector_pod(account, config_map)},
            },
            opts=self._options(*before),
        )
        disruption_budget(name, args["namespace"], self._labels, args["zones"], self._options())
        kubernetes.core.v1.Service(
            name,
            metadata=self._metadata(name),
            spec={
                "selector": selecting(self._labels),
                "ports": [{"name": each, "port": port, "target_port": port} for each, port in OTLP_PORTS.items()],
            },
            opts=self._options(),
        )

    def _collector_pod(self, account: str, config_map: str) -> dict[str, Any]:
        health = {"http_get": {"path": "/", "port": HEALTH_PORT}}
        container = {
            "name": "collector",
            "image": self._args["collector_image"],
            "args": [f"--config={CONFIG_FOLDER}/config.yaml"],
            # The instance metadata service is out of a pod's reach (hop limit 1).
            "env": [{"name": "AWS_REGION", "value": self._args["region"]}, {"name": "HOME", "value": "/tmp"}],  # noqa: S108
            "ports": [{"name": each, "container_port": port} for each, port in OTLP_PORTS.items()],
            "resources": {"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
            "readiness_probe": health,
            "liveness_probe": health,
            "security_context": restricted_container(),
            "volume_mounts": [
                {"name": "config", "mount_path": CONFIG_FOLDER, "read_only": True},
                {"name": "scratch", "mount_path": "/tmp"},  # noqa: S108
            ],
        }
        return {
            "service_account_name": account,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "security_context": restricted_pod(),
            "affinity": apart(self._labels, self._args["zones"]),
            "topology_spread_constraints": spread(self._labels, self._args["zones"]),
            "tolerations": tolerations(),
            "containers": [container],
            "volumes": [
                {"name": "config", "config_map": {"name": config_map}},
                scratch("scratch", "1Gi"),
            ],
        }

    def _network_policy(self) -> kubernetes.networking.v1.NetworkPolicy:
        """Every pod of the cluster may send traces, and the collector may pass them on."""
        return kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-traces",
            metadata=self._metadata(self._name),
            spec={
                "pod_selector": {"match_labels": selecting(self._labels)},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [
                    {
                        "from_": [{"namespace_selector": {}}],
                        "ports": [tcp(port) for port in OTLP_PORTS.values()],
                    }
                ],
                "egress": [to_dns(), *to_aws()],
            },
            opts=self._options(),
        )

    def _gpu_exporter(self, image: pulumi.Input[str]) -> None:
        name = f"{self._name}-gpus"
        # The scraper finds it by this name.
        pod_labels = {**self._args.get("labels", {}), **labels(DCGM_EXPORTER.name, self._name)}
        kubernetes.apps.v1.DaemonSet(
            name,
            metadata=self._metadata(name, annotations=SKIP_AWAIT),
            spec={
                "selector": {"match_labels": selecting(pod_labels)},
                "template": {"metadata": {"labels": pod_labels}, "spec": _gpu_pod(image)},
            },
            opts=self._options(),
        )


def _gpu_pod(image: pulumi.Input[str]) -> dict[str, Any]:
    """It asks the node's own host engine, so it needs no GPU and no privileges but the host path, as root: the socket
    of kubelet is root's."""
    container = {
        "name": "exporter",
        "image": image,
        "env": [
            {"name": "NODE_IP", "value_from": {"field_ref": {"field_path": "status.hostIP"}}},
            {"name": "NODE_NAME", "value_from": {"field_ref": {"field_path": "spec.nodeName"}}},
            {"name": "DCGM_REMOTE_HOSTENGINE_INFO", "value": f"$(NODE_IP):{HOST_ENGINE_PORT}"},
            {"name": "DCGM_EXPORTER_LISTEN", "value": f":{DCGM_PORT}"},
            {"name": "DCGM_EXPORTER_KUBERNETES", "value": "true"},
        ],
        "ports": [{"name": "metrics", "container_port": DCGM_PORT}],
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
        "security_context": restricted_container(),
        "volume_mounts": [{"name": "pod-resources", "mount_path": POD_RESOURCES, "read_only": True}],
    }
    return {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": {"seccomp_profile": {"type": "RuntimeDefault"}},
        "affinity": {
            "node_affinity": {
                "required_during_scheduling_ignored_during_execution": {
                    "node_selector_terms": [{"match_expressions": [{"key": GPU_LABEL, "operator": "Exists"}]}]
                }
            }
        },
        "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        "priority_class_name": "system-node-critical",
        "containers": [container],
        "volumes": [{"name": "pod-resources", "host_path": {"path": POD_RESOURCES, "type": "Directory"}}],
    }


def _validate(name: str, args: ClusterTelemetryArgs) -> None:
    checks = Checks("ClusterTelemetry", name, ClusterTelemetryArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: require_scale(checks, args["scale"]),
        lambda: require_image(checks, args["collector_image"], "collector_image"),
        lambda: require_image(checks, args.get("gpu_image", args["collector_image"]), "gpu_image"),
        lambda: checks.require(
            len(args["zones"]) > 0, "zones", got=args["zones"], allowed="one or more", fix="name the cluster's zones"
        ),
        lambda: _checks.require_match(
            checks,
            "otlp_endpoint",
            args.get("otlp_endpoint", "https://x"),
            r"https://\S+",
            allowed="an address that begins with https://",
            fix="leave it out to send traces to X-Ray alone",
        ),
    )
