"""On which node groups the pods of systems run, which groups stand in for others, and what a demotion takes back."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from haven.program.recording import Recording, Resource
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.systems import gpus_of_node
from tests.environments import PRIMARY, RECOVERY, ROOT, environment
from tests.infra.test_workloads import FLOWS, kubernetes
from tests.sides import CODES

pytestmark = pytest.mark.exhaustive

BOTH = pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
FORCED, PAUSED = "pulumi.com/patchForce", "autoscaling.keda.sh/paused-replicas"
SCALED = ("Deployment", "HorizontalPodAutoscaler", "Job", "LocalQueue", "ScaledObject")
"""Kinds of objects that a runbook changes."""


def _stack(tier: str, **changes: Any) -> dict[str, Any]:
    """Some keys of a tier's stack: `systems` and `cluster`, with changes of a system's own keys and further groups."""
    config = load_stack(tier, ROOT).config
    systems, cluster = json.loads(config["haven:systems"]), json.loads(config["haven:cluster"])
    cluster["gpuNodeGroups"] += changes.pop("groups", [])
    for name, keys in changes.items():
        systems[name] |= keys
    return {"systems": json.dumps(systems), "cluster": json.dumps(cluster)}


def _group(name: str, system: str, types: tuple[str, ...] = ("g5.2xlarge", "g5.4xlarge"), **more: Any) -> Any:
    return {"name": name, "instanceTypes": list(types), "system": system, "desiredSize": 2, "maxSize": 6, **more}


@pytest.fixture(scope="module")
def shared() -> dict[str, Any]:
    """Tier warm whose servers have two groups, and may run on that of training."""
    return _stack("warm", serving={"otherNodeGroups": ["training"]}, groups=[_group("reserve", "serving")])


def _pod(recording: Recording, region: str, name: str) -> Any:
    (found,) = (
        each
        for each in kubernetes(recording, region).values()
        if each.name == f"haven-warm-{CODES[region]}-{name}" and each.type.endswith((":Deployment", ":Job"))
    )
    return found.inputs["spec"]["template"]["spec"]


def _pools(terms: Any) -> list[list[str]]:
    return [each["values"] for term in terms for each in term["matchExpressions"] if each["key"] == "haven.dev/pool"]


def _required(pod: Any) -> list[list[str]]:
    return _pools(
        pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    )


@BOTH
def test_servers_run_on_all_groups_of_their_system_and_on_those_that_they_are_given(
    region: str, shared: dict[str, Any]
) -> None:
    pod = _pod(environment("warm", **shared), region, "serving")
    assert _required(pod) == [["serving", "reserve", "training"]]
    preferred = pod["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert _pools([each["preference"] for each in preferred]) == [["serving", "reserve"]]


@BOTH
def test_servers_that_are_given_no_other_group_run_on_their_own_alone(region: str) -> None:
    two = _stack("warm", serving={"otherNodeGroups": []}, groups=[_group("reserve", "serving")])
    assert _required(_pod(environment("warm", **two), region, "serving")) == [["serving", "reserve"]]


def _stand_ins(recording: Recording) -> Mapping[str, Any]:
    """Pool -> the groups in its place, the same in both Regions."""
    sides = recording.outputs["manifest"]["sides"].values()
    (found, other) = [
        {each["pool"]: each.get("standIns", {}) for each in side["cluster"]["nodeGroups"].values()} for side in sides
    ]
    assert found == other
    return dict(found)


def test_the_manifest_has_a_group_stand_in_for_others_where_all_their_servers_may_run(shared: dict[str, Any]) -> None:
    """A g5.12xlarge has four GPUs, and the servers' nodes one each."""
    found = _stand_ins(environment("warm", **shared))
    assert found == {"system": {}, "serving": {"training": 4}, "reserve": {"training": 4}, "training": {}}
    without = environment("warm", **_stack("warm", serving={"otherNodeGroups": []}))
    assert not any(_stand_ins(without).values())


