"""The tables of safeguards: every row by an example in both engines' forms, and every property of the AWS provider."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from haven.gate.findings import GateRule
from haven.gate.safeguards import comparisons as compare
from haven.gate.safeguards import lifecycle_rules, schedules
from haven.gate.safeguards.guarded import ANY_TYPE, STATEFUL_TYPES, GuardedProperty
from haven.gate.safeguards.protection import DELETION_PROTECTION, PROTECTION_PROPERTIES
from haven.gate.safeguards.replication import REPLICATION_PROPERTIES
from haven.gate.terraform_plan import camel
from haven.program import aws_types as aws
from haven.program.stateful_types import stateful, token
from haven.terraform.schema import Field, FieldGroup, Many, ProviderSchema, Shape
from tests.haven.gate.change_sets import Made, digest, plan, rules
from tests.haven.gate.no_safeguards import NO_SAFEGUARDS
from tests.policies import sdk

ROWS = (*REPLICATION_PROPERTIES, *PROTECTION_PROPERTIES)
LOOKS_LIKE_ONE = re.compile(
    r"protect|retention|retain|(^|_)delete|deletion|destroy|snapshot|backup|recovery_(window|period)|versioning|keep"
    r"|(^|_)lock(_|$)|object_lock|immutab|replica|cop(y|ies)(_|$)|terminat|expir|(^|_)hold|archive|worm|prevent|purge"
)


def _copies(*vaults: str) -> list[dict[str, Any]]:
    return [{"ruleName": "daily", "copyActions": [{"destinationVaultArn": each} for each in vaults]}]


def _images(count: int) -> str:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def _expiring(status: str, prefix: str = "tmp/") -> list[dict[str, Any]]:
    return [{"id": "a", "status": status, "filter": {"prefix": prefix}, "expiration": {"days": 9}}]


EXAMPLES: Mapping[Any, tuple[Any, Any, Any]] = {
    # comparison -> the value before, one that loses the safeguard, one that doesn't
    compare.off: (True, False, True),
    compare.on: (False, True, False),
    compare.disabled: ("Enabled", "Disabled", "ENABLED"),
    compare.allowed: (False, True, "false"),
    compare.cut: ("a", "b", "a"),
    compare.removed: ("a", None, "b"),
    compare.less: (7, 3, 9),
    compare.sooner: (30, 7, 0),
    compare.fewer: ("a", None, "a"),
    compare.gains: (["a"], ["a", "b"], []),
    lifecycle_rules.deletes_more: (_expiring("Enabled"), _expiring("Enabled", ""), _expiring("Enabled", "tmp/old/")),
    schedules.longer_apart: (12, 24, 6),
    schedules.rarer: ("cron(0 * * * ? *)", "cron(0 5 * * ? *)", "cron(0/15 * * * ? *)"),
    compare.fewer_copies: (_copies("v", "w"), _copies("v"), _copies("w", "v", "x")),
    compare.less_time: ({"days": 365}, {"days": 30}, {"years": 2}),
    compare.keeps_fewer_images: (_images(9), _images(3), _images(10)),
}
MADE_EXAMPLES: Mapping[str, tuple[Any, Any, Any]] = {
    # of comparisons that are made for their row: by the name of the property
    "archivePolicy": (
        '{"MessageRetentionPeriod": 9}',
        '{"MessageRetentionPeriod": 3}',
        '{"MessageRetentionPeriod": 30}',
    ),
    "dataDeletionPolicy": ("RETAIN", "DELETE", "RETAIN"),
    "deleteOptions": ([], ["DELETE_CHILD_VOLUMES_AND_SNAPSHOTS"], []),
    "deleteVolumeOptions": ([], ["DELETE_CHILD_VOLUMES_AND_SNAPSHOTS"], []),
    "homeEfsFileSystem": ("Retain", "Delete", "Retain"),
    "imageTagMutability": ("IMMUTABLE", "MUTABLE", "IMMUTABLE"),
    "messageRetentionSeconds": (86400, 3600, None),
    "mode": ("COMPLIANCE", "GOVERNANCE", "COMPLIANCE"),
    "objectLockMode": ("COMPLIANCE", "GOVERNANCE", "COMPLIANCE"),
    "preserveDeletedFiles": ("PRESERVE", "REMOVE", "PRESERVE"),
    "persistentVolumeReclaimPolicy": ("Retain", "Delete", "Retain"),
    "privilegedDelete": ("DISABLED", "ENABLED", "DISABLED"),
    "reclaimPolicy": ("Retain", "Delete", "Retain"),
    "recoveryPeriodInDays": (7, 3, None),
    "replicationOverwrite": ("ENABLED", "DISABLED", "ENABLED"),
    "retentionLockType": ("COMPLIANCE", "GOVERNANCE", "COMPLIANCE"),
    "retentionPeriod": (14, 1, 35),
    "s3BackupMode": ("Enabled", "Disabled", "Enabled"),
    "sseAlgorithm": ("aws:kms", "AES256", "aws:kms"),
    "standbyReplicas": ("ENABLED", "DISABLED", "ENABLED"),
    "whenDeleted": ("Retain", "Delete", "Retain"),
    "whenScaled": (None, "Delete", "Retain"),
}
WINDOWS = ("deletionWindowInDays", "recoveryWindowInDays", "permanentDeletionTimeInDays")


def _example(row: GuardedProperty) -> tuple[Any, Any, Any]:
    name = row.path.rpartition(".")[2]
    if name in WINDOWS:
        return 14, 7, None
    return EXAMPLES.get(row.is_lost) or MADE_EXAMPLES[name]


def _nested(row: GuardedProperty, value: Any) -> dict[str, Any]:
    """Inputs with a value at a row's path; a part that gathers a list is a list with one element."""
    steps = row.path.removeprefix("**.").split(".")
    for step in reversed(steps):
        value = _listed(value) if step == "*" else {step: value}
    found: dict[str, Any] = value
    return found


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _type(row: GuardedProperty) -> str:
    return {ANY_TYPE: aws.S3_BUCKET, STATEFUL_TYPES: aws.RDS_CLUSTER}.get(row.type, row.type)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.type} {row.path}")
