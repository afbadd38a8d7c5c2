"""Disks of nodes, logs and the firewall: what a stack gets without a word, and by its settings."""

import base64
import json
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Recording
from haven_components.choices import DEFAULT_CONTROL_PLANE_LOGS, FlowLogTraffic
from haven_components.firewall_rules import BODY_RULES
from infra.config.models import Cluster
from infra.config.network_models import FlowLogs
from infra.config.part_models import Edge
from tests.environments import PRIMARY, RECOVERY, environment, nested, of_type

SERVING = {"name": "serving", "instanceTypes": ["g5.2xlarge", "g5.4xlarge"], "weightsGib": 57}
OTHERWISE = {
    "systems": "{}",
    "network": json.dumps({"flowLogs": {"traffic": "ALL", "intervalSeconds": 60}}),
    "edge": json.dumps({"countedRules": ["SizeRestrictions_BODY"]}),
    "cluster": json.dumps(
        {
            "logTypes": ["audit", "scheduler"],
            "systemNodes": {"diskThroughputMibps": 250},
            "gpuNodeGroups": [
                {**SERVING, "instanceStore": False},
                {**SERVING, "name": "own", "instanceStore": False, "diskThroughputMibps": 200, "diskIops": 5000},
            ],
        }
    ),
}


def disks(recording: Recording, region: str) -> dict[str, Any]:
    """Node group -> throughput, IOPS and whether the instance store is used."""
    found = {}
    for template in of_type(recording, aws.EC2_LAUNCH_TEMPLATE, region):
        (data,) = [each["ebs"] for each in template.inputs["blockDeviceMappings"] if each["deviceName"] == "/dev/xvdb"]
        stored = b"ephemeral-storage" in base64.b64decode(template.inputs.get("userData") or "")
        found[template.name.rpartition("-")[2]] = (data.get("throughput"), data.get("iops"), stored)
    return found


def counted(recording: Recording, region: str) -> set[str]:
    (acl,) = of_type(recording, aws.WAFV2_WEB_ACL, region)
    overrides = [each for each in nested(acl.inputs["rules"]) if isinstance(each, dict) and "actionToUse" in each]
    return {each["name"] for each in overrides}


def logged(recording: Recording, region: str) -> tuple[Any, Any, Any]:
    (cluster,) = of_type(recording, aws.EKS_CLUSTER, region)
    (flows,) = of_type(recording, aws.EC2_FLOW_LOG, region)
    return cluster.inputs["enabledClusterLogTypes"], flows.inputs["trafficType"], flows.inputs["maxAggregationInterval"]


def test_gpu_nodes_use_their_instance_store_and_logs_hold_what_is_worth_its_price() -> None:
    recording = environment("warm")
    for region in (PRIMARY, RECOVERY):
        assert disks(recording, region) == {
            "system": (None, None, False),
            "serving": (None, None, True),
            "training": (None, None, True),
        }
        assert logged(recording, region) == (["api", "audit", "authenticator"], "REJECT", 600)
        assert counted(recording, region) == set(BODY_RULES)


def test_settings_decide_disks_logs_and_counted_rules() -> None:
    recording = environment("warm", **OTHERWISE)
    for region in (PRIMARY, RECOVERY):
        assert disks(recording, region) == {
            "system": (250, 3000, False),
            "serving": (410, 3000, False),  # 72 GiB in 180 s
            "own": (200, 5000, False),
        }
        assert logged(recording, region) == (["audit", "scheduler"], "ALL", 60)
        assert counted(recording, region) == {"SizeRestrictions_BODY"}


def test_the_keys_defaults_are_the_components() -> None:
    assert Cluster().log_types == list(DEFAULT_CONTROL_PLANE_LOGS)
    assert Edge().counted_rules == list(BODY_RULES)
    assert FlowLogs().traffic == FlowLogTraffic.REJECT