def test_a_replica_of_two_gpus_counts_the_nodes_that_take_it() -> None:
    larger = _group("large", "serving", ("g5.48xlarge", "p4d.24xlarge"))
    assert gpus_of_node(GpuNodeGroup.model_validate(larger)) == 8
    keys = _stack("warm", serving={"otherNodeGroups": ["training"], "gpus": 2}, groups=[larger])
    assert _stand_ins(environment("warm", **_only(keys, "large", "training")))["large"] == {"training": 0.5}


def _only(keys: dict[str, Any], *groups: str) -> dict[str, Any]:
    cluster = json.loads(keys["cluster"])
    cluster["gpuNodeGroups"] = [each for each in cluster["gpuNodeGroups"] if each["name"] in groups]
    return keys | {"cluster": json.dumps(cluster)}


def test_a_failover_changes_nothing_of_the_other_region_s_placement(shared: dict[str, Any]) -> None:
    before, after = (environment("warm", **shared, **active) for active in ({}, {"active": RECOVERY}))
    assert _inputs(kubernetes(before, PRIMARY)) == _inputs(kubernetes(after, PRIMARY))


def _inputs(found: Mapping[str, Resource]) -> dict[str, Any]:
    return {urn: each.inputs for urn, each in found.items()}


def test_queued_jobs_are_limited_to_the_groups_that_have_their_capacity() -> None:
    jobs = {each: {"gpus": 1, "capacity": each} for each in ("on-demand", "spot", "spot-first")}
    training = {"queue": True, "jobs": jobs}
    keys = _stack("warm", training=training, groups=[_group("cheap", "training", spot=True)])
    recording = environment("warm", **keys)
    found = {each: _required(_pod(recording, PRIMARY, f"training-{each}")) for each in jobs}
    assert found == {
        "on-demand": [["training"]],
        "spot": [["cheap"], ["cheap"]],
        "spot-first": [["training", "cheap"]],
    }


def _annotated(recording: Recording, region: str, key: str) -> set[tuple[str, str]]:
    """Kind and name of the objects with an annotation, without ConfigMaps: a kept one is always taken over."""
    return {
        (each.type.rpartition(":")[2], each.name.partition(f"{CODES[region]}-")[2])
        for each in kubernetes(recording, region).values()
        if key in each.inputs.get("metadata", {}).get("annotations", {}) and not each.type.endswith(":ConfigMap")
    }


@pytest.fixture(scope="module")
def scaling() -> dict[str, Any]:
    """Tier pilot-light with servers and an orchestration that scale, and jobs in a queue."""
    keys = _stack("pilot-light", serving={"replicas": {"minimum": 3, "maximum": 9}}, training={"queue": True})
    systems = json.loads(keys["systems"]) | {"workflows": FLOWS}
    return keys | {"systems": json.dumps(systems), "watch": '{"prometheus": true}'}


def test_only_a_region_that_is_brought_down_by_name_takes_back_what_runbooks_and_autoscalers_change(
    scaling: dict[str, Any],
) -> None:
    demoted = environment("pilot-light", **scaling, active=RECOVERY, demote=PRIMARY)
    changed = {
        (each.type.rpartition(":")[2], each.name.partition(f"{CODES[PRIMARY]}-")[2])
        for each in kubernetes(demoted, PRIMARY).values()
        if each.type.endswith(tuple(f":{kind}" for kind in SCALED))
    }
    once = {each for each in changed if each[0] == "Job" and not each[1].startswith("training-")}
    assert _annotated(demoted, PRIMARY, FORCED) == changed - once
    assert _annotated(demoted, PRIMARY, PAUSED) == {("ScaledObject", "serving-scaling")}
    assert _annotated(demoted, RECOVERY, FORCED) == set()
    for changes in ({}, {"active": RECOVERY}):
        other = environment("pilot-light", **scaling, **changes)
        assert [_annotated(other, region, FORCED) for region in (PRIMARY, RECOVERY)] == [set(), set()], changes


def test_a_failover_back_changes_nothing_of_the_region_that_served(scaling: dict[str, Any]) -> None:
    before = environment("pilot-light", **scaling, active=RECOVERY, demote=PRIMARY)
    after = environment("pilot-light", **scaling, demote=PRIMARY)
    assert _inputs(kubernetes(before, RECOVERY)) == _inputs(kubernetes(after, RECOVERY))
    assert _annotated(after, PRIMARY, FORCED) == set()
