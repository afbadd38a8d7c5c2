"""What runs on Kubernetes: enough of it, apart from each other, and asked whether it serves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.program.recording import Resource, reference
from haven_policies.rules.model import Finding, Severity, against, resource_rule, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_off, maps_at, number, value_at

WORKLOADS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
LEAST_REPLICAS = 2
"""One serves while the other is gone. An assumption."""
_SCALERS = (
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
)
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
    """The replicas of each workload, by its URN; an autoscaler's word counts more than the workload's own."""
    scaled = {_scaled(each): each for each in graph.of(*_SCALERS)}
    return {each.urn: _replicas(each, scaled.get(_known_as(each))) for each in graph.of(*WORKLOADS)}


def _replicas(workload: Resource, scaler: Resource | None) -> Replicas:
    record, path = (scaler, "spec.minReplicas") if scaler else (workload, "spec.replicas")
    value = value_at(record.inputs, path)
    return Replicas(1 if value is None else number(value), record, path)


def _known_as(workload: Resource) -> tuple[str, ...]:
    name = value_at(workload.inputs, "metadata.name") or reference(workload.key, "metadata.name")
    return *place_of(workload), workload.type.rpartition(":")[2], str(name)


def _scaled(scaler: Resource) -> tuple[str, ...]:
    target = value_at(scaler.inputs, "spec.scaleTargetRef")
    return *place_of(scaler), str(value_at(target, "kind")), str(value_at(target, "name"))


def _containers(workload: Resource) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return maps_at(workload.inputs, "spec.template.spec.containers")


def _is_asleep(workload: Resource) -> bool:
    return number(value_at(workload.inputs, "spec.replicas")) == 0


@stack_rule(
    description="A workload has two replicas at least.",
    remediation="Set spec.replicas, or the autoscaler's spec.minReplicas, to 2 or more.",
    page="https://docs.aws.amazon.com/eks/latest/best-practices/application.html",
    severity=Severity.HIGH,
)
def workload_replicas(graph: ResourceGraph) -> Iterator[Finding]:
    """One pod is gone while its node is drained. 0 is a standby workload."""
    for replicas in replicas_of(graph).values():
        if replicas.least is not None and 0 < replicas.least < LEAST_REPLICAS:
            allowed = f"at least {LEAST_REPLICAS}, or 0 for a standby"
            yield against(replicas.record, replicas.path, allowed, "raise it; left out, it is 1")


@resource_rule(
    *WORKLOADS,
    description="Each container has probes for readiness and liveness.",
    remediation="Give each container a readinessProbe and a livenessProbe.",
    page="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    severity=Severity.HIGH,
)
def workload_has_probes(workload: Resource) -> Iterator[Finding]:
    """Without the first, requests reach a pod whose model still loads; without the second, one that hangs stays."""
    for path, container in _containers(workload):
        for probe in ("readinessProbe", "livenessProbe"):
            if is_off(container.get(probe)):
                yield against(
                    workload, f"{path}.{probe}", "a probe", "ask the container itself, over HTTP, gRPC or exec"
                )


@resource_rule(
    *WORKLOADS,
    description="Each container has CPU and memory requests.",
    remediation="Set resources.requests.cpu and resources.requests.memory of each container.",
    page="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    severity=Severity.MEDIUM,
)
def workload_requests_resources(workload: Resource) -> Iterator[Finding]:
    """What requests nothing is placed anywhere, is evicted first, and makes no autoscaler add a node."""
    for path, container in _containers(workload):
        for name in ("cpu", "memory"):
            if value_at(container, f"resources.requests.{name}") is None:
                place = f"{path}.resources.requests.{name}"
                yield against(workload, place, "a quantity", "set it to what the container uses under load")


@resource_rule(
    *WORKLOADS,
    description="A workload's pods are spread over zones.",
    remediation="Add a topologySpreadConstraint, or podAntiAffinity, over topology.kubernetes.io/zone.",
    page="https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
    severity=Severity.HIGH,
)
def workload_spread(workload: Resource) -> Iterator[Finding]:
    """The scheduler's default spreads over zones only as far as it costs nothing."""
    if not _is_asleep(workload) and _ZONE not in list(_topologies(workload)):
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
