import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.keys.multi_region_key import MultiRegionKey, MultiRegionKeyArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
ACCOUNT = "123456789012"
SCALING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


def _declare(name: str = "haven-test-key", **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in (PRIMARY, RECOVERY)}
        args = {
            "primary_region": PRIMARY,
            "recovery_region": RECOVERY,
            "recovery_provider": providers[RECOVERY],
            "account_id": ACCOUNT,
            "description": "What the test stores",
        }
        key = MultiRegionKey(
            name, cast("MultiRegionKeyArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("arns", [key.primary_arn, key.recovery_arn])
        pulumi.export("id", key.key_id)
        pulumi.export("alias", key.alias_name)

    return record(program, stack="test")


def _named(recording: Recording) -> dict[str, Resource]:
    return {each.name: each for each in recording.real()}


def _statements(record_: Resource) -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(record_.inputs["policy"])["Statement"]}


def test_there_is_a_key_in_the_primary_region_a_replica_in_the_other_and_one_alias_in_both() -> None:
    found = {(each.type.split(":")[-1], each.name, each.region) for each in _declare().real()}
    assert found == {
        ("Key", "haven-test-key-euw1", PRIMARY),
        ("ReplicaKey", "haven-test-key-euc1", RECOVERY),
        ("Alias", "haven-test-key-euw1-alias", PRIMARY),
        ("Alias", "haven-test-key-euc1-alias", RECOVERY),
    }


def test_the_key_is_multi_region_and_rotates_and_its_replica_is_made_from_it() -> None:
    recording = _declare()
    key, replica = _named(recording)["haven-test-key-euw1"], _named(recording)["haven-test-key-euc1"]
    assert key.inputs["multiRegion"] is True
    assert key.inputs["enableKeyRotation"] is True
    assert replica.inputs["primaryKeyArn"] == f"@@{key.key}.arn@@"


def test_each_alias_leads_to_its_own_region_s_key() -> None:
    named = _named(_declare())
    for code in ("euw1", "euc1"):
        alias = named[f"haven-test-key-{code}-alias"].inputs
        assert alias == {
            "name": "alias/haven-test-key",
            "targetKeyId": f"@@{named[f'haven-test-key-{code}'].key}.id@@",
        }


@pytest.mark.parametrize(("code", "region"), [("euw1", PRIMARY), ("euc1", RECOVERY)])
def test_log_groups_of_the_account_may_use_their_own_region_s_key(code: str, region: str) -> None:
    statement = _statements(_named(_declare())[f"haven-test-key-{code}"])["LogGroupsOfTheAccount"]
    assert statement["Principal"] == {"Service": f"logs.{region}.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:*"}
    }


@pytest.mark.parametrize("code", ["euw1", "euc1"])
def test_auto_scaling_may_use_the_key_though_its_role_may_not_exist_yet(code: str) -> None:
    statements = _statements(_named(_declare())[f"haven-test-key-{code}"])
    use, grant = statements["VolumesOfAutoScalingGroups"], statements["VolumesOfAutoScalingGroupsStayAttachable"]
    for statement in (use, grant):
        assert statement["Principal"] == {"AWS": "*"}, "KMS refuses a principal that doesn't exist"
        assert statement["Condition"]["StringEquals"] == {
            "aws:PrincipalArn": SCALING_ROLE,
            "kms:CallerAccount": ACCOUNT,
        }
    assert grant["Action"] == "kms:CreateGrant"
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}
    assert "kms:CreateGrant" not in use["Action"]


