"""Replicas that a runbook scales by haven's own decisions, and a watch over those that are lost meanwhile."""

from collections.abc import Sequence
from threading import Event, Thread

from haven.runbooks.endpoints.kubernetes import FIELD_MANAGER
from haven.runbooks.manifest import Workload
from haven.runbooks.serving.workloads import Objects, Patch, Scale, by_name, list_path, namespaces, next_patch
from tests.kubernetes import cluster
from tests.kubernetes.api import MERGE, Api, ApiError

_TICK = 0.5
"""Seconds; an autoscaler gives back what was taken at its next look only, after 5 s here."""
_MOST_CHANGES = 100


class Watch:
    """The fewest replicas that were asked for, and that were ready, since it began."""

    def __init__(self, api: Api, pool: str, name: str = cluster.NAME) -> None:
        """
        Args:
            api: the API server.
            pool: the namespace.
            name: of the Deployment, whose pods are all that the namespace has.
        """
        self._api = api
        self._pool, self._name = pool, name
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.wanted, self.ready = 99, 99

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_TICK):
            self.wanted = min(self.wanted, cluster.wanted(self._api, self._pool, self._name))
            self.ready = min(self.ready, len(cluster.ready(self._api, self._pool)))


def runbook(api: Api, workloads: Sequence[Workload], scale: Scale) -> list[Patch]:
    """What `haven failover` and `haven failback` do with workloads: one change at a time, as the runbooks' own field
    manager, until none is missing.

    Returns:
        The changes that were made.
    """
    made: list[Patch] = []
    while (patch := next_patch(workloads, _objects(api, workloads), scale)) is not None:
        assert len(made) < _MOST_CHANGES, patch
        api.ask("PATCH", f"{patch.path}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict", patch.body, MERGE)
        made.append(patch)
    return made


def _objects(api: Api, workloads: Sequence[Workload]) -> Objects:
    asked = [(namespace, kind) for namespace, kinds in namespaces(workloads).items() for kind in kinds]
    found = {}
    for namespace, kind in asked:
        try:
            found[namespace, kind] = by_name(api.ask("GET", list_path(namespace, kind)))
        except ApiError as error:
            if error.status != 404:  # a custom resource that the API server doesn't know
                raise
    return Objects(found)
