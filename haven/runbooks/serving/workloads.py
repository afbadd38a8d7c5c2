"""Workloads as the manifest wants them, held against what a cluster has: the next change, and what is ready.

Plain functions over Kubernetes' objects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from haven.runbooks.manifest import Workload, WorkloadSizes

DEPLOYMENTS, AUTOSCALERS, SCALED_OBJECTS, JOBS, QUEUES = (
    ("apis/apps/v1", "deployments"),
    ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    ("apis/keda.sh/v1alpha1", "scaledobjects"),
    ("apis/batch/v1", "jobs"),
    ("apis/kueue.x-k8s.io/v1beta2", "localqueues"),
)
KINDS = (DEPLOYMENTS, AUTOSCALERS, SCALED_OBJECTS, JOBS, QUEUES)
_PAUSED = ("autoscaling.keda.sh/paused-replicas", "autoscaling.keda.sh/paused")
"""With the first, KEDA scales to that number and rests; with the second, it rests (KEDA 2.21.0, tried in
`tests/kubernetes/controllers/`, 2026-11-26). It scales by itself from 0 to its minimum, so at 0 it has to rest."""
_FORCED = "pulumi.com/patchForce"
"""Of what Pulumi replaces although somebody else has changed it since."""
_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
_RUNS, _HELD = "None", "HoldAndDrain"
"""Stop policies of Kueue's LocalQueue."""
Kind = tuple[str, str]


class Scale(StrEnum):
    """How much of a Region's workloads runs."""

    FULL = "full"
    STANDBY = "standby"


@dataclass(frozen=True)
class Patch:
    """One change of one object."""

    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Objects:
    """What the namespaces have: by namespace, kind and name."""

    found: Mapping[tuple[str, Kind], Mapping[str, Mapping[str, Any]]]

    def get(self, kind: Kind, place: str) -> Mapping[str, Any] | None:
        """One object, by NAMESPACE/NAME; None: it doesn't exist."""
        namespace, _, name = place.partition("/")
        return self.found.get((namespace, kind), {}).get(name)

    def scaling(self, kind: Kind, place: str) -> tuple[str, Mapping[str, Any]] | None:
        """The autoscaler of a Deployment and its name; None: it has none of the kind."""
        namespace, _, name = place.partition("/")
        for each, found in self.found.get((namespace, kind), {}).items():
            target = found["spec"].get("scaleTargetRef", {})
            if (target.get("kind", "Deployment"), target.get("name")) == ("Deployment", name):
                return each, found
        return None


