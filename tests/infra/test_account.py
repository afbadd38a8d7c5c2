"""What a stack of kind account declares, and what it can't change."""

from typing import Any

import pytest

from haven.base.problems import Problems
from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recorder import record
from haven.program.recording import Resource
from infra.config.settings import AccountSettings, Settings
from infra.config.stack_kinds import load
from tests.environments import ACCOUNT, PRIMARY, RECOVERY, ROOT, STACKS, environment, of_type

REGIONS = f'{{"primary": "{PRIMARY}", "recovery": "{RECOVERY}"}}'
VALID = {"haven:kind": "account", "haven:account": "111122223333", "haven:regions": REGIONS}
SECOND_TRAIL = '{"recoveryTrail": true, "objectLockDays": 30}'
each_region = pytest.mark.parametrize("region", [PRIMARY, RECOVERY])


def of(type_: str, region: str, **changes: str) -> list[Resource]:
    return of_type(environment(ACCOUNT, **changes), type_, region)


def only(type_: str, region: str, **changes: str) -> dict[str, Any]:
    (found,) = of(type_, region, **changes)
    return dict(found.inputs)


def test_a_stack_is_an_environment_unless_it_says_otherwise() -> None:
    assert isinstance(load("test", VALID), AccountSettings)
    config = {**VALID, "haven:tier": "warm", "haven:kind": ""}
    assert isinstance(load("test", config), Settings)
    assert load("test", config) == load("test", {**config, "haven:kind": "environment"})


def test_two_keys_beside_the_kind_are_enough() -> None:
    settings = load("test", VALID)
    assert isinstance(settings, AccountSettings)
    assert settings.audit.object_lock_days == 365
    assert settings.baseline.image_prefixes == ["haven-"]
    assert not settings.state_backend.enabled
    assert not settings.ephemeral


def test_an_emulator_needs_no_account() -> None:
    config = {"haven:kind": "account", "haven:regions": REGIONS, "haven:emulator": "http://127.0.0.1:4566"}
    assert load("test", config).account == "000000000000"


@pytest.mark.parametrize("stack", STACKS)
def test_no_environment_declares_what_an_account_has_only_once(stack: str) -> None:
    once = ("aws:cfg/", "aws:guardduty/", "aws:cloudtrail/", "aws:ebs/", "aws:ecr/replicationConfiguration")
    found = [each.urn for each in environment(stack).real() if each.type.startswith(once)]
    assert found == []


@each_region
def test_every_environment_s_images_are_copied(region: str) -> None:
    (rule,) = only(aws.ECR_REPLICATION_CONFIGURATION, region)["replicationConfiguration"]["rules"]
    assert [each["filter"] for each in rule["repositoryFilters"]] == ["haven-"]


def test_the_key_of_the_records_lets_the_trail_encrypt_and_the_key_of_the_volumes_does_not() -> None:
    policies = {each.name: each.inputs["policy"] for each in of(aws.KMS_KEY, PRIMARY)}
    lets_in = {name for name, policy in policies.items() if "cloudtrail.amazonaws.com" in policy}
    assert lets_in == {"haven-account-records-key-euw1"}


@each_region
def test_records_and_volumes_have_keys_of_their_own_each_of_its_region(region: str) -> None:
    by_key = environment(ACCOUNT).by_key
    volumes = only(aws.EBS_DEFAULT_KMS_KEY, region)["keyArn"]
    records = only(aws.CFG_DELIVERY_CHANNEL, region)["s3KmsKeyArn"]
    used = [by_key[each.removeprefix("@@").partition(".")[0]] for each in (volumes, records)]
    assert [(each.component_name, each.region) for each in used] == [
        ("haven-account-volumes-key", region),
        ("haven-account-records-key", region),
    ]


