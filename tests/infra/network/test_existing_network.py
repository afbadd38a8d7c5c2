"""An environment in VPCs that exist already declares everything but the networks."""

import json
from typing import Any

import pytest

from haven.plan.summary import make_plan
from haven.program import aws_types as aws
from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY, environment, of_type
from tests.infra.config.test_network_rules import EXISTING, ZONES

BOTH = json.dumps({"existing": EXISTING})
ONE = json.dumps({"existing": {RECOVERY: EXISTING[RECOVERY]}})
each_region = pytest.mark.parametrize("region", [PRIMARY, RECOVERY])


def _recording(network: str = BOTH) -> Recording:
    return environment("warm", network=network, zones=json.dumps(ZONES))


def _only(recording: Recording, type_: str, region: str, part: str = "") -> dict[str, Any]:
    (found,) = (each for each in of_type(recording, type_, region) if part in each.name)
    return dict(found.inputs)


@each_region
def test_no_network_is_declared(region: str) -> None:
    recording = _recording()
    network = {aws.EC2_VPC, aws.EC2_SUBNET, aws.EC2_NAT_GATEWAY, aws.EC2_VPC_ENDPOINT, aws.EC2_FLOW_LOG, aws.EC2_EIP}
    assert [each.urn for each in recording.real() if each.type in network and each.region == region] == []


@each_region
def test_everything_is_in_the_subnets_that_are_named(region: str) -> None:
    recording, existing = _recording(), EXISTING[region]
    assert _only(recording, aws.EKS_CLUSTER, region)["vpcConfig"]["subnetIds"] == existing["privateSubnetIds"]
    assert _only(recording, aws.LB_LOAD_BALANCER, region)["subnets"] == existing["publicSubnetIds"]
    assert _only(recording, aws.RDS_SUBNET_GROUP, region)["subnetIds"] == existing["dataSubnetIds"]
    assert _only(recording, aws.ELASTICACHE_SUBNET_GROUP, region)["subnetIds"] == existing["dataSubnetIds"]
    groups = of_type(recording, aws.EC2_SECURITY_GROUP, region)
    assert {each.inputs["vpcId"] for each in groups} == {existing["vpcId"]}


@each_region
def test_only_the_vpc_s_block_may_connect_and_heartbeats_reach_aws(region: str) -> None:
    rules = of_type(_recording(), aws.VPC_SECURITY_GROUP_EGRESS_RULE, region)
    aws_itself = [each for each in rules if each.inputs["cidrIpv4"] == "0.0.0.0/0"]
    assert [(each.component, each.inputs["toPort"]) for each in aws_itself] == [("Heartbeat", 443)]
    assert {each.inputs["cidrIpv4"] for each in rules if each not in aws_itself} == {EXISTING[region]["cidr"]}


def test_both_vpcs_are_peered_through_the_route_tables_that_are_named() -> None:
    recording = _recording()
    for region, other in ((PRIMARY, RECOVERY), (RECOVERY, PRIMARY)):
        routes = of_type(recording, aws.EC2_ROUTE, region)
        assert [each.inputs["routeTableId"] for each in routes] == EXISTING[region]["routeTableIds"]
        assert {each.inputs["destinationCidrBlock"] for each in routes} == {EXISTING[other]["cidr"]}


def test_one_region_may_have_an_existing_vpc_and_the_other_one_of_haven_s() -> None:
    recording = _recording(ONE)
    assert len(of_type(recording, aws.EC2_VPC, PRIMARY)) == 1
    assert of_type(recording, aws.EC2_VPC, RECOVERY) == []
    assert len([each for each in recording.real() if each.type == aws.EC2_VPC_PEERING_CONNECTION]) == 1


def test_without_route_tables_there_is_no_peering() -> None:
    lacking = {key: value for key, value in EXISTING[PRIMARY].items() if key != "routeTableIds"}
    recording = _recording(json.dumps({"existing": {**EXISTING, PRIMARY: lacking}}))
    assert [each.urn for each in recording.real() if each.type == aws.EC2_VPC_PEERING_CONNECTION] == []
    assert any("not peered" in each for each in recording.outputs["notes"])


def test_a_plan_counts_the_zones_of_subnets_that_it_does_not_declare() -> None:
    plan = make_plan(_recording())
    assert {each.region: each.capacity["zones"] for each in plan.regions} == {PRIMARY: 2, RECOVERY: 2}
    assert sum("uses VPC" in note for note in plan.notes) == 2