@pytest.mark.parametrize("code", ["euw1", "euc1"])
def test_nobody_beyond_the_account_is_let_in(code: str) -> None:
    key = _named(_declare())[f"haven-test-key-{code}"]
    statements = _statements(key)
    assert statements.pop("IamPoliciesOfTheAccountApply")["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert all(ACCOUNT in json.dumps(each["Condition"]) for each in statements.values())
    assert key.inputs["bypassPolicyLockoutSafetyCheck"] is False


@pytest.mark.parametrize("code", ["euw1", "euc1"])
def test_an_account_that_takes_copies_of_backups_may_decrypt_and_grant_to_aws_services(code: str) -> None:
    key = _named(_declare(backup_account_ids=["210987654321"]))[f"haven-test-key-{code}"]
    statements = _statements(key)
    use, grant = statements["CopiesOfBackupsInOtherAccounts"], statements["CopiesOfBackupsInOtherAccountsByGrant"]
    roles = {"aws:PrincipalArn": ["arn:aws:iam::210987654321:role/aws-service-role/*"]}
    for statement in (use, grant):
        assert statement["Principal"] == {"AWS": ["arn:aws:iam::210987654321:root"]}
        assert statement["Condition"]["ArnLike"] == roles
    assert {"kms:Decrypt", "kms:DescribeKey", "kms:ReEncrypt*"} <= set(use["Action"])
    assert "kms:CreateGrant" not in use["Action"]
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_the_own_account_needs_no_share_of_the_key() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"backup_account_ids\[0\]"):
        _declare(backup_account_ids=[ACCOUNT])


def test_policies_fit_partitions_other_than_the_usual_one() -> None:
    text = json.dumps(
        [dict(each.inputs) for each in _declare(primary_region="us-gov-west-1", recovery_region="us-gov-east-1").real()]
    )
    assert "arn:aws-us-gov:iam::" in text
    assert "arn:aws:" not in text


def test_the_key_is_protected_and_waits_thirty_days_to_be_deleted() -> None:
    named = _named(_declare())
    for code in ("euw1", "euc1"):
        key = named[f"haven-test-key-{code}"]
        assert (key.options.protect, key.options.retain_on_delete) == (True, True)
        assert key.inputs["deletionWindowInDays"] == 30


def test_a_throw_away_key_can_be_deleted_within_a_week() -> None:
    named = _named(_declare(ephemeral=True))
    for code in ("euw1", "euc1"):
        key = named[f"haven-test-key-{code}"]
        assert (key.options.protect, key.options.retain_on_delete) == (False, False)
        assert key.inputs["deletionWindowInDays"] == 7


def test_a_deletion_window_is_taken_as_given_in_both_regions() -> None:
    named = _named(_declare(deletion_window_days=14))
    for code in ("euw1", "euc1"):
        assert named[f"haven-test-key-{code}"].inputs["deletionWindowInDays"] == 14


def test_both_keys_and_the_alias_are_outputs() -> None:
    recording = _declare()
    key, replica = _named(recording)["haven-test-key-euw1"], _named(recording)["haven-test-key-euc1"]
    assert recording.outputs == {
        "arns": [f"@@{key.key}.arn@@", f"@@{replica.key}.arn@@"],
        "id": f"@@{key.key}.id@@",
        "alias": "alias/haven-test-key",
    }


@pytest.mark.parametrize("code", ["euw1", "euc1"])
def test_services_that_are_named_use_both_keys_for_this_account_alone(code: str) -> None:
    recording = _declare(services=["sns.amazonaws.com", "backup.amazonaws.com"])
    allowed = _statements(_named(recording)[f"haven-test-key-{code}"])["ServicesForTheAccount"]
    assert allowed["Principal"] == {"Service": ["backup.amazonaws.com", "sns.amazonaws.com"]}
    assert allowed["Action"] == ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_without_services_named_none_is_let_in() -> None:
    for code in ("euw1", "euc1"):
        assert "ServicesForTheAccount" not in _statements(_named(_declare())[f"haven-test-key-{code}"])


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            "Key of mine",
            recovery_region=PRIMARY,
            account_id="12",
            deletion_window_days=6,
            services=["sns.amazonaws.com", "*"],
        )
    paths = re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)
    assert paths == ["name", "account_id", "recovery_region", "deletion_window_days", "services[1]"]


def test_a_replica_beyond_the_partition_is_refused() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"recovery_region: got 'cn-north-1'"):
        _declare(recovery_region="cn-north-1")
