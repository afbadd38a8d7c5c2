"""One Region as the steps that make it serve see it, and how its cluster is reached and read."""

from collections.abc import Sequence
from dataclasses import dataclass

from haven.runbooks.clients import KUBERNETES
from haven.runbooks.endpoints.cluster import Cluster
from haven.runbooks.manifest import Side, Workload
from haven.runbooks.serving.workloads import QUEUES, Kind, Objects, by_name, list_path, namespaces
from haven.runbooks.workflow.requests import Answer, Call, Clock, RefusedError, together

NO_CLUSTER = "ResourceNotFoundException"
_ABSENT, _FORBIDDEN = "NotFound", "Forbidden"


@dataclass(frozen=True)
class Place:
    """One Region."""

    region: str
    side: Side
    clock: Clock


async def cluster_of(place: Place) -> Cluster | None:
    """How the Region's cluster is reached; None: there is none.

    Raises:
        CallError: EKS doesn't answer.
    """
    name = place.side.cluster.name
    try:
        found = (await Call("eks", place.region, "describe_cluster", {"name": name}))["cluster"]
    except RefusedError as error:
        if error.code == NO_CLUSTER:
            return None
        raise
    return Cluster.of(name, found)


async def objects_of(place: Place, cluster: Cluster, workloads: Sequence[Workload]) -> Objects:
    """What the cluster has of these workloads, asked for at once.

    Raises:
        CallError: its API doesn't answer, or refuses it.
    """
    asked = [(namespace, kind) for namespace, kinds in namespaces(workloads).items() for kind in sorted(kinds)]
    answers = await together(*(_listed(place, cluster, namespace, kind) for namespace, kind in asked))
    return Objects({key: by_name(answer) for key, answer in zip(asked, answers, strict=True)})


async def _listed(place: Place, cluster: Cluster, namespace: str, kind: Kind) -> Answer:
    """A list; an empty one where the API server doesn't know the kind, or of queues that an older role doesn't show."""
    arguments = {"cluster": cluster, "path": list_path(namespace, kind)}
    try:
        return await Call(KUBERNETES, place.region, "read", arguments)
    except RefusedError as error:
        if error.code == _ABSENT or (error.code == _FORBIDDEN and kind == QUEUES):
            return {}
        raise
