"""How long backups and other data are kept, and what makes the backups."""

from haven.gate.safeguards.comparisons import (
    cut,
    disabled,
    fewer,
    gains,
    inside,
    keeps_fewer_images,
    leaves,
    less,
    less_time,
    off,
    on,
    shorter,
    sooner,
)
from haven.gate.safeguards.guarded import ANY_TYPE, GuardedProperty, properties
from haven.gate.safeguards.lifecycle_rules import deletes_more
from haven.gate.safeguards.schedules import longer_apart, rarer
from haven.program import aws_types as aws

_HISTORY = "older data is deleted and can't be restored"
_NO_TIME = "it can't be restored to a point in time any more, and the continuous backups so far are deleted"
_OBJECTS = "deletes objects or versions sooner"
_MORE_OBJECTS = "deletes objects or versions that it kept"
_SHORTER = "keeps backups for a shorter time, or none"

BACKUPS: tuple[GuardedProperty, ...] = (
    *properties(
        ANY_TYPE,
        less,
        _SHORTER,
        _HISTORY,
        "**.backupRetentionPeriod",
        "**.snapshotRetentionLimit",
        "**.automaticBackupRetentionDays",
        "**.automatedSnapshotRetentionPeriod",
        "backtrackWindow",
        "**.minRetentionDays",
    ),
    *properties(ANY_TYPE, sooner, _SHORTER, _HISTORY, "**.maxRetentionDays", "**.manualSnapshotRetentionPeriod"),
    *properties(ANY_TYPE, shorter(35), _SHORTER, _HISTORY, "**.recoveryPeriodInDays"),
    *properties(aws.BACKUP_PLAN, sooner, _SHORTER, _HISTORY, "**.deleteAfter"),
    *properties(
        (aws.REDSHIFT_SNAPSHOT_COPY, aws.RDS_INSTANCE_AUTOMATED_BACKUPS_REPLICATION),
        shorter(7),
        "keeps copied backups for a shorter time",
        _HISTORY,
        "retentionPeriod",
    ),
    *properties(
        aws.REDSHIFT_CLUSTER,
        shorter(7),
        "keeps copied backups for a shorter time",
        _HISTORY,
        "snapshotCopy.retentionPeriod",
    ),
    *properties(aws.REDSHIFTSERVERLESS_SNAPSHOT, sooner, "is kept for a shorter time", _HISTORY, "retentionPeriod"),
    *properties(aws.DLM_LIFECYCLE_POLICY, less_time, _SHORTER, _HISTORY, "**.retainRule"),
    *properties(aws.DLM_LIFECYCLE_POLICY, less, _SHORTER, _HISTORY, "policyDetails.retainInterval"),
    *properties(
        aws.DLM_LIFECYCLE_POLICY, fewer, "has fewer schedules", "its snapshots end", "policyDetails.schedules.*.name"
    ),
    *properties(aws.DLM_LIFECYCLE_POLICY, disabled, "is turned off", "no snapshots are made any more", "state"),
    *properties(aws.EFS_BACKUP_POLICY, off, "turns backups off", "no backups are made any more", "backupPolicy.status"),
    *properties(
        aws.LIGHTSAIL_DATABASE,
        off,
        "has its backups turned off",
        "no backups are made any more",
        "backupRetentionEnabled",
    ),
    *properties(
        aws.LIGHTSAIL_INSTANCE, off, "has its snapshots turned off", "no snapshots are made any more", "addOn.status"
    ),
    *properties(
        aws.KINESISANALYTICSV2_APPLICATION,
        off,
        "makes no snapshots any more",
        "its state can't be restored",
        "**.snapshotsEnabled",
    ),
    *properties(
        ANY_TYPE, off, "has its point-in-time recovery turned off", _NO_TIME, "**.pointInTimeRecovery", "pitPolicy"
    ),
    *properties(
        aws.BACKUP_PLAN,
        rarer,
        "makes backups less often",
        "what was written since the last one is lost",
        "rules.schedule",
    ),
    *properties(
        aws.DLM_LIFECYCLE_POLICY,
        rarer,
        "makes snapshots less often",
        "what was written since the last one is lost",
        "policyDetails.schedules.createRule.cronExpression",
    ),
    *properties(
        aws.DLM_LIFECYCLE_POLICY,
        longer_apart,
        "makes snapshots less often",
        "what was written since the last one is lost",
        "policyDetails.schedules.createRule.interval",
        "policyDetails.createInterval",
    ),
    *properties(
        aws.BACKUP_SELECTION,
        fewer,
        "selects fewer resources, or others",
        "resources that it selected are no longer backed up",
        "resources.*",
        "selectionTags.*",
    ),
    *properties(
        aws.BACKUP_SELECTION,
        gains,
        "leaves out more resources",
        "resources that it selected are no longer backed up",
        "notResources.*",
    ),
    *properties(aws.BACKUP_PLAN, fewer, "has fewer rules", "the backups of that rule end", "rules.*.ruleName"),
    *properties(
        aws.BACKUP_PLAN,
        off,
        "has continuous backups turned off",
        "nothing can be restored to a point in time any more",
        "rules.enableContinuousBackup",
    ),
    *properties(
        aws.BACKUP_REGION_SETTINGS,
        off,
        "backs up fewer kinds of resources",
        "resources of that kind are no longer backed up",
        *(f"resourceTypeOptInPreference.{each}" for each in ("Aurora", "DynamoDB", "EBS", "EFS", "RDS", "S3")),
    ),
)
"""Backups, and how long they are kept."""

