"""The Region switch plan of an environment: the names of the recovery manifest, whichever Region is active."""

import json
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven_components.names import metric
from tests.environments import PRIMARY, RECOVERY, environment, of_type, warm_every_day
from tests.infra.recovery.test_operations import manifest
from tests.infra.test_workloads import with_flows
from tests.policies.breaking import verdict_of
from tests.region_switch import all_steps, create_plan, problems

ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry"
ACCESS_POLICY = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
WITH_DATABASE = ("pilot-light", "warm", "active-active")
GIVEN = {
    "objectives": json.dumps({"rtoMinutes": 60, "rpoMinutes": 5}),
    "recoveryPlan": json.dumps({"approvalRoleArn": "arn:aws:iam::111122223333:role/approver"}),
}


def _planned(tier: str, **changes: str) -> Recording:
    return environment(tier, **GIVEN, **changes)


def _own(recording: Recording, kind: str) -> list[Resource]:
    return [each for each in recording.real() if each.component == "RecoveryPlan" and each.type == kind]


def _plan(recording: Recording) -> dict[str, Any]:
    (found,) = _own(recording, aws.ARCREGIONSWITCH_PLAN)
    return create_plan(found.inputs)


def _blocks(recording: Recording) -> dict[str, Any]:
    return {
        each["name"]: next(iter(each["executionBlockConfiguration"].values())) for each in all_steps(_plan(recording))
    }


def _settings(recording: Recording, action: str) -> dict[str, Any]:
    """Region -> what the function of an action is given there."""
    found = {
        each.region: json.loads(each.inputs["environment"]["variables"]["HAVEN_ACTION"])
        for each in _own(recording, aws.LAMBDA_FUNCTION)
        if each.inputs["name"].endswith(f"-{action}")
    }
    return {region or "": given for region, given in found.items()}


@pytest.mark.parametrize(
    ("tier", "steps"),
    [
        ("pilot-light", {"scale-nodes", "create-instance", "move-writer", "start-workloads", "move-traffic"}),
        ("warm", {"scale-nodes", "move-writer", "promote-cache", "start-workloads", "move-traffic"}),
        ("active-active", {"move-writer", "promote-cache", "start-workloads", "move-traffic"}),
    ],
)
def test_a_tier_s_plan_does_what_its_standby_lacks_and_asks_once(tier: str, steps: set[str]) -> None:
    plan = _plan(_planned(tier))
    assert problems(plan) == []
    assert plan["name"] == f"haven-{tier}-plan"
    names = {each["name"] for each in all_steps(plan) if each["executionBlockType"] != "Parallel"}
    assert names == {"approve", *steps}
    approvals = [each for each in all_steps(plan) if each["executionBlockType"] == "ManualApproval"]
    assert len(approvals) == len(plan["workflows"]) == 2


@pytest.mark.parametrize("tier", warm_every_day(WITH_DATABASE))
def test_a_failover_changes_nothing_of_the_plan(tier: str) -> None:
    def parts(recording: Recording) -> dict[str, Any]:
        kinds = (aws.ARCREGIONSWITCH_PLAN, aws.LAMBDA_FUNCTION, ACCESS_ENTRY, aws.IAM_ROLE_POLICY)
        return {each.urn: each.inputs for kind in kinds for each in _own(recording, kind)}

    assert parts(_planned(tier)) == parts(_planned(tier, active=RECOVERY))


@pytest.mark.parametrize("tier", WITH_DATABASE)
def test_the_plan_scales_the_deployments_and_node_groups_of_the_manifest(tier: str) -> None:
    recording = _planned(tier)
    sides = manifest(recording).sides
    blocks = _blocks(recording)
    for region in (PRIMARY, RECOVERY):
        scaled = {
            f"{found['namespace']}/{found['name']}"
            for name in ("start-workloads", "start-dependent-workloads")
            for each in blocks.get(name, {}).get("scalingResources", [])
            for regions in each.values()
            for where, found in regions.items()
            if where == region
        }
        assert scaled == {place for each in sides[region].workloads for place in each.deployments}
        grown = {
            name: tuple(each.full)
            for name, each in sides[region].cluster.node_groups.items()
            if each.full != each.standby
        }
        given = _settings(recording, "scale-nodes").get(region, {}).get("groups", {})
        assert {
            name: tuple(sizes[each] for each in ("minSize", "desiredSize", "maxSize")) for name, sizes in given.items()
        } == grown
        entries = [each for each in _own(recording, ACCESS_ENTRY) if each.region == region]
        assert len(entries) == 1


