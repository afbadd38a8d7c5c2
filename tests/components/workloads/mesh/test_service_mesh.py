"""Istio's policies for the services of one namespace."""

import json
from typing import Any, cast

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.program.recorder import record
from haven.program.recording import Recording
from haven_components.workloads.kubernetes_provider import kubernetes_provider
from haven_components.workloads.mesh._mesh_args import ServiceMeshArgs
from haven_components.workloads.mesh._mesh_policies import ejected_percent
from haven_components.workloads.mesh.service_mesh import ServiceMesh, mesh_labels

ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
SERVICE: dict[str, Any] = {
    "name": "embeddings",
    "port": 80,
    "pod_labels": {"app.kubernetes.io/name": "embeddings"},
    "clients": [{"namespace": "search", "service_account": "indexer"}],
}
RETRIES = {"attempts": 2, "per_try_timeout_seconds": 3}


def _declare(service: dict[str, Any] | None = None, **changes: Any) -> Recording:
    def program() -> None:
        provider = kubernetes_provider("k8s", "{}", cluster_name="ai-euw1")
        args = {"namespace": "chat", "zones": ZONES, "services": [SERVICE | (service or {})]} | changes
        ServiceMesh("mesh", cast("ServiceMeshArgs", args), pulumi.ResourceOptions(providers=[provider]))

    return record(program, stack="test")


def _specs(recording: Recording) -> dict[tuple[str, str], Any]:
    return {
        (each.inputs["kind"], each.inputs["metadata"]["name"]): each.inputs.get("spec", each.inputs.get("data"))
        for each in recording.real()
        if "kind" in each.inputs
    }


def _policy(recording: Recording) -> dict[str, Any]:
    return cast("dict[str, Any]", _specs(recording)["DestinationRule", "embeddings"]["trafficPolicy"])


def test_the_waypoint_is_no_single_point_of_failure() -> None:
    specs = _specs(_declare())
    assert specs["Gateway", "waypoint"]["gatewayClassName"] == "istio-waypoint"
    assert specs["Gateway", "waypoint"]["infrastructure"]["parametersRef"]["name"] == "waypoint"
    settings = specs["ConfigMap", "waypoint"]
    assert json.loads(settings["horizontalPodAutoscaler"])["spec"]["minReplicas"] == 2
    assert json.loads(settings["podDisruptionBudget"])["spec"]["maxUnavailable"] == "33%"
    pod = json.loads(settings["deployment"])["spec"]["template"]["spec"]
    assert [each["nodeTaintsPolicy"] for each in pod["topologySpreadConstraints"]] == ["Honor", "Honor"]
    assert mesh_labels()["istio.io/use-waypoint"] == "waypoint"


def test_a_service_has_a_route_or_a_virtual_service_and_never_both() -> None:
    route = _specs(_declare())
    assert route["HTTPRoute", "embeddings"]["rules"][0]["timeouts"] == {"request": "600s"}
    assert ("VirtualService", "embeddings") not in route
    own = _specs(_declare({"retries": RETRIES, "timeout_seconds": 10}))
    assert ("HTTPRoute", "embeddings") not in own
    (http,) = own["VirtualService", "embeddings"]["http"]
    assert (http["timeout"], http["retries"]["attempts"], http["retries"]["perTryTimeout"]) == ("10s", 2, "3s")
    assert "5xx" not in http["retries"]["retryOn"]


def test_a_failure_that_all_pods_share_leaves_out_one_zones_share_of_them() -> None:
    outliers = _policy(_declare())["outlierDetection"]
    assert (outliers["maxEjectionPercent"], outliers["consecutive5xxErrors"]) == (34, 0)
    assert outliers["consecutiveGatewayErrors"] == 5
    assert (
        _policy(_declare({"circuit_breaker": {"consecutive_errors": 3}}))["outlierDetection"][
            "consecutiveGatewayErrors"
        ]
        == 3
    )


@given(zones=st.integers(1, 6), replicas=st.integers(1, 60), more=st.integers(0, 60))
def test_a_pod_is_left_out_wherever_another_remains_and_never_more_than_half(
    zones: int, replicas: int, more: int
) -> None:
    percent, pods = ejected_percent(zones, replicas), replicas + more
    left_out = max(count for count in range(pods + 1) if 100 * count / pods <= percent)
    assert (left_out >= 1) == (pods >= 2)
    assert left_out <= pods / 2


def test_retries_have_a_budget_and_services_a_bulkhead() -> None:
    policy = _policy(_declare({"limits": {"pending_requests": 16}, "retry_budget_percent": 10}))
    assert policy["retryBudget"] == {"percent": 10, "minRetryConcurrency": 3}
    assert policy["connectionPool"]["http"]["http1MaxPendingRequests"] == 16
    assert policy["loadBalancer"]["localityLbSetting"]["failoverPriority"][-1] == "topology.kubernetes.io/zone"


