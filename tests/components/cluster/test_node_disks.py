"""What nodes have of disks, and what a control plane logs."""

import base64
import tomllib
from typing import Any

import pulumi
import pytest

from haven.program import aws_types
from haven.program.recording import Recording
from tests.components.cluster.test_inference_cluster import GPU, SYSTEM, _control_plane, _declare


def templates(recording: Recording) -> dict[str, Any]:
    """Node group -> the inputs of its launch template."""
    found = [each for each in recording.resources if each.type == aws_types.EC2_LAUNCH_TEMPLATE]
    return {each.name.removeprefix("ai-euw1-"): each.inputs for each in found}


def data_volume(template: Any) -> Any:
    (volume,) = [each["ebs"] for each in template["blockDeviceMappings"] if each["deviceName"] == "/dev/xvdb"]
    return {name: volume.get(name) for name in ("volumeSize", "throughput", "iops")}


def test_a_volume_has_what_gp3_has_anyway_where_nothing_is_asked_for() -> None:
    for template in templates(_declare()).values():
        assert data_volume(template) | {"volumeSize": 0} == {"volumeSize": 0, "throughput": None, "iops": None}
        assert "userData" not in template


@pytest.mark.parametrize(
    ("asked", "iops"),
    [
        ({"disk_throughput_mibps": 500.0}, 3000),
        ({"disk_throughput_mibps": 1000}, 4000),
        ({"disk_throughput_mibps": 500, "disk_iops": 16000}, 16000),
    ],
    ids=str,
)
def test_a_volume_has_the_throughput_that_is_asked_for_and_iops_that_allow_it(asked: Any, iops: int) -> None:
    volume = data_volume(templates(_declare(gpu_node_groups=[GPU | asked]))["inference"])
    assert volume == {"volumeSize": 300, "throughput": int(asked["disk_throughput_mibps"]), "iops": iops}


@pytest.mark.parametrize(
    "asked",
    [
        {"disk_throughput_mibps": 1001},
        {"disk_throughput_mibps": 100},
        {"disk_iops": 2999},
        {"disk_throughput_mibps": 1000, "disk_iops": 3999},
        {"disk_gib": 20, "disk_iops": 10001},
    ],
    ids=str,
)
def test_what_gp3_cannot_have_is_refused(asked: Any) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"system_nodes\.disk_(iops|throughput_mibps)"):
        _declare(system_nodes=SYSTEM | asked)


def test_on_an_instance_store_bottlerocket_puts_images_and_pods_there_before_kubelet_starts() -> None:
    template = templates(_declare(gpu_node_groups=[GPU | {"instance_store": True}]))["inference"]
    settings = tomllib.loads(base64.b64decode(template["userData"]).decode())["settings"]
    command = settings["bootstrap-commands"]["instance-store"]
    initialize, bind = command["commands"]
    assert initialize == ["apiclient", "ephemeral-storage", "init"]
    assert bind[:3] == ["apiclient", "ephemeral-storage", "bind"]
    assert {"/var/lib/containerd", "/var/lib/kubelet"} <= set(bind)
    assert (command["mode"], command["essential"]) == ("always", True)


@pytest.mark.parametrize("store", [False, True])
def test_images_are_pulled_in_parallel_by_the_soci_snapshotter(store: bool) -> None:
    asked = {"parallel_pull": True, "instance_store": store}
    template = templates(_declare(gpu_node_groups=[GPU | asked]))["inference"]
    settings = tomllib.loads(base64.b64decode(template["userData"]).decode())["settings"]
    assert settings["container-runtime"] == {"snapshotter": "soci"}
    assert settings["container-runtime-plugins"]["soci-snapshotter"]["pull-mode"] == "parallel-pull-unpack"
    bound = [each for one in settings.get("bootstrap-commands", {}).values() for each in one["commands"][1]]
    assert ("/var/lib/soci-snapshotter" in bound) is store


def test_a_data_volume_starts_from_the_snapshot_with_the_images() -> None:
    template = templates(_declare(gpu_node_groups=[GPU | {"image_snapshot": "snap-0123456789abcdef0"}]))["inference"]
    volumes = {each["deviceName"]: each["ebs"].get("snapshotId") for each in template["blockDeviceMappings"]}
    assert volumes == {"/dev/xvda": None, "/dev/xvdb": "snap-0123456789abcdef0"}


def test_prepared_nodes_that_do_not_run_wait_stopped_and_a_failover_changes_nothing_of_it() -> None:
    made = [_declare(gpu_node_groups=[GPU | {"prepared_size": 3, "desired_size": now}]) for now in (1, 3)]
    pools = [
        each.inputs.get("warmPoolConfig")
        for recording in made
        for each in recording.resources
        if each.type == aws_types.EKS_NODE_GROUP and each.name == "ai-euw1-inference"
    ]
    assert pools == [{"maxGroupPreparedCapacity": 3, "minSize": 0, "poolState": "STOPPED"}] * 2


@pytest.mark.parametrize(
    "asked",
    [
        {"prepared_size": 0},
        {"prepared_size": 99},
        {"prepared_size": 2, "spot": True},
        {"parallel_pull": True, "image_snapshot": "snap-0123456789abcdef0"},
    ],
    ids=str,
)
def test_what_makes_nodes_start_sooner_is_refused_where_it_does_not_go_together(asked: Any) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"gpu_node_groups\[0\]\.(prepared_size|parallel_pull)"):
        _declare(gpu_node_groups=[GPU | asked])


def test_a_control_plane_writes_the_logs_that_are_chosen_and_no_unknown_ones() -> None:
    assert _control_plane(_declare(log_types=["audit", "scheduler"])).inputs["enabledClusterLogTypes"] == [
        "audit",
        "scheduler",
    ]
    with pytest.raises(pulumi.InputPropertiesError, match="log_types"):
        _declare(log_types=["kubelet"])
