"""What a service mesh does for the services of one namespace, within one cluster."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components import limits
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._objects import in_namespace, networks, tcp
from haven_components.workloads._pods import require_scale
from haven_components.workloads.access._access_checks import require_label
from haven_components.workloads.mesh import _mesh_policies as policies
from haven_components.workloads.mesh._mesh_args import MeshServiceArgs, ServiceMeshArgs

TRUST_DOMAIN, CONTROL_PLANE = "cluster.local", "istio-system"
NETWORKING, SECURITY, GATEWAY = "networking.istio.io/v1", "security.istio.io/v1", "gateway.networking.k8s.io/v1"
PERCENT, ATTEMPTS, TIMEOUT = limits.Range(1, 100), limits.Range(1, 10), limits.Range(1, 86_400)
REPLICAS = limits.Range(1, 1000)
"""Bounds against slips, no limits of Istio."""


def mesh_labels(*, waypoint: bool = True) -> dict[str, str]:
    """Labels of a namespace in the mesh, for `labels` of its `ClusterAccess`: its pods' traffic goes through ztunnel,
    and that to its services through the waypoint of its `ServiceMesh`, which has none without services."""
    return {"istio.io/dataplane-mode": "ambient", **({"istio.io/use-waypoint": policies.WAYPOINT} if waypoint else {})}


class ServiceMesh(pulumi.ComponentResource):
    """Istio's policies for the services of one namespace, in ambient mode with a waypoint.

    It wants Istio in ambient mode, with the definitions of istio.io/api 1.32 and those of the Gateway API, none of
    which it installs; and the labels of `mesh_labels` on the namespace. The mesh ends with the cluster: nothing is
    called across Regions, whose traffic DNS moves.

    Who enforces what (Istio documentation, ambient: migrate policies, layer 7 features, traffic distribution; read
    2026-11-26):

    - ztunnel, on each node: mTLS (`PeerAuthentication`, ports included), and an `AuthorizationPolicy` with a selector,
      by principals and ports.
    - the waypoint: `DestinationRule` (connection pool, outlier detection, locality, retry budget), `HTTPRoute`, and an
      `AuthorizationPolicy` with `targetRefs`. Zones are preferred from the waypoint's own zone, not from the client's:
      annotate the Service with `networking.istio.io/traffic-distribution: PreferSameZone` for the way to the waypoint.
    - `VirtualService` is alpha with a waypoint, and undefined beside an HTTPRoute for the same service: a service has
      one of the two, a VirtualService only with `retries`.
    - the waypoint sees nothing of traffic from outside of the mesh, such as a load balancer's to `plaintext_ports`:
      none of these policies is for it.
    """

    waypoint: pulumi.Output[str]
    """Name of the Gateway that is the waypoint; empty without services."""

    def __init__(self, name: str, args: ServiceMeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ServiceMesh", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        if args["services"]:
            self._waypoint()
        self._object("PeerAuthentication", SECURITY, "default", {"mtls": {"mode": "STRICT"}})
        self._network()
        for service in args["services"]:
            self._service(service)
        self.waypoint = pulumi.Output.from_input(policies.WAYPOINT if args["services"] else "")
        self.register_outputs({"waypoint": self.waypoint})

    def _metadata(self, name: str, **labels: str) -> Any:
        own = {"app.kubernetes.io/managed-by": "haven", **labels}
        return {"name": name, "namespace": self._args["namespace"], "labels": own}

    def _here(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _object(self, kind: str, api_version: str, name: str, spec: Any) -> None:
        kubernetes.apiextensions.CustomResource(
            f"{self._name}-{kind.lower()}-{name}",
            api_version=api_version,
            kind=kind,
            metadata=self._metadata(name),
            spec=spec,
            opts=self._here(),
        )

    def _waypoint(self) -> None:
        scale = self._args.get("waypoint_scale", policies.WAYPOINT_SCALE)
        settings = kubernetes.core.v1.ConfigMap(
            f"{self._name}-waypoint",
            metadata=self._metadata(policies.WAYPOINT),
            data=policies.waypoint_settings(self._args["zones"], scale),
            opts=self._here(),
        )
        kubernetes.apiextensions.CustomResource(
            f"{self._name}-gateway-{policies.WAYPOINT}",
            api_version=GATEWAY,
            kind="Gateway",
            metadata=self._metadata(policies.WAYPOINT, **{"istio.io/waypoint-for": "service"}),
            spec=policies.waypoint(),
            opts=self._here(settings),
        )

    def _service(self, service: MeshServiceArgs) -> None:
        name, namespace = service["name"], self._args["namespace"]
        trust_domain = self._args.get("trust_domain", TRUST_DOMAIN)
        if "retries" in service:
            self._object("VirtualService", NETWORKING, name, policies.virtual_service(service, namespace))
        else:
            self._object("HTTPRoute", GATEWAY, name, policies.http_route(service))
        rule = policies.destination_rule(service, namespace, self._args["zones"])
        self._object("DestinationRule", NETWORKING, name, rule)
        self._object("AuthorizationPolicy", SECURITY, name, policies.clients_policy(service, trust_domain))
        through = policies.waypoint_policy(service, namespace, trust_domain)
        self._object("AuthorizationPolicy", SECURITY, f"{name}-through-waypoint", through)
        if service.get("plaintext_ports", []):
            self._object("PeerAuthentication", SECURITY, name, policies.port_authentication(service))

    def _network(self) -> None:
        """What the mesh needs of a namespace that refuses everything else (Istio documentation, ambient and
        NetworkPolicy): tunnels on one port, the kubelet's probes, and the waypoint's way to the control plane."""
        args = self._args
        own = args["namespace"]
        callers = {own, *(each["namespace"] for service in args["services"] for each in service["clients"])}
        called = {own, *args.get("server_namespaces", [])}
        tunnel = [tcp(policies.HBONE_PORT)]
        spec: Any = {
            "pod_selector": {},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [
                {"from_": [in_namespace(each) for each in sorted(callers)], "ports": tunnel},
                {"from_": [{"ip_block": {"cidr": policies.KUBELET}}]},
            ],
            "egress": [
                {"to": [in_namespace(each) for each in sorted(called)], "ports": tunnel},
                {
                    "to": [in_namespace(args.get("control_plane_namespace", CONTROL_PLANE))],
                    "ports": [tcp(policies.CONTROL_PORT)],
                },
            ],
        }
        kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-mesh", metadata=self._metadata("mesh"), spec=spec, opts=self._here()
        )
        scrapers = args.get("metrics_cidrs", [])
        if scrapers and args["services"]:
            self._let_in(scrapers)

    def _let_in(self, scrapers: Sequence[str]) -> None:
        """Whoever collects the waypoint's metrics, which are outside of the mesh."""
        kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-waypoint-metrics",
            metadata=self._metadata("waypoint-metrics"),
            spec={
                "pod_selector": {"match_labels": policies.WAYPOINT_LABELS},
                "policy_types": ["Ingress"],
                "ingress": [{"from": networks(scrapers), "ports": [tcp(policies.METRICS_PORT)]}],
            },
            opts=self._here(),
        )


