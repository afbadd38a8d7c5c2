import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.backup._backup_rules import BackupRuleArgs, best_rpo_minutes, rpo_minutes
from haven_components.backup.backup_vault import BackupVault, BackupVaultArgs
from haven_components.choices import BackupInterval

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
KEYS = {code: f"arn:aws:kms:{region}:123456789012:key/mrk-1" for region, code in CODES.items()}
ACCOUNT = "123456789012"
NAME = "haven-test-backups"
ISOLATED = "arn:aws:backup:eu-west-1:210987654321:backup-vault:isolated"


def _rule(**changes: Any) -> BackupRuleArgs:
    rule = {
        "name": "hourly",
        "interval": BackupInterval.HOURLY,
        "start_window_minutes": 60,
        "completion_window_minutes": 120,
        "retention_days": 7,
        "copy_retention_days": 30,
    }
    return cast("BackupRuleArgs", rule | changes)


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in CODES}
        args = {
            "account_id": ACCOUNT,
            "primary": {"region": PRIMARY, "kms_key_arn": KEYS["euw1"]},
            "recovery": {"region": RECOVERY, "kms_key_arn": KEYS["euc1"]},
            "recovery_provider": providers[RECOVERY],
            "rules": [_rule()],
            "selection": {"key": "backup", "value": "test"},
            "min_retention_days": 7,
            "max_retention_days": 365,
            "assumed_job_minutes": 30,
            "assumed_copy_minutes": 45,
        }
        vault = BackupVault(
            name, cast("BackupVaultArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("vaults", [vault.primary_vault, vault.recovery_vault])
        pulumi.export("rpo", vault.rpo_minutes)

    return record(program, stack="test")


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _planned(recording: Recording, code: str = "euw1") -> Any:
    return _named(recording, "Plan")[f"{NAME}-{code}-plan"].inputs["rules"]


def _refused(**changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


@pytest.mark.parametrize(("region", "code"), CODES.items())
def test_each_region_has_a_vault_of_its_own_key_with_a_lock_and_a_topic(region: str, code: str) -> None:
    recording = _declare()
    here = {each.name.removeprefix(f"{NAME}-{code}"): each for each in recording.real() if f"-{code}" in each.name}
    assert {"", "-lock", "-jobs", "-jobs-policy", "-notices"} <= here.keys()
    assert {each.region for each in here.values()} == {region}
    assert here[""].inputs["kmsKeyArn"] == KEYS[code]
    assert here["-jobs"].inputs["kmsMasterKeyId"] == KEYS[code]


@pytest.mark.parametrize("ephemeral", [False, True])
def test_vaults_and_locks_are_kept_with_their_backups_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    recording = _declare(ephemeral=ephemeral)
    kept = [*_named(recording, "Vault").values(), *_named(recording, "VaultLockConfiguration").values()]
    assert len(kept) == 4
    assert {(each.options.protect, each.options.retain_on_delete) for each in kept} == {(not ephemeral, not ephemeral)}
    assert {each.inputs["forceDestroy"] for each in _named(recording, "Vault").values()} == {ephemeral}


def test_locks_are_of_governance_unless_compliance_is_asked_for_by_name() -> None:
    for lock in _named(_declare(), "VaultLockConfiguration").values():
        assert (lock.inputs["minRetentionDays"], lock.inputs["maxRetentionDays"]) == (7, 365)
        assert "changeableForDays" not in lock.inputs


def test_a_compliance_lock_can_be_taken_back_for_the_days_that_were_given() -> None:
    locks = _named(_declare(compliance_lock_cooling_off_days=3.0), "VaultLockConfiguration").values()
    assert [each.inputs["changeableForDays"] for each in locks] == [3, 3]


@pytest.mark.parametrize("changes", [{"compliance_lock_cooling_off_days": 2}, {"compliance_lock_cooling_off_days": 0}])
def test_a_compliance_lock_without_time_to_think_is_refused(changes: dict[str, Any]) -> None:
    assert _refused(**changes) == ["compliance_lock_cooling_off_days"]


def test_a_compliance_lock_in_a_throw_away_environment_is_refused() -> None:
    assert _refused(compliance_lock_cooling_off_days=30, ephemeral=True) == ["compliance_lock_cooling_off_days"]


def test_every_rule_copies_into_the_other_region_with_a_retention_of_its_own() -> None:
    recording = _declare()
    (rule,) = _planned(recording)
    vault = _named(recording, "Vault")[f"{NAME}-euc1"]
    assert rule["lifecycle"] == {"deleteAfter": 7}
    assert rule["copyActions"] == [{"destinationVaultArn": f"@@{vault.key}.arn@@", "lifecycle": {"deleteAfter": 30}}]
    assert (rule["startWindow"], rule["completionWindow"]) == (60, 120)


def test_an_isolated_vault_takes_a_second_copy() -> None:
    (rule,) = _planned(_declare(isolated_vault_arn=ISOLATED))
    assert [each["destinationVaultArn"] for each in rule["copyActions"]][1:] == [ISOLATED]


def test_each_region_s_backups_go_to_the_isolated_vault_of_that_region() -> None:
    there = ISOLATED.replace("eu-west-1", "eu-central-1")
    both = _declare(isolated_vault_arn=ISOLATED, recovery_isolated_vault_arn=there, back_up_recovery=True)
    for code, arn in (("euw1", ISOLATED), ("euc1", there)):
        (rule,) = _planned(both, code)
        assert [each["destinationVaultArn"] for each in rule["copyActions"]][1:] == [arn]


def test_a_vault_of_the_same_account_is_not_isolated() -> None:
    assert _refused(isolated_vault_arn=ISOLATED.replace("210987654321", ACCOUNT)) == ["isolated_vault_arn"]


@pytest.mark.parametrize(
    ("changes", "schedule"),
    [
        ({}, "cron(0 * * * ? *)"),
        ({"every_hours": 4.0}, "cron(0 0/4 * * ? *)"),
        ({"interval": BackupInterval.DAILY}, "cron(0 3 * * ? *)"),
        ({"interval": "daily", "start_hour": 22}, "cron(0 22 * * ? *)"),
        ({"interval": BackupInterval.MONTHLY, "start_hour": 0}, "cron(0 0 1 * ? *)"),
    ],
)
def test_rules_run_as_often_as_they_are_asked_to(changes: dict[str, Any], schedule: str) -> None:
    (rule,) = _planned(_declare(rules=[_rule(**changes)]))
    assert (rule["schedule"], rule["scheduleExpressionTimezone"]) == (schedule, "Etc/UTC")


def test_what_carries_the_tag_is_backed_up_in_the_primary_region() -> None:
    recording = _declare()
    (selection,) = _named(recording, "Selection").values()
    plan = _named(recording, "Plan")[f"{NAME}-euw1-plan"]
    role = _named(recording, "Role")[f"{NAME}-backup"]
    tag = {"key": "aws:ResourceTag/backup", "value": "test"}
    assert selection.inputs["conditions"] == [{"stringEquals": [tag]}]
    assert selection.inputs["resources"] == ["*"]
    assert (selection.inputs["planId"], selection.inputs["iamRoleArn"]) == (f"@@{plan.key}.id@@", f"@@{role.key}.arn@@")


def test_patterns_leave_out_what_carries_the_tag_and_matches_none() -> None:
    patterns = ["arn:aws:dynamodb:*:123456789012:table/test-*"]
    (selection,) = _named(_declare(resource_patterns=patterns), "Selection").values()
    assert selection.inputs["resources"] == patterns
    assert "selectionTags" not in selection.inputs  # AWS Backup would add what these match


def test_the_recovery_region_is_backed_up_into_the_primary_one_where_it_is_asked_for() -> None:
    recording = _declare(back_up_recovery=True)
    (rule,) = _planned(recording, "euc1")
    vaults = _named(recording, "Vault")
    assert rule["targetVaultName"] == f"{NAME}-euc1"
    assert rule["copyActions"][0]["destinationVaultArn"] == f"@@{vaults[f'{NAME}-euw1'].key}.arn@@"
    assert {each.region for each in _named(recording, "Selection").values()} == {PRIMARY, RECOVERY}


def test_the_role_that_makes_backups_can_not_restore() -> None:
    attached: dict[str, set[str]] = {}
    recording = _declare()
    for each in _named(recording, "RolePolicyAttachment").values():
        purpose = each.name.split("-")[-2]
        attached.setdefault(purpose, set()).add(each.inputs["policyArn"])
    assert attached == {
        "backup": {
            "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
            "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup",
        },
        "restore": {
            "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
            "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Restore",
        },
    }
    for role in _named(recording, "Role").values():
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert trust["Principal"] == {"Service": "backup.amazonaws.com"}


@pytest.mark.parametrize(("region", "code"), CODES.items())
def test_only_backups_of_this_vault_publish_to_its_topic_and_failures_are_among_them(region: str, code: str) -> None:
    recording = _declare()
    topic = _named(recording, "Topic")[f"{NAME}-{code}-jobs"]
    statement, only_tls = json.loads(_named(recording, "TopicPolicy")[f"{NAME}-{code}-jobs-policy"].inputs["policy"])[
        "Statement"
    ]
    assert (only_tls["Effect"], only_tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("sns:Publish", f"@@{topic.key}.arn@@")
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:backup:{region}:{ACCOUNT}:backup-vault:{NAME}-{code}"},
    }
    notices = _named(recording, "VaultNotifications")[f"{NAME}-{code}-notices"]
    assert {"BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED"} <= set(notices.inputs["backupVaultEvents"])
    assert any(urn.endswith("jobs-policy") for urn in notices.options.dependencies)


def test_copies_are_restored_in_the_recovery_region_to_see_whether_they_can_be() -> None:
    groups = {"dbsubnetgroupname": "data"}
    resources = [{"resource_type": "Aurora", "metadata": groups}, {"resource_type": "S3"}]
    recording = _declare(restore_tests={"resources": resources})
    (plan,) = _named(recording, "RestoreTestingPlan").values()
    vault = _named(recording, "Vault")[f"{NAME}-euc1"]
    assert plan.region == RECOVERY
    assert plan.inputs["name"] == "haven_test_backups_euc1"
    assert plan.inputs["recoveryPointSelection"]["includeVaults"] == [f"@@{vault.key}.arn@@"]
    selections = {
        each.inputs["protectedResourceType"]: each for each in _named(recording, "RestoreTestingSelection").values()
    }
    assert selections.keys() == {"Aurora", "S3"}
    assert selections["Aurora"].inputs["restoreMetadataOverrides"] == groups
    role = _named(recording, "Role")[f"{NAME}-restore"]
    assert {each.inputs["iamRoleArn"] for each in selections.values()} == {f"@@{role.key}.arn@@"}


def test_a_resource_is_restored_in_the_primary_region_where_that_is_named() -> None:
    resources = [{"resource_type": "Aurora", "region": PRIMARY}, {"resource_type": "DynamoDB"}]
    recording = _declare(restore_tests={"resources": resources})
    plans = {
        each.region: each.inputs["recoveryPointSelection"] for each in _named(recording, "RestoreTestingPlan").values()
    }
    vaults = {each.region: f"@@{each.key}.arn@@" for each in _named(recording, "Vault").values()}
    assert {region: found["includeVaults"] for region, found in plans.items()} == {
        region: [arn] for region, arn in vaults.items()
    }
    restored = {
        each.inputs["protectedResourceType"]: each.region
        for each in _named(recording, "RestoreTestingSelection").values()
    }
    assert restored == {"Aurora": PRIMARY, "DynamoDB": RECOVERY}


def test_nothing_is_restored_unless_it_is_asked_for() -> None:
    assert not _named(_declare(), "RestoreTestingPlan")


@given(*[st.integers(0, 10_000)] * 4)
def test_the_recovery_point_is_the_sum_of_its_parts(interval: int, window: int, job: int, copy: int) -> None:
    assert rpo_minutes(interval=interval, start_window=window, job=job, copy=copy) == interval + window + job + copy


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, 60), ({"every_hours": 12}, 720), ({"interval": "daily"}, 1440), ({"interval": "monthly"}, 31 * 1440)],
)
def test_the_recovery_point_counts_from_one_backup_to_the_next(changes: dict[str, Any], expected: int) -> None:
    assert best_rpo_minutes([_rule(**changes)], job=30, copy=45) == expected + 60 + 30 + 45


