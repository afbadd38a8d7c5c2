"""No resource that the provider names by its account id is behind a provider that doesn't know it."""

import re
from collections.abc import Callable

import pytest

from haven.program import aws_types as aws
from haven.program.account_ids import FLAG, PROVIDER, USES, wrong_uses
from haven.program.recording import Options, Recording, Resource, reference
from tests.environments import ACCOUNT, ALL_EXAMPLES, EVERY_STACK, RECOVERY, environment, example

Make = Callable[[str], Recording]
PROGRAMS = [*((environment, each) for each in EVERY_STACK), *((example, each) for each in ALL_EXAMPLES)]


@pytest.mark.parametrize(("make", "name"), PROGRAMS)
def test_no_program_has_a_resource_whose_account_id_is_missing(make: Make, name: str) -> None:
    found = [f"{each.name}: {use.effect} ({use.line}, {use.function})" for each, use in wrong_uses(make(name))]
    assert found == []


def test_the_account_stack_s_providers_know_their_account() -> None:
    providers = [each for each in environment(ACCOUNT).resources if each.type == PROVIDER]
    assert [each.inputs[FLAG] for each in providers] == ["false", "false"]
    assert {each.inputs["skipCredentialsValidation"] for each in providers} == {"true"}
    assert {each.inputs["stsRegion"] for each in providers} == {RECOVERY}


@pytest.mark.parametrize("stack", sorted(set(EVERY_STACK) - {ACCOUNT}))
def test_an_environment_s_providers_make_no_call(stack: str) -> None:
    providers = [each for each in environment(stack).resources if each.type == PROVIDER]
    assert {each.inputs[FLAG] for each in providers} == {"true"}


def test_the_table_has_the_provider_s_file_line_and_function() -> None:
    assert all(re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+\.go:\d+", use.line) and use.function for use in USES)


def test_creating_and_tagging_by_an_unknown_account_is_found() -> None:
    recording = _program(_resource(aws.ECR_REPLICATION_CONFIGURATION), _resource(aws.GUARDDUTY_DETECTOR))
    assert [use.output for _, use in wrong_uses(recording)] == ["id", "arn"]


def test_a_given_account_id_takes_the_place_of_the_provider_s() -> None:
    assert not list(wrong_uses(_program(_resource(aws.BUDGETS_BUDGET, inputs={"accountId": "111122223333"}))))
    assert list(wrong_uses(_program(_resource(aws.BUDGETS_BUDGET))))


def test_a_replica_must_ignore_its_table_s_arn() -> None:
    assert list(wrong_uses(_program(_resource(aws.DYNAMODB_TABLE_REPLICA))))
    ignoring = _resource(aws.DYNAMODB_TABLE_REPLICA, options=Options(ignore_changes=("globalTableArn",)))
    assert not list(wrong_uses(_program(ignoring)))


def test_a_rule_that_refers_to_a_group_is_found() -> None:
    rule = aws.VPC_SECURITY_GROUP_INGRESS_RULE
    assert not list(wrong_uses(_program(_resource(rule, inputs={"cidrIpv4": "10.0.0.0/16"}))))
    assert list(wrong_uses(_program(_resource(rule, inputs={"referencedSecurityGroupId": "sg-1"}))))


def test_a_composed_arn_that_another_resource_reads_is_found() -> None:
    template = _resource(aws.EC2_LAUNCH_TEMPLATE)
    reader = _resource(aws.IAM_ROLE_POLICY, inputs={"policy": f"on {reference(template.key, 'arn')}"})
    assert not list(wrong_uses(_program(template)))
    assert [use.output for _, use in wrong_uses(_program(template, reader))] == ["arn"]


def test_a_provider_that_asks_for_its_account_may_have_everything() -> None:
    assert not list(wrong_uses(_program(_resource(aws.ECR_REPLICATION_CONFIGURATION), flag=False)))


def _program(*resources: Resource, flag: bool = True) -> Recording:
    provider = _resource(PROVIDER, urn="provider", inputs={FLAG: str(flag).lower()})
    return Recording("test", "test", [provider, *resources], {})


def _resource(
    type_: str, *, urn: str = "", inputs: dict[str, object] | None = None, options: Options | None = None
) -> Resource:
    key = f"{abs(hash(type_)) % 16**12:012x}"
    return Resource(
        key, urn or type_, type_, type_, True, "", "provider", None, None, None, inputs or {}, options or Options()
    )