def _validate(name: str, args: ServiceMeshArgs) -> None:
    checks = Checks("ServiceMesh", name, ServiceMeshArgs, args)
    checks.run(
        lambda: require_label(checks, "namespace", args["namespace"]),
        lambda: _check_zones(checks, args["zones"]),
        lambda: _check_scale(checks, args),
        lambda: _check_names(checks, [each["name"] for each in args["services"]]),
        *(lambda at=at, each=each: _check_service(checks, f"services[{at}]", each) for at, each in _services(args)),
    )


def _services(args: ServiceMeshArgs) -> list[tuple[int, MeshServiceArgs]]:
    given: Any = args.get("services", []) if isinstance(args, dict) else []
    return list(enumerate(given)) if isinstance(given, list) else []


def _check_zones(checks: Checks, zones: Sequence[str]) -> None:
    checks.require(len(zones) > 0, "zones", got=zones, allowed="one or more", fix="name the zones of the nodes")


def _check_scale(checks: Checks, args: ServiceMeshArgs) -> None:
    scale = args.get("waypoint_scale", policies.WAYPOINT_SCALE)
    require_scale(checks, scale, "waypoint_scale")
    checks.require(
        scale["minimum"] > 0,
        "waypoint_scale.minimum",
        got=scale["minimum"],
        allowed="1 or more; 2 or more to survive a node",
        fix="without a waypoint nobody reaches the services: leave the mesh out where nothing runs",
    )


def _check_names(checks: Checks, names: Sequence[str]) -> None:
    checks.require(
        len(set(names)) == len(names),
        "services",
        got=list(names),
        allowed="each service once",
        fix="name every service that others call once",
    )


def _check_service(checks: Checks, path: str, service: MeshServiceArgs) -> None:
    require_label(checks, f"{path}.name", service["name"])
    for key, got in (("pod_labels", service["pod_labels"]), ("clients", service["clients"])):
        checks.require(
            len(got) > 0,
            f"{path}.{key}",
            got=got,
            allowed="one or more",
            fix="without any it would be for everybody, or for nobody",
        )
    budget = service.get("retry_budget_percent", policies.RETRY_BUDGET_PERCENT)
    _require(checks, f"{path}.retry_budget_percent", budget, PERCENT)
    timeout = service.get("timeout_seconds", policies.TIMEOUT_SECONDS)
    _require(checks, f"{path}.timeout_seconds", timeout, TIMEOUT)
    _require(checks, f"{path}.replicas", service.get("replicas", 1), REPLICAS)
    for port in (service["port"], *service.get("plaintext_ports", [])):
        _require(checks, f"{path}.port", port, limits.PORT)
    if "retries" in service:
        _check_retries(checks, f"{path}.retries", service, timeout)


def _check_retries(checks: Checks, path: str, service: MeshServiceArgs, timeout: int) -> None:
    attempts, each = service["retries"]["attempts"], service["retries"]["per_try_timeout_seconds"]
    _require(checks, f"{path}.attempts", attempts, ATTEMPTS)
    checks.require(
        0 < each * (attempts + 1) <= timeout,
        f"{path}.per_try_timeout_seconds",
        got=each,
        allowed=f"1 to {timeout // (attempts + 1)}: {attempts + 1} attempts within timeout_seconds, {timeout}",
        fix="give each attempt less time, or the request more",
    )


def _require(checks: Checks, path: str, got: int, allowed: limits.Range) -> None:
    _checks.require_between(checks, path, got, allowed, fix="choose one of these")
