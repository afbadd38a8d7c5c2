import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.account.audit_trail import AuditTrail, AuditTrailArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
ACCOUNT = "123456789012"
KEYS = {code: f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1" for region, code in CODES.items()}
NAME = "haven-test-audit"
HOME = f"{NAME}-euw1"
TRAILS = [f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{NAME}-{code}" for region, code in CODES.items()]
MANAGEMENT = {"name": "Management", "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]}


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in CODES}
        args = {
            "account_id": ACCOUNT,
            "primary": {"region": PRIMARY, "kms_key_arn": KEYS["euw1"]},
            "recovery": {"region": RECOVERY, "kms_key_arn": KEYS["euc1"]},
            "recovery_provider": providers[RECOVERY],
            "object_lock_days": 365,
        }
        trail = AuditTrail(
            name, cast("AuditTrailArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("buckets", [trail.primary_bucket, trail.recovery_bucket])
        pulumi.export("group", trail.log_group_name)

    return record(program, stack="test")


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _home(recording: Recording) -> Resource:
    return _named(recording, "Trail")[HOME]


def _refused(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(name, **changes)
    return re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)


def test_one_trail_sees_all_regions_and_its_files_can_be_verified() -> None:
    recording = _declare()
    assert _named(recording, "Trail").keys() == {HOME}
    trail = _home(recording)
    assert trail.region == PRIMARY
    for argument in ("isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation", "enableLogging"):
        assert trail.inputs[argument] is True
    assert trail.inputs["kmsKeyId"] == KEYS["euw1"]
    assert trail.inputs["s3BucketName"] == f"{NAME}-{ACCOUNT}-euw1"
    assert recording.outputs["buckets"] == [f"{NAME}-{ACCOUNT}-euw1", f"{NAME}-{ACCOUNT}-euc1"]


def test_the_log_is_locked_and_replicated() -> None:
    recording = _declare(object_lock_days=30.0)
    rules = [each.inputs["rule"] for each in _named(recording, "BucketObjectLockConfiguration").values()]
    assert rules == [{"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}] * 2
    assert len(_named(recording, "BucketReplicationConfig")) == 2


@pytest.mark.parametrize("code", CODES.values())
def test_each_bucket_has_one_policy_that_lets_these_trails_write_and_no_others(code: str) -> None:
    recording = _declare()
    assert len(_named(recording, "BucketPolicy")) == 2
    (policy,) = [each for each in _named(recording, "BucketPolicy").values() if f"-{code}-" in each.name]
    (bucket,) = [each for each in _named(recording, "Bucket").values() if each.name.endswith(code)]
    statements = {each["Sid"]: each for each in json.loads(policy.inputs["policy"])["Statement"]}
    write, see = statements["TrailsWrite"], statements["TrailsSeeOwner"]
    assert (write["Action"], write["Resource"]) == (["s3:PutObject"], f"@@{bucket.key}.arn@@/AWSLogs/{ACCOUNT}/*")
    assert (see["Action"], see["Resource"]) == (["s3:GetBucketAcl"], f"@@{bucket.key}.arn@@")
    for each in (write, see):
        assert each["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert each["Condition"] == {"ArnLike": {"aws:SourceArn": TRAILS}}


def test_the_trail_waits_for_its_bucket_with_everything_that_belongs_to_it() -> None:
    recording = _declare()
    awaited = {urn.rpartition("::")[2] for urn in _home(recording).options.dependencies}
    assert f"{NAME}-logs" in awaited or f"{NAME}-logs-euw1-policy" in awaited


@pytest.mark.parametrize("ephemeral", [False, True])
def test_the_trail_and_what_it_wrote_are_kept_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    recording = _declare(ephemeral=ephemeral, log_retention_days=30, recovery_trail=True)
    kept = [each for kind in ("Trail", "Bucket", "LogGroup") for each in _named(recording, kind).values()]
    assert len(kept) == 5
    assert {(each.options.protect, each.options.retain_on_delete) for each in kept} == {(not ephemeral, not ephemeral)}


def test_management_events_alone_are_logged_unless_more_is_asked_for() -> None:
    trail = _home(_declare()).inputs
    assert trail["advancedEventSelectors"] == [MANAGEMENT]
    assert not trail.get("insightSelectors")
    assert "cloudWatchLogsGroupArn" not in trail


def test_insights_report_unusual_calls_and_errors() -> None:
    found = _home(_declare(insights=True)).inputs["insightSelectors"]
    assert [each["insightType"] for each in found] == ["ApiCallRateInsight", "ApiErrorRateInsight"]


def test_reads_and_writes_of_named_buckets_and_calls_of_functions_are_logged_where_asked_for() -> None:
    trail = _home(_declare(data_event_buckets=["arn:aws:s3:::models"], lambda_data_events=True)).inputs
    management, objects, functions = trail["advancedEventSelectors"]
    assert management == MANAGEMENT
    assert {"field": "resources.type", "equals": ["AWS::S3::Object"]} in objects["fieldSelectors"]
    assert {"field": "resources.ARN", "startsWiths": ["arn:aws:s3:::models/"]} in objects["fieldSelectors"]
    assert {"field": "resources.type", "equals": ["AWS::Lambda::Function"]} in functions["fieldSelectors"]


@pytest.mark.parametrize("code", CODES.values())
def test_the_trail_does_not_log_its_own_logging(code: str) -> None:
    assert _refused(data_event_buckets=[f"arn:aws:s3:::{NAME}-{ACCOUNT}-{code}"]) == ["data_event_buckets"]


def test_a_log_group_takes_the_events_where_asked_for_and_the_role_writes_there_alone() -> None:
    recording = _declare(log_retention_days=30)
    (group,) = _named(recording, "LogGroup").values()
    assert (group.inputs["name"], group.inputs["retentionInDays"]) == (HOME, 30)
    assert group.inputs["kmsKeyId"] == KEYS["euw1"]
    trail = _home(recording)
    arn = f"arn:aws:logs:{PRIMARY}:{ACCOUNT}:log-group:{HOME}"
    assert trail.inputs["cloudWatchLogsGroupArn"] == f"{arn}:*"
    (policy,) = [each for each in _named(recording, "RolePolicy").values() if each.name.startswith(f"{HOME}-events")]
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == f"{arn}:log-stream:{ACCOUNT}_CloudTrail_{PRIMARY}*"
    assert {policy.urn, group.urn} <= set(trail.options.dependencies)
    assert recording.outputs["group"] == HOME


def test_without_a_log_group_there_is_no_name_of_one() -> None:
    assert _declare().outputs["group"] == ""


def test_the_recovery_region_writes_down_its_own_events_where_asked_for() -> None:
    trail = _named(_declare(recovery_trail=True), "Trail")[f"{NAME}-euc1"]
    assert trail.region == RECOVERY
    assert (trail.inputs["isMultiRegionTrail"], trail.inputs["includeGlobalServiceEvents"]) == (False, False)
    assert trail.inputs["enableLogFileValidation"] is True
    assert (trail.inputs["kmsKeyId"], trail.inputs["s3BucketName"]) == (KEYS["euc1"], f"{NAME}-{ACCOUNT}-euc1")


@pytest.mark.parametrize("name", ["n" * 41, "audit--trail", "audit-"])
def test_a_name_that_aws_would_refuse_is_refused_first(name: str) -> None:
    assert _refused(name) == ["name"]


def test_the_longest_name_fits_the_buckets() -> None:
    assert all(len(each) <= 63 for each in _declare("n" * 40).outputs["buckets"])


def test_every_problem_is_reported_at_once() -> None:
    assert _refused(
        "Audit", account_id="1", recovery={"region": PRIMARY, "kms_key_arn": "k"}, log_retention_days=29
    ) == ["name", "account_id", "recovery.region", "log_retention_days"]
