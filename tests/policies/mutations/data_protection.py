"""What is broken of data protection."""

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.policies.breaking import Change, Mutation, both, find, setting, without

EUW1, EUC1 = "eu-west-1", "eu-central-1"
BUCKET, VERSIONING = aws.S3_BUCKET, aws.S3_BUCKET_VERSIONING
LIFECYCLE = aws.S3_BUCKET_LIFECYCLE_CONFIGURATION
OBJECT_LOCK = aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION
ENCRYPTION = aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION
KEY = aws.KMS_KEY
DATABASE, CACHE = aws.RDS_CLUSTER, aws.ELASTICACHE_REPLICATION_GROUP
TABLE, TABLE_REPLICA = aws.DYNAMODB_TABLE, aws.DYNAMODB_TABLE_REPLICA
PLAN, VAULT, SELECTION = aws.BACKUP_PLAN, aws.BACKUP_VAULT, aws.BACKUP_SELECTION
LOCK = aws.BACKUP_VAULT_LOCK_CONFIGURATION
TESTS = aws.BACKUP_RESTORE_TESTING_PLAN
TESTED = aws.BACKUP_RESTORE_TESTING_SELECTION
REPOSITORY, TRAIL = aws.ECR_REPOSITORY, aws.CLOUDTRAIL_TRAIL


def _copied_within_the_region(recording: Recording) -> Recording:
    """The copy goes to the vault beside the backup's own one."""
    arn = reference(find(recording, VAULT, region=EUW1).key, "arn")
    return setting(PLAN, "rules.0.copyActions.0.destinationVaultArn", arn)(recording)


def _under_a_key(recording: Recording) -> Recording:
    """The bucket of a balancer's logs is encrypted like those of data."""
    own = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": reference(find(recording, KEY, region=EUW1).key, "arn")}
    rule = {"applyServerSideEncryptionByDefault": own, "bucketKeyEnabled": True}
    return setting(ENCRYPTION, "rules", [rule], "logs", region=EUW1)(recording)


def _logs_of_nobody(recording: Recording) -> Recording:
    """The bucket of a balancer's logs, once no balancer writes to it."""
    return setting(aws.LB_LOAD_BALANCER, "accessLogs", None, region=EUW1)(recording)


def _lifecycles(value: object, path: str, *words: str) -> Change:
    return setting(LIFECYCLE, f"rules.0.{path}", value, *words, region=EUW1)


def _kept(days: int) -> Change:
    """All rules of the plan, and their copies, keep for so many days; locks allow it."""
    places = [f"rules.{rule}.{inner}lifecycle.deleteAfter" for rule in (0, 1) for inner in ("", "copyActions.0.")]
    return both(*(setting(PLAN, place, days) for place in places))


def _old_bucket(recording: Recording) -> Recording:
    """A bucket as older providers have it, with versioning and a rule for one prefix in itself."""
    rules = [{"enabled": True, "prefix": "tmp/", "expiration": {"days": 7}}]
    changes = (
        setting(BUCKET, "versioning", {"enabled": True}, "models", region=EUW1),
        setting(BUCKET, "lifecycleRules", rules, "models", region=EUW1),
        without(VERSIONING, "models", region=EUW1),
    )
    return both(*changes)(recording)


_BUCKETS = (
    Mutation(
        "bucket-versioned",
        "warm",
        "a bucket whose versioning is suspended",
        setting(VERSIONING, "versioningConfiguration.status", "Suspended", "models", region=EUW1),
    ),
    Mutation(
        "bucket-versioned",
        "account",
        "a bucket of Pulumi's state without versions",
        without(VERSIONING, "state", region=EUW1),
    ),
    Mutation(
        "bucket-versioned",
        "warm",
        "an old-style bucket without versions",
        setting(BUCKET, "versioning.enabled", False, "models", region=EUW1),
        base=_old_bucket,
    ),
    Mutation(
        "bucket-lifecycle-keeps-data",
        "warm",
        "a rule that empties a replicated bucket",
        _lifecycles({"days": 30}, "expiration", "models"),
    ),
    Mutation(
        "bucket-lifecycle-keeps-data",
        "warm",
        "an old-style rule that empties a replicated bucket",
        setting(BUCKET, "lifecycleRules.0.prefix", None, "models", region=EUW1),
        base=_old_bucket,
    ),
    Mutation(
        "bucket-lifecycle-keeps-data",
        "warm",
        "old versions gone after a day",
        _lifecycles(1, "noncurrentVersionExpiration.noncurrentDays", "checkpoints"),
    ),
    Mutation(
        "audit-trail-locked",
        "account",
        "a trail's bucket that keeps nothing by itself",
        without(OBJECT_LOCK, "audit", region=EUW1),
    ),
    Mutation(
        "audit-trail-locked",
        "account",
        "a copy of the trail that can be deleted",
        both(
            setting(BUCKET, "objectLockEnabled", False, "audit", region=EUC1),
            without(OBJECT_LOCK, "audit", region=EUC1),
        ),
    ),
)

