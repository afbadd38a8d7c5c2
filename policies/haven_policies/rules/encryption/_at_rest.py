"""Encryption at rest with customer managed keys."""

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Severity
from haven_policies.rules.property_rules import Property, key, one_of, property_rule, switch, where
from haven_policies.rules.values import entries, heads_its_caches, is_off, is_unknown, number, value_at

_AT_CREATION = "set it before the database is created: it can't be changed later"
_GUIDES = "https://docs.aws.amazon.com"
_SEARCH = (aws.OPENSEARCH_DOMAIN, aws.ELASTICSEARCH_DOMAIN)


def _has_key_of_its_own(database: Resource) -> bool:
    """All but a replica in its source's own Region, which is encrypted as its source is."""
    source = value_at(database.inputs, "replicateSourceDb")
    same = isinstance(source, str) and source != "" and not source.endswith(".arn@@") and not source.startswith("arn:")
    return not same


def _takes_a_key(system: Resource) -> bool:
    """All but scratch Lustre file systems, which is what one is by default (FSx for Lustre User Guide, encryption at
    rest; read 2026-11-21)."""
    return str(value_at(system.inputs, "deploymentType") or "SCRATCH").partition("_")[0] != "SCRATCH"


def _can_rotate(found: Resource) -> bool:
    """KMS rotates no key that signs or makes message codes, and none of a custom key store."""
    usage, spec = value_at(found.inputs, "keyUsage"), value_at(found.inputs, "customerMasterKeySpec")
    encrypts = usage in (None, "", "ENCRYPT_DECRYPT") and spec in (None, "", "SYMMETRIC_DEFAULT")
    return encrypts and is_off(found.inputs.get("customKeyStoreId"))


SHORTEST_WINDOW = 14
"""Days between the deletion of a key and the loss of everything encrypted with it, at least. An assumption: long enough
that somebody comes back from holidays. KMS takes 7 to 30 (API Reference, ScheduleKeyDeletion, in boto3; read
2026-11-21)."""


def _long_enough(value: object) -> bool:
    days = number(value)
    return days is None or days >= SHORTEST_WINDOW


