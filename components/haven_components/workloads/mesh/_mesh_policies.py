"""Specifications of a mesh's objects (istio.io/api 1.32, networking/v1 and security/v1; Gateway API 1.5, standard
channel; read 2026-11-26)."""

import json
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from haven_components.workloads._objects import CPU_TARGET_PERCENT
from haven_components.workloads._pods import (
    ZONE,
    WorkloadScaleArgs,
    disrupted_share,
    evenly,
    in_api_spelling,
    tolerations,
)
from haven_components.workloads.mesh._mesh_args import MeshClientArgs, MeshServiceArgs

WAYPOINT = "waypoint"
HBONE_PORT, CONTROL_PORT = 15008, 15012
METRICS_PORT = 15020
"""Where a waypoint's pod has its metrics, and its annotations say so (Istio documentation, ports used by Istio, secure
metrics; read 2026-11-26)."""
WAYPOINT_LABELS = {"gateway.networking.k8s.io/gateway-name": WAYPOINT}
KUBELET = "169.254.7.127/32"
"""Address from which the kubelet's probes come in a mesh (Istio documentation, ambient and NetworkPolicy; read
2026-11-26)."""

TIMEOUT_SECONDS = 600
RETRY_BUDGET_PERCENT, ALWAYS_RETRIED = 20, 3
RETRIED = ("connect-failure", "refused-stream", "reset-before-request")
ERRORS, INTERVAL_SECONDS, EJECTION_SECONDS = 5, 10, 30
CONNECTIONS, PENDING_REQUESTS, ACTIVE_REQUESTS = 1024, 64, 1024
CONNECT_SECONDS = 3
WAYPOINT_SCALE: WorkloadScaleArgs = {"minimum": 2, "maximum": 6}


