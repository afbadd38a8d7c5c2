"""All pods that a stack declares run at once on the nodes that it declares, on the real scheduler."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from haven.program.recording import Recording
from tests.environments import PRIMARY, ROOT, TIERS, environment
from tests.infra.test_workloads import with_flows
from tests.kubernetes import cluster
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.living.declared_nodes import declared_nodes
from tests.kubernetes.objects import Sent, objects
from tests.kubernetes.sources import least, of_kind

pytestmark = pytest.mark.exhaustive

PREFIX = "fit-"
NEEDED = ("PriorityClass", "ServiceAccount", "ConfigMap", "LimitRange")
WITHIN = 90.0
DIGEST = f"sha256:{'a' * 64}"
ALL = "everything"


def _everything() -> Recording:
    """Servers that share nodes, a canary, a smaller model on the system nodes, and workers with and without GPUs."""
    systems = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    serving = systems["serving"] | {"replicas": {"minimum": 3}, "fallback": {"image": f"serving@{DIGEST}"}}
    versions = serving["model"]["versions"]
    serving["model"] |= {"versions": versions | {"v2": versions["v1"]}, "canary": {"version": "v2"}}
    systems["serving"] = serving
    systems["training"]["jobs"] = {"tune": {"gpus": 2, "workers": 2}, "prepare": {"gpus": 0}}
    groups = [
        {"name": "serving", "instanceTypes": ["g5.12xlarge", "g5.24xlarge"], "system": "serving"},
        {"name": "training", "instanceTypes": ["g5.12xlarge", "g5.24xlarge"], "system": "training"},
    ]
    return environment("warm", systems=json.dumps(systems), cluster=json.dumps({"gpuNodeGroups": groups}))


def _recorded(source: str) -> Recording:
    made = {ALL: _everything, "flows": with_flows}
    return made[source]() if source in made else environment(source)


def _renamed(each: Sent) -> Sent:
    metadata = dict(each.body["metadata"])
    if each.kind == "PriorityClass":
        return each
    metadata["namespace"] = PREFIX + each.namespace
    return replace(each, body={**each.body, "metadata": metadata})


def _sent(recording: Recording) -> list[Sent]:
    """What runs, and what it needs, in namespaces of their own."""
    wanted = (*NEEDED, "Deployment", "Job")
    return [_renamed(each) for each in of_kind(objects(recording, PRIMARY), *wanted)]


@pytest.fixture
def emptied(api: Api) -> Iterator[Api]:
    """A cluster whose nodes and workloads of these tests go again."""
    yield api
    namespaces = [each["metadata"]["name"] for each in api.all("v1", "Namespace")]
    for namespace in (each for each in namespaces if each.startswith(PREFIX)):
        for version, kind in (("apps/v1", "Deployment"), ("batch/v1", "Job"), ("v1", "Pod")):
            for each in api.all(version, kind, namespace):
                with suppress(ApiError):
                    api.delete(version, kind, each["metadata"]["name"], namespace)
    for each in api.all("v1", "Node"):
        if each["metadata"]["name"].startswith(PREFIX):
            api.delete("v1", "Node", each["metadata"]["name"])


def _wanted(sent: list[Sent], each: Sent) -> int:
    if each.kind == "Job":
        return 0 if each.body["spec"].get("suspend") else int(each.body["spec"].get("parallelism", 1))
    return least(sent, each)


def _running(pods: list[Any], owner: Sent) -> int:
    """The pods of a workload that have a node."""
    own = {"batch.kubernetes.io/job-name": owner.name}
    if owner.kind == "Deployment":
        own = owner.body["spec"]["selector"]["matchLabels"]
    return sum("nodeName" in each["spec"] and own.items() <= each["metadata"]["labels"].items() for each in pods)


def _waiting(api: Api, namespaces: list[str]) -> Mapping[str, Any]:
    return {
        each["metadata"]["name"]: [one.get("message") for one in each["status"].get("conditions", ())]
        for namespace in namespaces
        for each in api.all("v1", "Pod", namespace)
        if each["spec"].get("nodeName") is None
    }


@pytest.mark.parametrize("source", [*TIERS, "flows", ALL])
def test_every_declared_pod_has_a_node_of_its_stack(source: str, emptied: Api) -> None:
    api, recording = emptied, _recorded(source)
    nodes = list(declared_nodes(recording, PRIMARY))
    for node in nodes:
        cluster.add_node(api, node.name, node.labels, node.room)
    cluster.await_nodes(api, [each.name for each in nodes])
    sent = _sent(recording)
    namespaces = sorted({each.namespace for each in sent} - {""})
    for namespace in namespaces:
        cluster.open_namespace(api, namespace)
    for each in of_kind(sent, *NEEDED):
        with suppress(ApiError):  # a priority class of another test has another value, which can't change
            api.apply(each.body, force=True)
    workloads = of_kind(sent, "Deployment", "Job")
    for each in workloads:
        count = _wanted(sent, each)
        spec = each.body["spec"] | ({"replicas": count} if each.kind == "Deployment" else {})
        api.apply({**each.body, "spec": spec}, force=True)

    def placed() -> dict[str, tuple[int, int]]:
        pods = {namespace: api.all("v1", "Pod", namespace) for namespace in namespaces}
        return {str(each.name): (_running(pods[each.namespace], each), _wanted(sent, each)) for each in workloads}

    def complete() -> bool:
        return all(here >= wanted for here, wanted in placed().values())

    until(complete, WITHIN, lambda: (placed(), _waiting(api, namespaces)))
    assert {name for name, (_, wanted) in placed().items() if wanted} >= {f"haven-{_stack(source)}-euw1-serving"}


def _stack(source: str) -> str:
    return source if source in TIERS else "warm"
