"""Tables, queues, streams, logs, secrets, images, backups, volumes and keys."""

from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.encryption._keys import NAME_IT, each_of, is_on, lacking, lacking_key
from haven_policies.rules.model import Finding, Severity, against, resource_rule, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_true, is_unknown, value_at


@resource_rule(
    aws.DYNAMODB_TABLE,
    aws.DYNAMODB_TABLE_REPLICA,
    description="A table and each of its replicas are encrypted with a key of the customer's.",
    remediation="Set serverSideEncryption with kmsKeyArn, and kmsKeyArn of each replica.",
    page="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html",
    severity=Severity.HIGH,
)
def table_encrypted(table: Resource) -> Iterator[Finding]:
    """DynamoDB takes a key that AWS owns where none is named: no policy of yours governs it."""
    if table.type == aws.DYNAMODB_TABLE_REPLICA:
        yield from lacking_key(table, "kmsKeyArn")
        return
    yield from lacking(table, "serverSideEncryption.enabled", "turn it on")
    yield from lacking_key(table, "serverSideEncryption.kmsKeyArn")
    for path in each_of(table, "replicas"):
        yield from lacking_key(table, f"{path}.kmsKeyArn")


_MESSAGES: Mapping[str, str] = {
    aws.CLOUDWATCH_EVENT_ARCHIVE: "kmsKeyIdentifier",
    aws.CLOUDWATCH_EVENT_BUS: "kmsKeyIdentifier",
    aws.KINESIS_STREAM: "kmsKeyId",
    aws.MQ_BROKER: "encryptionOptions.kmsKeyId",
    aws.MSK_CLUSTER: "encryptionInfo.encryptionAtRestKmsKeyArn",
    aws.SNS_TOPIC: "kmsMasterKeyId",
    aws.SQS_QUEUE: "kmsMasterKeyId",
}
"""Type -> the property with its key."""


@resource_rule(
    *_MESSAGES,
    description="Messages and events are encrypted with a key of the customer's.",
    remediation="Name the Region's key.",
    page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
    severity=Severity.HIGH,
)
def messages_encrypted(found: Resource) -> Iterator[Finding]:
    """The services' own keys can't be used by other services that send: alarms and events stay out."""
    if found.type == aws.KINESIS_STREAM and value_at(found.inputs, "encryptionType") != "KMS":
        yield against(found, "encryptionType", '"KMS"', "set it, together with kmsKeyId")
    yield from lacking_key(found, _MESSAGES[found.type])


@resource_rule(
    aws.CLOUDWATCH_LOG_GROUP,
    description="A log group is encrypted with a key of the customer's.",
    remediation="Set kmsKeyId to a key whose policy lets CloudWatch Logs of the Region use it.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    severity=Severity.MEDIUM,
)
def log_group_encrypted(group: Resource) -> Iterator[Finding]:
    """Logs hold addresses, statements and names."""
    yield from lacking_key(group, "kmsKeyId")


@resource_rule(
    aws.SECRETSMANAGER_SECRET,
    aws.SSM_PARAMETER,
    description="A secret, each of its replicas and each secret parameter is encrypted with a key of the customer's.",
    remediation="Set kmsKeyId of the secret and of its replicas, keyId of the parameter.",
    page="https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
    severity=Severity.HIGH,
)
def secret_encrypted(secret: Resource) -> Iterator[Finding]:
    """With AWS's own key the secret can't be shared outside of the account, nor be denied inside."""
    if secret.type == aws.SSM_PARAMETER:
        if value_at(secret.inputs, "type") == "SecureString":
            yield from lacking_key(secret, "keyId")
        return
    yield from lacking_key(secret, "kmsKeyId")
    for path in each_of(secret, "replicas"):
        yield from lacking_key(secret, f"{path}.kmsKeyId", "name the key of the replica's Region")


@resource_rule(
    aws.ECR_REPOSITORY,
    description="Container images are encrypted with a key of the customer's.",
    remediation="Set encryptionConfigurations with the type KMS and the key, at creation.",
    page="https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
    severity=Severity.MEDIUM,
)
def image_repository_encrypted(repository: Resource) -> Iterator[Finding]:
    """Images hold models and code."""
    base = "encryptionConfigurations[0]"
    kind = value_at(repository.inputs, f"{base}.encryptionType")
    if kind not in ("KMS", "KMS_DSSE") and not is_unknown(kind):
        yield against(repository, f"{base}.encryptionType", '"KMS"', "it can be set at creation only")
    yield from lacking_key(repository, f"{base}.kmsKey")


@resource_rule(
    aws.BACKUP_VAULT,
    description="A backup vault is encrypted with a key of the customer's.",
    remediation="Set kmsKeyArn, at creation.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html",
    severity=Severity.HIGH,
)
def backup_vault_encrypted(vault: Resource) -> Iterator[Finding]:
    """Backups under AWS's own key can't be copied to another account."""
    yield from lacking_key(vault, "kmsKeyArn")