def test_the_most_frequent_rule_decides_the_recovery_point() -> None:
    daily = _rule(name="daily", interval=BackupInterval.DAILY)
    assert _declare(rules=[daily, _rule()]).outputs["rpo"] == 60 + 60 + 30 + 45


def test_an_objective_that_is_just_met_is_accepted() -> None:
    assert _declare(rpo_minutes=195).outputs["rpo"] == 195


def test_an_objective_that_can_not_be_met_is_refused_with_the_sum() -> None:
    wanted = (
        r"got 194; allowed: 195 or more: the rule 'hourly' gives interval 60 \+ start window 60 \+ job 30 \+ copy 45"
    )
    with pytest.raises(pulumi.InputPropertiesError, match=wanted):
        _declare(rpo_minutes=194)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"start_window_minutes": 59}, "rules[0].start_window_minutes"),
        ({"completion_window_minutes": 119}, "rules[0].completion_window_minutes"),
        ({"retention_days": 6}, "rules[0].retention_days"),
        ({"copy_retention_days": 366}, "rules[0].copy_retention_days"),
        ({"every_hours": 5}, "rules[0].every_hours"),
        ({"interval": "daily", "every_hours": 2}, "rules[0].every_hours"),
        ({"start_hour": 3}, "rules[0].start_hour"),
        ({"interval": "daily", "start_hour": 24}, "rules[0].start_hour"),
        ({"interval": "weekly"}, "rules[0].interval"),
        ({"name": "every hour"}, "rules[0].name"),
        ({"name": "n" * 51}, "rules[0].name"),
    ],
)
def test_a_rule_that_aws_or_the_lock_would_refuse_is_refused_first(rule: dict[str, Any], path: str) -> None:
    assert _refused(rules=[_rule(**rule)]) == [path]