def test_every_row_finds_its_loss_and_nothing_that_is_like_it_in_both_engines(row: GuardedProperty) -> None:
    rule = GateRule.DETACHMENT if row in REPLICATION_PROPERTIES else GateRule.PROTECTION
    before, bad, good = (_nested(row, each) for each in _example(row))
    for form in (digest, plan):
        lost = rules(form(Made(_type(row), "update", before, bad)))
        assert ("it", rule) in lost, form
        assert rules(form(Made(_type(row), "update", before, {**good, "tags": {}}))) == [], form


@pytest.mark.parametrize("row", DELETION_PROTECTION, ids=lambda row: row.path)
def test_what_aws_protects_against_deletion_must_stay(row: GuardedProperty) -> None:
    on, off = _nested(row, True), _nested(row, False)
    for form in (digest, plan):
        assert rules(form(Made(aws.IAM_ROLE, "delete", on))) == [("it", GateRule.DELETION)]
        assert rules(form(Made(aws.IAM_ROLE, "delete", off))) == []


LONGER: tuple[tuple[str, Any, Any], ...] = (
    # the type, inputs before, inputs after that are as long or longer, or as strict or stricter
    (aws.CLOUDWATCH_LOG_GROUP, {"retentionInDays": 30}, {}),
    (aws.CLOUDWATCH_LOG_GROUP, {"retentionInDays": 30}, {"retentionInDays": 0}),
    (aws.CLOUDWATCH_LOG_GROUP, {"retentionInDays": "30"}, {"retentionInDays": 90}),
    (aws.REDSHIFT_CLUSTER, {"manualSnapshotRetentionPeriod": 30}, {"manualSnapshotRetentionPeriod": -1}),
    (aws.BACKUP_PLAN, {"rules": [{"ruleName": "a", "lifecycle": {"deleteAfter": 35}}]}, {"rules": [{"ruleName": "a"}]}),
    (aws.KMS_KEY, {"deletionWindowInDays": 7}, {}),
    (aws.KINESIS_STREAM, {"retentionPeriod": 24}, {}),
    (aws.SQS_QUEUE, {"messageRetentionSeconds": 60}, {}),
    (
        aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 365}}},
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "years": 1}}},
    ),
    (
        aws.DLM_LIFECYCLE_POLICY,
        {"policyDetails": {"schedules": [{"name": "a", "retainRule": {"interval": 14, "intervalUnit": "DAYS"}}]}},
        {"policyDetails": {"schedules": [{"name": "a", "retainRule": {"interval": 3, "intervalUnit": "MONTHS"}}]}},
    ),
    (aws.RDS_INSTANCE, {"deleteAutomatedBackups": True}, {"deleteAutomatedBackups": False}),
    (aws.RDS_INSTANCE, {}, {"deleteAutomatedBackups": True}),
    (aws.RDS_INSTANCE, {"skipFinalSnapshot": True}, {"skipFinalSnapshot": False}),
    (aws.EC2_INSTANCE, {}, {"ebsBlockDevices": [{"deviceName": "/dev/sdb", "deleteOnTermination": True}]}),
)


