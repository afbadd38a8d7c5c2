"""The rules of data protection, asked about what Haven's own stacks have nothing of."""

from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.policies.breaking import Change, adding, both, find, setting, without
from tests.policies.third_party.programs import EMPTY, NAME, Case, case, found, one

BUCKET, VERSIONING = aws.S3_BUCKET_V2, aws.S3_BUCKET_VERSIONING_V2
OWN = aws.S3_BUCKET
LIFECYCLE = aws.S3_BUCKET_LIFECYCLE_CONFIGURATION_V2
REPLICATION = aws.S3_BUCKET_REPLICATION_CONFIG
LOCKED = aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION_V2
TRAIL, PLAN, VAULT = aws.CLOUDTRAIL_TRAIL, aws.BACKUP_PLAN, aws.BACKUP_VAULT
ELSEWHERE = "arn:aws:backup:eu-central-1:111122223333:backup-vault:theirs"
NEAR = "arn:aws:backup:eu-west-1:111122223333:backup-vault:theirs"
VERSIONED = {"versioning": {"enabled": True}}


def beside(type_: str, **inputs: Any) -> Change:
    """Adds what belongs to the one bucket."""

    def change(recording: Recording) -> Recording:
        bucket = reference(find(recording, BUCKET, NAME).key, "bucket")
        return adding(type_, f"beside-{type_.rpartition(':')[2]}", {"bucket": bucket, **inputs})(recording)

    return change


def replicated_to(name: str) -> Change:
    """Adds a bucket, and a replication of the one bucket to it."""

    def change(recording: Recording) -> Recording:
        recording = adding(BUCKET, name, {"bucket": "theirs-copy", **VERSIONED})(recording)
        rule = {"status": "Enabled", "destination": {"bucket": "arn:aws:s3:::theirs-copy"}}
        return beside(REPLICATION, rules=[rule])(recording)

    return change


def plan(**rule: Any) -> Change:
    """Adds a backup plan of one rule."""
    made = {"ruleName": "daily", "targetVaultName": "theirs", "lifecycle": {"deleteAfter": 35}, **rule}
    return adding(PLAN, NAME, {"rules": [made]}, "eu-west-1")


def copy(vault: str, **more: Any) -> list[dict[str, Any]]:
    """A copy to a vault."""
    return [{"destinationVaultArn": vault, **more}]


def locked_vault(least: int, most: int) -> Change:
    """Adds a vault of a name, with a lock that names it in a text."""
    bounds = {"backupVaultName": "theirs", "minRetentionDays": least, "maxRetentionDays": str(most)}
    return both(
        adding(VAULT, NAME, {"name": "theirs"}, "eu-west-1"),
        adding(aws.BACKUP_VAULT_LOCK_CONFIGURATION, NAME, bounds, "eu-west-1"),
    )


