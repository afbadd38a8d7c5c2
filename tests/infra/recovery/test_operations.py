"""What runbooks need in AWS is in every environment, and a failover changes nothing about it."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven.runbooks.failover.assembly import operations
from haven.runbooks.manifest import RecoveryManifest, parse
from infra.config.rules.names import LONGEST_STACK_NAME
from tests.environments import PRIMARY, RECOVERY, TIERS, environment, warm_every_day
from tests.haven.gate.test_gate_on_stacks import verdict
from tests.policies.breaking import verdict_of

WITNESS = "eu-north-1"
USER = "arn:aws:iam::111122223333:user/on-call"
CHOSEN = {"operations": json.dumps({"witnessRegion": WITNESS, "operatorArns": [USER]})}
OPERATOR = {"operations": json.dumps({"operatorArns": [USER]})}
"""For a stack whose data may be in its two Regions alone."""
COMPONENTS = ("OperationsStore", "OperatorRole")


def plan_of(tier: str) -> Mapping[str, str]:
    """A Region switch plan whose approvals the operators give themselves."""
    return {"recoveryPlan": json.dumps({"approvalRoleArn": f"arn:aws:iam::111122223333:role/haven-{tier}-operator"})}


def own(recording: Recording) -> dict[str, Resource]:
    """What there is for runbooks, by URN."""
    return {each.urn: each for each in recording.real() if each.component in COMPONENTS}


def manifest(recording: Recording) -> RecoveryManifest:
    """The recovery manifest as the runbooks read it."""
    kept = [each for each in recording.real() if each.type == aws.SSM_PARAMETER and "manifest" in each.name]
    return parse(kept[0].inputs["insecureValue"], "the recording")


def policy(recording: Recording) -> Mapping[str, Any]:
    kinds = (aws.IAM_ROLE_POLICY, aws.IAM_POLICY)
    found = [each.inputs["policy"] for each in own(recording).values() if each.type in kinds]
    return {each["Sid"]: each for policy in found for each in json.loads(policy)["Statement"]}


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_has_a_table_and_an_audit_bucket_in_both_regions(tier: str) -> None:
    recording = environment(tier)
    found = manifest(recording).operations
    assert found is not None
    for region in (PRIMARY, RECOVERY):
        here = [each for each in own(recording).values() if each.region == region]
        (table,) = (each for each in here if each.type == aws.DYNAMODB_TABLE)
        (bucket,) = (each for each in here if each.type == aws.S3_BUCKET)
        assert table.inputs["name"] == found.tables[region]
        assert bucket.inputs["bucket"] == found.audit[region]


@pytest.mark.parametrize("tier", warm_every_day(["backup", "warm"]))
def test_a_failover_changes_nothing_that_runbooks_need(tier: str) -> None:
    before, after = (own(environment(tier, **CHOSEN, **change)) for change in ({}, {"active": RECOVERY}))
    new = after.keys() - before.keys()
    assert {urn: each.inputs for urn, each in before.items()} == {urn: after[urn].inputs for urn in before}
    assert {after[urn].type for urn in new} == ({"aws:eks/accessEntry:AccessEntry"} if tier == "backup" else set())


def test_the_third_region_has_a_vote_and_nothing_else() -> None:
    recording = environment("warm", **CHOSEN)
    there = [each for each in recording.real() if each.region == WITNESS]
    assert sorted(each.type for each in there) == sorted((aws.DYNAMODB_TABLE, aws.KMS_KEY))
    assert {each.component for each in there} == {"OperationsStore"}


def test_with_a_third_region_a_failover_has_its_three_votes_in_both_directions() -> None:
    found = manifest(environment("warm", **CHOSEN))
    for to in (PRIMARY, RECOVERY):
        assert set(operations(found, to).tables) == {PRIMARY, RECOVERY, WITNESS}


def test_without_a_third_region_a_failover_names_the_key_that_is_missing() -> None:
    with pytest.raises(Problems, match=r"haven:operations\.witnessRegion"):
        operations(manifest(environment("pilot-light", operations="{}")), RECOVERY)


@pytest.mark.parametrize("tier", warm_every_day(TIERS))
def test_no_policy_has_a_finding(tier: str) -> None:
    chosen = OPERATOR if tier == "active-active" else CHOSEN
    found = verdict_of(tier, environment(tier, **chosen), chosen)
    assert [each.message for each in found.violations] == []


@pytest.mark.parametrize("region", [WITNESS, "us-east-1"])
def test_residency_judges_the_third_region(region: str) -> None:
    chosen = {"operations": json.dumps({"witnessRegion": region})}
    assert _residency("warm", chosen) == (set() if region == WITNESS else {"stores-in-allowed-regions"})


def _residency(tier: str, chosen: Mapping[str, str]) -> set[str]:
    found = verdict_of(tier, environment(tier, **chosen), chosen)
    return {each.rule.name for each in found.violations}


def test_the_gate_has_no_finding_for_a_failover_with_an_operator() -> None:
    found = verdict(environment("warm", **CHOSEN), environment("warm", **CHOSEN, active=RECOVERY))
    assert not found.findings


@pytest.mark.parametrize("tier", warm_every_day(["backup", "warm"]))
def test_the_role_names_what_the_manifest_names(tier: str) -> None:
    recording = environment(tier, **CHOSEN)
    found, text = manifest(recording), json.dumps(policy(recording))
    for region, side in found.sides.items():
        for name in (side.cluster.name, side.database.cluster, side.database.subnet_group, side.cache, side.vault):
            assert name in text, region
    clusters = {found.database.global_cluster, *(each.database.global_cluster for each in found.sides.values())} - {""}
    assert clusters <= {each.rpartition(":")[2] for each in policy(recording)["GlobalDatabase"]["Resource"]}
    patterns = [each.rpartition("/")[2] for each in policy(recording)["ReplicatedTables"]["Resource"]]
    looked_at = {*found.replicated_tables, *(name for each in found.sides.values() for name in each.tables.values())}
    assert looked_at
    assert {name for name in looked_at if not any(fnmatchcase(name, each) for each in patterns)} == set()
    assert recording.outputs["manifest"]["operations"]["role"].endswith(f":role/haven-{tier}-operator")


def test_operators_see_and_scale_in_the_namespaces_of_both_clusters() -> None:
    recording = environment("warm", **CHOSEN)
    entries = [each for each in own(recording).values() if each.type == "aws:eks/accessEntry:AccessEntry"]
    assert {each.region for each in entries} == {PRIMARY, RECOVERY}
    (group,) = {tuple(each.inputs["kubernetesGroups"]) for each in entries}
    bindings = [each for each in recording.resources if each.type.endswith(":RoleBinding")]
    bound = [each for each in bindings if group[0] in json.dumps(each.inputs["subjects"])]
    assert len(bound) == 2 * 2 * len({each.inputs["metadata"]["namespace"] for each in bound})


def test_without_operators_there_is_no_role() -> None:
    assert {each.component for each in own(environment("warm")).values()} == {"OperationsStore"}


def test_the_manifest_names_the_region_switch_plan_where_there_is_one_and_the_operator_starts_that_one() -> None:
    assert manifest(environment("warm")).recovery_plan == ""
    assert "arc-region-switch" not in json.dumps(policy(environment("warm", **CHOSEN)))
    recording = environment("warm", **CHOSEN, **plan_of("warm"))
    arn = _arn_of_the_plan(recording)
    assert recording.outputs["manifest"]["recoveryPlan"] == manifest(recording).recovery_plan == arn
    assert {policy(recording)[each]["Resource"][0] for each in ("RegionSwitchPlan", "ApprovalsOfThePlan")} == {arn}


def _arn_of_the_plan(recording: Recording) -> str:
    (plan,) = (each for each in recording.real() if each.type == "aws:arcregionswitch/plan:Plan")
    return f"@@{plan.key}.arn@@"


def test_an_operator_approves_no_plan_that_asks_another_role() -> None:
    asked = {"approvalRoleArn": "arn:aws:iam::123456789012:role/approver"}
    declared = policy(environment("warm", **CHOSEN, recoveryPlan=json.dumps(asked)))
    assert "StartPlanExecution" in json.dumps(declared)
    assert "ApprovePlanExecutionStep" not in json.dumps(declared)


@pytest.mark.parametrize("tier", warm_every_day(TIERS))
def test_an_operator_s_inline_policy_fits_iam_s_limit_with_the_longest_names(tier: str) -> None:
    """IAM counts 10,240 characters of a role's inline policies without white space (IAM quotas, read 2026-11-26)."""
    with_witness = OPERATOR if tier == "active-active" else CHOSEN
    chosen = with_witness if tier == "backup" else {**with_witness, **plan_of(tier)}
    recording = environment(tier, **chosen)
    (policy,) = (
        each.inputs["policy"]
        for each in recording.real()
        if each.type == aws.IAM_ROLE_POLICY and each.name.endswith("-operator-permissions")
    )
    longer = {
        f"haven-{tier}": f"haven-{'x' * LONGEST_STACK_NAME}",
        PRIMARY: "ap-southeast-1",
        RECOVERY: "ap-southeast-2",
        WITNESS: "ap-southeast-3",
    }
    if tier != "backup":
        longer[_arn_of_the_plan(recording)] = f"arn:aws:arc-region-switch::111122223333:plan/{'x' * 32}:abc123"
    for name, longest in longer.items():
        policy = policy.replace(name, longest)
    assert len("".join(policy.split())) <= 10_240


@pytest.mark.parametrize("fifo", [False, True])
def test_the_manifest_names_the_queues_and_the_role_is_given_them_without_those_of_failed_messages(fifo: bool) -> None:
    chosen = {"queues": json.dumps({"jobs": {"fifo": fifo}, "requests": {}})}
    recording = environment("warm", **CHOSEN, **chosen)
    declared = {
        region: {
            each.inputs["name"] for each in recording.real() if each.type == aws.SQS_QUEUE and each.region == region
        }
        for region in (PRIMARY, RECOVERY)
    }
    patterns = {each.split(":")[3]: each.split(":")[5] for each in policy(recording)["Queues"]["Resource"]}
    for region, side in manifest(recording).sides.items():
        assert set(side.queues) == {"jobs", "requests"}
        assert set(side.queues.values()) < declared[region]
        matched = {each for each in declared[region] if fnmatchcase(each, patterns[region])}
        assert matched == set(side.queues.values())


def test_without_queues_neither_the_manifest_nor_the_role_has_any() -> None:
    recording = environment("warm", **CHOSEN, queues="{}")
    assert {each.queues == {} for each in manifest(recording).sides.values()} == {True}
    assert "Queues" not in policy(recording)
