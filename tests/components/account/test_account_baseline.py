import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program import aws_types
from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.account.account_baseline import AccountBaseline, AccountBaselineArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
OTHER = {PRIMARY: RECOVERY, RECOVERY: PRIMARY}
ACCOUNT = "123456789012"
NAME = "haven-account"
each_region = pytest.mark.parametrize("region", CODES)


def _key(region: str, use: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-{use}"


def _side(region: str) -> dict[str, str]:
    return {
        "region": region,
        "record_kms_key_arn": _key(region, "records"),
        "volume_kms_key_arn": _key(region, "volumes"),
    }


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in CODES}
        args = {
            "account_id": ACCOUNT,
            "primary": _side(PRIMARY),
            "recovery": _side(RECOVERY),
            "recovery_provider": providers[RECOVERY],
            "image_prefixes": ["haven-"],
        }
        baseline = AccountBaseline(
            name, cast("AccountBaselineArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("buckets", [baseline.primary_bucket, baseline.recovery_bucket])
        pulumi.export("detectors", [baseline.primary_detector_id, baseline.recovery_detector_id])

    return record(program, stack="test")


def _of(recording: Recording, kind: str, region: str | None = None) -> list[Resource]:
    return [
        each
        for each in recording.real()
        if each.type.endswith(f":{kind}") and (region is None or each.region == region)
    ]


def _only(recording: Recording, kind: str, region: str) -> Resource:
    (found,) = _of(recording, kind, region)
    return found


def _awaited(recording: Recording, record_: Resource) -> set[str]:
    """What a resource depends on, explicitly or through its inputs."""
    found: set[str] = set()
    ahead = [record_.urn]
    while ahead:
        options = recording.by_urn[ahead.pop()].options
        new = {*options.dependencies, *(urn for urns in options.property_dependencies.values() for urn in urns)} - found
        found |= new
        ahead += [urn for urn in new if urn in recording.by_urn]
    return {urn.rpartition("::")[2] for urn in found}


def _refused(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(name, **changes)
    return re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)


@each_region
def test_everything_in_one_region_is_in_the_other_one_too(region: str) -> None:
    def shape(where: str) -> list[tuple[str, str]]:
        code = CODES[where]
        return sorted((each.type, each.name.replace(code, "")) for each in recording.real() if each.region == where)

    recording = _declare()
    once = {aws_types.IAM_ROLE, aws_types.IAM_ROLE_POLICY, aws_types.IAM_ROLE_POLICY_ATTACHMENT}
    once.add(aws_types.S3_ACCOUNT_PUBLIC_ACCESS_BLOCK)
    here, there = ([each for each in shape(where) if each[0] not in once] for where in (region, OTHER[region]))
    assert here == there


@each_region
def test_everything_is_recorded_in_each_region_into_the_bucket_on_its_own_side(region: str) -> None:
    recording = _declare()
    recorder = _only(recording, "Recorder", region)
    assert recorder.inputs["recordingGroup"] == {"allSupported": True, "includeGlobalResourceTypes": True}
    assert recorder.inputs["recordingMode"] == {
        "recordingFrequency": "CONTINUOUS",
        "recordingModeOverride": {
            "recordingFrequency": "DAILY",
            "resourceTypes": ["AWS::EC2::Instance", "AWS::EC2::NetworkInterface", "AWS::EC2::Volume"],
        },
    }
    channel = _only(recording, "DeliveryChannel", region)
    bucket = f"{NAME}-config-{ACCOUNT}-{CODES[region]}"
    assert (channel.inputs["s3BucketName"], channel.inputs["s3KmsKeyArn"]) == (bucket, _key(region, "records"))
    assert bucket in recording.outputs["buckets"]


@each_region
def test_a_recorder_runs_once_its_channel_stands_and_may_write(region: str) -> None:
    recording = _declare()
    running = _only(recording, "RecorderStatus", region)
    assert running.inputs["isEnabled"] is True
    name = f"{NAME}-{CODES[region]}"
    awaited = {f"{name}-channel", f"{name}-recorder", f"{NAME}-recorder-writes", f"{NAME}-recorder-reads"}
    assert awaited <= _awaited(recording, running)
    assert f"{NAME}-config-{CODES[region]}-policy" in _awaited(recording, _only(recording, "DeliveryChannel", region))


def test_once_a_day_is_enough_where_much_comes_and_goes() -> None:
    modes = [each.inputs["recordingMode"] for each in _of(_declare(daily_recording=True), "Recorder")]
    assert modes == [{"recordingFrequency": "DAILY"}] * 2


def test_no_type_is_recorded_once_a_day_where_none_is_named() -> None:
    modes = [each.inputs["recordingMode"] for each in _of(_declare(daily_types=[]), "Recorder")]
    assert modes == [{"recordingFrequency": "CONTINUOUS"}] * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"daily_types": ["AWS::Config::ResourceCompliance"]},
        {"daily_types": ["instances"]},
        {"daily_types": ["AWS::EC2::Instance"], "daily_recording": True},
    ],
    ids=str,
)
def test_types_that_cannot_be_recorded_once_a_day_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match="daily_types"):
        _declare(**changes)