def test_only_named_clients_call_a_service_and_only_through_the_waypoint() -> None:
    specs = _specs(_declare())
    assert specs["PeerAuthentication", "default"] == {"mtls": {"mode": "STRICT"}}
    clients = specs["AuthorizationPolicy", "embeddings"]
    assert clients["targetRefs"] == [{"group": "", "kind": "Service", "name": "embeddings"}]
    assert clients["rules"] == [{"from": [{"source": {"principals": ["cluster.local/ns/search/sa/indexer"]}}]}]
    through = specs["AuthorizationPolicy", "embeddings-through-waypoint"]
    assert through["rules"] == [{"from": [{"source": {"principals": ["cluster.local/ns/chat/sa/waypoint"]}}]}]


def test_a_load_balancer_reaches_its_port_in_plaintext_and_no_other() -> None:
    specs = _specs(_declare({"plaintext_ports": [8000]}))
    authentication = specs["PeerAuthentication", "embeddings"]
    assert authentication["mtls"] == {"mode": "STRICT"}
    assert authentication["portLevelMtls"] == {"8000": {"mode": "PERMISSIVE"}}
    assert {"to": [{"operation": {"ports": ["8000"]}}]} in specs["AuthorizationPolicy", "embeddings-through-waypoint"][
        "rules"
    ]
    assert ("PeerAuthentication", "embeddings") not in _specs(_declare())


def test_a_namespace_that_refuses_everything_lets_tunnels_and_probes_in() -> None:
    spec = _specs(_declare())["NetworkPolicy", "mesh"]
    tunnels, probes = spec["ingress"]
    names = [each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in tunnels["from"]]
    assert (names, tunnels["ports"]) == (["chat", "search"], [{"port": 15008, "protocol": "TCP"}])
    assert probes == {"from": [{"ipBlock": {"cidr": "169.254.7.127/32"}}]}
    assert [each["ports"][0]["port"] for each in spec["egress"]] == [15008, 15012]


def test_a_scraper_reaches_the_metrics_of_the_waypoint_and_of_nothing_else() -> None:
    spec = _specs(_declare(metrics_cidrs=["10.20.64.0/18"]))["NetworkPolicy", "waypoint-metrics"]
    assert spec["podSelector"]["matchLabels"] == {"gateway.networking.k8s.io/gateway-name": "waypoint"}
    assert spec["ingress"] == [
        {"from": [{"ipBlock": {"cidr": "10.20.64.0/18"}}], "ports": [{"port": 15020, "protocol": "TCP"}]}
    ]
    assert ("NetworkPolicy", "waypoint-metrics") not in _specs(_declare())


def test_a_namespace_that_calls_others_alone_has_tunnels_and_no_waypoint() -> None:
    specs = _specs(_declare(services=[], server_namespaces=["search"]))
    assert {kind for kind, _ in specs} == {"PeerAuthentication", "NetworkPolicy"}
    called = [each["namespaceSelector"]["matchLabels"] for each in specs["NetworkPolicy", "mesh"]["egress"][0]["to"]]
    assert {"kubernetes.io/metadata.name": "search"} in called
    assert "istio.io/use-waypoint" not in mesh_labels(waypoint=False)


def test_nothing_names_another_region_or_cluster() -> None:
    objects = json.dumps([each.inputs for each in _declare({"retries": RETRIES}).real()])
    assert not any(word in objects for word in ("eu-central-1", "topology.istio.io/network", "EastWest", "eastwest"))


@pytest.mark.parametrize(
    ("service", "changes", "path"),
    [
        ({}, {"namespace": "Chat"}, "namespace"),
        ({}, {"zones": []}, "zones"),
        ({}, {"services": [SERVICE, SERVICE]}, "services"),
        ({}, {"waypoint_scale": {"minimum": 0, "maximum": 2}}, "waypoint_scale.minimum"),
        ({"name": "a_b"}, {}, "services[0].name"),
        ({"clients": []}, {}, "services[0].clients"),
        ({"pod_labels": {}}, {}, "services[0].pod_labels"),
        ({"port": 0}, {}, "services[0].port"),
        ({"replicas": 0}, {}, "services[0].replicas"),
        ({"retry_budget_percent": 0}, {}, "services[0].retry_budget_percent"),
        ({"timeout_seconds": 0}, {}, "services[0].timeout_seconds"),
        (
            {"retries": RETRIES, "timeout_seconds": 8},
            {},
            "services[0].retries.per_try_timeout_seconds",
        ),
        ({"retries": RETRIES | {"attempts": 11}}, {}, "services[0].retries.attempts"),
    ],
)
def test_policies_that_would_not_hold_are_refused(service: dict[str, Any], changes: dict[str, Any], path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(service, **changes)
    assert f"  {path}: got" in str(refused.value)