def by_name(listed: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """A list's objects."""
    return {each["metadata"]["name"]: each for each in listed.get("items", ())}


def list_path(namespace: str, kind: Kind) -> str:
    """Where a namespace's objects of a kind are listed."""
    api, plural = kind
    return f"/{api}/namespaces/{namespace}/{plural}"


def namespaces(workloads: Sequence[Workload]) -> Mapping[str, set[Kind]]:
    """The namespaces in their order, and the kinds of objects that matter in each."""
    found: dict[str, set[Kind]] = {}
    for each in workloads:
        for place in each.deployments:
            found.setdefault(_namespace(place), set()).update((DEPLOYMENTS, AUTOSCALERS, SCALED_OBJECTS))
        for place in each.jobs:
            found.setdefault(_namespace(place), set()).update((JOBS, QUEUES))
    return found


def next_patch(workloads: Sequence[Workload], objects: Objects, scale: Scale) -> Patch | None:
    """The first change that is missing, in the manifest's order; backwards where the scale is standby.

    Towards full scale nothing is made smaller, towards standby nothing greater.
    """
    order = workloads if scale is Scale.FULL else [*reversed(workloads)]
    return next((patch for each in order for patch in _patches(each, objects, scale)), None)


def missing(workloads: Sequence[Workload], objects: Objects) -> list[str]:
    """What the manifest names and the cluster doesn't have."""
    places = [(DEPLOYMENTS, place) for each in workloads for place in each.deployments]
    places += [(JOBS, place) for each in workloads for place in each.jobs]
    found = [place for kind, place in places if objects.get(kind, place) is None]
    jobs = [place for kind, place in places if kind == JOBS]
    queues = {f"{_namespace(place)}/{queue}" for place in jobs if (queue := _queue(objects.get(JOBS, place)))}
    return found + [f"the LocalQueue {each}" for each in sorted(queues) if objects.get(QUEUES, each) is None]


def brought_down(workloads: Sequence[Workload], objects: Objects) -> list[str]:
    """The Deployments that a deployment of the configuration as it is would take replicas from: it brings the Region
    down by name, and forces what it declares."""
    places = [place for each in workloads for place in each.deployments]
    found = {place: (objects.get(DEPLOYMENTS, place) or {}).get("metadata", {}) for place in places}
    return [place for place, each in found.items() if (each.get("annotations") or {}).get(_FORCED) == "true"]


@dataclass(frozen=True)
class Readiness:
    """How much of a Deployment is ready."""

    place: str
    ready: int
    wanted: int

    def describe(self) -> str:
        """In one line."""
        return f"{self.place}: {self.ready} of {self.wanted} replicas ready"


def readiness(workloads: Sequence[Workload], objects: Objects, scale: Scale) -> list[Readiness]:
    """Ready replicas of every Deployment against the least that the scale wants."""
    found = []
    for workload in workloads:
        for place, sizes in workload.deployments.items():
            status = (objects.get(DEPLOYMENTS, place) or {}).get("status", {})
            found.append(Readiness(place, int(status.get("readyReplicas") or 0), least(sizes, scale)))
    return found


def least(sizes: WorkloadSizes, scale: Scale) -> int:
    """The least number of replicas at a scale."""
    return (sizes.full if scale is Scale.FULL else sizes.standby)[0]


def _namespace(place: str) -> str:
    return place.partition("/")[0]


def _path(kind: Kind, place: str, name: str = "", part: str = "") -> str:
    return f"{list_path(_namespace(place), kind)}/{name or place.partition('/')[2]}{part}"


def _patches(workload: Workload, objects: Objects, scale: Scale) -> Iterator[Patch]:
    places = list(workload.deployments.items())
    for place, sizes in places if scale is Scale.FULL else reversed(places):
        if objects.get(DEPLOYMENTS, place) is None:
            continue
        yield from (_raised if scale is Scale.FULL else _lowered)(place, objects, sizes)
    for place in workload.jobs:
        yield from _job(place, objects, scale)


def _raised(place: str, objects: Objects, sizes: WorkloadSizes) -> Iterator[Patch]:
    wanted, most = sizes.full
    if keda := objects.scaling(SCALED_OBJECTS, place):
        name, found = keda
        change = _minimum(found["spec"], "ReplicaCount", wanted, most)
        annotations = found["metadata"].get("annotations") or {}
        awake = {each: None for each in _PAUSED if each in annotations}
        if change or awake:
            body = {**({"spec": change} if change else {}), **({"metadata": {"annotations": awake}} if awake else {})}
            yield Patch(_path(SCALED_OBJECTS, place, name), body)
    elif hpa := objects.scaling(AUTOSCALERS, place):
        name, found = hpa
        if change := _minimum(found["spec"], "Replicas", wanted, most):
            yield Patch(_path(AUTOSCALERS, place, name), {"spec": change})
    if _replicas(objects, place) < wanted:
        yield _scaled(place, wanted)


def _minimum(spec: Mapping[str, Any], counted: str, wanted: int, most: int) -> dict[str, int]:
    """What raises an autoscaler's minimum, and a maximum below it; empty: it is there."""
    low, high = f"min{counted}", f"max{counted}"
    if int(spec.get(low, 0)) >= wanted:
        return {}
    upper = int(spec.get(high, most))
    return {low: wanted, **({high: max(wanted, most)} if upper < wanted else {})}


def _lowered(place: str, objects: Objects, sizes: WorkloadSizes) -> Iterator[Patch]:
    """An autoscaler goes down to its minimum by itself, as far as the load lets it; to 0 it doesn't."""
    wanted = sizes.standby[0]
    keda, hpa = objects.scaling(SCALED_OBJECTS, place), objects.scaling(AUTOSCALERS, place)
    if keda:
        name, found = keda
        paused = (found["metadata"].get("annotations") or {}).get(_PAUSED[0])
        if wanted == 0 and paused != "0":
            yield Patch(_path(SCALED_OBJECTS, place, name), {"metadata": {"annotations": {_PAUSED[0]: "0"}}})
        elif 0 < wanted < int(found["spec"].get("minReplicaCount", 0)):
            yield Patch(_path(SCALED_OBJECTS, place, name), {"spec": {"minReplicaCount": wanted}})
    elif hpa:
        name, found = hpa
        if 0 < wanted < int(found["spec"].get("minReplicas", 1)):
            yield Patch(_path(AUTOSCALERS, place, name), {"spec": {"minReplicas": wanted}})
    scales_itself = wanted > 0 and (keda or hpa)
    if not scales_itself and _replicas(objects, place) > wanted:
        yield _scaled(place, wanted)


def _replicas(objects: Objects, place: str) -> int:
    return int((objects.get(DEPLOYMENTS, place) or {}).get("spec", {}).get("replicas", 1))


def _scaled(place: str, count: int) -> Patch:
    return Patch(_path(DEPLOYMENTS, place, part="/scale"), {"spec": {"replicas": count}})


def _job(place: str, objects: Objects, scale: Scale) -> Iterator[Patch]:
    """A Job that is suspended on standby; Kueue suspends its own, by the policy of their queue."""
    job = objects.get(JOBS, place)
    if job is None or _has_ended(job):
        return
    if queue := _queue(job):
        held = objects.get(QUEUES, f"{_namespace(place)}/{queue}")
        policy = _RUNS if scale is Scale.FULL else _HELD
        if held is not None and held["spec"].get("stopPolicy", _RUNS) != policy:
            yield Patch(_path(QUEUES, place, queue), {"spec": {"stopPolicy": policy}})
        return
    suspended = scale is Scale.STANDBY
    if bool(job["spec"].get("suspend")) is not suspended:
        yield Patch(_path(JOBS, place), {"spec": {"suspend": suspended}})


def _queue(job: Mapping[str, Any] | None) -> str:
    """The name of the queue that holds a Job; empty: none does."""
    return str(((job or {}).get("metadata", {}).get("labels") or {}).get(_QUEUE_LABEL, ""))


def _has_ended(job: Mapping[str, Any]) -> bool:
    conditions = job.get("status", {}).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)
