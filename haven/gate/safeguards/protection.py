"""What keeps data from being lost: deletion protection, backups and how long they are kept, versions, locks, keys."""

from haven.gate.safeguards.comparisons import (
    allowed,
    becomes,
    cut,
    disabled,
    leaves,
    less_time,
    off,
    on,
    removed,
    shorter,
)
from haven.gate.safeguards.guarded import ANY_TYPE, STATEFUL_TYPES, GuardedProperty, GuardingResource, properties
from haven.gate.safeguards.retention import BACKUPS, KEPT
from haven.program import aws_types as aws

_NEW_KEY = (
    "data encrypted with the old key still needs it: the service re-encrypts everything or leaves old data as it is,"
    " and a replica in the other Region needs the new key"
)
_UNLOCKED = "the next deployment, or a click, can delete it with its data"
_TOO_LATE = "an accidental deletion may be noticed too late"
_HISTORY = "older data is deleted and can't be restored"
_DELETABLE = "they can be deleted, by mistake or on purpose"
_OVERWRITTEN = "overwritten objects are lost, and S3 stops replicating: replication needs versioning"
_NO_LAST = "after a deletion nothing can be restored"
_WITH_IT = "a deletion takes along what should have stayed"
_UNREADABLE = "data that it has encrypted is unreadable"
_PLAIN = "who gets hold of a disk, a snapshot or a copy can read it"
_UNSEEN = "activity and changes are no longer recorded"


_STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
_CLAIMED_VOLUMES = {
    "kubernetes:core/v1:PersistentVolume": ("spec.persistentVolumeReclaimPolicy",),
    "kubernetes:apps/v1:StatefulSet": (
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
        "spec.persistentVolumeClaimRetentionPolicy.whenScaled",
    ),
}
"""Kind of Kubernetes -> what decides whether volumes outlive their claims, and claims their StatefulSet."""

DELETION_PROTECTION: tuple[GuardedProperty, ...] = tuple(
    properties(
        ANY_TYPE,
        off,
        "has its deletion protection turned off",
        _UNLOCKED,
        *(
            f"**.{each}"
            for each in (
                "deletionProtection",
                "deletionProtectionEnabled",
                "deleteProtection",
                "disableApiStop",
                "disableApiTermination",
                "enableDeletionProtection",
                "mutationProtection",
                "terminationProtection",
                "terminationProtectionEnabled",
                "transferLock",
            )
        ),
    )
)
"""AWS itself refuses to delete what has one of these on."""

_CHANGE_PROTECTION: tuple[GuardedProperty, ...] = tuple(
    properties(
        ANY_TYPE,
        off,
        "has its protection against changes turned off",
        "the next deployment, or a click, can take it out of the way of traffic",
        "firewallPolicyChangeProtection",
        "subnetChangeProtection",
    )
)

