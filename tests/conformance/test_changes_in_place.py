"""What zones, GPU types and tags change of an environment that is alive in the emulator through the AWS provider.

It is deployed once; after that, changes are only planned.
"""

import json
from collections.abc import Iterator

import pytest

from haven.program import aws_types as aws
from haven.terraform import cli
from tests.conformance.live_environment import Living
from tests.conformance.small_environment import SERVING, SMALL, ZONES, alive, at

pytestmark = [pytest.mark.emulator, pytest.mark.exhaustive, pytest.mark.timeout(1800)]

TUNING = {**SERVING, "name": "tuning", "instanceTypes": ["g4dn.xlarge", "g4dn.2xlarge"]}
NODE_GROUP, SUBNET = aws.EKS_NODE_GROUP, aws.EC2_SUBNET
PARAMETERS = {(aws.SSM_PARAMETER, "update")}
"""The manifest, in which the node groups are. A defect of the emulator's parameters may hide that it changes."""


@pytest.fixture(scope="module")
def living(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """In the highest tier, where both Regions have all of it."""
    with alive(provider, tmp_path_factory.mktemp("in-place")) as living:
        living.deploy(at("active-active"))
        yield living


def test_a_third_zone_moves_no_subnet_and_replaces_only_node_groups(living: Living) -> None:
    zones = {region: [*two, f"{region}c"] for region, two in ZONES.items()}
    changes = living.plan(at("active-active", zones=json.dumps(zones)))
    assert {each.type for each in changes if each.action in ("replace", "delete")} == {NODE_GROUP}
    subnets = [each for each in changes if each.type == SUBNET]
    assert {each.action for each in subnets} == {"create"}
    assert len(subnets) == 2 * 3


def test_another_type_of_gpus_touches_only_its_own_node_group(living: Living) -> None:
    cluster = {**SMALL["cluster"], "gpuNodeGroups": [SERVING, TUNING]}
    changes = living.plan(at("active-active", cluster=json.dumps(cluster)))
    assert {(each.name.rpartition("-")[2], each.action) for each in changes if "tuning" in each.name} == {
        ("tuning", "create")
    }
    others = [each for each in changes if "tuning" not in each.name]
    assert {(each.type, each.action) for each in others} <= PARAMETERS
    cluster = {**SMALL["cluster"], "gpuNodeGroups": [{**SERVING, "instanceTypes": ["g5.4xlarge", "g5.8xlarge"]}]}
    changes = living.plan(at("active-active", cluster=json.dumps(cluster)))
    assert {(each.type, each.action) for each in changes} - PARAMETERS == {(NODE_GROUP, "replace")}
    assert {each.name.rpartition("-")[2] for each in changes if each.type == NODE_GROUP} == {"serving"}


def test_other_tags_change_only_tags(living: Living) -> None:
    changes = living.plan(at("active-active", tags=json.dumps({"owner": "somebody-else"})))
    assert {each.action for each in changes} == {"update"}
    assert {path.partition(".")[0] for each in changes for path in each.arguments} <= {"tags", "tags_all"}
