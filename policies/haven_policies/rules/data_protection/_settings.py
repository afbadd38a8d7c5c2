"""Backups, retention and deletion as single properties: databases, caches, tables, logs, streams, images, secrets."""

from collections.abc import Callable

from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Severity
from haven_policies.rules.property_rules import Property, at_least, is_not_on, is_set, one_of, property_rule, where
from haven_policies.rules.values import entries, has_unknown, heads_its_caches, is_true, is_unknown, number, value_at

_GUIDES = "https://docs.aws.amazon.com"
LEAST_BACKUP_DAYS = 7
"""A week: an error of Friday evening can still be undone on the next Thursday. An assumption. Aurora takes 1, which is
its default, to 35 (RDS API Reference, CreateDBCluster, in boto3; read 2026-11-21)."""
LEAST_LOG_DAYS = 7
"""Long enough for a weekend's error to be looked into. An assumption. CloudWatch Logs takes 3653 at most (API
Reference, PutRetentionPolicy, in boto3; read 2026-11-21)."""
LEAST_STREAM_HOURS = 72
"""A weekend without staff. An assumption. Kinesis takes 24 to 8760 (API Reference, Increase- and
DecreaseStreamRetentionPeriod, in boto3; read 2026-11-21)."""
_REQUEST_LOGS = {"api", "audit", "authenticator"}
"""The logs of who asked for what, and whether it was granted."""

_DATABASES = (aws.RDS_CLUSTER, aws.DOCDB_CLUSTER, aws.NEPTUNE_CLUSTER, aws.RDS_INSTANCE)
_CACHE = (aws.ELASTICACHE_REPLICATION_GROUP,)
_MEMORY_DB = (aws.MEMORYDB_CLUSTER,)
_FORCED_DESTRUCTION = (aws.S3_BUCKET, aws.S3_BUCKET_V2, aws.BACKUP_VAULT, aws.RDS_GLOBAL_CLUSTER, aws.ROUTE53_ZONE)

_is_no_replica: Callable[[Resource], bool] = where("replicateSourceDb", None, "")


def _takes_a_final_snapshot(database: Resource) -> bool:
    return _is_no_replica(database) and not is_true(database.inputs.get("skipFinalSnapshot"))


def _has_retention(group: Resource) -> bool:
    """Log groups of the class DELIVERY have a retention of AWS's own."""
    return bool(value_at(group.inputs, "logGroupClass") != "DELIVERY")