def waypoint_settings(zones: Sequence[str], scale: WorkloadScaleArgs) -> dict[str, str]:
    """What Istio merges into the objects that it makes of the Gateway (Istio documentation, Gateway API, automated
    deployment; read 2026-11-26). One replica, its default, would be a single point of failure."""
    pod = {
        "topology_spread_constraints": evenly(WAYPOINT_LABELS, zones),
        "security_context": {"seccomp_profile": {"type": "RuntimeDefault"}},
        "tolerations": tolerations(),
    }
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": CPU_TARGET_PERCENT}}
    autoscaler = {
        "minReplicas": int(scale["minimum"]),
        "maxReplicas": int(scale["maximum"]),
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    budget = {"maxUnavailable": disrupted_share(zones), "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    return {
        "deployment": _text({"spec": {"template": {"spec": in_api_spelling(pod)}}}),
        "horizontalPodAutoscaler": _text({"spec": autoscaler}),
        "podDisruptionBudget": _text({"spec": budget}),
    }


def waypoint() -> dict[str, Any]:
    """The Gateway that is the namespace's waypoint."""
    return {
        "gatewayClassName": "istio-waypoint",
        "listeners": [{"name": "mesh", "port": HBONE_PORT, "protocol": "HBONE"}],
        "infrastructure": {"parametersRef": {"group": "", "kind": "ConfigMap", "name": WAYPOINT}},
    }


def host(service: MeshServiceArgs, namespace: str) -> str:
    """The service's name in the cluster."""
    return f"{service['name']}.{namespace}.svc.cluster.local"


def http_route(service: MeshServiceArgs) -> dict[str, Any]:
    """A time limit. The standard channel of the Gateway API has no retries."""
    target = {"group": "", "kind": "Service", "name": service["name"], "port": int(service["port"])}
    backend = {"kind": "Service", "name": service["name"], "port": int(service["port"])}
    return {
        "parentRefs": [target],
        "rules": [{"backendRefs": [backend], "timeouts": {"request": _timeout(service)}}],
    }


def virtual_service(service: MeshServiceArgs, namespace: str) -> dict[str, Any]:
    """A time limit, and retries of the service's own."""
    retries = service["retries"]
    destination = {"host": host(service, namespace), "port": {"number": int(service["port"])}}
    return {
        "hosts": [host(service, namespace)],
        "http": [
            {
                "route": [{"destination": destination}],
                "timeout": _timeout(service),
                "retries": {
                    "attempts": int(retries["attempts"]),
                    "perTryTimeout": f"{int(retries['per_try_timeout_seconds'])}s",
                    "retryOn": ",".join(retries.get("conditions", RETRIED)),
                },
            }
        ],
    }


def destination_rule(service: MeshServiceArgs, namespace: str, zones: Sequence[str]) -> dict[str, Any]:
    """Circuit breaker, bulkhead, retry budget, and the waypoint's own zone first."""
    breaker, limits = service.get("circuit_breaker", {}), service.get("limits", {})
    policy = {
        "connectionPool": {
            "tcp": {
                "maxConnections": int(limits.get("connections", CONNECTIONS)),
                "connectTimeout": f"{CONNECT_SECONDS}s",
            },
            "http": {
                "http1MaxPendingRequests": int(limits.get("pending_requests", PENDING_REQUESTS)),
                "http2MaxRequests": int(limits.get("active_requests", ACTIVE_REQUESTS)),
            },
        },
        "outlierDetection": {
            "consecutiveGatewayErrors": int(breaker.get("consecutive_errors", ERRORS)),
            # Answers of 500 come from the request as often as from the pod.
            "consecutive5xxErrors": 0,
            "interval": f"{int(breaker.get('interval_seconds', INTERVAL_SECONDS))}s",
            "baseEjectionTime": f"{int(breaker.get('ejection_seconds', EJECTION_SECONDS))}s",
            "maxEjectionPercent": ejected_percent(len(zones), int(service.get("replicas", len(zones)))),
        },
        "loadBalancer": {
            "simple": "LEAST_REQUEST",
            "localityLbSetting": {"enabled": True, "failoverPriority": ["topology.kubernetes.io/region", ZONE]},
        },
        "retryBudget": {
            "percent": int(service.get("retry_budget_percent", RETRY_BUDGET_PERCENT)),
            "minRetryConcurrency": ALWAYS_RETRIED,
        },
    }
    return {"host": host(service, namespace), "trafficPolicy": policy}


def ejected_percent(zones: int, replicas: int) -> int:
    """One zone's share of the pods, half of them in the extreme: an error that all pods have must not leave out all.

    Rounded up, for Envoy leaves out a pod only while the share stays within the limit with it (since 1.28; read
    2026-11-26): at 33 % none of three would ever be left out.
    """
    return ceil(100 / max(min(zones, replicas), 2))


def clients_policy(service: MeshServiceArgs, trust_domain: str) -> dict[str, Any]:
    """Who may call: the waypoint enforces it."""
    return {
        "targetRefs": [{"group": "", "kind": "Service", "name": service["name"]}],
        "action": "ALLOW",
        "rules": [
            {"from": [{"source": {"principals": [principal(each, trust_domain) for each in service["clients"]]}}]}
        ],
    }


def waypoint_policy(service: MeshServiceArgs, namespace: str, trust_domain: str) -> dict[str, Any]:
    """Nobody gets around the waypoint: ztunnel enforces it. Ports of a load balancer are left out of it."""
    own: MeshClientArgs = {"namespace": namespace, "service_account": WAYPOINT}
    rules: list[dict[str, Any]] = [{"from": [{"source": {"principals": [principal(own, trust_domain)]}}]}]
    if ports := service.get("plaintext_ports", []):
        rules.append({"to": [{"operation": {"ports": [str(int(each)) for each in ports]}}]})
    return {"selector": {"matchLabels": dict(service["pod_labels"])}, "action": "ALLOW", "rules": rules}


def port_authentication(service: MeshServiceArgs) -> dict[str, Any]:
    """mTLS on every port but those of a load balancer."""
    return {
        "selector": {"matchLabels": dict(service["pod_labels"])},
        "mtls": {"mode": "STRICT"},
        "portLevelMtls": {str(int(each)): {"mode": "PERMISSIVE"} for each in service["plaintext_ports"]},
    }


def principal(client: MeshClientArgs, trust_domain: str) -> str:
    """A service account as the mesh knows it."""
    return f"{trust_domain}/ns/{client['namespace']}/sa/{client['service_account']}"


def _timeout(service: MeshServiceArgs) -> str:
    return f"{int(service.get('timeout_seconds', TIMEOUT_SECONDS))}s"


def _text(value: Mapping[str, Any]) -> str:
    """YAML in a text, of which JSON is a part."""
    return json.dumps(value, sort_keys=True)
