"""Telemetry of a Region's cluster: a collector of traces, and metrics of its GPUs."""

from haven_components import ClusterAccess, ClusterAccessArgs, ClusterTelemetry, ClusterTelemetryArgs, TracesArgs
from haven_components.choices import PodSecurityLevel
from haven_components.names import otlp_endpoint
from infra.config.system_models import Telemetry
from infra.environment import Environment
from infra.parts.watch import COLLECTOR
from infra.parts.workloads import platform

METRICS_PORT = 9400
"""Of the exporter of GPU metrics."""
CORES, MEMORY_GIB = 1, 1
"""[assumption] What each pod of the namespace may take, rounded up."""


def traces(environment: Environment, region: str, system: str) -> TracesArgs | None:
    """Where a system's pods send traces; None: nowhere."""
    if environment.settings.controllers.telemetry is None:
        return None
    return {
        "endpoint": otlp_endpoint(_name(environment, region), COLLECTOR[0]),
        "service": f"{environment.settings.stack}-{system}",
    }


def _name(environment: Environment, region: str) -> str:
    return f"{environment.cluster_name(region)}-telemetry"


def declare(environment: Environment, region: str) -> None:
    """Declare what the stack asks for; the same in both Regions, also on standby."""
    settings, chosen = environment.settings, environment.settings.controllers.telemetry
    if chosen is None:
        return
    name = _name(environment, region)
    namespace, account = COLLECTOR
    access = _access(environment, region, chosen)
    args: ClusterTelemetryArgs = {
        "region": region,
        "environment": settings.stack,
        "cluster_name": environment.cluster_name(region),
        "namespace": namespace,
        "zones": list(settings.zones[region]),
        "scale": {"minimum": chosen.replicas, "maximum": chosen.replicas},
        "service_account": account,
        "collector_image": platform.image(environment, region, chosen.collector_image),
    }
    if chosen.gpu_image is not None:
        args["gpu_image"] = platform.image(environment, region, chosen.gpu_image)
    ClusterTelemetry(name, args, platform.options(environment, region, access))


def _access(environment: Environment, region: str, chosen: Telemetry) -> ClusterAccess:
    """The namespace: pods of the whole cluster send traces, and the scraper reads metrics from the VPC."""
    settings, cidr = environment.settings, environment.cidr(region)
    gpu_nodes = sum(group.max_size for group in settings.cluster.gpu_node_groups) if chosen.gpu_image else 0
    pods = 2 * chosen.replicas + 2 * gpu_nodes
    args: ClusterAccessArgs = {
        "region": region,
        "account_id": settings.account,
        "cluster_name": environment.cluster_name(region),
        "namespace": COLLECTOR[0],
        "quota": {"cpu_cores": CORES * pods, "memory_gib": MEMORY_GIB * pods, "pods": pods},
        "network": {
            "vpc_cidrs": [cidr],
            "metrics_cidrs": environment.scraper_cidrs(region),
            "metrics_ports": [METRICS_PORT],
        },
    }
    if chosen.gpu_image is not None:
        args["pod_security_exception"] = {
            "level": PodSecurityLevel.PRIVILEGED,
            "reason": "the exporter of GPU metrics mounts kubelet's socket",
        }
    name = f"{environment.cluster_name(region)}-telemetry-access"
    return ClusterAccess(name, args, platform.options(environment, region))
