"""What runs on Kubernetes: enough of it, apart from each other, and asked whether it serves."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven.program.recording import Resource, reference
from haven_policies.rules.model import Finding, Severity, against, resource_rule, stack_rule
from haven_policies.rules.property_rules import Property, is_set, property_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_unknown, maps_at, number, value_at

WORKLOADS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
LEAST_REPLICAS = 2
"""One serves while the other is gone. An assumption."""
_SCALERS = (
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
)
_KEDA = "kubernetes:keda.sh/v1alpha1:ScaledObject"
_ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True)
class Replicas:
    """How many pods a workload has at least, and what sets it."""

    least: float | None
    """None where it is known only later."""
    record: Resource
    path: str


def place_of(record: Resource) -> tuple[str, str]:
    """Cluster, as its provider, and namespace of an object."""
    return record.provider, str(value_at(record.inputs, "metadata.namespace") or "default")


def replicas_of(graph: ResourceGraph) -> Mapping[str, Replicas]:
    """The replicas of each workload, by its URN; an autoscaler's number counts more than the workload's own."""
    scaled = {_scaled(each): each for each in graph.of(*_SCALERS, _KEDA)}
    return {each.urn: _replicas(each, scaled.get(_known_as(each))) for each in graph.of(*WORKLOADS)}


def _replicas(workload: Resource, scaler: Resource | None) -> Replicas:
    record, path = (scaler, "spec.minReplicas") if scaler else (workload, "spec.replicas")
    if scaler and scaler.type == _KEDA:
        path = "spec.minReplicaCount"
    value = value_at(record.inputs, path)
    return Replicas(1 if value is None else number(value), record, path)


def _known_as(workload: Resource) -> tuple[str, ...]:
    name = value_at(workload.inputs, "metadata.name") or reference(workload.key, "metadata.name")
    return *place_of(workload), workload.type.rpartition(":")[2], str(name)


def _scaled(scaler: Resource) -> tuple[str, ...]:
    target = value_at(scaler.inputs, "spec.scaleTargetRef")
    return *place_of(scaler), str(value_at(target, "kind") or "Deployment"), str(value_at(target, "name"))


def _is_asleep(workload: Resource) -> bool:
    return number(value_at(workload.inputs, "spec.replicas")) == 0


@stack_rule(
    description="A workload has two replicas at least.",
    remediation="Set spec.replicas, or the autoscaler's spec.minReplicas, to 2 or more.",
    page="https://docs.aws.amazon.com/eks/latest/best-practices/application.html",
    severity=Severity.HIGH,
)
def workload_replicas(graph: ResourceGraph) -> Iterator[Finding]:
    """One pod is gone while its node is drained. 0 is a standby workload, and one is enough of a Region that serves
    nobody."""
    standby = {graph.facts.primary, graph.facts.recovery} - {graph.facts.active}
    for replicas in replicas_of(graph).values():
        if replicas.least == 1 and graph.facts.active is not None and replicas.record.region in standby:
            continue
        if replicas.least is not None and 0 < replicas.least < LEAST_REPLICAS:
            allowed = f"at least {LEAST_REPLICAS}, or 0 for a standby"
            yield against(replicas.record, replicas.path, allowed, "raise it; left out, it is 1")


_CONTAINERS = "spec.template.spec.containers[]"


def _listens(workload: Resource) -> bool:
    """Whether containers have ports: nobody asks one without, and nothing sends it requests."""
    return any(value_at(each, "ports") for _, each in maps_at(workload.inputs, "spec.template.spec.containers"))


# Without a readiness probe, requests reach a pod whose model still loads; without a liveness probe, a hung one stays.
workload_has_probes = property_rule(
    "availability/workload-has-probes",
    *(
        Property(
            WORKLOADS,
            f"{_CONTAINERS}.{probe}",
            is_set,
            "a probe",
            "ask the container itself, over HTTP, gRPC or exec",
            when=_listens,
        )
        for probe in ("readinessProbe", "livenessProbe")
    ),
    description="Each container that listens on a port has a readiness probe and a liveness probe.",
    remediation="Give each container a readinessProbe and a livenessProbe.",
    page="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    severity=Severity.HIGH,
)

# A pod without requests is placed anywhere, is evicted first, and makes no autoscaler add a node.
workload_requests_resources = property_rule(
    "availability/workload-requests-resources",
    *(
        Property(
            WORKLOADS,
            f"{_CONTAINERS}.resources.requests.{name}",
            lambda value: value is not None,
            "a quantity",
            "set it to what the container uses under load",
        )
        for name in ("cpu", "memory")
    ),
    description="Each container requests CPU and memory.",
    remediation="Set resources.requests.cpu and resources.requests.memory of each container.",
    page="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    severity=Severity.MEDIUM,
)


@resource_rule(
    *WORKLOADS,
    description="A workload's pods are spread over zones.",
    remediation="Add a topologySpreadConstraint, or podAntiAffinity, over topology.kubernetes.io/zone.",
    page="https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
    severity=Severity.HIGH,
)
def workload_spread(workload: Resource) -> Iterator[Finding]:
    """The scheduler's default spreads over zones only as far as it costs nothing."""
    constraints = value_at(workload.inputs, "spec.template.spec.topologySpreadConstraints")
    if not _is_asleep(workload) and not is_unknown(constraints) and _ZONE not in list(_topologies(workload)):
        path = "spec.template.spec.topologySpreadConstraints"
        fix = "add one with maxSkew 1 and a labelSelector of the pods' own labels"
        yield against(workload, path, f"a constraint over {_ZONE}, or podAntiAffinity over it", fix)


def _topologies(workload: Resource) -> Iterable[Any]:
    pod = value_at(workload.inputs, "spec.template.spec")
    apart = value_at(pod, "affinity.podAntiAffinity")
    for _, constraint in maps_at(pod, "topologySpreadConstraints"):
        yield value_at(constraint, "topologyKey")
    for _, term in maps_at(apart, "requiredDuringSchedulingIgnoredDuringExecution"):
        yield value_at(term, "topologyKey")
    for _, term in maps_at(apart, "preferredDuringSchedulingIgnoredDuringExecution"):
        yield value_at(term, "podAffinityTerm.topologyKey")