_STORES = (
    Mutation(
        "database-backup-retention",
        "warm",
        "a database with backups of a day",
        setting(DATABASE, "backupRetentionPeriod", 1, region=EUW1),
    ),
    Mutation(
        "database-backup-retention",
        "pilot-light",
        "a database's member with backups as left out",
        setting(DATABASE, "backupRetentionPeriod", None, region=EUC1),
    ),
    Mutation(
        "final-snapshot",
        "warm",
        "a database that leaves no snapshot",
        setting(DATABASE, "skipFinalSnapshot", True, region=EUW1),
    ),
    Mutation(
        "final-snapshot",
        "backup",
        "a last snapshot without a name",
        setting(DATABASE, "finalSnapshotIdentifier", None, region=EUW1),
    ),
    Mutation(
        "automated-backups-kept",
        "warm",
        "automated backups that go with their database",
        setting(DATABASE, "deleteAutomatedBackups", None, region=EUW1),
    ),
    Mutation(
        "cache-snapshots", "warm", "a cache without snapshots", setting(CACHE, "snapshotRetentionLimit", 0, "euw1")
    ),
    Mutation(
        "table-recovery",
        "warm",
        "point-in-time recovery off on a replica",
        setting(TABLE_REPLICA, "pointInTimeRecovery", False, "features"),
    ),
    Mutation(
        "table-recovery",
        "backup",
        "point-in-time recovery off on a table",
        setting(TABLE, "pointInTimeRecovery.enabled", False, "sessions"),
    ),
    Mutation(
        "no-forced-deletion",
        "warm",
        "a bucket that is emptied when it goes",
        setting(BUCKET, "forceDestroy", True, "models", region=EUW1),
    ),
    Mutation(
        "no-forced-deletion",
        "warm",
        "a repository that goes with its images",
        setting(REPOSITORY, "forceDelete", True, "serving", region=EUC1),
    ),
)

_BACKUPS = (
    Mutation("backup-retention", "warm", "backups kept for ever", setting(PLAN, "rules.1.lifecycle", None)),
    Mutation("backup-retention", "warm", "backups kept for days", _kept(5)),
    Mutation(
        "backup-retention",
        "warm",
        "cold storage for too short",
        setting(PLAN, "rules.0.lifecycle.coldStorageAfter", 7),
    ),
    Mutation("backup-copied-elsewhere", "warm", "a backup without a copy", setting(PLAN, "rules.0.copyActions", [])),
    Mutation("backup-copied-elsewhere", "backup", "a copy beside the backup", _copied_within_the_region),
    Mutation("backup-selects-something", "warm", "a plan without a selection", without(SELECTION)),
    Mutation("backup-selects-something", "warm", "a selection of nothing", setting(SELECTION, "resources", [])),
    Mutation("backup-vault-locked", "warm", "a vault without a lock", without(LOCK, region=EUC1)),
    Mutation(
        "backup-vault-locked",
        "backup",
        "a lock that holds nothing",
        setting(LOCK, "minRetentionDays", None, region=EUW1),
    ),
    Mutation(
        "backup-retention-fits-lock",
        "warm",
        "copies kept longer than their vault allows",
        setting(PLAN, "rules.1.copyActions.0.lifecycle.deleteAfter", 400),
    ),
    Mutation(
        "backup-retention-fits-lock",
        "active-active",
        "backups that go before their vault allows",
        setting(LOCK, "minRetentionDays", 60, region=EUW1),
    ),
    Mutation("restores-tested", "warm", "backups that are never restored", both(without(TESTED), without(TESTS))),
    Mutation("restores-tested", "backup", "a test of restores without anything to restore", without(TESTED)),
)

_RECORDS = (
    Mutation(
        "log-group-retention",
        "warm",
        "logs kept for ever",
        setting(aws.CLOUDWATCH_LOG_GROUP, "retentionInDays", 0, "flow-logs"),
    ),
    Mutation(
        "log-group-retention",
        "demo",
        "logs kept for a day",
        setting(aws.CLOUDWATCH_LOG_GROUP, "retentionInDays", 1, "flow-logs"),
    ),
    Mutation(
        "trail-files-validated",
        "account",
        "a trail whose files can be changed unseen",
        setting(TRAIL, "enableLogFileValidation", False),
    ),
    Mutation(
        "stream-retention",
        "demo",
        "a stream that loses data over a weekend",
        setting(aws.KINESIS_STREAM, "retentionPeriod", 24, region=EUC1),
    ),
    Mutation(
        "image-tags-immutable",
        "warm",
        "images whose tags can be moved",
        setting(REPOSITORY, "imageTagMutability", "MUTABLE", "serving", region=EUW1),
    ),
    Mutation(
        "secret-recovery-window",
        "warm",
        "a secret that is gone at once",
        setting(aws.SECRETSMANAGER_SECRET, "recoveryWindowInDays", 0, "db"),
    ),
)

_WATCHING = (
    Mutation("trail-in-every-region", "account", "a trail of one Region", setting(TRAIL, "isMultiRegionTrail", False)),
    Mutation("trail-in-every-region", "account", "a trail that is off", setting(TRAIL, "enableLogging", False)),
    Mutation("trail-in-every-region", "account", "an account without a trail", without(TRAIL)),
    Mutation(
        "cluster-requests-logged",
        "warm",
        "a cluster that logs no audit",
        setting(aws.EKS_CLUSTER, "enabledClusterLogTypes", ["api", "authenticator"]),
    ),
)

MUTATIONS = (
    *_WATCHING,
    *_BUCKETS,
    Mutation(
        "bucket-versioned", "warm", "a bucket without versions that no logs go to", _logs_of_nobody, base=_under_a_key
    ),
    *_STORES,
    *_BACKUPS,
    *_RECORDS,
)
