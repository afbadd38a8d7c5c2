"""Nodes that Karpenter may add to a node group."""

import re
from typing import Any, cast

import pulumi
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording
from haven_components import HeadroomNodes, HeadroomNodesArgs, kubernetes_provider

NAME, KEY = "ai-headroom", "arn:aws:kms:eu-west-1:123456789012:key/mrk-1"
POOL: dict[str, Any] = {"group": "serving", "instance_types": ["g5.2xlarge", "g5.4xlarge"], "gpus": 8}


def _declare(**changes: Any) -> Recording:
    args: dict[str, Any] = {
        "region": "eu-west-1",
        "cluster_name": "ai",
        "zones": ["eu-west-1a", "eu-west-1b"],
        "subnet_ids": ["subnet-a", "subnet-b"],
        "security_group_id": "sg-1",
        "node_role_name": "ai-node",
        "kms_key_arn": KEY,
        "bottlerocket_version": "1.50.0",
        "pools": [POOL],
    }

    def program() -> None:
        options = pulumi.ResourceOptions(providers=[kubernetes_provider("k8s", "{}", cluster_name="ai")])
        HeadroomNodes(NAME, cast("HeadroomNodesArgs", args | changes), options)

    return record(program, stack="test")


def _spec(recording: Recording, kind: str) -> dict[str, Any]:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    spec: dict[str, Any] = found.inputs["spec"]
    return spec


def test_its_nodes_are_like_those_of_the_group_and_have_a_limit() -> None:
    pool = _spec(_declare(), "NodePool")
    assert pool["limits"] == {"nvidia.com/gpu": "8"}
    template = pool["template"]
    labels = {"haven.dev/pool": "serving", "haven.dev/gpu": "true", "haven.dev/headroom": "true"}
    assert template["metadata"]["labels"] == labels
    assert template["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    required = {each["key"]: each["values"] for each in template["spec"]["requirements"]}
    assert required["node.kubernetes.io/instance-type"] == POOL["instance_types"]
    assert required["topology.kubernetes.io/zone"] == ["eu-west-1a", "eu-west-1b"]
    assert required["karpenter.sh/capacity-type"] == ["on-demand"]


def test_nothing_but_an_empty_node_is_taken_away() -> None:
    pool = _spec(_declare(), "NodePool")
    assert pool["disruption"]["consolidationPolicy"] == "WhenEmpty"
    assert pool["template"]["spec"]["expireAfter"] == "Never"


def test_a_pod_gets_no_credentials_of_the_node_and_volumes_are_encrypted() -> None:
    node_class = _spec(_declare(), "EC2NodeClass")
    options = node_class["metadataOptions"]
    assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)
    for volume in node_class["blockDeviceMappings"]:
        assert (volume["ebs"]["encrypted"], volume["ebs"]["kmsKeyID"]) == (True, KEY)
    assert [each["id"] for each in node_class["subnetSelectorTerms"]] == ["subnet-a", "subnet-b"]


@pytest.mark.parametrize(("chosen", "policy"), [({}, None), ({"instance_store": True}, "RAID0")])
def test_images_are_on_the_instance_store_where_that_is_asked_for(chosen: dict[str, Any], policy: str | None) -> None:
    assert _spec(_declare(pools=[POOL | chosen]), "EC2NodeClass").get("instanceStorePolicy") == policy


def test_every_problem_is_reported_at_once() -> None:
    bad = POOL | {"instance_types": [], "gpus": 0, "disk_gib": 1}
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(zones=[], bottlerocket_version="latest", pools=[bad, bad])
    assert re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE) == [
        "zones",
        "bottlerocket_version",
        "pools",
        *(f"pools[{index}].{each}" for index in range(2) for each in ("instance_types", "gpus", "disk_gib")),
    ]