@pytest.mark.parametrize("rules", [[], [_rule(), _rule()]])
def test_rules_are_there_and_have_names_of_their_own(rules: list[BackupRuleArgs]) -> None:
    assert _refused(rules=rules, rpo_minutes=195) == ["rules"]


@pytest.mark.parametrize(
    ("tests", "path"),
    [
        ({"resources": []}, "restore_tests.resources"),
        ({"resources": [{"resource_type": "Lambda"}]}, "restore_tests.resources"),
        ({"resources": [{"resource_type": "S3"}] * 2}, "restore_tests.resources"),
        ({"resources": [{"resource_type": "S3", "region": "us-east-1"}]}, "restore_tests.resources[0].region"),
        ({"resources": [{"resource_type": "S3"}], "schedule": "daily"}, "restore_tests.schedule"),
        (
            {"resources": [{"resource_type": "S3"}], "validation_window_hours": 169},
            "restore_tests.validation_window_hours",
        ),
    ],
)
def test_restores_that_aws_would_refuse_are_refused_first(tests: dict[str, Any], path: str) -> None:
    assert _refused(restore_tests=tests) == [path]


def test_every_problem_is_reported_at_once() -> None:
    found = _refused(
        name="n" * 34,
        account_id="12",
        recovery={"region": PRIMARY, "kms_key_arn": "k"},
        min_retention_days=0,
        rpo_minutes=1,
    )
    assert found == ["name", "account_id", "recovery.region", "min_retention_days", "rpo_minutes"]


def test_the_longest_name_fits_everything_that_is_named_after_it() -> None:
    recording = _declare("n" * 33, restore_tests={"resources": [{"resource_type": "DynamoDB"}]})
    names = [
        each.inputs["name"]
        for each in recording.real()
        if each.type.startswith("aws:backup/") and "name" in each.inputs
    ]
    assert len(names) >= 6
    assert max(len(each) for each in names) <= 50