SETTINGS = (
    # Aurora keeps one day by default. A replica in another Region takes every mistake over within seconds.
    property_rule(
        "data protection/database-backup-retention",
        Property(
            _DATABASES,
            "backupRetentionPeriod",
            at_least(LEAST_BACKUP_DAYS),
            f"{LEAST_BACKUP_DAYS} to 35 days",
            "raise it",
            _is_no_replica,
        ),
        description="A database can be restored to any moment of the last week.",
        remediation="Set backupRetentionPeriod to 7 days or more.",
        page=f"{_GUIDES}/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html",
        severity=Severity.HIGH,
        spares_ephemeral=True,
    ),
    # Without a name for the snapshot, the deletion fails halfway, or nothing is left of the data.
    property_rule(
        "data protection/final-snapshot",
        Property(
            _DATABASES,
            "skipFinalSnapshot",
            is_not_on,
            "false",
            "leave it out, and name the snapshot",
            _is_no_replica,
        ),
        *(
            Property(types, path, is_set, "a name for the last snapshot", "set it", when)
            for types, path, when in (
                (_DATABASES, "finalSnapshotIdentifier", _takes_a_final_snapshot),
                (_CACHE, "finalSnapshotIdentifier", heads_its_caches),
                (_MEMORY_DB, "finalSnapshotName", lambda _: True),
            )
        ),
        description="A database that is deleted leaves a last snapshot.",
        remediation="Leave skipFinalSnapshot out and set finalSnapshotIdentifier.",
        page=f"{_GUIDES}/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
        severity=Severity.HIGH,
        spares_ephemeral=True,
    ),
    # By default automated backups go with the database, and with them every moment but that of the last snapshot.
    property_rule(
        "data protection/automated-backups-kept",
        Property(
            (aws.RDS_CLUSTER, aws.RDS_INSTANCE),
            "deleteAutomatedBackups",
            one_of(False, "false"),
            "false",
            "set it: left out, it is true",
            _is_no_replica,
        ),
        description="Automated backups outlive the database that is deleted.",
        remediation="Set deleteAutomatedBackups to false.",
        page=f"{_GUIDES}/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html",
        severity=Severity.MEDIUM,
        spares_ephemeral=True,
    ),
    # 0, the default, turns them off; 35 is the most (ElastiCache User Guide, scheduling automatic backups; read
    # 2026-11-21).
    property_rule(
        "data protection/cache-snapshots",
        Property(_CACHE, "snapshotRetentionLimit", at_least(1), "1 to 35 days", "raise it", heads_its_caches),
        Property(_MEMORY_DB, "snapshotRetentionLimit", at_least(1), "1 to 35 days", "raise it"),
        description="A cache that others follow, or that is on its own, has snapshots.",
        remediation="Set snapshotRetentionLimit to 1 day or more.",
        page=f"{_GUIDES}/AmazonElastiCache/latest/dg/backups-automatic.html",
        severity=Severity.MEDIUM,
        spares_ephemeral=True,
    ),
    # It is a setting of each replica's own: without it on the replica, a failover leaves the table without it.
    property_rule(
        "data protection/table-recovery",
        Property((aws.DYNAMODB_TABLE,), "pointInTimeRecovery.enabled", is_set, "true", "set it"),
        Property((aws.DYNAMODB_TABLE,), "replicas[].pointInTimeRecovery", is_set, "true", "set it"),
        Property(
            (aws.DYNAMODB_TABLE_REPLICA,),
            "pointInTimeRecovery",
            is_set,
            "true",
            "set it: the table's own counts for its Region only",
        ),
        description="Each table and each of its replicas can be restored to any moment.",
        remediation="Turn point-in-time recovery on, on the table and on every replica.",
        page=f"{_GUIDES}/amazondynamodb/latest/developerguide/Point-in-time-recovery.html",
        severity=Severity.HIGH,
        spares_ephemeral=True,
    ),
    # AWS refuses to delete a bucket, a vault or a repository that is not empty, unless the provider empties it.
    property_rule(
        "data protection/no-forced-deletion",
        *(
            Property(types, path, is_not_on, "false", "leave it out: empty it by hand before it is deleted")
            for types, path in ((_FORCED_DESTRUCTION, "forceDestroy"), ((aws.ECR_REPOSITORY,), "forceDelete"))
        ),
        description="Nothing that still holds data can be destroyed.",
        remediation="Leave forceDestroy and forceDelete out.",
        page=f"{_GUIDES}/AmazonS3/latest/userguide/delete-bucket.html",
        severity=Severity.HIGH,
        spares_ephemeral=True,
    ),
    # By default, and with 0, logs are kept for ever, and paid for.
    property_rule(
        "data protection/log-group-retention",
        Property(
            (aws.CLOUDWATCH_LOG_GROUP,),
            "retentionInDays",
            at_least(LEAST_LOG_DAYS),
            f"{LEAST_LOG_DAYS} to 3653 days; 0 or nothing is for ever",
            "set it to what an investigation needs, such as 90",
            _has_retention,
        ),
        description="Logs are kept for a week at least, and not for ever.",
        remediation="Set retentionInDays.",
        page=f"{_GUIDES}/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        severity=Severity.MEDIUM,
    ),
    # CloudTrail signs a digest of every hour's files; it can't be done for files of the past.
    property_rule(
        "data protection/trail-files-validated",
        Property((aws.CLOUDTRAIL_TRAIL,), "enableLogFileValidation", is_set, "true", "set it"),
        description="It can be shown that a trail's files were not changed.",
        remediation="Set enableLogFileValidation.",
        page=f"{_GUIDES}/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
        severity=Severity.MEDIUM,
    ),
    # Requests of the past can't be logged afterwards.
    property_rule(
        "data protection/cluster-requests-logged",
        Property(
            (aws.EKS_CLUSTER,),
            "enabledClusterLogTypes",
            lambda value: has_unknown(value) or {str(each) for each in entries(value)} >= _REQUEST_LOGS,
            ", ".join(sorted(_REQUEST_LOGS)),
            "add those that are missing",
        ),
        description="What is asked of a cluster's API, and by whom, is logged.",
        remediation="Set enabledClusterLogTypes with api, audit and authenticator.",
        page=f"{_GUIDES}/eks/latest/userguide/control-plane-logs.html",
        severity=Severity.MEDIUM,
    ),
    # The default is 24 hours: a reader that stops on Friday has lost records by Sunday.
    property_rule(
        "data protection/stream-retention",
        Property(
            (aws.KINESIS_STREAM,),
            "retentionPeriod",
            at_least(LEAST_STREAM_HOURS),
            f"{LEAST_STREAM_HOURS} to 8760 hours",
            "raise it",
        ),
        description="A stream keeps records over a weekend.",
        remediation="Set retentionPeriod to 72 hours or more.",
        page=f"{_GUIDES}/streams/latest/dev/kinesis-extended-retention.html",
        severity=Severity.LOW,
        level=Level.ADVISORY,
    ),
    # A tag that is overwritten can't be rolled back to, and the other Region may still run the old image.
    property_rule(
        "data protection/image-tags-immutable",
        Property(
            (aws.ECR_REPOSITORY,),
            "imageTagMutability",
            lambda value: is_unknown(value) or str(value).startswith("IMMUTABLE"),
            "IMMUTABLE, with or without exclusions",
            "set it",
        ),
        description="A tag of an image means the same image for ever.",
        remediation="Set imageTagMutability to IMMUTABLE.",
        page=f"{_GUIDES}/AmazonECR/latest/userguide/image-tag-mutability.html",
        severity=Severity.MEDIUM,
    ),
    # 0 deletes a secret at once, with all its versions. Else Secrets Manager takes 7 to 30, and 30 by default (API
    # Reference, DeleteSecret, in boto3; read 2026-11-21).
    property_rule(
        "data protection/secret-recovery-window",
        Property(
            (aws.SECRETSMANAGER_SECRET,),
            "recoveryWindowInDays",
            lambda value: number(value) != 0,
            "7 to 30 days; left out, it is 30",
            "leave it out",
        ),
        description="A secret that is deleted can be restored.",
        remediation="Leave recoveryWindowInDays out, or set it to 7 to 30.",
        page=f"{_GUIDES}/secretsmanager/latest/userguide/manage_delete-secret.html",
        severity=Severity.MEDIUM,
        spares_ephemeral=True,
    ),
)
