"""The manifest names what has to be in a Region before a failover to it, and names all of it."""

import json
import re

import pytest

from haven.base.problems import Problems
from haven.program import aws_types as aws
from infra.parts.manifest import require_room
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


def test_a_manifest_that_no_parameter_holds_is_refused_before_anything_is_deployed() -> None:
    manifest = environment("warm").outputs["manifest"]
    require_room("warm", manifest)
    room = 8192 - len(json.dumps({**manifest, "more": ""}, separators=(",", ":")))
    require_room("warm", {**manifest, "more": "x" * room})
    with pytest.raises(Problems, match=r"of about 8193 characters in /haven/warm/manifest; allowed: at most 8192"):
        require_room("warm", {**manifest, "more": "x" * (room + 1)})


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
