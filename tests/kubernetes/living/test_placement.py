"""Where the real scheduler puts the servers of a model: on their own nodes, then on others, and never elsewhere."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.components.workloads.serving.declaration import NAME, declare
from tests.kubernetes import cluster
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.objects import objects
from tests.kubernetes.sources import of_kind

pytestmark = pytest.mark.exhaustive

NAMESPACE, ZONES, TRAINING = "placed", ("a", "b", "c"), "trainer"
OWN, OTHER, STRANGE = "placed-own", "placed-other", "placed-strange"
WITHIN = 60.0


@pytest.fixture
def nodes(api: Api) -> Iterator[Api]:
    """One node with a GPU in two zones of the servers' own group, two with two GPUs of a group that they may take, and
    one of a group that they may not."""
    cluster.open_namespace(api, NAMESPACE)
    made = [(OWN, "a", 1), (OWN, "b", 1), (OTHER, "b", 2), (OTHER, "c", 2), (STRANGE, "c", 8)]
    for pool, zone, gpus in made:
        labels = {cluster.ZONE: zone, "haven.dev/gpu": "true", "haven.dev/pool": pool}
        room = {"cpu": "64", "memory": "512Gi", "pods": "50", cluster.GPU: str(gpus)}
        cluster.add_node(api, f"{pool}-{zone}-0", labels, room)
    names = [f"{pool}-{zone}-0" for pool, zone, _ in made]
    cluster.await_nodes(api, names)
    yield api
    for name in (NAME, TRAINING):
        with suppress(ApiError):
            api.delete("apps/v1", "Deployment", name, NAMESPACE)
    until(lambda: not api.all("v1", "Pod", NAMESPACE), WITHIN)
    for name in names:
        api.delete("v1", "Node", name)


def _serve(api: Api, replicas: int, *others: str) -> None:
    recording = declare(
        namespace=NAMESPACE,
        zones=list(ZONES),
        gpus=1,
        pools=[OWN],
        other_pools=list(others),
        scale={"minimum": replicas, "maximum": replicas},
    )
    for each in of_kind(objects(recording), "PriorityClass", "ServiceAccount", "ConfigMap", "Deployment"):
        api.apply(each.body, force=True)


def _train(api: Api) -> None:
    """Training takes all GPUs of the other group, at its low priority."""
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": -1, "preemptionPolicy": "Never"}
    api.apply({**priority, "metadata": {"name": TRAINING}}, force=True)
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "it",
        "image": "registry.example/it",
        "resources": {"limits": {cluster.GPU: "1"}},
        "securityContext": restricted,
    }
    pod = {
        "priorityClassName": TRAINING,
        "nodeSelector": {"haven.dev/pool": OTHER},
        "tolerations": [{"key": cluster.GPU, "operator": "Exists"}],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    labels = {"app": TRAINING}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 4, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": TRAINING, "namespace": NAMESPACE}
    api.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    until(lambda: _running(api, TRAINING)[OTHER] == 4, WITHIN)


def _running(api: Api, name: str) -> Counter[str]:
    """Group -> ready pods of a Deployment."""
    pods = (each for each in cluster.ready(api, NAMESPACE) if each["metadata"]["name"].startswith(f"{name}-"))
    return Counter(str(each["spec"]["nodeName"]).rpartition("-")[0].rpartition("-")[0] for each in pods)


def _pending(api: Api) -> int:
    return sum("nodeName" not in each["spec"] for each in api.all("v1", "Pod", NAMESPACE))


def _until(api: Api, **groups: int) -> None:
    wanted = {{"own": OWN, "other": OTHER}[name]: count for name, count in groups.items()}
    until(lambda: _running(api, NAME) == wanted, WITHIN, lambda: _running(api, NAME))


def test_servers_take_their_own_nodes_then_those_that_they_are_given(nodes: Api) -> None:
    _serve(nodes, 2, OTHER)
    _until(nodes, own=2)
    _serve(nodes, 5, OTHER)
    _until(nodes, own=2, other=3)


def test_servers_that_are_given_no_other_nodes_wait_for_their_own(nodes: Api) -> None:
    _serve(nodes, 3)
    _until(nodes, own=2)
    until(lambda: _pending(nodes) == 1, WITHIN)


def test_training_gives_way_to_servers_whose_own_nodes_do_not_come(nodes: Api) -> None:
    _train(nodes)
    for zone in ("a", "b"):
        nodes.delete("v1", "Node", f"{OWN}-{zone}-0")
    _serve(nodes, 3, OTHER)
    _until(nodes, other=3)
    until(lambda: (_running(nodes, TRAINING)[OTHER], _pending(nodes)) == (1, 3), WITHIN)
    for zone in ("a", "b"):
        nodes.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"{OWN}-{zone}-0"}})
