"""What a stack may choose beside its systems: queues of Kueue, headroom of Karpenter, certificates of its own."""

import json
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from haven.program.recording import Recording
from haven_components import rds_certificates
from haven_components.workloads.training_jobs import DISK_QUOTA
from tests.environments import PRIMARY, RECOVERY, ROOT, environment
from tests.infra.test_workloads import kubernetes
from tests.sides import CODES

DIGEST = f"sha256:{'a' * 64}"
REGIONS = pytest.mark.parametrize("region", [PRIMARY, RECOVERY])


def chosen(**changes: str) -> Recording:
    """Tier warm with a queue, headroom, and Kueue installed."""
    config = load_stack("warm", ROOT).config
    systems, cluster, controllers, images = (
        json.loads(config[f"haven:{key}"]) for key in ("systems", "cluster", "controllers", "images")
    )
    systems["training"]["queue"] = True
    cluster["headroom"] = {"bottlerocketVersion": "1.50.0", "gpus": {"serving": 8}}
    chart = {"repository": "charts/kueue", "version": "0.17.8", "digest": DIGEST}
    controllers["kueue"] = {"chart": chart, "image": f"kueue@{DIGEST}"}
    images["repositories"] += ["kueue", "charts/kueue"]
    keys = {"systems": systems, "cluster": cluster, "controllers": controllers, "images": images}
    return environment("warm", **({key: json.dumps(value) for key, value in keys.items()} | changes))


def mounted(**changes: str) -> Recording:
    """Tier warm whose servers read their weights from a volume, with a second version."""
    config = load_stack("warm", ROOT).config
    systems, cluster = (json.loads(config[f"haven:{key}"]) for key in ("systems", "cluster"))
    model = systems["serving"]["model"]
    model["loader"] = "mountpoint"
    model["versions"]["v2"] = {**model["versions"]["v1"], "prefix": "chat/v2", "weightsGib": 800}
    cluster["addons"] = {"aws-mountpoint-s3-csi-driver": "v2.5.0-eksbuild.1"}
    return environment("warm", systems=json.dumps(systems), cluster=json.dumps(cluster), **changes)


def _specs(recording: Recording, region: str, kind: str) -> dict[str, Any]:
    found = (each for each in kubernetes(recording, region).values() if each.type.endswith(f":{kind}"))
    return {each.name: each.inputs["spec"] for each in found}


@pytest.mark.exhaustive
@REGIONS
def test_jobs_wait_in_a_queue_whose_quota_is_what_the_node_groups_have(region: str) -> None:
    (queue,) = _specs(chosen(), region, "ClusterQueue").values()
    (flavor,) = queue["resourceGroups"][0]["flavors"]
    quota = {each["name"]: each["nominalQuota"] for each in flavor["resources"]}
    assert quota.pop("ephemeral-storage") == DISK_QUOTA
    assert quota == {"nvidia.com/gpu": 4, "cpu": "46910m", "memory": "177733Mi"}  # of a g5.12xlarge, for pods
    (local,) = _specs(chosen(), region, "LocalQueue").values()
    assert local["stopPolicy"] == ("None" if region == PRIMARY else "HoldAndDrain")
    jobs = {name: each for name, each in _specs(chosen(), region, "Job").items() if "-training-" in name}
    assert jobs
    assert not any("suspend" in each for each in jobs.values())


@pytest.mark.exhaustive
@REGIONS
def test_kueue_comes_from_the_own_region_for_the_namespaces_with_a_queue(region: str) -> None:
    releases = {
        each.inputs["name"]: each.inputs
        for each in kubernetes(chosen(), region).values()
        if each.type.endswith(":Release")
    }
    assert f".{region}." in releases["kueue"]["chart"]
    config = json.loads(releases["kueue"]["values"]["managerConfig"]["controllerManagerConfigYaml"])
    assert config["managedJobsNamespaceSelector"]["matchExpressions"][0]["values"] == ["training"]