def test_the_bucket_of_aws_config_is_replicated_and_not_locked() -> None:
    recording = _declare()
    assert len(_of(recording, "BucketReplicationConfig")) == 2
    assert [each.inputs["objectLockEnabled"] for each in _of(recording, "Bucket")] == [False, False]
    assert _of(recording, "BucketObjectLockConfiguration") == []


def test_the_recorder_writes_into_these_buckets_with_these_keys_and_nowhere_else() -> None:
    recording = _declare()
    (policy,) = [each for each in _of(recording, "RolePolicy") if each.name == f"{NAME}-recorder-writes"]
    statements = json.loads(policy.inputs["policy"])["Statement"]
    buckets = [f"arn:aws:s3:::{NAME}-config-{ACCOUNT}-{code}" for code in CODES.values()]
    allowed = {(tuple(each["Action"]), each["Resource"]) for each in statements}
    assert allowed == {
        *((("s3:GetBucketAcl", "s3:ListBucket"), bucket) for bucket in buckets),
        *((("s3:PutObject", "s3:PutObjectAcl"), f"{bucket}/AWSLogs/{ACCOUNT}/Config/*") for bucket in buckets),
        *((("kms:Decrypt", "kms:GenerateDataKey"), _key(region, "records")) for region in CODES),
    }


def test_only_aws_config_for_this_account_takes_the_role() -> None:
    recording = _declare()
    (role,) = [each for each in _of(recording, "Role") if each.name == f"{NAME}-recorder"]
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "config.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


@each_region
def test_threats_are_looked_for_and_what_is_not_asked_for_is_off(region: str) -> None:
    recording = _declare(threat_features=["S3_DATA_EVENTS", "EKS_AUDIT_LOGS"])
    detector = _only(recording, "Detector", region)
    features = _of(recording, "DetectorFeature", region)
    assert detector.inputs["enable"] is True
    assert {each.inputs["detectorId"] for each in features} == {f"@@{detector.key}.id@@"}
    on = {each.inputs["name"] for each in features if each.inputs["status"] == "ENABLED"}
    off = {each.inputs["name"] for each in features if each.inputs["status"] == "DISABLED"}
    assert on == {"S3_DATA_EVENTS", "EKS_AUDIT_LOGS"}
    assert off == {"EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS", "RUNTIME_MONITORING"}
    assert f"@@{detector.key}.id@@" in recording.outputs["detectors"]


def test_objects_clusters_volumes_and_databases_are_watched_by_default() -> None:
    features = _of(_declare(), "DetectorFeature", PRIMARY)
    assert {each.inputs["name"] for each in features if each.inputs["status"] == "ENABLED"} == {
        "S3_DATA_EVENTS",
        "EKS_AUDIT_LOGS",
        "EBS_MALWARE_PROTECTION",
        "RDS_LOGIN_EVENTS",
    }


