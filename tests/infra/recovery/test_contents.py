"""The manifest names what has to be in a Region before a failover to it, and names all of it."""

import json
import re

import pytest

from haven.base.problems import Problems
from haven.program import aws_types as aws
from infra.parts.manifest import divided
from tests.environments import PRIMARY, RECOVERY, STACKS, TIERS, environment, nested

_IMAGE = re.compile(r"\.amazonaws\.com/([a-z0-9/_.-]+@sha256:[0-9a-f]{64})")


@pytest.mark.parametrize("stack", STACKS)
def test_every_secret_that_both_regions_share_is_named(stack: str) -> None:
    recording = environment(stack)
    declared = [each.inputs["name"] for each in recording.real() if each.type == aws.SECRETSMANAGER_SECRET]
    assert recording.outputs["manifest"]["secrets"] == sorted(declared)


@pytest.mark.parametrize("stack", TIERS)
def test_every_image_of_a_pod_is_named_with_its_digest(stack: str) -> None:
    recording = environment(stack, active=RECOVERY)
    values = [each for found in recording.real() for each in nested(found.inputs) if isinstance(each, str)]
    declared = {image for value in values for image in _IMAGE.findall(value)}
    named = set(recording.outputs["manifest"]["images"])
    assert declared
    assert {each for each in declared if "/charts/" not in each} <= named
    # A chart is given its image in two values.
    assert {each for each in named - declared if "controller" not in each} == set()


@pytest.mark.parametrize("stack", TIERS)
def test_weights_and_the_age_of_backups_follow_from_the_stack_file(stack: str) -> None:
    manifest = environment(stack).outputs["manifest"]
    assert manifest["weights"] == [{"bucket": "models", "prefix": "chat/v1", "gib": 15}]
    assert manifest["backups"]["restoreTests"] is True
    assert manifest["backups"]["newestMinutes"] <= 24 * 60 + 60 + 60 + 60


@pytest.mark.parametrize("stack", STACKS)
def test_the_zones_and_addresses_of_full_scale_are_those_that_a_failover_declares(stack: str) -> None:
    after = environment(stack, active=RECOVERY)
    side = after.outputs["manifest"]["sides"][RECOVERY]
    here = [each for each in after.real() if each.region == RECOVERY]
    assert side["addresses"] == sum(each.type == aws.EC2_EIP for each in here)
    assert side["zones"] == list(after.outputs["zones"][RECOVERY])
    groups = {each.inputs["nodeGroupName"]: each for each in here if each.type == aws.EKS_NODE_GROUP}
    assert {name: each["types"] for name, each in side["cluster"]["nodeGroups"].items()} == {
        name: list(each.inputs["instanceTypes"]) for name, each in groups.items()
    }


def test_a_manifest_that_one_parameter_does_not_hold_is_divided_and_each_side_has_its_own() -> None:
    manifest = environment("warm").outputs["manifest"]
    room = 8192 - len(json.dumps({**manifest, "more": ""}, separators=(",", ":")))
    whole = {**manifest, "more": "x" * room}
    assert divided("warm", whole) == {"/haven/warm/manifest": whole}
    large = {**manifest, "more": "x" * (room + 1)}
    names = {region: f"/haven/warm/manifest/{region}" for region in (PRIMARY, RECOVERY)}
    assert divided("warm", large) == {
        "/haven/warm/manifest": {**large, "sides": names},
        **{name: manifest["sides"][region] for region, name in names.items()},
    }


def test_a_manifest_that_no_parameters_hold_is_refused_before_anything_is_deployed_with_what_fits() -> None:
    manifest = environment("warm").outputs["manifest"]
    side = manifest["sides"][RECOVERY]
    large = {**manifest, "sides": {**manifest["sides"], RECOVERY: {**side, "workloads": side["workloads"] * 30}}}
    got = (
        r"about [0-9]+ characters in /haven/warm/manifest/eu-central-1; allowed: at most 8192.*: about 5[0-9] of the 90"
    )
    with pytest.raises(Problems, match=got):
        divided("warm", large)