KEPT: tuple[GuardedProperty, ...] = (
    *properties(
        ANY_TYPE,
        sooner,
        "keeps what it holds for a shorter time",
        _HISTORY,
        "**.retentionInDays",
        "**.retentionDays",
        "**.retentionPeriodInDays",
        "**.defaultExpirationDays",
    ),
    *properties(
        ANY_TYPE,
        less,
        "keeps what it holds for a shorter time",
        _HISTORY,
        "**.dataRetention",
        "**.dataRetentionInHours",
        "**.retentionPeriodHours",
        "**.magneticStoreRetentionPeriodInDays",
        "**.workflowExecutionRetentionPeriodInDays",
        "**.successRetentionPeriod",
        "**.failureRetentionPeriod",
        "**.performanceInsightsRetentionPeriod",
        "**.snapshotRetentionPeriodInDays",
        "**.orphanFileRetentionPeriodInDays",
        "**.numberOfSnapshotsToRetain",
        "**.minSnapshotsToKeep",
        "**.maxSnapshotAgeHours",
        "**.retainAtLeast",
        "**.retentionDuration",
        "**.retentionLockTimeInDays",
    ),
    *properties(
        ANY_TYPE,
        leaves("Enabled", "AllData", "AllDocuments", "AllEvents"),
        "keeps no copy of what it delivers",
        "what is transformed or delivered wrongly can't be delivered again",
        "**.s3BackupMode",
    ),
    *properties(ANY_TYPE, shorter(345600), "keeps messages for a shorter time", _HISTORY, "messageRetentionSeconds"),
    *properties(aws.KINESIS_STREAM, shorter(24), "keeps records for a shorter time", _HISTORY, "retentionPeriod"),
    *properties(
        aws.CLOUDTRAIL_EVENT_DATA_STORE, shorter(2555), "keeps events for a shorter time", _HISTORY, "retentionPeriod"
    ),
    *properties(aws.SAGEMAKER_FEATURE_GROUP, less_time, "keeps records for a shorter time", _HISTORY, "**.ttlDuration"),
    *properties(
        aws.SNS_TOPIC,
        inside("MessageRetentionPeriod", less),
        "keeps messages for a shorter time",
        _HISTORY,
        "archivePolicy",
    ),
    *properties(
        aws.ECR_LIFECYCLE_POLICY, keeps_fewer_images, "keeps fewer images", "they are deleted within a day", "policy"
    ),
    *properties(
        (aws.S3_BUCKET, aws.S3_BUCKET_LIFECYCLE_CONFIGURATION, aws.S3CONTROL_BUCKET_LIFECYCLE_CONFIGURATION),
        sooner,
        _OBJECTS,
        _HISTORY,
        "**.expiration.days",
    ),
    *properties(aws.S3_BUCKET, sooner, _OBJECTS, _HISTORY, "**.noncurrentVersionExpiration.days"),
    *properties(aws.S3_BUCKET, deletes_more, _MORE_OBJECTS, _HISTORY, "lifecycleRules.*"),
    *properties(aws.S3_BUCKET_LIFECYCLE_CONFIGURATION, deletes_more, _MORE_OBJECTS, _HISTORY, "rules.*"),
    *properties(aws.DYNAMODB_TABLE, on, "deletes items whose time has passed", _HISTORY, "ttl.enabled"),
    *properties(aws.DYNAMODB_TABLE, cut, "deletes items by another time", _HISTORY, "ttl.attributeName"),
    *properties(
        aws.S3_BUCKET_LIFECYCLE_CONFIGURATION,
        sooner,
        _OBJECTS,
        _HISTORY,
        "**.noncurrentVersionExpiration.noncurrentDays",
    ),
    *properties(aws.SECURITYLAKE_DATA_LAKE, sooner, "deletes objects sooner", _HISTORY, "**.expiration.days"),
    *properties(
        ANY_TYPE,
        sooner,
        "keeps fewer old versions",
        _HISTORY,
        "**.noncurrentVersionExpiration.newerNoncurrentVersions",
    ),
)
"""How long other data is kept."""
