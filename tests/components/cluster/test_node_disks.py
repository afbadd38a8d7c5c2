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


def test_a_control_plane_writes_the_logs_that_are_chosen_and_no_unknown_ones() -> None:
    assert _control_plane(_declare(log_types=["audit", "scheduler"])).inputs["enabledClusterLogTypes"] == [
        "audit",
        "scheduler",
    ]
    with pytest.raises(pulumi.InputPropertiesError, match="log_types"):
        _declare(log_types=["kubelet"])
