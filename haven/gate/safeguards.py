"""Safeguards: properties and resources that keep data replicated or protected, and whose loss is a finding."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from haven.gate.comparisons import cut, fewer, fewer_copies, fewer_on, less, more_off, off, on, sooner
from haven.program import aws_types as aws

ANY_TYPE = "*"
"""Matches every type."""
STATEFUL_TYPES = "*stateful"
"""Matches every stateful type."""


@dataclass(frozen=True)
class GuardedProperty:
    """A property whose loss endangers a copy or removes a safeguard."""

    type: str
    path: str
    """Property names separated by dots; `a|b` is one of two names, `*` every element of a list."""
    is_lost: Callable[[Any, Any], bool]
    """Whether a change from the first value to the second one is the loss."""
    what: str
    """What happens to the resource, as the end of a sentence about it."""
    why: str
    """What would be lost."""


@dataclass(frozen=True)
class GuardingResource:
    """A resource without data of its own whose deletion leaves another one without a copy or a safeguard."""

    type: str
    what: str
    """What happens to the other resource."""
    why: str
    """What would be lost."""


_UNDONE = "one side becomes independent: its writes are not replicated, and joining again needs a full copy"
_ONE_COPY = "new data has one copy less, in the Region that should take over"
_NEW_KEY = (
    "data encrypted with the old key still needs it: the service re-encrypts everything or leaves old data as it is,"
    " and a replica in the other Region needs the new key"
)
_PROTECTION = "the next deployment, or a click, can delete it with its data"
_TOO_LATE = "an accidental deletion may be noticed too late"
_HISTORY = "older data is deleted and can't be restored"

REPLICATION_PROPERTIES: tuple[GuardedProperty, ...] = (
    *(
        GuardedProperty(type_, "globalClusterIdentifier", cut, "leaves its global cluster", _UNDONE)
        for type_ in (aws.RDS_CLUSTER, aws.DOCDB_CLUSTER, aws.NEPTUNE_CLUSTER)
    ),
    *(
        GuardedProperty(type_, "replicationSourceIdentifier", cut, "stops replicating from its source", _UNDONE)
        for type_ in (aws.RDS_CLUSTER, aws.NEPTUNE_CLUSTER)
    ),
    GuardedProperty(aws.RDS_INSTANCE, "replicateSourceDb", cut, "stops replicating from its source", _UNDONE),
    GuardedProperty(
        aws.ELASTICACHE_REPLICATION_GROUP,
        "globalReplicationGroupId",
        cut,
        "leaves its Global Datastore",
        _UNDONE,
    ),
    GuardedProperty(
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        "primaryReplicationGroupId",
        cut,
        "gets another primary",
        "this undoes a promotion, and the members are filled again",
    ),
    GuardedProperty(aws.DYNAMODB_TABLE, "replicas|replica.*.regionName", fewer, "loses a replica", _ONE_COPY),
    GuardedProperty(aws.SECRETSMANAGER_SECRET, "replicas|replica.*.region", fewer, "loses a replica", _ONE_COPY),
    GuardedProperty(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "rules|rule.*.destination.bucket",
        fewer,
        "replicates to fewer buckets, or to others",
        f"{_ONE_COPY}; replication is not retroactive",
    ),
    GuardedProperty(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "rules|rule.*.status",
        more_off,
        "has a rule turned off",
        f"{_ONE_COPY}; replication is not retroactive",
    ),
    GuardedProperty(
        aws.ECR_REPLICATION_CONFIGURATION,
        "replicationConfiguration.rules|rule.*.destinations|destination.*.region",
        fewer,
        "copies images to fewer Regions, or to others",
        f"{_ONE_COPY}; images pushed meanwhile are not copied later",
    ),
    GuardedProperty(
        aws.BACKUP_PLAN,
        "rules|rule",
        fewer_copies,
        "copies backups to fewer vaults, or to others",
        _ONE_COPY,
    ),
    GuardedProperty(
        aws.ROUTE53_RECORD,
        "healthCheckId",
        cut,
        "is answered without its health check, or with another one",
        "traffic is no longer moved from the Region that this check turns off",
    ),
)
"""Properties that join a member, a copy or a record to its group, source or health check."""

PROTECTION_PROPERTIES: tuple[GuardedProperty, ...] = (
    *(
        GuardedProperty(ANY_TYPE, path, off, "has its deletion protection turned off", _PROTECTION)
        for path in ("deletionProtection", "deletionProtectionEnabled", "enableDeletionProtection")
    ),
    GuardedProperty(
        ANY_TYPE,
        "skipFinalSnapshot",
        on,
        "will leave no final snapshot",
        "after a deletion nothing can be restored",
    ),
    *(
        GuardedProperty(ANY_TYPE, path, on, "may be deleted with everything in it", _PROTECTION)
        for path in ("forceDestroy", "forceDelete")
    ),
    GuardedProperty(
        aws.DYNAMODB_TABLE,
        "pointInTimeRecovery.enabled",
        off,
        "has its point-in-time recovery turned off",
        "it can't be restored to a point in time any more, and the continuous backups so far are deleted",
    ),
    GuardedProperty(
        aws.DYNAMODB_TABLE_REPLICA,
        "pointInTimeRecovery",
        off,
        "has its point-in-time recovery turned off",
        "it can't be restored to a point in time any more, and the continuous backups so far are deleted",
    ),
    GuardedProperty(
        aws.S3_BUCKET_VERSIONING,
        "versioningConfiguration.status",
        off,
        "suspends versioning of its bucket",
        "overwritten objects are lost, and S3 stops replicating: replication needs versioning",
    ),
    *(
        GuardedProperty(ANY_TYPE, path, less, "keeps backups for a shorter time, or none", _HISTORY)
        for path in ("backupRetentionPeriod", "snapshotRetentionLimit")
    ),
    GuardedProperty(aws.CLOUDWATCH_LOG_GROUP, "retentionInDays", sooner, "keeps logs for a shorter time", _HISTORY),
    GuardedProperty(aws.SQS_QUEUE, "messageRetentionSeconds", less, "keeps messages for a shorter time", _HISTORY),
    GuardedProperty(aws.KINESIS_STREAM, "retentionPeriod", less, "keeps records for a shorter time", _HISTORY),
    GuardedProperty(aws.BACKUP_PLAN, "rules|rule.*.ruleName", fewer, "has fewer rules", "the backups of that rule end"),
    GuardedProperty(
        aws.BACKUP_PLAN,
        "rules|rule.*.enableContinuousBackup",
        fewer_on,
        "has continuous backups turned off",
        "nothing can be restored to a point in time any more",
    ),
    GuardedProperty(
        aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
        "rule.defaultRetention.days",
        less,
        "locks objects for a shorter time",
        "they can be deleted sooner, by mistake or on purpose",
    ),
    *(
        GuardedProperty(type_, path, off, "is turned off", "data that it has encrypted is unreadable")
        for type_, path in ((aws.KMS_KEY, "isEnabled"), (aws.KMS_REPLICA_KEY, "enabled"))
    ),
    *(
        GuardedProperty(STATEFUL_TYPES, path, less, "can be recovered for a shorter time after a deletion", _TOO_LATE)
        for path in ("deletionWindowInDays", "recoveryWindowInDays")
    ),
    *(
        GuardedProperty(STATEFUL_TYPES, path, cut, "is encrypted with another key", _NEW_KEY)
        for path in (
            "kmsKeyId",
            "kmsKeyArn",
            "kmsMasterKeyId",
            "serverSideEncryption.kmsKeyArn",
            "encryptionConfig.provider.keyArn",
        )
    ),
    GuardedProperty(
        aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
        "rules|rule.*.applyServerSideEncryptionByDefault.kmsMasterKeyId",
        fewer,
        "encrypts with another key",
        _NEW_KEY,
    ),
    *(
        GuardedProperty(type_, path, off, "is turned off", "activity and changes are no longer recorded")
        for type_, path in (
            (aws.CLOUDTRAIL_TRAIL, "enableLogging"),
            (aws.CLOUDTRAIL_TRAIL, "isMultiRegionTrail"),
            (aws.GUARDDUTY_DETECTOR, "enable"),
            (aws.CFG_RECORDER_STATUS, "isEnabled"),
        )
    ),
)
"""Properties that keep data from being lost, or from being deleted by mistake."""

REPLICATION_RESOURCES: tuple[GuardingResource, ...] = (
    GuardingResource(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "the bucket is no longer replicated",
        f"{_ONE_COPY}; replication is not retroactive",
    ),
    GuardingResource(
        aws.ECR_REPLICATION_CONFIGURATION,
        "images are no longer replicated",
        f"{_ONE_COPY}; images pushed meanwhile are not copied later",
    ),
    GuardingResource(
        aws.EFS_REPLICATION_CONFIGURATION,
        "the file system is no longer replicated",
        _UNDONE,
    ),
    GuardingResource(
        aws.ROUTE53_HEALTH_CHECK,
        "records lose their health check",
        "traffic is no longer moved from the Region that this check turns off",
    ),
)
"""Resources that replicate another one, or route traffic around it."""

PROTECTION_RESOURCES: tuple[GuardingResource, ...] = (
    GuardingResource(
        aws.S3_BUCKET_VERSIONING,
        "versioning of the bucket is suspended",
        "overwritten objects are lost, and S3 stops replicating: replication needs versioning",
    ),
    GuardingResource(
        aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
        "new objects of the bucket are no longer locked",
        "they can be deleted, by mistake or on purpose",
    ),
    GuardingResource(
        aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
        "new objects of the bucket are encrypted with an S3 managed key",
        _NEW_KEY,
    ),
    GuardingResource(aws.BACKUP_PLAN, "its backups end", _HISTORY),
    GuardingResource(aws.BACKUP_SELECTION, "the selected resources are no longer backed up", _HISTORY),
    GuardingResource(
        aws.BACKUP_VAULT_LOCK_CONFIGURATION,
        "the vault's recovery points are no longer locked",
        "they can be deleted, by mistake or on purpose",
    ),
)
"""Resources that keep the data of another one from being lost."""
