"""Arguments of a `ServiceMesh`."""

from typing import NotRequired, TypedDict

from haven_components.workloads._pods import WorkloadScaleArgs


class MeshClientArgs(TypedDict):
    namespace: str
    """Namespace of the client's pods, which are in the mesh too."""
    service_account: str
    """Their service account."""


class MeshRetriesArgs(TypedDict):
    attempts: int
    """Retries of one request, 1 to 10."""
    per_try_timeout_seconds: int
    """Seconds for each attempt; together with the first one they fit into `timeout_seconds`."""
    conditions: NotRequired[list[str]]
    """What is retried, in Envoy's words. Omitted: `connect-failure`, `refused-stream` and `reset-before-request`, after
    which no server has begun to work on the request, so repeating it does nothing twice."""


class MeshCircuitBreakerArgs(TypedDict):
    consecutive_errors: NotRequired[int]
    """Gateway errors (502, 503, 504) in a row after which a pod gets no more requests. Omitted: 5."""
    interval_seconds: NotRequired[int]
    """Seconds between two evaluations. Omitted: 10."""
    ejection_seconds: NotRequired[int]
    """Seconds for which a pod is left out the first time; longer each time after. Omitted: 30."""


class MeshLimitsArgs(TypedDict):
    connections: NotRequired[int]
    """Connections that one waypoint opens to the service. Omitted: 1,024."""
    pending_requests: NotRequired[int]
    """Requests that wait in one waypoint; any more gets 503 at once. Omitted: 64."""
    active_requests: NotRequired[int]
    """Requests of one waypoint at the same time. Omitted: 1,024."""


class MeshServiceArgs(TypedDict):
    name: str
    """Name of the Kubernetes Service."""
    port: int
    """Its port."""
    pod_labels: dict[str, str]
    """What selects its pods."""
    replicas: NotRequired[int]
    """Pods that always run, 1 or more: how many may be left out at once follows from it. Omitted: one in each zone."""
    clients: list[MeshClientArgs]
    """Who may call it through the mesh. Nobody else in the mesh may."""
    timeout_seconds: NotRequired[int]
    """Seconds until a request ends with 504, a streamed answer included. Omitted: 600."""
    retries: NotRequired[MeshRetriesArgs]
    """Retries of the service's own, by a VirtualService, whose support by waypoints is alpha. Omitted: an HTTPRoute,
    which is stable, and the mesh's own retries: twice, of requests that no server has begun to work on."""
    retry_budget_percent: NotRequired[int]
    """Share of the active requests that may be retries, 1 to 100; three always may. Omitted: 20."""
    circuit_breaker: NotRequired[MeshCircuitBreakerArgs]
    """When a pod is left out. Omitted: the defaults of its fields."""
    limits: NotRequired[MeshLimitsArgs]
    """The bulkhead: what one service may take of a waypoint. Omitted: the defaults of its fields."""
    plaintext_ports: NotRequired[list[int]]
    """Ports of the pods that a load balancer or a metrics scraper reaches, which is not in the mesh: there mTLS is not
    enforced, and who is let in is up to network policies. Omitted: none."""


class ServiceMeshArgs(TypedDict):
    namespace: str
    """The namespace, with the labels of `mesh_labels`."""
    zones: list[str]
    """Zones of the nodes."""
    services: list[MeshServiceArgs]
    """The services of the namespace that others call. Empty: its pods call others alone, and it has no waypoint."""
    metrics_cidrs: NotRequired[list[str]]
    """IPv4 blocks from which the waypoint's metrics are scraped: the subnets of a managed scraper. Omitted: none."""
    waypoint_scale: NotRequired[WorkloadScaleArgs]
    """Replicas of the waypoint. Omitted: 2 to 6."""
    server_namespaces: NotRequired[list[str]]
    """Other namespaces of the mesh that pods here call. Omitted: none."""
    trust_domain: NotRequired[str]
    """The mesh's trust domain. Omitted: `cluster.local`, as Istio installs it; nothing trusts the other Region's."""
    control_plane_namespace: NotRequired[str]
    """Where istiod is. Omitted: `istio-system`."""