@resource_rule(
    aws.CLOUDTRAIL_TRAIL,
    description="A trail is encrypted with a key of the customer's.",
    remediation="Set kmsKeyId to a key whose policy lets CloudTrail use it.",
    page="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
    severity=Severity.HIGH,
)
def trail_encrypted(trail: Resource) -> Iterator[Finding]:
    """Whoever reads the trail then needs a permission for the key, and not for the bucket alone."""
    yield from lacking_key(trail, "kmsKeyId")


@resource_rule(
    aws.EBS_ENCRYPTION_BY_DEFAULT,
    aws.EBS_VOLUME,
    aws.EC2_INSTANCE,
    aws.EC2_LAUNCH_TEMPLATE,
    description="Volumes are encrypted with a key of the customer's, in launch templates too.",
    remediation="Set encrypted and kmsKeyId.",
    page="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    severity=Severity.HIGH,
)
def volume_encrypted(found: Resource) -> Iterator[Finding]:
    """The account's default key applies only where no other key is set, and only in its Region."""
    if found.type == aws.EBS_ENCRYPTION_BY_DEFAULT:
        if value_at(found.inputs, "enabled") is False:
            yield against(found, "enabled", "true", "leave it on, for volumes without a key of their own")
        return
    for place in _volumes(found):
        yield from lacking(found, f"{place}encrypted", "set it before the volume is created: it can't be changed")
        yield from lacking_key(found, f"{place}kmsKeyId")


def _volumes(found: Resource) -> Iterator[str]:
    """Where a resource describes volumes, each with its dot; volumes of instances count from where they are named."""
    if found.type == aws.EBS_VOLUME:
        yield ""
    for path in each_of(found, "blockDeviceMappings"):
        if value_at(found.inputs, f"{path}.ebs") is not None:
            yield f"{path}.ebs."
    for name in ("rootBlockDevice", "ebsBlockDevices"):
        yield from (f"{path}." for path in each_of(found, name))


@resource_rule(
    aws.EFS_FILE_SYSTEM,
    aws.FSX_LUSTRE_FILE_SYSTEM,
    aws.FSX_ONTAP_FILE_SYSTEM,
    aws.FSX_OPEN_ZFS_FILE_SYSTEM,
    aws.FSX_WINDOWS_FILE_SYSTEM,
    description="A file system is encrypted with a key of the customer's.",
    remediation="Set encrypted (EFS) and kmsKeyId, at creation.",
    page="https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html",
    severity=Severity.HIGH,
)
def file_system_encrypted(found: Resource) -> Iterator[Finding]:
    """FSx encrypts always, with AWS's own key where none is named."""
    if found.type.startswith("aws:fsx/lustre") and _scratch(found):
        return
    if found.type.startswith("aws:efs/"):
        yield from lacking(found, "encrypted", "set it before the file system is created: it can't be changed")
    yield from lacking_key(found, "kmsKeyId", NAME_IT)


def _scratch(found: Resource) -> bool:
    """Whether it is a file system that takes no key (FSx for Lustre User Guide, encryption at rest; read 2026-11-21); a
    Lustre file system is one by default."""
    kind = value_at(found.inputs, "deploymentType")
    return kind is None or str(kind).startswith("SCRATCH")


@resource_rule(
    aws.KMS_KEY,
    description="A key is rotated.",
    remediation="Set enableKeyRotation.",
    page="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    severity=Severity.MEDIUM,
)
def key_rotated(key: Resource) -> Iterator[Finding]:
    """Keys that sign, keys for messages' codes and keys in a store of one's own can't be rotated by KMS."""
    usage, kind = value_at(key.inputs, "keyUsage"), value_at(key.inputs, "customerMasterKeySpec")
    turns = usage in (None, "ENCRYPT_DECRYPT") and kind in (None, "SYMMETRIC_DEFAULT")
    if turns and key.inputs.get("customKeyStoreId") is None and not is_on(value_at(key.inputs, "enableKeyRotation")):
        yield against(key, "enableKeyRotation", "true", "turn it on: what is encrypted stays readable")


SHORTEST_WINDOW = 14
"""Days between the deletion of a key and the loss of everything encrypted with it, at least. An assumption: long enough
that somebody comes back from holidays. KMS takes 7 to 30 (API Reference, ScheduleKeyDeletion, in boto3; read
2026-11-21)."""


@stack_rule(
    description=f"A deleted key can be restored for {SHORTEST_WINDOW} days, unless the environment is ephemeral.",
    remediation="Leave deletionWindowInDays out (30 days), or set it to at least this.",
    page="https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
    severity=Severity.HIGH,
)
def key_deletion_can_be_undone(graph: ResourceGraph) -> Iterator[Finding]:
    """With the key all data is gone, in backups too."""
    if graph.facts.ephemeral:
        return
    types = ("Key", "ReplicaKey", "ExternalKey", "ReplicaExternalKey")
    for key in graph.of(*(f"aws:kms/{each[0].lower()}{each[1:]}:{each}" for each in types)):
        days = value_at(key.inputs, "deletionWindowInDays")
        if isinstance(days, int | float) and not is_true(days) and days < SHORTEST_WINDOW:
            yield against(key, "deletionWindowInDays", f"{SHORTEST_WINDOW} to 30", "give people time to notice")
