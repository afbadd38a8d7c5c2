import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.data.replicated_bucket import ReplicatedBucket, ReplicatedBucketArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
OTHER = {"euw1": "euc1", "euc1": "euw1"}
KEYS = {code: f"arn:aws:kms:{region}:123456789012:key/mrk-1" for region, code in CODES.items()}
NAME = "haven-test-models"


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in CODES}
        args = {
            "primary": {"region": PRIMARY, "kms_key_arn": KEYS["euw1"]},
            "recovery": {"region": RECOVERY, "kms_key_arn": KEYS["euc1"]},
            "recovery_provider": providers[RECOVERY],
            "bucket_name": "models-123456789012",
            "replication_time_control": False,
        }
        bucket = ReplicatedBucket(
            name, cast("ReplicatedBucketArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("buckets", [bucket.primary_bucket, bucket.recovery_bucket])
        pulumi.export("arns", [bucket.primary_arn, bucket.recovery_arn])
        pulumi.export("role", bucket.replication_role_arn)

    return record(program, stack="test")


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _rule(recording: Recording, code: str) -> Any:
    (rule,) = _named(recording, "BucketReplicationConfig")[f"{NAME}-{code}-replication"].inputs["rules"]
    return rule


def _permissions(recording: Recording) -> dict[str, Any]:
    (policy,) = _named(recording, "RolePolicy").values()
    return {each["Sid"]: each for each in json.loads(policy.inputs["policy"])["Statement"]}


@pytest.mark.parametrize(("region", "code"), CODES.items())
def test_everything_about_a_bucket_is_in_its_own_region(region: str, code: str) -> None:
    found = [each.region for each in _declare(object_lock_days=1).real() if each.name.startswith(f"{NAME}-{code}")]
    assert found == [region] * 9


def test_buckets_are_named_after_their_region() -> None:
    recording = _declare()
    assert recording.outputs["buckets"] == ["models-123456789012-euw1", "models-123456789012-euc1"]
    assert sorted(each.inputs["bucket"] for each in _named(recording, "Bucket").values()) == [
        "models-123456789012-euc1",
        "models-123456789012-euw1",
    ]


@pytest.mark.parametrize("code", OTHER)
def test_each_bucket_replicates_everything_into_the_other_with_the_other_s_key(code: str) -> None:
    recording = _declare()
    rule = _rule(recording, code)
    target = _named(recording, "Bucket")[f"{NAME}-{OTHER[code]}"]
    assert rule["destination"]["bucket"] == f"@@{target.key}.arn@@"
    assert rule["destination"]["encryptionConfiguration"] == {"replicaKmsKeyId": KEYS[OTHER[code]]}
    assert (rule["status"], rule["filter"]) == ("Enabled", {"prefix": ""})
    assert rule["deleteMarkerReplication"] == {"status": "Enabled"}
    assert rule["sourceSelectionCriteria"] == {
        "sseKmsEncryptedObjects": {"status": "Enabled"},
        "replicaModifications": {"status": "Enabled"},
    }


@pytest.mark.parametrize("code", OTHER)
def test_a_rule_waits_for_versions_on_both_sides_encryption_at_its_target_and_the_role_s_permissions(code: str) -> None:
    rule = _named(_declare(), "BucketReplicationConfig")[f"{NAME}-{code}-replication"]
    awaited = {urn.rpartition("::")[2] for urn in rule.options.dependencies}
    assert awaited >= {
        f"{NAME}-euw1-versioning",
        f"{NAME}-euc1-versioning",
        f"{NAME}-{OTHER[code]}-encryption",
        f"{NAME}-replication-permissions",
    }


def test_without_time_control_the_metrics_have_no_threshold() -> None:
    for code in OTHER:
        destination = _rule(_declare(), code)["destination"]
        assert destination["metrics"] == {"status": "Enabled"}
        assert "replicationTime" not in destination


def test_time_control_holds_s3_to_fifteen_minutes_and_counts_what_takes_longer() -> None:
    for code in OTHER:
        destination = _rule(_declare(replication_time_control=True), code)["destination"]
        assert destination["replicationTime"] == {"status": "Enabled", "time": {"minutes": 15}}
        assert destination["metrics"] == {"status": "Enabled", "eventThreshold": {"minutes": 15}}


def test_the_role_reads_and_writes_both_buckets_and_nothing_else() -> None:
    recording = _declare()
    permissions = _permissions(recording)
    arns = [f"@@{each.key}.arn@@" for _, each in sorted(_named(recording, "Bucket").items(), reverse=True)]
    assert permissions["ReadRules"]["Resource"] == arns
    for statement in ("ReadVersions", "WriteReplicas"):
        assert permissions[statement]["Resource"] == [f"{arn}/*" for arn in arns]
    assert permissions["WriteReplicas"]["Action"] == ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
    assert not [each for each in permissions.values() if "*" in (each["Resource"], each["Action"])]


@pytest.mark.parametrize(("region", "code"), CODES.items())
def test_the_role_decrypts_with_one_key_and_encrypts_with_the_other_in_both_directions(region: str, code: str) -> None:
    recording = _declare()
    bucket = _named(recording, "Bucket")[f"{NAME}-{code}"]
    permissions = _permissions(recording)
    decrypt = permissions[f"DecryptSource{code.capitalize()}"]
    encrypt = permissions[f"EncryptReplicas{code.capitalize()}"]
    assert decrypt["Action"] == "kms:Decrypt"
    assert encrypt["Action"] == ["kms:Encrypt", "kms:GenerateDataKey"]
    for statement in (decrypt, encrypt):
        assert statement["Resource"] == KEYS[code]
        assert statement["Condition"] == {
            "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [f"@@{bucket.key}.arn@@", f"@@{bucket.key}.arn@@/*"]},
        }


def test_one_named_role_that_only_s3_assumes_serves_both_directions() -> None:
    recording = _declare()
    (role,) = _named(recording, "Role").values()
    assert role.inputs["name"] == f"{NAME}-replication"
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust == {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
    used = {each.inputs["role"] for each in _named(recording, "BucketReplicationConfig").values()}
    assert used == {f"@@{role.key}.arn@@"}
    assert recording.outputs["role"] == f"@@{role.key}.arn@@"


def test_objects_are_encrypted_with_their_own_region_s_key() -> None:
    for code, key in KEYS.items():
        config = _named(_declare(), "BucketServerSideEncryptionConfiguration")[f"{NAME}-{code}-encryption"]
        assert config.inputs["rules"] == [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
                "bucketKeyEnabled": True,
            }
        ]


def test_nothing_is_public_and_access_lists_mean_nothing() -> None:
    recording = _declare()
    for code in OTHER:
        block = _named(recording, "BucketPublicAccessBlock")[f"{NAME}-{code}-public-access"].inputs
        assert [value for name, value in block.items() if name != "bucket"] == [True] * 4
        ownership = _named(recording, "BucketOwnershipControls")[f"{NAME}-{code}-ownership"].inputs
        assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_whoever_comes_without_tls_or_with_an_old_one_is_turned_away() -> None:
    recording = _declare()
    for code in OTHER:
        arn = f"@@{_named(recording, 'Bucket')[f'{NAME}-{code}'].key}.arn@@"
        statements = json.loads(_named(recording, "BucketPolicy")[f"{NAME}-{code}-policy"].inputs["policy"])[
            "Statement"
        ]
        assert [each["Condition"] for each in statements] == [
            {"Bool": {"aws:SecureTransport": "false"}},
            {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        ]
        for each in statements:
            assert (each["Effect"], each["Principal"], each["Action"]) == ("Deny", "*", "s3:*")
            assert each["Resource"] == [arn, f"{arn}/*"]


GRANT = {
    "sid": "Write",
    "service": "cloudtrail.amazonaws.com",
    "actions": ["s3:PutObject"],
    "path": "AWSLogs/123456789012/*",
    "source_arns": ["arn:aws:cloudtrail:eu-west-1:123456789012:trail/audit"],
}


@pytest.mark.parametrize("code", OTHER)
def test_services_that_are_let_in_stand_in_the_one_policy_of_each_bucket(code: str) -> None:
    see = {key: value for key, value in GRANT.items() if key != "path"} | {"sid": "See", "actions": ["s3:GetBucketAcl"]}
    recording = _declare(grants=[GRANT, see])
    assert len(_named(recording, "BucketPolicy")) == 2
    policy = json.loads(_named(recording, "BucketPolicy")[f"{NAME}-{code}-policy"].inputs["policy"])
    arn = f"@@{_named(recording, 'Bucket')[f'{NAME}-{code}'].key}.arn@@"
    statements = {each["Sid"]: each for each in policy["Statement"]}
    assert statements.keys() == {"OnlyTls", "OnlyTls12", "Write", "See"}
    assert statements["Write"]["Resource"] == f"{arn}/AWSLogs/123456789012/*"
    assert statements["See"]["Resource"] == arn
    for each in (statements["Write"], statements["See"]):
        assert each["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert each["Condition"] == {"ArnLike": {"aws:SourceArn": GRANT["source_arns"]}}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"sid": "to write"}, r"grants: got"),
        ({"service": "*"}, r"grants\[0\].service: got"),
        ({"actions": ["s3:*"]}, r"grants\[0\].actions: got"),
        ({"actions": []}, r"grants\[0\].actions: got"),
        ({"source_arns": []}, r"grants\[0\].source_arns: got"),
        ({"source_arns": ["*"]}, r"grants\[0\].source_arns: got"),
    ],
)
def test_a_service_is_let_in_for_something_and_somebody_only(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=path):
        _declare(grants=[GRANT | changes])


def test_old_versions_broken_uploads_and_lone_delete_markers_go_after_a_while() -> None:
    for recording, expected in ((_declare(), 90), (_declare(noncurrent_days=30), 30)):
        for code in OTHER:
            lifecycle = _named(recording, "BucketLifecycleConfiguration")[f"{NAME}-{code}-lifecycle"]
            (rule,) = lifecycle.inputs["rules"]
            assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": expected}
            assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
            assert rule["expiration"] == {"expiredObjectDeleteMarker": True}
            assert any(urn.endswith(f"{code}-versioning") for urn in lifecycle.options.dependencies)


def test_what_is_overwritten_all_the_time_keeps_a_day_of_versions_in_both_buckets() -> None:
    recording = _declare(one_day_prefixes=["beats/"], noncurrent_days=365)
    for code in OTHER:
        lifecycle = _named(recording, "BucketLifecycleConfiguration")[f"{NAME}-{code}-lifecycle"]
        everything, beats = lifecycle.inputs["rules"]
        assert everything["noncurrentVersionExpiration"] == {"noncurrentDays": 365}
        assert beats["filter"] == {"prefix": "beats/"}
        assert beats["noncurrentVersionExpiration"] == {"noncurrentDays": 1}
        assert "expiration" not in beats, "the newest heartbeat stays"


def test_object_lock_is_there_from_the_start_where_it_is_asked_for() -> None:
    recording = _declare(object_lock_days=30)
    assert all(each.inputs["objectLockEnabled"] is True for each in _named(recording, "Bucket").values())
    locks = _named(recording, "BucketObjectLockConfiguration")
    assert [each.inputs["rule"] for each in locks.values()] == [
        {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
    ] * 2
    assert {"s3:GetObjectRetention", "s3:GetObjectLegalHold"} <= set(_permissions(recording)["ReadVersions"]["Action"])


def test_without_object_lock_nothing_speaks_of_it() -> None:
    recording = _declare()
    assert all(each.inputs["objectLockEnabled"] is False for each in _named(recording, "Bucket").values())
    assert not _named(recording, "BucketObjectLockConfiguration")
    assert "s3:GetObjectRetention" not in _permissions(recording)["ReadVersions"]["Action"]


@pytest.mark.parametrize("ephemeral", [False, True])
def test_buckets_are_kept_with_what_is_in_them_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    for bucket in _named(_declare(ephemeral=ephemeral), "Bucket").values():
        assert (bucket.options.protect, bucket.options.retain_on_delete) == (not ephemeral, not ephemeral)
        assert bucket.inputs["forceDestroy"] is ephemeral


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            "n" * 53,
            recovery={"region": PRIMARY, "kms_key_arn": "k"},
            bucket_name="Models",
            object_lock_days=0,
            noncurrent_days=0,
        )
    paths = re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)
    assert paths == ["name", "recovery.region", "bucket_name", "object_lock_days", "noncurrent_days"]


@pytest.mark.parametrize("base", ["a.b", "xn--models", "-models", "models_x", "m" * 59])
def test_a_name_that_s3_would_refuse_is_refused_first(base: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match="bucket_name: got"):
        _declare(bucket_name=base)


def test_the_longest_name_of_a_bucket_has_63_characters() -> None:
    assert {len(name) for name in _declare(bucket_name="m" * 58).outputs["buckets"]} == {63}