def test_the_trail_gets_what_the_stack_asks_for() -> None:
    trail = only(aws.CLOUDTRAIL_TRAIL, PRIMARY)
    assert (trail["isMultiRegionTrail"], trail["enableLogFileValidation"]) == (True, True)
    assert of(aws.CLOUDTRAIL_TRAIL, RECOVERY) == []
    assert only(aws.CLOUDWATCH_LOG_GROUP, PRIMARY)["retentionInDays"] == 90
    assert not only(aws.CLOUDTRAIL_TRAIL, RECOVERY, audit=SECOND_TRAIL)["isMultiRegionTrail"]
    assert of(aws.CLOUDWATCH_LOG_GROUP, PRIMARY, audit=SECOND_TRAIL) == []
    locks = of(aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION, RECOVERY, audit=SECOND_TRAIL)
    assert [each.inputs["rule"]["defaultRetention"]["days"] for each in locks] == [30]


def test_the_baseline_gets_what_the_stack_asks_for() -> None:
    baseline = '{"dailyRecording": true, "threatFeatures": ["S3_DATA_EVENTS"], "backupServices": ["EFS"]}'
    recorder = only(aws.CFG_RECORDER, RECOVERY, baseline=baseline)
    assert recorder["recordingMode"] == {"recordingFrequency": "DAILY"}
    features = of(aws.GUARDDUTY_DETECTOR_FEATURE, RECOVERY, baseline=baseline)
    on = [each.inputs["name"] for each in features if each.inputs["status"] == "ENABLED"]
    assert on == ["S3_DATA_EVENTS"]
    settings = only(aws.BACKUP_REGION_SETTINGS, RECOVERY, baseline=baseline)
    assert settings["resourceTypeOptInPreference"] == {"EFS": True}


def test_one_logs_in_to_the_state_with_what_the_stack_says() -> None:
    outputs = environment(ACCOUNT).outputs
    assert outputs["stateUrls"] == {
        PRIMARY: f"s3://haven-account-state-111122223333-euw1?region={PRIMARY}",
        RECOVERY: f"s3://haven-account-state-111122223333-euc1?region={RECOVERY}",
    }
    assert outputs["secretsProviders"] == {
        region: f"awskms://alias/haven-account-state-key?region={region}" for region in (PRIMARY, RECOVERY)
    }


def test_without_a_bucket_for_the_state_a_note_says_so() -> None:
    without = environment(ACCOUNT, stateBackend="{}")
    assert "stateUrls" not in without.outputs
    assert any("haven:stateBackend" in note for note in without.outputs["notes"])
    assert not any("haven:stateBackend" in note for note in environment(ACCOUNT).outputs["notes"])
    timed = environment(ACCOUNT, stateBackend='{"enabled": true, "replicationTimeControl": true, "noncurrentDays": 30}')
    rules = of_type(timed, aws.S3_BUCKET_REPLICATION_CONFIG, RECOVERY)
    with_time = [each.name for each in rules if "replicationTime" in each.inputs["rules"][0]["destination"]]
    assert with_time == ["haven-account-state-files-euc1-replication"]
    days = [
        each.inputs["rules"][0]["noncurrentVersionExpiration"]["noncurrentDays"]
        for each in of_type(timed, aws.S3_BUCKET_LIFECYCLE_CONFIGURATION, RECOVERY)
        if each.name.startswith("haven-account-state-")
    ]
    assert days == [30]


def test_nothing_of_a_throw_away_account_is_protected_or_retained() -> None:
    found = environment(ACCOUNT, ephemeral="true").real()
    assert [each.urn for each in found if each.options.protect or each.options.retain_on_delete] == []


def test_the_regions_of_an_account_cannot_be_edited() -> None:
    born = {"regions": {"primary": PRIMARY, "recovery": "eu-west-3"}, "active": PRIMARY}
    with pytest.raises(Problems, match="as at the first deployment: another Region would replace everything"):
        record(ROOT / "infra", stack=ACCOUNT, config=load_stack(ACCOUNT, ROOT).config, remembered=born)


def test_the_longest_name_of_a_stack_is_accepted() -> None:
    recording = record(ROOT / "infra", stack="a" * 15, config=load_stack(ACCOUNT, ROOT).config)
    names = [each.inputs["bucket"] for each in recording.real() if each.type == aws.S3_BUCKET]
    assert len(names) == 6
    assert max(len(each) for each in names) <= 63