_AFTER_A_DELETION: tuple[GuardedProperty, ...] = (
    *properties(ANY_TYPE, on, "will leave no final backup", _NO_LAST, "**.skipFinalSnapshot", "**.skipFinalBackup"),
    *properties(ANY_TYPE, off, "will leave no final snapshot", _NO_LAST, "finalSnapshot"),
    *properties(
        ANY_TYPE,
        removed,
        "will leave no final snapshot",
        _NO_LAST,
        "finalSnapshotIdentifier",
        "finalSnapshotName",
    ),
    *properties(ANY_TYPE, allowed, "will delete its backups with itself", _NO_LAST, "deleteAutomatedBackups"),
    *properties(ANY_TYPE, allowed, "will delete its volume with itself", _WITH_IT, "**.deleteOnTermination"),
    *properties(
        ANY_TYPE,
        on,
        "may be deleted with everything in it",
        _UNLOCKED,
        "**.forceDestroy",
        "**.forceDelete",
        "**.closeOnDeletion",
        "**.deleteReports",
        "**.deleteDataInFilesystem",
        "**.deleteEbs",
        "**.deleteSourceFromS3",
        "**.skipDeletionCheck",
        "**.bypassSnaplockEnterpriseRetention",
        "**.forceOverwriteReplicaSecret",
    ),
    *properties(
        ANY_TYPE,
        becomes("DELETE_CHILD_VOLUMES_AND_SNAPSHOTS"),
        "will delete its volumes and snapshots with itself",
        _WITH_IT,
        "deleteOptions",
        "deleteVolumeOptions",
    ),
    *properties(ANY_TYPE, becomes("ENABLED"), "may delete files before their time", _DELETABLE, "**.privilegedDelete"),
    *properties(ANY_TYPE, becomes("DELETE"), "will delete what it has ingested", _WITH_IT, "dataDeletionPolicy"),
    *properties(ANY_TYPE, becomes("REMOVE"), "deletes copies of deleted files", _HISTORY, "**.preserveDeletedFiles"),
    *properties(
        ANY_TYPE,
        becomes("Delete", "DELETE"),
        "will delete the files of its users with itself",
        _WITH_IT,
        "retentionPolicy.homeEfsFileSystem",
    ),
    *properties(
        ANY_TYPE,
        off,
        "will be deleted where it would have stayed",
        _WITH_IT,
        "skipDestroy",
        "retainPhysicalResources",
        "retainStack",
        "retainStacks",
        "**.retainStacksOnAccountRemoval",
    ),
    *properties(
        ANY_TYPE,
        shorter(30),
        "can be recovered for a shorter time after a deletion",
        _TOO_LATE,
        "deletionWindowInDays",
        "recoveryWindowInDays",
        "permanentDeletionTimeInDays",
    ),
    *(
        row
        for type_, path in _CLAIMED_VOLUMES.items()
        for row in properties(
            type_, becomes("Delete", "Recycle"), "will delete volumes with their claims", _WITH_IT, *path
        )
    ),
    *properties(
        _STORAGE_CLASS, leaves("Retain"), "will delete new volumes with their claims", _WITH_IT, "reclaimPolicy"
    ),
    *properties(aws.RBIN_RULE, less_time, "keeps what is deleted for a shorter time", _TOO_LATE, "retentionPeriod"),
    *properties(aws.RBIN_RULE, less_time, "can be unlocked sooner", _TOO_LATE, "lockConfiguration.unlockDelay"),
)
"""What remains of data whose resource is deleted."""

_VERSIONS_AND_LOCKS: tuple[GuardedProperty, ...] = (
    *properties(aws.S3_BUCKET, off, "suspends versioning", _OVERWRITTEN, "versioning.enabled"),
    *properties(
        (aws.S3_BUCKET, aws.S3_BUCKET_VERSIONING),
        off,
        "lets versions be deleted without a second factor",
        _DELETABLE,
        "**.mfaDelete",
    ),
    *properties(
        aws.S3_BUCKET_VERSIONING,
        off,
        "suspends versioning of its bucket",
        _OVERWRITTEN,
        "versioningConfiguration.status",
    ),
    *properties(
        (aws.S3_BUCKET, aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION),
        less_time,
        "locks objects for a shorter time",
        _DELETABLE,
        "**.rule.defaultRetention",
    ),
    *properties(
        (aws.S3_BUCKET, aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION),
        leaves("COMPLIANCE"),
        "lets some unlock objects",
        _DELETABLE,
        "**.rule.defaultRetention.mode",
    ),
    *properties(ANY_TYPE, off, "no longer locks objects", _DELETABLE, "**.objectLockEnabled"),
    *properties(ANY_TYPE, off, "is no longer on hold", _DELETABLE, "objectLockLegalHoldStatus"),
    *properties(
        ANY_TYPE, leaves("COMPLIANCE"), "lets some unlock it", _DELETABLE, "objectLockMode", "retentionLockType"
    ),
    *properties(ANY_TYPE, removed, "is no longer locked", _DELETABLE, "objectLockRetainUntilDate"),
    *properties(
        aws.FSX_ONTAP_VOLUME,
        less_time,
        "locks files for a shorter time",
        _DELETABLE,
        *(f"snaplockConfiguration.retentionPeriod.{each}Retention" for each in ("default", "minimum", "maximum")),
    ),
    *properties(
        ANY_TYPE,
        leaves("IMMUTABLE"),
        "lets images be overwritten",
        "what ran under a tag is gone",
        "imageTagMutability",
    ),
    *properties(ANY_TYPE, off, "can be locked no more", _DELETABLE, "completeLock"),
)
"""Versions of objects, and locks on them."""

