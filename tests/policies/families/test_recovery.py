"""What one Region uses is there for the other one, in the shipped stacks and after a failover."""

import pytest

from haven.program import aws_types as aws
from haven_policies.judge import judge
from haven_policies.rules import recovery
from haven_policies.rules.model import rules_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import PRIMARY, RECOVERY, STACKS, environment
from tests.policies.breaking import TODAY, Change, both, find, setting, verdict_of, without

RULES = rules_of(recovery)
REGIONS = {"haven:regions": f'{{"primary": "{PRIMARY}", "recovery": "{RECOVERY}"}}'}
_REPLICATED = aws.SECRETSMANAGER_SECRET
_ROLE_POLICY = aws.IAM_ROLE_POLICY


def _found(stack: str, change: Change, config: dict[str, str]) -> list[str]:
    graph = ResourceGraph(change(environment(stack)), read_stack_facts(stack, config))
    return [f"{each.rule.name} {each.resource}" for each in judge(graph, TODAY, RULES).violations]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("demoted", [False, True], ids=["", "demoted"])
def test_after_a_failover_nothing_is_missing_in_either_region(stack: str, demoted: bool) -> None:
    moved = {"active": RECOVERY, **({"demote": PRIMARY} if demoted else {})}
    verdict = verdict_of(stack, environment(stack, **moved), moved)
    names = {each.name for each in RULES}
    assert [each.message for each in verdict.violations if each.rule.name in names] == []


def test_regions_are_enough_to_judge_by_and_no_tier_is_needed() -> None:
    change = setting(_REPLICATED, "replicas", None, "model-hub")
    assert _found("warm", change, REGIONS) == ["secrets-in-both-regions haven-warm-model-hub-secret"]
    assert _found("warm", change, {}) == []


def test_what_the_primary_region_lacks_after_a_failover_is_named_too() -> None:
    change = both(
        without(aws.ECR_LIFECYCLE_POLICY, "serving", region=PRIMARY),
        without(aws.ECR_REPOSITORY, "serving", region=PRIMARY),
    )
    assert _found("warm", change, REGIONS) == ["images-in-both-regions haven-warm-images-euc1-serving"]


def test_where_nothing_of_a_certificate_stands_in_the_other_region_none_is_asked_for() -> None:
    assert find(environment("backup"), aws.ACM_CERTIFICATE).region == PRIMARY
    assert _found("backup", lambda recording: recording, REGIONS) == []


def test_an_action_that_is_missing_is_named() -> None:
    change = setting(_ROLE_POLICY, "policy.Statement.0.Action", ["kms:Decrypt"], "ebs-csi", region=RECOVERY)
    graph = ResourceGraph(change(environment("warm")), read_stack_facts("warm", REGIONS))
    (found,) = judge(graph, TODAY, RULES).violations
    assert found.resource == "haven-warm-euc1-ebs-csi"
    assert found.finding.got == ("a role without kms:DescribeKey, kms:Encrypt, kms:GenerateDataKey*, kms:ReEncrypt*")