@pytest.mark.exhaustive
def test_headroom_is_the_same_whichever_region_is_active() -> None:
    before, after = chosen(), chosen(active=RECOVERY)
    for region in (PRIMARY, RECOVERY):
        kinds = [(_specs(each, region, "NodePool"), _specs(each, region, "EC2NodeClass")) for each in (before, after)]
        assert kinds[0] == kinds[1]
        assert list(kinds[0][0]) == [f"haven-warm-{CODES[region]}-headroom-serving"]
        (node_class,) = kinds[0][1].values()
        assert node_class["role"] == f"haven-warm-{CODES[region]}-node"


@pytest.mark.exhaustive
def test_a_failover_changes_nothing_of_the_other_regions_cluster() -> None:
    before, after = (kubernetes(each, PRIMARY) for each in (chosen(), chosen(active=RECOVERY)))
    assert {urn: each.inputs for urn, each in before.items()} == {urn: each.inputs for urn, each in after.items()}


@pytest.mark.exhaustive
def test_a_plan_names_what_nothing_here_installs() -> None:
    notes = " ".join(chosen(mesh="true").outputs["notes"])
    assert "nothing here installs Karpenter" in notes
    assert "nothing here installs Istio in ambient mode" in notes
    assert "installs Kueue" not in notes
    without = " ".join(chosen(controllers="{}").outputs["notes"])
    assert "nothing here installs Kueue, in whose queues the jobs of training wait" in without
    assert "Istio" not in without


@REGIONS
def test_systems_verify_the_database_with_the_roots_of_their_own_region(region: str) -> None:
    given = _certificates(environment("warm"), region)
    assert given == {rds_certificates.certificates(region)}


@pytest.mark.exhaustive
@REGIONS
def test_certificates_of_the_stack_take_the_place_of_those_that_haven_has(region: str) -> None:
    own = rds_certificates.certificates("us-east-1")
    recording = environment("warm", database=json.dumps({"certificates": own}))
    assert _certificates(recording, region) == {own}


def _certificates(recording: Recording, region: str) -> set[str]:
    """What the pods of a Region, and its heartbeat's function, verify with."""
    maps = (each.inputs for each in kubernetes(recording, region).values() if each.type.endswith(":ConfigMap"))
    functions = (each.inputs["code"]["assets"] for each in recording.real() if each.type.endswith(":Function"))
    packed = [each for each in functions if "heartbeat_function/handler.py" in each]
    assert len(packed) == 2
    name = "database-certificates.pem"
    here = {each["data"][name] for each in maps if name in each["data"]}
    assert here
    return here & {each["heartbeat_function/database_certificates.pem"] for each in packed}


@pytest.mark.exhaustive
def test_a_stack_says_how_many_requests_a_replica_of_its_model_computes() -> None:
    systems = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    systems["serving"]["replicas"] = {"minimum": 2, "maximum": 3}
    systems["serving"]["model"]["runningPerReplica"] = 40
    recording = environment("warm", systems=json.dumps(systems), watch=json.dumps({"prometheus": True}))
    (scaled,) = _specs(recording, PRIMARY, "ScaledObject").values()
    assert [each["metadata"]["threshold"] for each in scaled["triggers"]] == ["5", "40"]


@REGIONS
def test_each_version_s_weights_are_a_claim_whose_size_does_not_follow_theirs(region: str) -> None:
    """No claim can be edited, and those of another version come before the last one's go."""
    claims = _specs(mounted(), region, "PersistentVolumeClaim")
    volumes = _specs(mounted(), region, "PersistentVolume")
    assert {name.rpartition("-v")[2] for name in claims} == {"1-claim", "2-claim"}
    assert {each["capacity"]["storage"] for each in volumes.values()} == {"1Gi"}
    assert {each["resources"]["requests"]["storage"] for each in claims.values()} == {"1Gi"}
    quotas = {each["hard"]["requests.storage"] for each in _specs(mounted(), region, "ResourceQuota").values()}
    assert quotas == {"0Gi", "4Gi"}


def test_a_failover_changes_no_volume_of_weights() -> None:
    for kind in ("PersistentVolume", "PersistentVolumeClaim"):
        assert _specs(mounted(active=RECOVERY), PRIMARY, kind) == _specs(mounted(), PRIMARY, kind)
