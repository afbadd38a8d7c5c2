"""What of the systems runs on the clusters, in every tier and on both sides of a failover.

What a failover leaves alone is in test_clusters.py, what no pod, node or zone may be alone in tests/kubernetes."""

import json
import re
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven.runbooks import manifest
from tests.environments import PRIMARY, RECOVERY, ROOT, environment, of_type
from tests.sides import CODES

DIGEST = f"sha256:{'a' * 64}"
FLOWS = {
    "kind": "workflow-orchestration",
    "image": f"serving@{DIGEST}",
    "replicas": {"minimum": 2, "maximum": 6},
    "pools": {"nightly": {"system": "training"}},
}


def kubernetes(recording: Recording, region: str) -> dict[str, Resource]:
    """The objects of a Region's cluster by URN."""
    found = (each for each in recording.real() if each.is_kubernetes)
    return {each.urn: each for each in found if each.region == region}


def deployments(recording: Recording, region: str) -> dict[str, Resource]:
    """A Region's Deployments by name, without the cluster's."""
    found = of_type(recording, "kubernetes:apps/v1:Deployment", region)
    return {each.name.partition(f"{CODES[region]}-")[2]: each for each in found}


def replicas(recording: Recording, region: str) -> dict[str, Any]:
    found = deployments(recording, region)
    return {name: each.inputs["spec"].get("replicas") for name, each in found.items()}


def with_flows(**changes: str) -> Recording:
    """Tier warm with a workflow orchestration beside the other systems."""
    systems = _systems() | {"workflows": FLOWS}
    systems["training"] |= {"uses": {"systems": ["registry", "serving", "workflows"]}}
    return environment("warm", systems=json.dumps(systems), **changes)


def _systems() -> dict[str, Any]:
    """Those of tier warm."""
    found: dict[str, Any] = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    return found


def test_workers_may_reach_the_kubernetes_api_at_the_address_of_its_service() -> None:
    """The network policies' agent sees that address, and not the one that it leads to."""
    policies = of_type(with_flows(), "kubernetes:networking.k8s.io/v1:NetworkPolicy", PRIMARY)
    (worker,) = (each.inputs["spec"]["egress"] for each in policies if each.name.endswith("-nightly"))
    (api,) = (each for each in worker if [port["port"] for port in each["ports"]] == [443])
    assert "172.20.0.0/16" in [each["ipBlock"]["cidr"] for each in api["to"]]


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


def test_a_migration_alone_reads_the_administrators_secret_of_the_database_of_its_region() -> None:
    snapshot = f"arn:aws:rds:{RECOVERY}:111122223333:cluster-snapshot:copied"
    restored = environment("backup", active=RECOVERY, database=f'{{"restoreSnapshot": "{snapshot}"}}')
    own = "haven-backup-registry-database-secret"
    for region, administrator in ((PRIMARY, "haven-backup-db-secret"), (RECOVERY, "haven-backup-db-restored-secret")):
        assert _mountable(restored, region, "registry") == {own, administrator}
        assert _readable(restored, f"registry-migration-{CODES[region]}") == {own, administrator}
        assert _readable(restored, f"registry-{CODES[region]}") == {own}


def _mountable(recording: Recording, region: str, namespace: str) -> set[str]:
    """The secrets of a namespace's SecretProviderClasses."""
    return {
        secret["objectName"]
        for each in kubernetes(recording, region).values()
        if each.type.endswith(":SecretProviderClass") and each.inputs["metadata"]["namespace"] == namespace
        for secret in json.loads(each.inputs["spec"]["parameters"]["objects"])
    }


def _readable(recording: Recording, role: str) -> set[str]:
    """The secrets that a role of pods may read."""
    policies = (
        each.inputs["policy"]
        for each in recording.real()
        if each.type == aws.IAM_ROLE_POLICY and f"-{role}-" in f"{each.name}-"
    )
    return {secret for each in policies for secret in re.findall(r":secret:([^?]+)-[?]{6}", each)}