_ENCRYPTION: tuple[GuardedProperty, ...] = (
    *properties(aws.KMS_KEY, disabled, "is turned off", _UNREADABLE, "isEnabled"),
    *properties(
        (aws.KMS_REPLICA_KEY, aws.KMS_EXTERNAL_KEY, aws.KMS_REPLICA_EXTERNAL_KEY),
        disabled,
        "is turned off",
        _UNREADABLE,
        "enabled",
    ),
    *properties(
        STATEFUL_TYPES,
        cut,
        "is encrypted with another key",
        _NEW_KEY,
        "kmsKeyId",
        "kmsKeyArn",
        "kmsMasterKeyId",
        "kmsEncryptionKey",
        "serverSideEncryption.kmsKeyArn",
        "encryptionConfig.provider.keyArn",
        "encryptionConfigurations.kmsKey",
        "encryptionConfiguration.kmsKeyArn",
        "encryptionSpecification.kmsKeyIdentifier",
        "encryptAtRest.kmsKeyId",
        "encryptionInfo.encryptionAtRestKmsKeyArn",
        "encryptionOptions.kmsKeyId",
    ),
    *properties(
        (aws.S3_BUCKET, aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION),
        cut,
        "encrypts with another key",
        _NEW_KEY,
        "**.applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ),
    *properties(
        (aws.S3_BUCKET, aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION),
        leaves("aws:kms", "aws:kms:dsse"),
        "encrypts with a key of S3",
        "whoever may read the bucket may read its objects, without a key's policy",
        "**.applyServerSideEncryptionByDefault.sseAlgorithm",
    ),
    *properties(
        STATEFUL_TYPES,
        off,
        "is no longer encrypted",
        _PLAIN,
        "storageEncrypted",
        "encrypted",
        "atRestEncryptionEnabled",
        "encryptAtRest.enabled",
        "serverSideEncryption.enabled",
        "sqsManagedSseEnabled",
    ),
)
"""Keys, and whether data is encrypted with one."""

_RECORDS: tuple[GuardedProperty, ...] = (
    *properties(aws.CLOUDTRAIL_TRAIL, off, "is turned off", _UNSEEN, "isMultiRegionTrail"),
    *properties(
        aws.CLOUDTRAIL_TRAIL, disabled, "is turned off", _UNSEEN, "enableLogging", "includeGlobalServiceEvents"
    ),
    *properties(
        aws.CLOUDTRAIL_TRAIL,
        off,
        "no longer shows whether its files were changed",
        "somebody can change or delete records unseen",
        "enableLogFileValidation",
    ),
    *properties(aws.GUARDDUTY_DETECTOR, disabled, "is turned off", _UNSEEN, "enable"),
    *properties(aws.CFG_RECORDER_STATUS, off, "is turned off", _UNSEEN, "isEnabled"),
)
"""What records who does what."""

PROTECTION_PROPERTIES: tuple[GuardedProperty, ...] = (
    *DELETION_PROTECTION,
    *_CHANGE_PROTECTION,
    *_AFTER_A_DELETION,
    *BACKUPS,
    *KEPT,
    *_VERSIONS_AND_LOCKS,
    *_ENCRYPTION,
    *_RECORDS,
)
"""Properties that keep data from being lost, or from being deleted by mistake."""

PROTECTION_RESOURCES: tuple[GuardingResource, ...] = (
    GuardingResource(aws.S3_BUCKET_VERSIONING, "versioning of the bucket is suspended", _OVERWRITTEN),
    GuardingResource(
        aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION, "new objects of the bucket are no longer locked", _DELETABLE
    ),
    GuardingResource(
        aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
        "new objects of the bucket are encrypted with an S3 managed key",
        _NEW_KEY,
    ),
    GuardingResource(aws.BACKUP_PLAN, "its backups end", _HISTORY),
    GuardingResource(aws.BACKUP_SELECTION, "the selected resources are no longer backed up", _HISTORY),
    GuardingResource(
        aws.BACKUP_VAULT_LOCK_CONFIGURATION, "the vault's recovery points are no longer locked", _DELETABLE
    ),
    GuardingResource(aws.DLM_LIFECYCLE_POLICY, "its snapshots end", _HISTORY),
    GuardingResource(aws.EFS_BACKUP_POLICY, "the file system is no longer backed up", _HISTORY),
    GuardingResource(aws.REDSHIFT_SNAPSHOT_SCHEDULE_ASSOCIATION, "the cluster's snapshots end", _HISTORY),
    GuardingResource(aws.RBIN_RULE, "what is deleted can't be recovered any more", _TOO_LATE),
    GuardingResource(aws.GLACIER_VAULT_LOCK, "the vault's archives are no longer locked", _DELETABLE),
    GuardingResource(aws.CFG_RECORDER_STATUS, "the recorder stops", _UNSEEN),
)
"""Resources that keep the data of another one from being lost."""
