"""Fake nodes in zones, what happens to them (silence, drains), and workloads as the components declare them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from haven.program.recorder import record
from haven_components import TrainingJobs, TrainingJobsArgs, kubernetes_provider
from haven_components.workloads import _pods
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.metrics import METRICS
from tests.kubernetes.objects import Sent, objects

ZONE, NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
GPU = "nvidia.com/gpu"
POOL = "haven.dev/test-pool"
"""Label of nodes that belong to one test alone."""
NAME = "server"
"""Of every workload here."""
DISK = "60Gi"
"""Of every node: what the smallest disk that Haven gives one by default, 80 GiB, has for pods."""
_READY_WITHIN = 60.0
"""Seconds for a node; kwok takes less than one on an idle machine."""


def add_nodes(api: Api, pool: str, zones: Sequence[str], per_zone: int, pods: int) -> None:
    """Ready nodes of one pool, with room for a number of pods each."""
    for zone in zones:
        for number in range(per_zone):
            labels = {POOL: pool, ZONE: zone, "topology.kubernetes.io/region": "here"}
            add_node(api, f"{pool}-{zone}-{number}", labels, {"cpu": str(pods), "memory": "64Gi", "pods": "50"})
    await_nodes(api, [f"{pool}-{zone}-{number}" for zone in zones for number in range(per_zone)])


def add_node(api: Api, name: str, labels: Mapping[str, str], room: Mapping[str, str]) -> None:
    """A node that kwok keeps alive; one with room for GPUs has the taint of GPU nodes.

    Args:
        api: the cluster's.
        name: the node's.
        labels: of the node, beside its host name.
        room: what pods may take of it.
    """
    annotations = {"kwok.x-k8s.io/node": "fake"}
    metadata = {"name": name, "labels": {**labels, NODE: name}, "annotations": annotations}
    taints = [{"key": GPU, "value": "true", "effect": "NoSchedule"}] if GPU in room else []
    room = {"ephemeral-storage": DISK, **room}
    body = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": taints}}
    api.change(api.apply(body, manager="ground"), {"status": {"capacity": room, "allocatable": room}}, "status")


def await_nodes(api: Api, names: Sequence[str]) -> None:
    """Wait until pods can run on every one of these nodes: the scheduler spreads over the nodes that are ready then."""

    def usable() -> set[str]:
        return {each["metadata"]["name"] for each in api.all("v1", "Node") if _is_usable(each)}

    until(lambda: usable() >= set(names), _READY_WITHIN, lambda: set(names) - usable())


def _is_usable(node: Any) -> bool:
    keys = {each["key"] for each in node["spec"].get("taints", ())}
    return any(
        each["type"] == "Ready" and each["status"] == "True" for each in node["status"].get("conditions", ())
    ) and not any(key.startswith("node.kubernetes.io/") for key in keys)


def silence(api: Api, pool: str, zone: str) -> None:
    """The nodes of a zone send no more heartbeats."""
    for each in nodes(api, pool, zone):
        api.change(each, {"metadata": {"labels": {"haven.dev/silent": "true"}}})


def nodes(api: Api, pool: str, zone: str) -> list[Any]:
    """The nodes of a pool in a zone."""
    found = api.all("v1", "Node")
    return [
        each
        for each in found
        if each["metadata"]["labels"].get(POOL) == pool and each["metadata"]["labels"].get(ZONE) == zone
    ]


def training(name: str, namespace: str, zone: str, **more: Any) -> Sequence[Sent]:
    """The objects of a `TrainingJobs`.

    Args:
        name: the component's.
        namespace: of its Jobs.
        zone: where they run.
        more: its further arguments: `scale` and `jobs`, at least.
    """

    def program() -> None:
        providers = [aws.Provider("aws", region="eu-west-1"), kubernetes_provider("k8s", "{}", cluster_name="ai")]
        args = {
            "region": "eu-west-1",
            "account_id": "123456789012",
            "cluster_name": "ai",
            "namespace": namespace,
            "zones": [zone],
            "image": f"training@sha256:{'0' * 64}",
            "checkpoints": {
                "bucket": "checkpoints",
                "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
                "interval_minutes": 5,
            },
            "labels": {"haven.dev/lasts": "true"},
            **more,
        }
        TrainingJobs(name, cast("TrainingJobsArgs", args), pulumi.ResourceOptions(providers=providers))

    return objects(record(program, stack="test"))


def workload(name: str, zones: Sequence[str], scale: _pods.WorkloadScaleArgs) -> dict[str, Mapping[str, Any]]:
    """Kind -> object: a Deployment with the parts that every component's pods share, its budget and its autoscaler.

    Args:
        name: the namespace, and the pool that it runs on.
        zones: the zones of that pool.
        scale: replicas; with room to scale there is an autoscaler on a metric, as KEDA makes it.
    """

    def program() -> None:
        opts = pulumi.ResourceOptions()
        labels = _pods.labels(NAME, "server")
        _pods.disruption_budget("budget", name, labels, zones, opts)
        container = {
            "name": "it",
            "image": f"registry.example/it@sha256:{'0' * 64}",
            "resources": {"requests": {"cpu": "1"}},
            "security_context": _pods.restricted_container(),
        }
        pod = {
            "node_selector": {POOL: name},
            "security_context": _pods.restricted_pod(),
            "tolerations": _pods.tolerations(),
            "affinity": _pods.apart(labels, zones),
            "topology_spread_constraints": _pods.spread(labels, zones),
            "containers": [container],
        }
        kubernetes.apps.v1.Deployment(
            NAME,
            metadata={"name": NAME, "namespace": name, "labels": labels, "annotations": _pods.forced(scale)},
            spec={
                "replicas": _pods.replicas(scale),
                "selector": {"match_labels": _pods.selecting(labels)},
                "strategy": {"rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        )

    records = record(program, stack="test").real()
    found = {str(each.inputs["kind"]): each.inputs for each in records}
    return {**found, **({"HorizontalPodAutoscaler": _autoscaler(name, scale)} if _pods.is_autoscaled(scale) else {})}


def _autoscaler(namespace: str, scale: _pods.WorkloadScaleArgs) -> Mapping[str, Any]:
    """What KEDA makes of a ScaledObject with two triggers: as many replicas as the greater metric has tens."""
    target = {"type": "AverageValue", "averageValue": "10"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": NAME, "namespace": namespace, "annotations": _pods.forced(scale)},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
            "minReplicas": scale["minimum"],
            "maxReplicas": scale["maximum"],
            "metrics": [
                {"type": "External", "external": {"metric": {"name": each}, "target": target}} for each in METRICS
            ],
        },
    }


def open_namespace(api: Api, name: str) -> None:
    """A namespace with Pod Security on."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    until(lambda: any(api.all("v1", "ServiceAccount", name)), 30)


