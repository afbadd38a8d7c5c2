"""The next change that a cluster's workloads need, by what the manifest has and what the cluster has."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from haven.runbooks.manifest import Workload, WorkloadSizes
from haven.runbooks.serving.workloads import (
    AUTOSCALERS,
    DEPLOYMENTS,
    JOBS,
    QUEUES,
    SCALED_OBJECTS,
    Kind,
    Objects,
    Patch,
    Scale,
    brought_down,
    missing,
    next_patch,
    readiness,
)

SHARE, NOTHING = WorkloadSizes(full=(4, 8), standby=(2, 8)), WorkloadSizes(full=(4, 8), standby=(0, 0))
API = {kind: f"/{kind[0]}/namespaces/chat/{kind[1]}" for kind in (DEPLOYMENTS, AUTOSCALERS, SCALED_OBJECTS)}
PAUSED = "autoscaling.keda.sh/paused-replicas"


def workload(sizes: WorkloadSizes = SHARE, name: str = "chat/chat", **more: Any) -> Workload:
    return Workload(system=name.partition("/")[0], kind="model-serving", deployments={name: sizes}, **more)


def objects(*found: tuple[Kind, Mapping[str, Any]], namespace: str = "chat") -> Objects:
    kept: dict[tuple[str, Kind], dict[str, Any]] = {}
    for kind, each in found:
        kept.setdefault((namespace, kind), {})[each["metadata"]["name"]] = each
    return Objects(kept)


def deployment(replicas: int, ready: int = 0, name: str = "chat") -> tuple[Kind, Mapping[str, Any]]:
    status = {"readyReplicas": ready}
    return DEPLOYMENTS, {"metadata": {"name": name}, "spec": {"replicas": replicas}, "status": status}


def autoscaler(minimum: int, maximum: int = 8) -> tuple[Kind, Mapping[str, Any]]:
    target = {"kind": "Deployment", "name": "chat"}
    spec = {"minReplicas": minimum, "maxReplicas": maximum, "scaleTargetRef": target}
    return AUTOSCALERS, {"metadata": {"name": "scaler"}, "spec": spec}


def keda(minimum: int, annotations: Mapping[str, str] | None = None) -> tuple[Kind, Mapping[str, Any]]:
    metadata = {"name": "keda", "annotations": annotations}
    spec = {"minReplicaCount": minimum, "maxReplicaCount": 8, "scaleTargetRef": {"name": "chat"}}
    return SCALED_OBJECTS, {"metadata": metadata, "spec": spec}


def job(*, suspended: bool, queue: str = "", ended: bool = False) -> tuple[Kind, Mapping[str, Any]]:
    labels = {"kueue.x-k8s.io/queue-name": queue} if queue else {}
    status = {"conditions": [{"type": "Complete", "status": "True"}]} if ended else {}
    return JOBS, {"metadata": {"name": "tune", "labels": labels}, "spec": {"suspend": suspended}, "status": status}


def queue(policy: str) -> tuple[Kind, Mapping[str, Any]]:
    return QUEUES, {"metadata": {"name": "gpus"}, "spec": {"stopPolicy": policy}}


SCALED = Patch(f"{API[DEPLOYMENTS]}/chat/scale", {"spec": {"replicas": 4}})
CASES: Mapping[str, tuple[WorkloadSizes, Scale, Sequence[tuple[Kind, Mapping[str, Any]]], Patch | None]] = {
    "without an autoscaler it is scaled": (NOTHING, Scale.FULL, [deployment(0)], SCALED),
    "more than the least stays": (NOTHING, Scale.FULL, [deployment(6)], None),
    "an autoscaler's minimum is raised first": (
        SHARE,
        Scale.FULL,
        [deployment(2), autoscaler(2)],
        Patch(f"{API[AUTOSCALERS]}/scaler", {"spec": {"minReplicas": 4}}),
    ),
    "and its maximum where that is lower": (
        SHARE,
        Scale.FULL,
        [deployment(2), autoscaler(2, 3)],
        Patch(f"{API[AUTOSCALERS]}/scaler", {"spec": {"minReplicas": 4, "maxReplicas": 8}}),
    ),
    "then the Deployment": (SHARE, Scale.FULL, [deployment(2), autoscaler(4)], SCALED),
    "KEDA's minimum is raised, and it goes on": (
        NOTHING,
        Scale.FULL,
        [deployment(0), keda(2, {PAUSED: "0"}), autoscaler(2)],
        Patch(
            f"{API[SCALED_OBJECTS]}/keda",
            {"spec": {"minReplicaCount": 4}, "metadata": {"annotations": {PAUSED: None}}},
        ),
    ),
    "down to a share the autoscaler goes by itself": (
        SHARE,
        Scale.STANDBY,
        [deployment(6), autoscaler(4)],
        Patch(f"{API[AUTOSCALERS]}/scaler", {"spec": {"minReplicas": 2}}),
    ),
    "and is left there": (SHARE, Scale.STANDBY, [deployment(6), autoscaler(2)], None),
    "to 0 it is scaled": (
        NOTHING,
        Scale.STANDBY,
        [deployment(6), autoscaler(4)],
        Patch(f"{API[DEPLOYMENTS]}/chat/scale", {"spec": {"replicas": 0}}),
    ),
    "KEDA, which would raise it, is paused at 0": (
        NOTHING,
        Scale.STANDBY,
        [deployment(6), keda(4)],
        Patch(f"{API[SCALED_OBJECTS]}/keda", {"metadata": {"annotations": {PAUSED: "0"}}}),
    ),
    "what is not there is not changed": (SHARE, Scale.FULL, [], None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_next_change(case: str) -> None:
    sizes, scale, found, expected = CASES[case]
    assert next_patch([workload(sizes)], objects(*found), scale) == expected


@pytest.mark.parametrize(
    ("found", "scale", "expected"),
    [
        ([job(suspended=True)], Scale.FULL, ("jobs/tune", {"suspend": False})),
        ([job(suspended=False)], Scale.FULL, None),
        ([job(suspended=False)], Scale.STANDBY, ("jobs/tune", {"suspend": True})),
        ([job(suspended=True, ended=True)], Scale.FULL, None),
        ([job(suspended=True, queue="gpus"), queue("HoldAndDrain")], Scale.FULL, ("gpus", {"stopPolicy": "None"})),
        ([job(suspended=True, queue="gpus"), queue("None")], Scale.FULL, None),
        ([job(suspended=True, queue="gpus"), queue("None")], Scale.STANDBY, ("gpus", {"stopPolicy": "HoldAndDrain"})),
    ],
)
def test_a_job_is_resumed_and_suspended_by_kueue_s_queue_where_it_has_one(
    found: Any, scale: Scale, expected: tuple[str, Mapping[str, Any]] | None
) -> None:
    training = Workload(system="training", kind="training", jobs=["chat/tune"])
    patch = next_patch([training], objects(*found), scale)
    assert (patch and (patch.path.endswith(expected[0] if expected else "-"), patch.body)) == (
        expected and (True, {"spec": expected[1]})
    )


def test_workloads_start_in_the_manifest_s_order_and_end_in_the_opposite_one() -> None:
    both = [workload(NOTHING, "chat/first"), workload(NOTHING, "chat/second")]
    up = next_patch(both, objects(deployment(0, name="first"), deployment(0, name="second")), Scale.FULL)
    down = next_patch(both, objects(deployment(4, name="first"), deployment(4, name="second")), Scale.STANDBY)
    assert up is not None
    assert down is not None
    assert (up.path, down.path) == (f"{API[DEPLOYMENTS]}/first/scale", f"{API[DEPLOYMENTS]}/second/scale")


def test_what_is_ready_is_held_against_the_least_of_the_scale() -> None:
    found = objects(deployment(4, ready=3))
    assert [each.describe() for each in readiness([workload()], found, Scale.FULL)] == [
        "chat/chat: 3 of 4 replicas ready"
    ]
    assert missing([workload(name="chat/other")], found) == ["chat/other"]


def test_a_queue_that_cannot_be_seen_is_named() -> None:
    training = Workload(system="training", kind="training", jobs=["chat/tune"])
    found = objects(job(suspended=True, queue="gpus"))
    assert next_patch([training], found, Scale.FULL) is None
    assert missing([training], found) == ["the LocalQueue chat/gpus"]


def test_what_a_deployment_of_the_old_configuration_would_take_away_again_is_named() -> None:
    kind, usual = deployment(4)
    forced = {**usual, "metadata": {"name": "chat", "annotations": {"pulumi.com/patchForce": "true"}}}
    assert brought_down([workload()], objects((kind, forced))) == ["chat/chat"]
    assert brought_down([workload()], objects((kind, usual))) == []
    assert brought_down([workload(name="chat/other")], objects((kind, forced))) == []
