"""What holds of every environment, whatever its settings: names, addresses, and how what is stored is kept."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

from haven.model.tiers import Tier
from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource
from haven_policies.rules.aws_names import NAMES, Unique

KEYS = {
    aws.BACKUP_VAULT: "kmsKeyArn",
    aws.CLOUDWATCH_EVENT_ARCHIVE: "kmsKeyIdentifier",
    aws.CLOUDWATCH_EVENT_BUS: "kmsKeyIdentifier",
    aws.CLOUDWATCH_LOG_GROUP: "kmsKeyId",
    aws.DYNAMODB_TABLE: "serverSideEncryption.kmsKeyArn",
    aws.DYNAMODB_TABLE_REPLICA: "kmsKeyArn",
    aws.EC2_LAUNCH_TEMPLATE: "blockDeviceMappings.1.ebs.kmsKeyId",
    aws.ECR_REPOSITORY: "encryptionConfigurations.0.kmsKey",
    aws.EKS_CLUSTER: "encryptionConfig.provider.keyArn",
    aws.ELASTICACHE_REPLICATION_GROUP: "kmsKeyId",
    aws.KINESIS_STREAM: "kmsKeyId",
    aws.RDS_CLUSTER: "kmsKeyId",
    aws.RDS_CLUSTER_INSTANCE: "performanceInsightsKmsKeyId",
    aws.SECRETSMANAGER_SECRET: "kmsKeyId",
    aws.SNS_TOPIC: "kmsMasterKeyId",
    aws.SQS_QUEUE: "kmsMasterKeyId",
}
"""Type of what stores something -> where the key that encrypts it stands. Buckets say it in a resource of their own."""

KEPT = {
    aws.DYNAMODB_TABLE: ("pointInTimeRecovery.enabled", True),
    aws.DYNAMODB_TABLE_REPLICA: ("pointInTimeRecovery", True),
    aws.ELASTICACHE_REPLICATION_GROUP: ("snapshotRetentionLimit", 1),
    aws.RDS_CLUSTER: ("backupRetentionPeriod", 1),
}
"""Type of what stores something -> the property that has backups made, and the least that it has to be."""

_KEY_TYPES = {aws.KMS_KEY, aws.KMS_REPLICA_KEY}


def name_problems(recording: Recording) -> list[str]:
    """The names that AWS would refuse."""
    return [
        f"{each.type} {name}: at most {NAMES[each.type].longest} of {NAMES[each.type].pattern}"
        for each, name in _named(recording)
        if not (NAMES[each.type].shortest <= len(name) <= NAMES[each.type].longest)
        or not re.fullmatch(NAMES[each.type].pattern, name)
    ]


def repeated_names(recording: Recording) -> list[str]:
    """The names that two resources would have where AWS takes one."""
    seen = Counter(_place(each, name) for each, name in _named(recording))
    return [str(place) for place, count in seen.items() if count > 1]


def address_problems(recording: Recording) -> list[str]:
    """Networks and subnets that overlap, or lie outside of their network."""
    vpcs = {each.key: IPv4Network(each.inputs["cidrBlock"]) for each in _of(recording, aws.EC2_VPC)}
    subnets = [(_target(recording, each, "vpcId"), each) for each in _of(recording, aws.EC2_SUBNET)]
    blocks = [(vpc, IPv4Network(each.inputs["cidrBlock"])) for vpc, each in subnets]
    outside = [f"{block} outside of {vpcs[vpc.key]}" for vpc, block in blocks if not block.subnet_of(vpcs[vpc.key])]
    overlapping = [
        f"{one} and {other} overlap"
        for group in (list(vpcs.values()), [block for _, block in blocks])
        for one, other in combinations(group, 2)
        if one.overlaps(other)
    ]
    return outside + overlapping


def unencrypted(recording: Recording) -> list[str]:
    """What is not encrypted with the environment's key of its own Region."""
    without = [
        each.urn
        for type_, path in KEYS.items()
        for each in _of(recording, type_)
        if not _is_key(recording, _at(each.inputs, path), each.region)
    ]
    encrypted = {_bucket(recording, each) for each in _of(recording, _ENCRYPTION)}
    buckets = _of(recording, aws.S3_BUCKET)
    return without + [each.urn for each in buckets if each.inputs["bucket"] not in encrypted]