ENABLED = {"status": "Enabled"}
EMPTYING = {"status": "Enabled", "expiration": {"days": 30}, "filter": {"prefix": "tmp/"}}
BRIEF = {"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 1}, "filter": {"prefix": "beats/"}}
CASES = (
    Case(
        "bucket-versioned",
        "versioning of an older provider",
        both(one(BUCKET), beside(VERSIONING, versioningConfiguration=ENABLED)),
        without(VERSIONING),
    ),
    case(
        "bucket-versioned",
        "versioning in the bucket",
        BUCKET,
        "versioning.enabled",
        False,
        versioning={"enabled": True},
    ),
    Case(
        "bucket-versioned",
        "bucket of another bucket's logs",
        both(one(BUCKET, bucket="logs"), adding(OWN, "data", {**VERSIONED, "logging": {"targetBucket": "logs"}})),
        setting(BUCKET, "bucket", "other"),
    ),
    Case(
        "bucket-lifecycle-keeps-data",
        "rule for some objects",
        both(one(BUCKET), replicated_to("copy"), beside(LIFECYCLE, rules=[EMPTYING])),
        setting(LIFECYCLE, "rules.0.filter.prefix", ""),
    ),
    Case(
        "bucket-lifecycle-keeps-data",
        "a day of old versions of some objects",
        both(one(BUCKET), beside(LIFECYCLE, rules=[BRIEF])),
        setting(LIFECYCLE, "rules.0.filter.prefix", ""),
    ),
    Case(
        "bucket-lifecycle-keeps-data",
        "bucket that nothing is copied from",
        both(one(BUCKET), beside(LIFECYCLE, rules=[{**EMPTYING, "filter": {}}])),
        replicated_to("copy"),
    ),
    Case(
        "audit-trail-locked",
        "trail of a bucket by name",
        both(
            one(BUCKET, bucket="traces", objectLockEnabled=True),
            adding(TRAIL, NAME, {"s3BucketName": "traces"}),
            beside(LOCKED, rule={"defaultRetention": {"mode": "COMPLIANCE", "days": 365}}),
        ),
        setting(LOCKED, "rule", None),
    ),
    case(
        "final-snapshot",
        "RDS instance",
        aws.RDS_INSTANCE,
        "finalSnapshotIdentifier",
        "",
        finalSnapshotIdentifier="last",
    ),
    case(
        "final-snapshot",
        "replica of an RDS instance",
        aws.RDS_INSTANCE,
        "replicateSourceDb",
        None,
        replicateSourceDb="other",
        skipFinalSnapshot=True,
    ),
    case(
        "automated-backups-kept",
        "RDS instance",
        aws.RDS_INSTANCE,
        "deleteAutomatedBackups",
        True,
        deleteAutomatedBackups="false",
    ),
    case(
        "database-backup-retention",
        "Neptune",
        aws.NEPTUNE_CLUSTER,
        "backupRetentionPeriod",
        "1",
        backupRetentionPeriod="7",
    ),
    case(
        "cache-snapshots",
        "cache that follows another Region's",
        aws.ELASTICACHE_REPLICATION_GROUP,
        "globalReplicationGroupId",
        None,
        globalReplicationGroupId="theirs-global",
        nodeType="cache.r7g.large",
    ),
    case(
        "table-recovery",
        "inline replica of a table",
        aws.DYNAMODB_TABLE,
        "replicas.0.pointInTimeRecovery",
        False,
        pointInTimeRecovery={"enabled": True},
        replicas=[{"regionName": "eu-central-1", "pointInTimeRecovery": True}],
    ),
    case("no-forced-deletion", "hosted zone", aws.ROUTE53_ZONE, "forceDestroy", "true", forceDestroy=False),
    Case(
        "backup-copied-elsewhere",
        "vault by its ARN",
        plan(copyActions=copy(ELSEWHERE)),
        setting(PLAN, "rules.0.copyActions.0.destinationVaultArn", NEAR),
    ),
    Case(
        "backup-retention",
        "cold storage of a copy",
        plan(copyActions=copy(ELSEWHERE, lifecycle={"coldStorageAfter": 10, "deleteAfter": "100"})),
        setting(PLAN, "rules.0.copyActions.0.lifecycle.coldStorageAfter", "11"),
    ),
    Case(
        "backup-retention",
        "copy that is kept like its backup",
        plan(copyActions=copy(ELSEWHERE)),
        setting(PLAN, "rules.0.lifecycle.deleteAfter", -1),
    ),
    Case(
        "backup-retention-fits-lock",
        "lock of a vault by name",
        both(locked_vault(7, 35), plan()),
        setting(PLAN, "rules.0.lifecycle.deleteAfter", 36),
    ),
    case(
        "backup-selects-something",
        "selection by tags",
        aws.BACKUP_SELECTION,
        "selectionTags",
        [],
        selectionTags=[{"type": "STRINGEQUALS", "key": "backup", "value": "yes"}],
    ),
    case(
        "log-group-retention",
        "log group of deliveries",
        aws.CLOUDWATCH_LOG_GROUP,
        "logGroupClass",
        "STANDARD",
        logGroupClass="DELIVERY",
    ),
    case(
        "image-tags-immutable",
        "tags with exclusions",
        aws.ECR_REPOSITORY,
        "imageTagMutability",
        None,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    ),
    case(
        "stream-retention",
        "period as a text",
        aws.KINESIS_STREAM,
        "retentionPeriod",
        None,
        retentionPeriod="72",
    ),
)


@pytest.mark.parametrize("each", CASES, ids=lambda each: f"{each.rule}: {each.what}")
def test_what_other_programs_declare_is_judged_too(each: Case) -> None:
    each.is_seen()


def test_a_vault_of_which_nothing_is_known_yet_may_stand_elsewhere() -> None:
    later = reference("0123456789ab", "arn")
    assert found("backup-copied-elsewhere", plan(copyActions=copy(later))(EMPTY)) == []


def test_a_bucket_that_data_is_copied_to_is_no_bucket_of_logs() -> None:
    writer = adding(OWN, "data", {**VERSIONED, "logging": {"targetBucket": "theirs-copy"}})
    stack = both(one(BUCKET, **VERSIONED), replicated_to("copy"), setting(BUCKET, "versioning", None, "copy"), writer)
    (record,) = found("bucket-versioned", stack(EMPTY))
    assert record is not None
    assert record.name == "copy"


RULES = (
    "audit-trail-locked",
    "automated-backups-kept",
    "backup-vault-locked",
    "database-backup-retention",
    "final-snapshot",
    "no-forced-deletion",
    "table-recovery",
)


@pytest.mark.parametrize("rule", RULES)
def test_a_throw_away_environment_keeps_nothing(rule: str) -> None:
    careless = both(
        one(BUCKET, bucket="traces", forceDestroy=True),
        adding(TRAIL, NAME, {"s3BucketName": "traces"}),
        one(aws.RDS_CLUSTER, skipFinalSnapshot=True),
        one(aws.DYNAMODB_TABLE),
        one(VAULT),
    )
    assert found(rule, careless(EMPTY), {"haven:ephemeral": "true"}) == []
    assert len(found(rule, careless(EMPTY))) == 1