def up(api: Api, objects: Mapping[str, Mapping[str, Any]], between: Callable[[], None] = lambda: None) -> None:
    """What `pulumi up` does: server-side apply of what is declared, and what no longer is, goes.

    It takes over what others own where an annotation says so (pulumi-kubernetes, provider/pkg/await/await.go; read
    2026-11-26).
    """
    for each in objects.values():
        annotations = each["metadata"].get("annotations", {})
        api.apply(each, force=annotations.get("pulumi.com/patchForce") == "true")
    between()
    namespace = next(iter(objects.values()))["metadata"]["namespace"]
    for each in api.all("autoscaling/v2", "HorizontalPodAutoscaler", namespace):
        if "HorizontalPodAutoscaler" not in objects:
            api.delete("autoscaling/v2", "HorizontalPodAutoscaler", each["metadata"]["name"], namespace)


def deployment(api: Api, namespace: str, name: str = NAME) -> Any:
    """The workload's Deployment, as it is."""
    return api.get("apps/v1", "Deployment", name, namespace)


def scale(api: Api, namespace: str, count: int) -> None:
    """`kubectl scale`."""
    api.change(deployment(api, namespace), {"spec": {"replicas": count}}, "scale")


def wanted(api: Api, namespace: str, name: str = NAME) -> int:
    """How many replicas are asked for."""
    return int(deployment(api, namespace, name)["spec"]["replicas"])


def ready(api: Api, namespace: str) -> list[Any]:
    """The pods of Deployments that are ready, and on their way nowhere."""
    return [each for each in api.all("v1", "Pod", namespace) if _is_ready(each) and _is_replica(each)]


def _is_replica(pod: Mapping[str, Any]) -> bool:
    return any(each["kind"] == "ReplicaSet" for each in pod["metadata"].get("ownerReferences", ()))


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or []
    return "deletionTimestamp" not in pod["metadata"] and any(
        each["type"] == "Ready" and each["status"] == "True" for each in conditions
    )


def zone_of(pod: Mapping[str, Any]) -> str:
    """The zone of a pod that runs, by its node's name."""
    return str(pod["spec"]["nodeName"]).split("-")[-2]


def drain(api: Api, pool: str, zone: str, watch: Callable[[], None], seconds: float) -> None:
    """`kubectl drain` of a zone's nodes: no new pods, and evictions until none is left, as budgets allow.

    Raises:
        AssertionError: pods are still there after that time.
    """
    names = set()
    for each in nodes(api, pool, zone):
        api.change(each, {"spec": {"unschedulable": True}})
        names.add(each["metadata"]["name"])

    def left() -> list[Any]:
        return [each for each in api.all("v1", "Pod", pool) if each["spec"].get("nodeName") in names]

    def evicted() -> bool:
        for each in left():
            _evict(api, each)
            watch()
        return not left()

    until(evicted, seconds, lambda: [each["metadata"]["name"] for each in left()])


def _evict(api: Api, pod: Mapping[str, Any]) -> None:
    metadata = {name: pod["metadata"][name] for name in ("name", "namespace")}
    path = api.path("v1", "Pod", metadata["namespace"], metadata["name"])
    try:
        api.ask("POST", f"{path}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata})
    except ApiError as error:
        if error.status not in (404, 429):  # gone, or the budget says: later
            raise