@pytest.mark.exhaustive
def test_twenty_systems_have_their_manifest_in_three_parameters_of_each_region_the_sides_first() -> None:
    version = {"prefix": "chat/v1", "weightsGib": 15, "goldenPrompts": [{"prompt": "2+2?", "expect": "4"}]}
    model = {"name": "chat", "version": "v1", "versions": {"v1": version}}
    serving: dict[str, object] = {"kind": "model-serving", "toolsImage": f"python@sha256:{'f' * 64}", "model": model}
    serving = {**serving, "replicas": {"minimum": 3}}
    systems = {
        f"a-serving-{each:06}": {**serving, "image": f"serving@sha256:{each:064}", "exposed": each == 0}
        for each in range(20)
    }
    groups = [
        {"name": "all", "instanceTypes": ["g5.2xlarge", "g5.4xlarge"], "minSize": 3, "desiredSize": 3, "maxSize": 200}
    ]
    cluster = json.dumps({"gpuNodeGroups": groups})
    recording = environment("warm", systems=json.dumps(systems), cluster=cluster)
    name = "/haven/warm/manifest"
    for region in (PRIMARY, RECOVERY):
        found = {
            each.inputs["name"]: each
            for each in recording.real()
            if each.type == aws.SSM_PARAMETER and each.region == region and each.inputs["name"].startswith(name)
        }
        assert sorted(found) == [name, f"{name}/{RECOVERY}", f"{name}/{PRIMARY}"]
        texts = {each: str(parameter.inputs["insecureValue"]) for each, parameter in found.items()}
        assert max(map(len, texts.values())) < 8192 < sum(map(len, texts.values()))
        assert json.loads(texts[name])["sides"] == {each: f"{name}/{each}" for each in (PRIMARY, RECOVERY)}
        assert {found[f"{name}/{each}"].urn for each in (PRIMARY, RECOVERY)} <= set(found[name].options.dependencies)


@pytest.mark.exhaustive
def test_a_canary_s_weights_an_orchestration_s_secrets_and_a_group_s_reservation_are_named_too() -> None:
    version = {"weightsGib": 15, "goldenPrompts": [{"prompt": "2+2?", "expect": "4"}]}
    digest = f"@sha256:{'a' * 64}"
    model = {
        "name": "chat",
        "version": "v1",
        "versions": {name: {**version, "prefix": f"chat/{name}"} for name in ("v0", "v1", "v2")},
        "canary": {"version": "v2"},
    }
    serving = {"kind": "model-serving", "image": f"serving{digest}", "toolsImage": f"python{digest}", "model": model}
    pools = {"cpu": {"image": f"training{digest}"}}
    systems = {
        "serving": serving,
        "flows": {"kind": "workflow-orchestration", "image": f"mlflow{digest}", "pools": pools},
    }
    reservation = {"id": "cr-0123456789abcdef0", "zone": f"{RECOVERY}a", "instanceType": "g5.2xlarge"}
    group = {
        "name": "serving",
        "instanceTypes": ["g5.2xlarge", "g5.4xlarge"],
        "minSize": 3,
        "desiredSize": 3,
        "capacityReservations": {RECOVERY: reservation},
    }
    cluster = {"gpuNodeGroups": [group]}
    recording = environment("warm", systems=json.dumps(systems), cluster=json.dumps(cluster))
    manifest = recording.outputs["manifest"]
    assert [each["prefix"] for each in manifest["weights"]] == ["chat/v1", "chat/v2"]
    assert f"haven-warm-images/training{digest}" in manifest["images"]
    declared = [each.inputs["name"] for each in recording.real() if each.type == aws.SECRETSMANAGER_SECRET]
    assert manifest["secrets"] == sorted(declared)
    assert any("messages" in each for each in declared)
    groups = {region: side["cluster"]["nodeGroups"].values() for region, side in manifest["sides"].items()}
    named = {
        region: [each["reservation"] for each in found if "reservation" in each] for region, found in groups.items()
    }
    assert named == {PRIMARY: [], RECOVERY: [{"id": "cr-0123456789abcdef0", "zone": f"{RECOVERY}a"}]}
