"""What holds a copy to its origin, and what keeps data from being lost: properties whose loss is dangerous."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.gate.changes import UNKNOWN
from haven.program import aws_types as aws
from haven.program.diff import ABSENT

ANY = "*"
"""Every kind of resource."""
HOLDING = "*stateful"
"""Every kind that holds something."""

_ON = (True, "true", "Enabled", "ENABLED", "ACTIVE")


@dataclass(frozen=True)
class Tie:
    """One property, and how it can come to be lost."""

    type: str
    path: str
    """Steps between dots; `a|b` is one of two names, `*` every element of a list."""
    lost: Callable[[Any, Any], bool]
    """From the value before and the one after."""
    what: str
    """What becomes of the resource, as the end of a sentence about it."""
    why: str


@dataclass(frozen=True)
class Attachment:
    """A resource without data of its own: deleting it leaves something else without a copy or a safeguard."""

    type: str
    what: str
    why: str


def at(value: Any, path: str) -> Any:
    """What lies at a path, or ABSENT; for one with `*`, all of it in a list."""
    head, _, rest = path.partition(".")
    if head == "*":
        elements = value if isinstance(value, list) else [] if value in (ABSENT, None) else [value]
        return [each for one in elements for each in _many(at(one, rest) if rest else one)]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        return UNKNOWN if value == UNKNOWN else ABSENT
    found = next((value[name] for name in head.split("|") if value.get(name) is not None), ABSENT)
    return at(found, rest) if rest else found


def _many(value: Any) -> Sequence[Any]:
    if value is ABSENT:
        return []
    return value if isinstance(value, list) else [value]


def cut(before: Any, after: Any) -> bool:
    """It names something, and then nothing or something else."""
    return before not in (ABSENT, "", None) and before != after


def off(before: Any, after: Any) -> bool:
    """It is on, and then not."""
    return before in _ON and after not in _ON


def on(before: Any, after: Any) -> bool:
    """It is off, and then on."""
    return before not in _ON and after in _ON


def fewer(before: Any, after: Any) -> bool:
    """Something is missing from a list."""
    return bool(Counter(map(str, _many(before))) - Counter(map(str, _many(after))))


def fewer_copies(before: Any, after: Any) -> bool:
    """A remaining rule of a backup plan copies to fewer vaults; a deleted rule is a finding of its own."""
    old, new = _copies(before), _copies(after)
    return any(old[name] - new[name] for name in old.keys() & new)


def _copies(rules: Any) -> Mapping[str, set[str]]:
    """Name of each rule -> the vaults that it copies to."""
    vaults = "copyActions|copyAction.*.destinationVaultArn"
    return {str(at(each, "ruleName")): {*map(str, _many(at(each, vaults)))} for each in _many(rules)}


def fewer_on(before: Any, after: Any) -> bool:
    """Fewer elements of a list are on."""
    return sum(each in _ON for each in _many(before)) > sum(each in _ON for each in _many(after))


def more_off(before: Any, after: Any) -> bool:
    """More elements of a list are off."""
    return sum(each not in _ON for each in _many(after)) > sum(each not in _ON for each in _many(before))


def less(before: Any, after: Any) -> bool:
    """A number gets smaller, or is removed."""
    return _number(before) and not (_number(after) and after >= before)


def sooner(before: Any, after: Any) -> bool:
    """A number of days gets smaller, where 0 and no value mean for ever."""
    return _number(after) and after > 0 and (not _number(before) or before == 0 or after < before)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_UNDONE = "one side goes on alone: its writes are not replicated, and joining again needs a new copy of everything"
_ONE_COPY = "what is written from now on has one copy less, in the Region that was to take over"
_NEW_KEY = (
    "what the old key has encrypted needs the old key: the service copies everything, or leaves old data to it,"
    " and a copy in the other Region must know the new one"
)
_PROTECTION = "the next deployment, or a click, can delete it with what it holds"
_TOO_LATE = "a deletion by mistake may come to light too late"
_HISTORY = "what is older than that is thrown away, and can't be restored"

DETACHMENTS: tuple[Tie, ...] = (
    *(
        Tie(type_, "globalClusterIdentifier", cut, "leaves its global cluster", _UNDONE)
        for type_ in (aws.RDS_CLUSTER, aws.DOCDB_CLUSTER, aws.NEPTUNE_CLUSTER)
    ),
    *(
        Tie(type_, "replicationSourceIdentifier", cut, "stops replicating from its source", _UNDONE)
        for type_ in (aws.RDS_CLUSTER, aws.NEPTUNE_CLUSTER)
    ),
    Tie(aws.RDS_INSTANCE, "replicateSourceDb", cut, "stops replicating from its source", _UNDONE),
    Tie(
        aws.ELASTICACHE_REPLICATION_GROUP,
        "globalReplicationGroupId",
        cut,
        "leaves its Global Datastore",
        _UNDONE,
    ),
    Tie(
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        "primaryReplicationGroupId",
        cut,
        "gets another primary",
        "what a promotion has done is undone, and the members are filled anew",
    ),
    Tie(aws.DYNAMODB_TABLE, "replicas|replica.*.regionName", fewer, "loses a replica", _ONE_COPY),
    Tie(aws.SECRETSMANAGER_SECRET, "replicas|replica.*.region", fewer, "loses a replica", _ONE_COPY),
    Tie(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "rules|rule.*.destination.bucket",
        fewer,
        "replicates to fewer buckets, or to others",
        f"{_ONE_COPY}; replication is not retroactive",
    ),
    Tie(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "rules|rule.*.status",
        more_off,
        "has a rule turned off",
        f"{_ONE_COPY}; replication is not retroactive",
    ),
    Tie(
        aws.ECR_REPLICATION_CONFIGURATION,
        "replicationConfiguration.rules|rule.*.destinations|destination.*.region",
        fewer,
        "copies images to fewer Regions, or to others",
        f"{_ONE_COPY}; images pushed meanwhile are not copied later",
    ),
    Tie(
        aws.BACKUP_PLAN,
        "rules|rule",
        fewer_copies,
        "copies backups to fewer vaults, or to others",
        _ONE_COPY,
    ),
    Tie(
        aws.ROUTE53_RECORD,
        "healthCheckId",
        cut,
        "is answered without its health check, or with another one",
        "traffic is no longer moved from the Region that this check turns off",
    ),
)
"""What holds a member, a copy or a record to what it belongs to."""

PROTECTIONS: tuple[Tie, ...] = (
    *(
        Tie(ANY, path, off, "has its deletion protection turned off", _PROTECTION)
        for path in ("deletionProtection", "deletionProtectionEnabled", "enableDeletionProtection")
    ),
    Tie(ANY, "skipFinalSnapshot", on, "will leave no final snapshot", "deleted, nothing of it is left to restore"),
    *(
        Tie(ANY, path, on, "may be deleted with everything in it", _PROTECTION)
        for path in ("forceDestroy", "forceDelete")
    ),
    Tie(
        aws.DYNAMODB_TABLE,
        "pointInTimeRecovery.enabled",
        off,
        "has its point-in-time recovery turned off",
        "it can't be brought back to a moment any more, and what was kept for that is thrown away",
    ),
    Tie(
        aws.DYNAMODB_TABLE_REPLICA,
        "pointInTimeRecovery",
        off,
        "has its point-in-time recovery turned off",
        "it can't be brought back to a moment any more, and what was kept for that is thrown away",
    ),
    Tie(
        aws.S3_BUCKET_VERSIONING,
        "versioningConfiguration.status",
        off,
        "suspends the versions of its bucket",
        "what is overwritten is gone, and S3 stops replicating: replication needs versions",
    ),
    *(
        Tie(ANY, path, less, "keeps backups for less long, or none", _HISTORY)
        for path in ("backupRetentionPeriod", "snapshotRetentionLimit")
    ),
    Tie(aws.CLOUDWATCH_LOG_GROUP, "retentionInDays", sooner, "keeps logs for less long", _HISTORY),
    Tie(aws.SQS_QUEUE, "messageRetentionSeconds", less, "keeps messages for less long", _HISTORY),
    Tie(aws.KINESIS_STREAM, "retentionPeriod", less, "keeps records for less long", _HISTORY),
    Tie(aws.BACKUP_PLAN, "rules|rule.*.ruleName", fewer, "has fewer rules", "what that rule kept is kept no more"),
    Tie(
        aws.BACKUP_PLAN,
        "rules|rule.*.enableContinuousBackup",
        fewer_on,
        "has continuous backups turned off",
        "nothing can be restored to a moment any more",
    ),
    Tie(
        aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
        "rule.defaultRetention.days",
        less,
        "locks objects for less long",
        "they can be deleted sooner, by mistake or on purpose",
    ),
    *(
        Tie(type_, path, off, "is turned off", "what it has encrypted is unreadable")
        for type_, path in ((aws.KMS_KEY, "isEnabled"), (aws.KMS_REPLICA_KEY, "enabled"))
    ),
    *(
        Tie(HOLDING, path, less, "can be brought back for less long once it is deleted", _TOO_LATE)
        for path in ("deletionWindowInDays", "recoveryWindowInDays")
    ),
    *(
        Tie(HOLDING, path, cut, "is encrypted with another key", _NEW_KEY)
        for path in (
            "kmsKeyId",
            "kmsKeyArn",
            "kmsMasterKeyId",
            "serverSideEncryption.kmsKeyArn",
            "encryptionConfig.provider.keyArn",
        )
    ),
    Tie(
        aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
        "rules|rule.*.applyServerSideEncryptionByDefault.kmsMasterKeyId",
        fewer,
        "encrypts with another key",
        _NEW_KEY,
    ),
    *(
        Tie(type_, path, off, "is turned off", "who did what, and what changed, is not recorded from then on")
        for type_, path in (
            (aws.CLOUDTRAIL_TRAIL, "enableLogging"),
            (aws.CLOUDTRAIL_TRAIL, "isMultiRegionTrail"),
            (aws.GUARDDUTY_DETECTOR, "enable"),
            (aws.CFG_RECORDER_STATUS, "isEnabled"),
        )
    ),
)
"""What keeps data from being lost, or from being deleted by mistake."""

LINKS: tuple[Attachment, ...] = (
    Attachment(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "the bucket is replicated nowhere any more",
        f"{_ONE_COPY}; replication is not retroactive",
    ),
    Attachment(
        aws.ECR_REPLICATION_CONFIGURATION,
        "images are copied nowhere any more",
        f"{_ONE_COPY}; images pushed meanwhile are not copied later",
    ),
    Attachment(
        aws.EFS_REPLICATION_CONFIGURATION,
        "the file system is replicated nowhere any more",
        _UNDONE,
    ),
    Attachment(
        aws.ROUTE53_HEALTH_CHECK,
        "records lose their health check",
        "traffic is no longer moved from the Region that this check turns off",
    ),
)
"""What makes a copy of something else, or sends traffic past it."""

GUARDS: tuple[Attachment, ...] = (
    Attachment(
        aws.S3_BUCKET_VERSIONING,
        "the bucket's versions are suspended",
        "what is overwritten is gone, and S3 stops replicating: replication needs versions",
    ),
    Attachment(
        aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
        "new objects of the bucket are no longer locked",
        "they can be deleted, by mistake or on purpose",
    ),
    Attachment(
        aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
        "new objects of the bucket are encrypted with a key of S3's own",
        _NEW_KEY,
    ),
    Attachment(aws.BACKUP_PLAN, "nothing of it is backed up any more", _HISTORY),
    Attachment(aws.BACKUP_SELECTION, "what it selects is not backed up any more", _HISTORY),
    Attachment(
        aws.BACKUP_VAULT_LOCK_CONFIGURATION,
        "the vault's recovery points are no longer locked",
        "they can be deleted, by mistake or on purpose",
    ),
)
"""What keeps something else from being lost."""