def test_a_failover_edits_no_job_but_for_its_suspension() -> None:
    """A Job's template can't be edited: another one replaces it."""
    before, after = (kubernetes(with_flows(**each), RECOVERY) for each in ({}, {"active": RECOVERY}))
    jobs = [each for each in before.values() if each.type == "kubernetes:batch/v1:Job"]
    assert len(jobs) == 4
    for job in jobs:
        there, then = dict(job.inputs["spec"]), dict(after[job.urn].inputs["spec"])
        assert (there.pop("suspend"), then.pop("suspend")) == (True, False)
        assert there == then


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_systems_have_the_same_addresses_in_both_regions(region: str) -> None:
    def named(kind: str) -> list[Any]:
        return [each.inputs for each in kubernetes(with_flows(), region).values() if each.type.endswith(f":{kind}")]

    services = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in named("Service")}
    assert {(each, each) for each in ("registry", "serving", "workflows")} <= services
    (binding,) = named("TargetGroupBinding")
    assert binding["spec"]["serviceRef"]["name"] == "serving"


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_a_system_reaches_the_systems_that_it_uses_and_no_other_one_does(region: str) -> None:
    policies = [each for each in kubernetes(with_flows(), region).values() if each.type.endswith(":NetworkPolicy")]
    called = _peers(policies, "egress", "training")
    assert {("registry", 5000), ("serving", 8080), ("workflows", 4200)} <= called
    for system, port in (("registry", 5000), ("serving", 8080), ("workflows", 4200)):
        assert ("training", port) in _peers(policies, "ingress", system)
        assert (system, port) not in _peers(policies, "egress", "registry") - {("registry", port)}


def _peers(policies: list[Resource], way: str, namespace: str) -> set[tuple[str, int]]:
    """The other namespaces, with the ports, that the policies of a namespace let in or out."""
    return {
        (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port["port"])
        for each in policies
        if each.inputs["metadata"]["namespace"] == namespace
        for rule in each.inputs["spec"].get(way, [])
        for peer in rule.get("from" if way == "ingress" else "to", [])
        if "namespaceSelector" in peer
        for port in rule["ports"]
    }


def test_an_orchestration_runs_where_its_database_takes_writes_alone() -> None:
    standing = {name: count for name, count in replicas(with_flows(), RECOVERY).items() if "workflows" in name}
    assert standing == {"workflows-server": 0, "workflows-services": 0, "workflows-nightly": 0}
    moved = replicas(with_flows(active=RECOVERY), RECOVERY)
    assert (moved["workflows-server"], moved["workflows-services"], moved["workflows-nightly"]) == (None, 2, 2)


def test_a_demoted_region_comes_down_to_the_scale_of_a_standby() -> None:
    demoted = environment("warm", active=RECOVERY, demote=PRIMARY)
    assert replicas(demoted, PRIMARY) == replicas(environment("warm"), RECOVERY)


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_pods_pull_from_the_registry_of_their_own_region_by_digest(region: str) -> None:
    pods = (each.inputs["spec"]["template"]["spec"] for each in deployments(environment("warm"), region).values())
    images = [each["image"] for pod in pods for each in [*pod["containers"], *pod.get("initContainers", [])]]
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
    assert (found.service, side.inference.system) == ("inference.warm.example.com", "serving")
    assert {name: each.gpu for name, each in side.cluster.node_groups.items()} == {
        name: "-system-" not in name for name in side.cluster.node_groups
    }
    assert {each.fallback for each in side.workloads} <= {*named, ""}


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
    systems = _systems()
    systems["training"]["jobs"] = {"tune": {"gpus": 4, "capacity": "spot"}}
    del systems["serving"]["otherNodeGroups"]
    recording = environment("warm", cluster=json.dumps({"gpuNodeGroups": [spot, serving]}), systems=json.dumps(systems))
    groups = of_type(recording, aws.EKS_NODE_GROUP, PRIMARY)
    kinds = {each.inputs["labels"].get("haven.dev/pool"): each.inputs["capacityType"] for each in groups}
    assert kinds["cheap"] == "SPOT"
    assert kinds["serving"] == "ON_DEMAND"
    assert recording.outputs["systems"]["serving"]["runs"][PRIMARY]["gpusAvailable"] == 3
