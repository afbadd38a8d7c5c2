"""What of the systems runs on the clusters, in every tier and on both sides of a failover."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from haven.program.recording import Recording, Resource
from haven.runbooks import manifest
from tests.environments import PRIMARY, RECOVERY, TIERS, environment

DIGEST = f"sha256:{'a' * 64}"
FLOWS = {
    "kind": "workflow-orchestration",
    "image": f"serving@{DIGEST}",
    "replicas": {"minimum": 2, "maximum": 6},
    "pools": {"nightly": {"system": "training"}},
}


def kubernetes(recording: Recording, region: str) -> dict[str, Resource]:
    """The objects of a Region's cluster by URN."""
    found = (each for each in recording.real() if each.type.startswith("kubernetes:"))
    return {each.urn: each for each in found if each.region == region}


def deployments(recording: Recording, region: str) -> dict[str, Resource]:
    """A Region's Deployments by name, without the cluster's."""
    found = kubernetes(recording, region).values()
    return {
        each.name.partition(f"{'euw1' if region == PRIMARY else 'euc1'}-")[2]: each
        for each in found
        if each.type == "kubernetes:apps/v1:Deployment"
    }


def replicas(recording: Recording, region: str) -> dict[str, Any]:
    found = deployments(recording, region)
    return {name: each.inputs["spec"].get("replicas") for name, each in found.items()}


def with_flows(**changes: str) -> Recording:
    """Tier warm with a workflow orchestration beside the other systems."""
    systems = json.loads(json.dumps(_systems("warm"))) | {"workflows": FLOWS}
    return environment("warm", systems=json.dumps(systems), **changes)


def _systems(tier: str) -> Any:
    from haven.config.stack_file import load_stack
    from tests.environments import ROOT

    return json.loads(load_stack(tier, ROOT).config["haven:systems"])


@pytest.mark.parametrize(
    ("tier", "serving", "registry"),
    [("pilot-light", 0, 0), ("warm", 1, 2), ("active-active", 3, 2)],
)
def test_a_standby_serves_with_the_share_of_its_tier(tier: str, serving: int, registry: int) -> None:
    assert replicas(environment(tier), PRIMARY) == {"serving": 3, "registry-server": 2}
    assert replicas(environment(tier), RECOVERY) == {"serving": serving, "registry-server": registry}


def test_tier_backup_has_workloads_in_its_recovery_region_after_a_failover_alone() -> None:
    assert kubernetes(environment("backup"), RECOVERY) == {}
    assert replicas(environment("backup", active=RECOVERY), RECOVERY)["serving"] == 3


@pytest.mark.parametrize("tier", TIERS)
def test_a_failover_leaves_the_other_cluster_as_it_is_and_removes_nothing(tier: str) -> None:
    before, after = environment(tier), environment(tier, active=RECOVERY)
    assert kubernetes(before, PRIMARY) == kubernetes(after, PRIMARY)
    assert kubernetes(before, RECOVERY).keys() <= kubernetes(after, RECOVERY).keys()


def test_a_failover_edits_no_job_but_for_its_suspension() -> None:
    """A Job's template can't be edited: another one replaces it."""
    before, after = (kubernetes(with_flows(**each), RECOVERY) for each in ({}, {"active": RECOVERY}))
    jobs = [each for each in before.values() if each.type == "kubernetes:batch/v1:Job"]
    assert len(jobs) == 4
    for job in jobs:
        there, then = dict(job.inputs["spec"]), dict(after[job.urn].inputs["spec"])
        assert (there.pop("suspend"), then.pop("suspend")) == (True, False)
        assert there == then


def test_an_orchestration_runs_where_its_database_takes_writes_alone() -> None:
    standing = {name: count for name, count in replicas(with_flows(), RECOVERY).items() if "workflows" in name}
    assert standing == {"workflows-server": 0, "workflows-services": 0, "workflows-nightly": 0}
    moved = replicas(with_flows(active=RECOVERY), RECOVERY)
    assert (moved["workflows-server"], moved["workflows-services"], moved["workflows-nightly"]) == (None, 2, 2)


def test_a_demoted_region_comes_down_to_the_scale_of_a_standby() -> None:
    demoted = environment("warm", active=RECOVERY, demote=PRIMARY)
    assert replicas(demoted, PRIMARY) == replicas(environment("warm"), RECOVERY)