def test_what_needs_the_database_starts_after_the_promotion_in_whichever_namespace_it_is() -> None:
    recording = with_flows(**GIVEN)
    assert problems(_plan(recording)) == []
    blocks = _blocks(recording)
    started = {namespace for each in blocks["start-workloads"]["scalingResources"] for namespace in each}
    after = [namespace for each in blocks["start-dependent-workloads"]["scalingResources"] for namespace in each]
    assert started == {"registry", "serving"}
    assert sorted(after) == ["training", "workflows", "workflows"]
    scopes = [each.inputs["accessScope"]["namespaces"] for each in _own(recording, ACCESS_POLICY)]
    assert scopes == [["registry", "serving", "training", "workflows"]] * 2


@pytest.mark.parametrize("tier", WITH_DATABASE)
def test_the_plan_moves_the_stores_of_the_manifest(tier: str) -> None:
    recording = _planned(tier)
    found, blocks = manifest(recording), _blocks(recording)
    writer = blocks["move-writer"]
    assert writer["globalClusterIdentifier"] == found.database.global_cluster
    assert [arn.rpartition(":")[2] for arn in writer["databaseClusterArns"]] == [
        found.sides[region].database.cluster for region in (PRIMARY, RECOVERY)
    ]
    groups = {region: each["group"] for region, each in _settings(recording, "promote-cache").items()}
    assert groups in ({}, {region: found.sides[region].cache for region in (PRIMARY, RECOVERY)})
    if tier == "pilot-light":
        created = blocks["create-instance"]["instanceArns"]
        assert all(arn.rpartition(":")[2] in found.sides[region].database.instances for region, arn in created.items())


@pytest.mark.parametrize("tier", WITH_DATABASE)
def test_the_plan_throws_the_switch_of_the_manifest_once_the_region_serves(tier: str) -> None:
    recording = _planned(tier)
    found = manifest(recording)
    assert found.traffic
    switch = found.traffic[PRIMARY]
    for region, given in _settings(recording, "move-traffic").items():
        (point,) = given["points"]
        assert (point["namespace"], point["metric_name"]) == (switch.namespace, switch.metric)
        assert (point["dimensions"], point["region"]) == (dict(switch.dimensions), switch.write_in)
        assert point["value"] == (0 if region == PRIMARY else 1)
        balancer = found.sides[region].balancer
        assert balancer is not None
        assert given["target_group"] == balancer.target_group
    assert point["dimensions"] == metric(f"haven-{tier}-switch", PRIMARY)["dimensions"]


@pytest.mark.parametrize("tier", WITH_DATABASE)
def test_alarms_are_the_environment_s_own_and_reports_go_where_the_other_region_may_be_lost(tier: str) -> None:
    recording = _planned(tier)
    plan, found = _plan(recording), manifest(recording)
    assert plan["associatedAlarms"].keys() == {PRIMARY, RECOVERY}
    for region, alarm in plan["associatedAlarms"].items():
        names = {each.inputs["name"] for each in of_type(recording, aws.CLOUDWATCH_METRIC_ALARM, region)}
        assert alarm["resourceIdentifier"].rpartition(":")[2] in names
    assert found.operations is not None
    (output,) = plan["reportConfiguration"]["reportOutput"]
    assert output["s3Configuration"]["bucketPath"] == f"{found.operations.audit[RECOVERY]}/region-switch"


def test_without_a_domain_there_is_no_switch_to_throw_and_every_alarm_counts() -> None:
    recording = _planned("warm", domain="", experiments="false")
    assert "move-traffic" not in _blocks(recording)
    alarms = {each["resourceIdentifier"] for each in _plan(recording)["associatedAlarms"].values()}
    assert {arn.rpartition("-")[2] for arn in alarms} == {"trouble"}


@pytest.mark.parametrize("tier", warm_every_day(WITH_DATABASE))
def test_the_policies_have_nothing_against_the_plan(tier: str) -> None:
    assert [str(each) for each in verdict_of(tier, _planned(tier), GIVEN).violations] == []