AT_REST = (
    # AWS encrypts with a key of its own where none is named: such a key can't be shared or replicated.
    property_rule(
        "encryption/database-encrypted",
        switch(
            (aws.DOCDB_CLUSTER, aws.NEPTUNE_CLUSTER, aws.RDS_CLUSTER, aws.RDS_INSTANCE),
            "storageEncrypted",
            _AT_CREATION,
            _has_key_of_its_own,
        ),
        switch(
            (aws.RDS_GLOBAL_CLUSTER,), "storageEncrypted", _AT_CREATION, where("sourceDbClusterIdentifier", None, "")
        ),
        switch((aws.REDSHIFT_CLUSTER,), "encrypted", _AT_CREATION),
        key(
            (aws.DOCDB_CLUSTER, aws.RDS_CLUSTER, aws.RDS_INSTANCE, aws.REDSHIFT_CLUSTER),
            "kmsKeyId",
            when=_has_key_of_its_own,
        ),
        key((aws.NEPTUNE_CLUSTER,), "kmsKeyArn"),
        description="A database is encrypted with a customer managed key.",
        remediation="Set storageEncrypted and the key; both can be set at creation only.",
        page=f"{_GUIDES}/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html",
        severity=Severity.CRITICAL,
    ),
    # Performance Insights keeps statements with their values.
    property_rule(
        "encryption/database-insights-encrypted",
        key(
            (aws.RDS_CLUSTER, aws.RDS_CLUSTER_INSTANCE, aws.RDS_INSTANCE),
            "performanceInsightsKmsKeyId",
            when=where("performanceInsightsEnabled", True, "true"),
        ),
        description="What Performance Insights keeps of a database is encrypted with a customer managed key.",
        remediation="Set performanceInsightsKmsKeyId; it can't be changed while Performance Insights is on.",
        page=f"{_GUIDES}/AmazonRDS/latest/AuroraUserGuide/USER_PerfInsights.access-control.cmk-policy.html",
        severity=Severity.MEDIUM,
    ),
    # A copy in another Region can't use the source's key.
    property_rule(
        "encryption/snapshot-copy-encrypted",
        switch((aws.EBS_SNAPSHOT_COPY,), "encrypted", "set it: a copy of an open snapshot is open too"),
        key((aws.RDS_CLUSTER_SNAPSHOT_COPY, aws.RDS_SNAPSHOT_COPY, aws.EBS_SNAPSHOT_COPY), "kmsKeyId"),
        description="A copied snapshot is encrypted with a customer managed key.",
        remediation="Set kmsKeyId to a key of the Region that the copy goes to.",
        page=f"{_GUIDES}/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html",
        severity=Severity.CRITICAL,
    ),
    # Members of a Global Datastore are encrypted as its primary is, each with a key of its Region.
    property_rule(
        "encryption/cache-encrypted",
        switch(
            (aws.ELASTICACHE_REPLICATION_GROUP,),
            "atRestEncryptionEnabled",
            "set it before the group is created: it can't be changed",
            heads_its_caches,
        ),
        key((aws.ELASTICACHE_REPLICATION_GROUP, aws.ELASTICACHE_SERVERLESS_CACHE), "kmsKeyId"),
        key((aws.MEMORYDB_CLUSTER,), "kmsKeyArn"),
        description="A cache is encrypted with a customer managed key.",
        remediation="Set atRestEncryptionEnabled and the key; both can be set at creation only.",
        page=f"{_GUIDES}/AmazonElastiCache/latest/dg/at-rest-encryption.html",
        severity=Severity.HIGH,
    ),
    # Everything that is searched lies in the domain's volumes and travels between its nodes.
    property_rule(
        "encryption/search-domain-encrypted",
        switch(_SEARCH, "encryptAtRest.enabled", "turn it on; it can't be turned off again"),
        key(_SEARCH, "encryptAtRest.kmsKeyId"),
        switch(_SEARCH, "nodeToNodeEncryption.enabled", "turn it on; it can't be turned off again"),
        switch(_SEARCH, "domainEndpointOptions.enforceHttps", "turn it on"),
        description="A search domain is encrypted: at rest with a customer managed key, between nodes, to clients.",
        remediation="Set encryptAtRest, nodeToNodeEncryption and domainEndpointOptions.",
        page=f"{_GUIDES}/opensearch-service/latest/developerguide/encryption-at-rest.html",
        severity=Severity.HIGH,
    ),
    # DynamoDB uses a key that AWS owns where none is named: no policy of yours governs it.
    property_rule(
        "encryption/table-encrypted",
        switch((aws.DYNAMODB_TABLE,), "serverSideEncryption.enabled", "turn it on"),
        key((aws.DYNAMODB_TABLE,), "serverSideEncryption.kmsKeyArn"),
        key((aws.DYNAMODB_TABLE,), "replicas[].kmsKeyArn"),
        key((aws.DYNAMODB_TABLE_REPLICA,), "kmsKeyArn"),
        description="A table and each of its replicas are encrypted with a customer managed key.",
        remediation="Set serverSideEncryption with kmsKeyArn, and kmsKeyArn of each replica.",
        page=f"{_GUIDES}/amazondynamodb/latest/developerguide/EncryptionAtRest.html",
        severity=Severity.HIGH,
    ),
    # Other services that send, such as alarms and events, can't use the keys that AWS owns.
    property_rule(
        "encryption/messages-encrypted",
        key((aws.CLOUDWATCH_EVENT_ARCHIVE, aws.CLOUDWATCH_EVENT_BUS), "kmsKeyIdentifier"),
        Property(
            (aws.KINESIS_STREAM,),
            "encryptionType",
            one_of("KMS"),
            '"KMS"',
            "set it, together with kmsKeyId",
        ),
        key((aws.KINESIS_STREAM,), "kmsKeyId"),
        key((aws.MQ_BROKER,), "encryptionOptions.kmsKeyId"),
        key((aws.MSK_CLUSTER,), "encryptionInfo.encryptionAtRestKmsKeyArn"),
        key((aws.SNS_TOPIC, aws.SQS_QUEUE), "kmsMasterKeyId"),
        description="Messages and events are encrypted with a customer managed key.",
        remediation="Name the Region's key.",
        page=f"{_GUIDES}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
        severity=Severity.HIGH,
    ),
    # Logs hold addresses, statements and names.
    property_rule(
        "encryption/log-group-encrypted",
        key((aws.CLOUDWATCH_LOG_GROUP,), "kmsKeyId"),
        description="A log group is encrypted with a customer managed key.",
        remediation="Set kmsKeyId to a key whose policy lets CloudWatch Logs of the Region use it.",
        page=f"{_GUIDES}/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
        severity=Severity.MEDIUM,
    ),
    # With AWS's own key no other account can be given the secret, and nobody inside can be kept from it.
    property_rule(
        "encryption/secret-encrypted",
        key((aws.SECRETSMANAGER_SECRET,), "kmsKeyId"),
        key((aws.SECRETSMANAGER_SECRET,), "replicas[].kmsKeyId", "name the key of the replica's Region"),
        key((aws.SSM_PARAMETER,), "keyId", when=where("type", "SecureString")),
        description="A secret, each replica of it and each secret parameter is encrypted with a customer managed key.",
        remediation="Set kmsKeyId of the secret and of its replicas, keyId of the parameter.",
        page=f"{_GUIDES}/secretsmanager/latest/userguide/security-encryption.html",
        severity=Severity.HIGH,
    ),
    # Images hold models and code.
    property_rule(
        "encryption/image-repository-encrypted",
        Property(
            (aws.ECR_REPOSITORY,),
            "encryptionConfigurations[0].encryptionType",
            one_of("KMS", "KMS_DSSE"),
            '"KMS"',
            "it can be set at creation only",
        ),
        key((aws.ECR_REPOSITORY,), "encryptionConfigurations[0].kmsKey"),
        description="Container images are encrypted with a customer managed key.",
        remediation="Set encryptionConfigurations with the type KMS and the key, at creation.",
        page=f"{_GUIDES}/AmazonECR/latest/userguide/encryption-at-rest.html",
        severity=Severity.MEDIUM,
    ),
    # Backups under AWS's own key can't be copied to another account.
    property_rule(
        "encryption/backup-vault-encrypted",
        key((aws.BACKUP_VAULT,), "kmsKeyArn"),
        description="A backup vault is encrypted with a customer managed key.",
        remediation="Set kmsKeyArn, at creation.",
        page=f"{_GUIDES}/aws-backup/latest/devguide/encryption.html",
        severity=Severity.HIGH,
    ),
    # Whoever reads the trail then needs a permission for the key, and not for the bucket alone.
    property_rule(
        "encryption/trail-encrypted",
        key((aws.CLOUDTRAIL_TRAIL,), "kmsKeyId"),
        description="A trail is encrypted with a customer managed key.",
        remediation="Set kmsKeyId to a key whose policy lets CloudTrail use it.",
        page=f"{_GUIDES}/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
        severity=Severity.HIGH,
    ),
    # Without it their key is unknown, and no policy of yours governs it.
    property_rule(
        "encryption/cluster-secrets-encrypted",
        key((aws.EKS_CLUSTER,), "encryptionConfig.provider.keyArn"),
        Property(
            (aws.EKS_CLUSTER,),
            "encryptionConfig.resources",
            lambda value: "secrets" in entries(value) or any(map(is_unknown, entries(value))),
            '["secrets"]',
            "name the resource secrets",
            lambda cluster: not is_off(value_at(cluster.inputs, "encryptionConfig")),
        ),
        description="Kubernetes secrets are encrypted with a customer managed key.",
        remediation="Set encryptionConfig with the key for the resource secrets.",
        page=f"{_GUIDES}/eks/latest/userguide/envelope-encryption.html",
        severity=Severity.HIGH,
    ),
    # FSx encrypts always, with AWS's own key where none is named.
    property_rule(
        "encryption/file-system-encrypted",
        switch((aws.EFS_FILE_SYSTEM,), "encrypted", "set it before the file system is created: it can't be changed"),
        key(
            (
                aws.EFS_FILE_SYSTEM,
                aws.FSX_ONTAP_FILE_SYSTEM,
                aws.FSX_OPEN_ZFS_FILE_SYSTEM,
                aws.FSX_WINDOWS_FILE_SYSTEM,
            ),
            "kmsKeyId",
        ),
        key((aws.FSX_LUSTRE_FILE_SYSTEM,), "kmsKeyId", when=_takes_a_key),
        description="A file system is encrypted with a customer managed key.",
        remediation="Set encrypted (EFS) and kmsKeyId, at creation.",
        page=f"{_GUIDES}/efs/latest/ug/encryption-at-rest.html",
        severity=Severity.HIGH,
    ),
    property_rule(
        "encryption/key-rotated",
        switch((aws.KMS_KEY,), "enableKeyRotation", "turn it on: what is encrypted stays readable", _can_rotate),
        description="A key is rotated.",
        remediation="Set enableKeyRotation.",
        page=f"{_GUIDES}/kms/latest/developerguide/rotate-keys.html",
        severity=Severity.MEDIUM,
    ),
    # With the key all data is gone, in backups too.
    property_rule(
        "encryption/key-deletion-can-be-undone",
        Property(
            (aws.KMS_KEY, aws.KMS_REPLICA_KEY, aws.KMS_EXTERNAL_KEY, aws.KMS_REPLICA_EXTERNAL_KEY),
            "deletionWindowInDays",
            _long_enough,
            f"{SHORTEST_WINDOW} to 30",
            "give people time to notice",
        ),
        description=f"A deleted key can be restored for {SHORTEST_WINDOW} days, unless the environment is ephemeral.",
        remediation="Leave deletionWindowInDays out (30 days), or set it to at least this.",
        page=f"{_GUIDES}/kms/latest/developerguide/deleting-keys.html",
        severity=Severity.HIGH,
        spares_ephemeral=True,
    ),
)
