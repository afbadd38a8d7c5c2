"""The whole of a model's serving, from an empty cluster, by one declaration: each step's time is printed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.config.rules.instances import CATALOG
from tests.kubernetes import cluster
from tests.kubernetes.api import Api, until
from tests.kubernetes.control_plane import ControlPlane, installable
from tests.kubernetes.living.declared_nodes import room_of
from tests.kubernetes.living.identity_webhook import IdentityWebhook
from tests.kubernetes.objects import Sent
from tests.kubernetes.sources import by_cluster, of_kind

pytestmark = pytest.mark.exhaustive

ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
DEFINITIONS = ("targetgroupbindings.elbv2.k8s.aws", "scaledobjects.keda.sh", "triggerauthentications.keda.sh")
NAMESPACE, SERVING, NODES = "chat", "example-chat", "rebuilt"


@contextmanager
def _step(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - begun:.1f} s")


def _nodes(api: Api) -> None:
    """Two GPU nodes and a node without GPUs in each zone, as large as the smallest that a stack has."""
    names = {f"{NODES}-{kind}-{zone}": zone for zone in ZONES for kind in ("gpu-0", "gpu-1", "system-0")}
    for name, zone in names.items():
        gpu = "gpu" in name
        labels = {cluster.ZONE: zone} | ({"haven.dev/gpu": "true"} if gpu else {})
        instance = CATALOG.instance("g5.2xlarge" if gpu else "m6i.large")
        assert instance is not None
        cluster.add_node(api, name, labels, room_of(instance))
    cluster.await_nodes(api, list(names))


def _deployments(api: Api, sent: list[Sent]) -> dict[str, Any]:
    return {
        str(each.name): api.get("apps/v1", "Deployment", str(each.name), each.namespace)
        for each in of_kind(sent, "Deployment")
    }


def _ready(api: Api, sent: list[Sent]) -> bool:
    found = _deployments(api, sent).values()
    return all(each.get("status", {}).get("readyReplicas", 0) == each["spec"]["replicas"] for each in found)


@pytest.fixture
def empty(control_plane: ControlPlane, identities: IdentityWebhook) -> Iterator[Api]:
    """A cluster with nodes and nothing else of ours, which is so again when the test has ended."""
    identities.effective.add((NAMESPACE, SERVING))
    api = control_plane.api
    _nodes(api)
    yield api
    for each in api.all("apps/v1", "Deployment", NAMESPACE):
        api.delete("apps/v1", "Deployment", each["metadata"]["name"], NAMESPACE)
    for each in api.all("v1", "Node"):
        if each["metadata"]["name"].startswith(NODES):
            api.delete("v1", "Node", each["metadata"]["name"])


def test_serving_is_rebuilt_from_nothing_by_one_declaration(control_plane: ControlPlane, empty: Api) -> None:
    api, definitions = empty, installable()
    if missing := [each for each in DEFINITIONS if each not in definitions]:
        pytest.skip(f"no {', '.join(missing)}: make kubernetes writes them (needs Go)")
    for each in DEFINITIONS:
        control_plane.install(definitions[each])
    ((_, sent),) = by_cluster("model_serving")
    assert {each.namespace for each in sent} == {"", NAMESPACE}
    with _step("namespace"):
        cluster.open_namespace(api, NAMESPACE)
    with _step("objects"):
        for one in sent:
            api.apply(one.body, force=True)
    with _step("first pods"):
        until(lambda: _ready(api, sent), 60, lambda: _deployments(api, sent))
    (scaled,) = of_kind(sent, "ScaledObject")
    minimum = scaled.body["spec"]["minReplicaCount"]
    with _step("the autoscaler's minimum"):
        target = scaled.body["spec"]["scaleTargetRef"]["name"]
        api.change(_deployments(api, sent)[target], {"spec": {"replicas": minimum}}, "scale")
        until(lambda: _ready(api, sent), 60, lambda: _deployments(api, sent))
    with _step("the declaration once more"):
        for one in sent:
            api.apply(one.body)
    assert _deployments(api, sent)[target]["status"]["readyReplicas"] == minimum
    pods = api.all("v1", "Pod", NAMESPACE)
    nodes = {each["metadata"]["name"]: each["metadata"]["labels"] for each in api.all("v1", "Node")}
    servers = [each for each in pods if each["metadata"]["labels"]["app.kubernetes.io/component"] == "server"]
    zones = [nodes[each["spec"]["nodeName"]][cluster.ZONE] for each in servers]
    assert sorted(zones) == list(ZONES)
    fallback = [each for each in pods if each["metadata"]["labels"]["app.kubernetes.io/component"] == "fallback"]
    assert not any("haven.dev/gpu" in nodes[each["spec"]["nodeName"]] for each in fallback)