@pytest.mark.parametrize(("type_", "before", "after"), LONGER)
def test_longer_and_stricter_is_no_finding(type_: str, before: Any, after: Any) -> None:
    for form in (digest, plan):
        assert rules(form(Made(type_, "update", before, {**after, "tags": {}}))) == []


SHORTER: tuple[tuple[str, Any, Any], ...] = (
    (
        aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "years": 1}}},
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}},
    ),
    (
        aws.DLM_LIFECYCLE_POLICY,
        {"policyDetails": {"schedules": [{"name": "a", "retainRule": {"interval": 1, "intervalUnit": "YEARS"}}]}},
        {"policyDetails": {"schedules": [{"name": "a", "retainRule": {"interval": 14, "intervalUnit": "DAYS"}}]}},
    ),
    (aws.REDSHIFT_CLUSTER, {"manualSnapshotRetentionPeriod": -1}, {"manualSnapshotRetentionPeriod": 30}),
    (aws.KMS_KEY, {}, {"deletionWindowInDays": 7}),
    (aws.KINESIS_STREAM, {"retentionPeriod": 168}, {}),
    (aws.RDS_INSTANCE, {"deleteAutomatedBackups": False}, {}),
    (
        aws.DYNAMODB_TABLE,
        {"replicas": [{"regionName": "b", "deletionProtectionEnabled": True}, {"regionName": "a"}]},
        {"replicas": [{"regionName": "a"}, {"regionName": "b", "deletionProtectionEnabled": False}]},
    ),
    (
        aws.S3_BUCKET_LIFECYCLE_CONFIGURATION,
        {"rules": [{"id": "tmp", "expiration": {"days": 1}}]},
        {"rules": [{"id": "tmp", "expiration": {"days": 1}}, {"id": "all", "expiration": {"days": 30}}]},
    ),
)


@pytest.mark.parametrize(("type_", "before", "after"), SHORTER)
def test_shorter_is_a_finding_whatever_the_unit_and_the_default(type_: str, before: Any, after: Any) -> None:
    for form in (digest, plan):
        assert rules(form(Made(type_, "update", before, after))) == [("it", GateRule.PROTECTION)]


def _leaves(shape: Shape, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    while isinstance(shape, Many):
        shape = shape.each
    fields: Mapping[str, Field] = shape.fields if isinstance(shape, FieldGroup) else {}
    if path and not fields:
        yield path
    for name, each in fields.items():
        if each.settable and name != "timeouts":
            yield from _leaves(each.shape, (*path, name))


def _rows_by_name() -> Mapping[str, list[tuple[GuardedProperty, GuardedProperty]]]:
    """The last name of each row's path to the rows, each with itself as a row without marks of lists."""
    found: dict[str, list[tuple[GuardedProperty, GuardedProperty]]] = {}
    for row in ROWS:
        plain = replace(row, path=row.path.replace(".*", ""))
        found.setdefault(plain.pattern.rpartition(".")[2], []).append((row, plain))
    return found


def _guards(type_: str, path: tuple[str, ...], rows: Mapping[str, list[Any]]) -> Iterator[GuardedProperty]:
    """The rows that fit the property, or a block around it."""
    token_ = token(type_)
    names = [camel(each) for each in path]
    for place, name in enumerate(names, start=1):
        for row, plain in rows.get(compare.singular(name), ()):
            applies = row.type in (token_, ANY_TYPE) or (row.type == STATEFUL_TYPES and stateful(token_))
            if applies and plain.matches(".".join(names[:place])):
                yield row


@pytest.mark.exhaustive
def test_every_property_whose_name_looks_like_a_safeguard_is_guarded_or_listed_with_a_reason(
    provider_schema: ProviderSchema,
) -> None:
    rows, used = _rows_by_name(), set[GuardedProperty]()
    patterns = {re.compile(each) for each in NO_SAFEGUARDS}
    left, needed = [], set()
    for type_ in provider_schema.types:
        for path in _leaves(provider_schema.resource(type_)):
            guards = {*_guards(type_, path, rows)}
            used |= guards
            if LOOKS_LIKE_ONE.search(path[-1]) and not guards:
                named = f"{type_.removeprefix('aws_')}:{'.'.join(path)}"
                reasons = [each for each in patterns if each.fullmatch(named)]
                needed |= {*reasons}
                left += [] if reasons else [named]
    assert not left
    assert {each.pattern for each in patterns - needed} == set()
    assert [row for row in ROWS if row not in used and not _in_sdk(row)] == []


def _in_sdk(row: GuardedProperty) -> bool:
    """Whether a newer version of the provider, which Pulumi's package is built from, has the row's property."""
    return sdk.has(row.type, row.path.removeprefix("**.").replace(".*", ""))