def without_backup(recording: Recording) -> list[str]:
    """What could not be brought back after a mistake."""
    lacking = [
        each.urn
        for type_, (path, least) in KEPT.items()
        for each in _of(recording, type_)
        if (_at(each.inputs, path) or 0) < least
    ]
    versioned = {
        _bucket(recording, each)
        for each in _of(recording, aws.S3_BUCKET_VERSIONING)
        if each.inputs["versioningConfiguration"]["status"] == "Enabled"
    }
    return lacking + [each.urn for each in _stores(recording) if each.inputs["bucket"] not in versioned]


def without_copy(recording: Recording, tier: Tier, recovery: str, single_tables: frozenset[str]) -> list[str]:
    """What the recovery Region lacks.

    Args:
        recording: the environment.
        tier: its tier.
        recovery: its recovery Region.
        single_tables: names of tables whose system is content with backups.
    """
    there = Counter(each.type for each in recording.real() if each.region == recovery)
    replicated = {_bucket(recording, each) for each in _of(recording, _REPLICATION)}
    found = [each.urn for each in _stores(recording) if each.inputs["bucket"] not in replicated]
    found += [
        each.urn
        for each in _of(recording, aws.SECRETSMANAGER_SECRET)
        if not any(
            _is_key(recording, replica["kmsKeyId"], recovery) and replica["region"] == recovery
            for replica in each.inputs["replicas"]
        )
    ]
    found += [type_ for type_, least in _copies(tier).items() if there[type_] < least]
    if tier is Tier.BACKUP:
        return found
    copied = {_target(recording, each, "globalTableArn").urn for each in _of(recording, _TABLE_REPLICA)}
    return found + [
        each.urn
        for each in _of(recording, aws.DYNAMODB_TABLE)
        if each.component != "OperationsStore" and each.urn not in copied and each.inputs["name"] not in single_tables
    ]


_ENCRYPTION = aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION
_REPLICATION = aws.S3_BUCKET_REPLICATION_CONFIG
_TABLE_REPLICA = aws.DYNAMODB_TABLE_REPLICA


def _copies(tier: Tier) -> Mapping[str, int]:
    """How many of a type the recovery Region has at least."""
    every = {aws.KMS_REPLICA_KEY: 1, aws.BACKUP_VAULT: 1, aws.ECR_REPOSITORY: 1}
    database = {aws.RDS_CLUSTER: int(tier.rank >= Tier.PILOT_LIGHT.rank)}
    cache = {aws.ELASTICACHE_REPLICATION_GROUP: int(tier.rank >= Tier.WARM.rank)}
    return {**every, **database, **cache}


def _stores(recording: Recording) -> Iterator[Resource]:
    """Buckets of the environment's data; those of access logs are no data."""
    return (each for each in _of(recording, aws.S3_BUCKET) if each.component == "ReplicatedBucket")


def _named(recording: Recording) -> Iterator[tuple[Resource, str]]:
    for each in recording.real():
        if each.type in NAMES:
            name = each.inputs[NAMES[each.type].property]
            if not REFERENCE.search(name):
                yield each, name


def _place(record: Resource, name: str) -> tuple[object, ...]:
    rule = NAMES[record.type]
    inside = tuple(str(record.inputs.get(each)) for each in rule.within)
    if rule.unique is Unique.NOWHERE:
        return (record.urn,)
    return (record.type, record.region if rule.unique is Unique.REGION else "", *inside, name)


def _of(recording: Recording, type_: str) -> Iterator[Resource]:
    return (each for each in recording.real() if each.type == type_)


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    value: Any = inputs
    for step in path.split("."):
        if value is None:
            return None
        value = value[int(step)] if step.isdigit() else value.get(step)
    return value


def _target(recording: Recording, record: Resource, name: str) -> Resource:
    found = REFERENCE.match(record.inputs[name])
    assert found, f"{record.urn} {name} names no resource"
    return recording.by_key[found["key"]]


def _bucket(recording: Recording, record: Resource) -> str:
    """Name of the bucket that a resource belongs to."""
    given: str = record.inputs["bucket"]
    found = REFERENCE.fullmatch(given)
    name: str = recording.by_key[found["key"]].inputs["bucket"] if found else given
    return name


def _is_key(recording: Recording, value: object, region: str | None) -> bool:
    found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    key = recording.by_key[found["key"]] if found else None
    return key is not None and key.type in _KEY_TYPES and key.region == region