def _pods(recording: Recording, region: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in deployments(recording, region).items():
        yield name, each.inputs["spec"]["template"]["spec"]


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_no_system_depends_on_one_pod_one_node_or_one_zone_where_it_serves(region: str) -> None:
    recording = with_flows(**({} if region == PRIMARY else {"active": RECOVERY}))
    budgets = {
        tuple(each.inputs["spec"]["selector"]["matchLabels"].values())
        for each in kubernetes(recording, region).values()
        if each.type.endswith(":PodDisruptionBudget")
    }
    pods = dict(_pods(recording, region))
    assert {name.partition("-")[0] for name in pods} == {"serving", "registry", "workflows"}
    for name, pod in pods.items():
        workload = deployments(recording, region)[name].inputs["spec"]
        assert workload.get("replicas") is None or workload["replicas"] >= 2, name
        keys = {each["topologyKey"] for each in pod["topologySpreadConstraints"]}
        assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}, name
        assert tuple(workload["selector"]["matchLabels"].values()) in budgets, name
        assert not [each for each in pod["volumes"] if "persistentVolumeClaim" in each], name


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_pods_pull_from_the_registry_of_their_own_region_by_digest(region: str) -> None:
    images = [
        each["image"]
        for _, pod in _pods(environment("warm"), region)
        for each in [*pod["containers"], *pod.get("initContainers", [])]
    ]
    assert images
    assert all(f".dkr.ecr.{region}.amazonaws.com/haven-warm-images/" in each for each in images)
    assert all("@sha256:" in each for each in images)


def test_the_manifest_names_what_a_recovery_scales_in_its_order_and_what_proves_that_a_region_infers() -> None:
    found = manifest.parse(json.dumps(with_flows().outputs["manifest"]), "the test")
    side = found.sides[RECOVERY]
    assert [each.system for each in side.workloads] == ["registry", "serving", "workflows", "training"]
    declared = {
        f"{each.inputs['metadata']['namespace']}/{each.inputs['metadata']['name']}"
        for each in kubernetes(with_flows(), RECOVERY).values()
        if each.type in ("kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job")
    }
    named = {name for each in side.workloads for name in [*each.deployments, *each.jobs]}
    assert named <= declared
    assert {name for name in declared - named if "migration" not in name and "settings" not in name} == set()
    assert side.inference is not None
    assert side.inference.url == "https://inference-euc1.warm.example.com/v1/chat/completions"
    assert [each.expect for each in side.inference.prompts] == ["(?i)paris"]


def test_the_sizes_in_the_manifest_are_those_that_are_declared() -> None:
    found = manifest.parse(json.dumps(with_flows().outputs["manifest"]), "the test").sides[RECOVERY]
    sizes = {name.partition("euc1-")[2]: each for one in found.workloads for name, each in one.deployments.items()}
    for recording, scale in ((with_flows(), "standby"), (with_flows(active=RECOVERY), "full")):
        for name, count in replicas(recording, RECOVERY).items():
            assert count in (None, getattr(sizes[name], scale)[0]), name


def test_an_emulator_has_no_workloads_for_it_has_no_kubernetes_api() -> None:
    recording = environment("warm", emulator="http://127.0.0.1:4566")
    assert not [each for each in recording.resources if "kubernetes:" in each.type]


def test_a_plan_shows_replicas_and_gpus_beside_those_that_are_there() -> None:
    runs = environment("warm").outputs["systems"]["serving"]["runs"]
    assert runs[PRIMARY] == {"minimum": 3, "maximum": 3, "gpus": 3, "gpusAvailable": 3}
    assert runs[RECOVERY] == {"minimum": 1, "maximum": 1, "gpus": 1, "gpusAvailable": 1}


def test_training_may_take_spot_nodes_and_servers_of_models_never_do() -> None:
    spot = {"name": "cheap", "instanceTypes": ["g5.12xlarge", "g5.24xlarge"], "system": "training", "spot": True}
    serving = {"name": "serving", "instanceTypes": ["g5.2xlarge", "g5.4xlarge"], "desiredSize": 3, "maxSize": 6}
    systems = json.loads(json.dumps(_systems("warm")))
    systems["training"]["jobs"] = {"tune": {"gpus": 4, "capacity": "spot"}}
    recording = environment("warm", cluster=json.dumps({"gpuNodeGroups": [spot, serving]}), systems=json.dumps(systems))
    groups = [each for each in recording.real() if each.type.endswith(":NodeGroup") and each.region == PRIMARY]
    kinds = {each.inputs["labels"].get("haven.dev/pool"): each.inputs["capacityType"] for each in groups}
    assert kinds["cheap"] == "SPOT"
    assert kinds["serving"] == "ON_DEMAND"
    assert recording.outputs["systems"]["serving"]["runs"][PRIMARY]["gpusAvailable"] == 3