@each_region
def test_images_go_to_the_other_region_whichever_they_are_pushed_to(region: str) -> None:
    recording = _declare(image_prefixes=["haven-", "tools/"])
    (rule,) = _only(recording, "ReplicationConfiguration", region).inputs["replicationConfiguration"]["rules"]
    assert rule["destinations"] == [{"region": OTHER[region], "registryId": ACCOUNT}]
    assert rule["repositoryFilters"] == [
        {"filter": "haven-", "filterType": "PREFIX_MATCH"},
        {"filter": "tools/", "filterType": "PREFIX_MATCH"},
    ]


@each_region
def test_volumes_are_encrypted_with_the_key_of_their_region_before_all_are(region: str) -> None:
    recording = _declare()
    key = _only(recording, "DefaultKmsKey", region)
    assert key.inputs["keyArn"] == _key(region, "volumes")
    default = _only(recording, "EncryptionByDefault", region)
    assert default.inputs["enabled"] is True
    assert key.urn in default.options.dependencies


@each_region
def test_backups_are_opted_in_and_what_others_opted_in_stays(region: str) -> None:
    settings = _only(_declare(), "RegionSettings", region)
    opted = {"Aurora": True, "DynamoDB": True, "EBS": True, "S3": True}
    assert settings.inputs["resourceTypeOptInPreference"] == opted
    assert settings.inputs["resourceTypeManagementPreference"] == {"DynamoDB": True}
    ignored = {"resourceTypeOptInPreference", "resourceTypeManagementPreference"}
    assert set(settings.options.ignore_changes) == ignored


def test_no_bucket_of_the_account_is_public() -> None:
    block = _only(_declare(), "AccountPublicAccessBlock", PRIMARY).inputs
    assert block["accountId"] == ACCOUNT
    assert [block[each] for each in block if each != "accountId"] == [True] * 4


@each_region
def test_an_analyzer_reports_who_outside_the_account_has_access(region: str) -> None:
    analyzer = _only(_declare(), "Analyzer", region)
    assert (analyzer.inputs["analyzerName"], analyzer.inputs["type"]) == (f"{NAME}-{CODES[region]}", "ACCOUNT")


@pytest.mark.parametrize("ephemeral", [False, True])
def test_records_and_findings_are_kept_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    recording = _declare(ephemeral=ephemeral)
    kept = [each for kind in ("Bucket", "Recorder", "DeliveryChannel", "Detector") for each in _of(recording, kind)]
    assert len(kept) == 8
    assert {(each.options.protect, each.options.retain_on_delete) for each in kept} == {(not ephemeral, not ephemeral)}


@pytest.mark.parametrize("name", ["n" * 36, "account--baseline", "account-"])
def test_a_name_that_aws_would_refuse_is_refused_first(name: str) -> None:
    assert _refused(name) == ["name"]


def test_the_longest_name_fits_the_buckets_and_the_roles() -> None:
    recording = _declare("n" * 35)
    assert all(len(each) <= 63 for each in recording.outputs["buckets"])
    assert all(len(each.inputs["name"]) <= 64 for each in _of(recording, "Role"))


@pytest.mark.parametrize("prefixes", [[], ["h"], ["Haven-"], ["haven-*"], ["-haven--//"], ["a" * 257], ["aa"] * 101])
def test_a_prefix_that_ecr_would_refuse_is_refused_first(prefixes: list[str]) -> None:
    assert _refused(image_prefixes=prefixes) == ["image_prefixes"]


@pytest.mark.parametrize("prefix", ["haven-", "haven-prod-images/", "ab", "team/tool"])
def test_a_beginning_of_a_name_is_a_prefix(prefix: str) -> None:
    (rule,) = _only(_declare(image_prefixes=[prefix]), "ReplicationConfiguration", PRIMARY).inputs[
        "replicationConfiguration"
    ]["rules"]
    assert [each["filter"] for each in rule["repositoryFilters"]] == [prefix]


def test_every_problem_is_reported_at_once() -> None:
    assert _refused(
        "Account",
        account_id="1",
        recovery=_side(PRIMARY),
        image_prefixes=[],
        threat_features=["EVERYTHING"],
        backup_services=[""],
    ) == ["name", "account_id", "recovery.region", "image_prefixes", "threat_features", "backup_services"]
