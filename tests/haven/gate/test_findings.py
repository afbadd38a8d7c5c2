"""What is dangerous about a change, and what like it isn't: one of each for every danger."""

from typing import Any

import pytest

from haven.gate import findings
from haven.gate.findings import GateRule
from haven.gate.safeguards.protection import PROTECTION_RESOURCES
from haven.gate.safeguards.replication import REPLICATION_RESOURCES
from haven.gate.terraform_plan import camel
from haven.program import aws_types as aws
from haven.program.stateful_types import STATEFUL, stateful, token
from tests.conformance.promotion import promotion_effects
from tests.haven.gate.change_sets import HERE, THERE, Made, Values, digest, events, plan, read, rules

CLUSTER, TABLE = aws.RDS_CLUSTER, aws.DYNAMODB_TABLE
CLUSTERS = (CLUSTER, aws.DOCDB_CLUSTER, aws.NEPTUNE_CLUSTER)
REPLICA = aws.DYNAMODB_TABLE_REPLICA
BUCKET, VERSIONING = aws.S3_BUCKET, aws.S3_BUCKET_VERSIONING
REPLICATION = aws.S3_BUCKET_REPLICATION_CONFIG
CACHE = aws.ELASTICACHE_REPLICATION_GROUP
DATASTORE = aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP
BALANCER, SECRET, ROLE = aws.LB_LOAD_BALANCER, aws.SECRETSMANAGER_SECRET, aws.IAM_ROLE
RECORD, PLAN, LOGS = aws.ROUTE53_RECORD, aws.BACKUP_PLAN, aws.CLOUDWATCH_LOG_GROUP
NODES, SUBNET, NETWORK = aws.EKS_NODE_GROUP, aws.EC2_SUBNET, aws.EC2_VPC
ENCRYPTION = aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION
IMAGES = aws.ECR_REPLICATION_CONFIGURATION
LOCK = aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION

_SOURCE = "replicationSourceIdentifier"
KEY, OTHER_KEY = "arn:aws:kms:eu-west-1:1:key/a", "arn:aws:kms:eu-west-1:1:key/b"


def _copies(*vaults: str) -> Values:
    return {"rules": [{"ruleName": "daily", "copyActions": [{"destinationVaultArn": each} for each in vaults]}]}


def _rules(*buckets: str, status: str = "Enabled") -> Values:
    return {"rules": [{"status": status, "destination": {"bucket": each}} for each in buckets]}


def _replicas(key: str, *regions: str) -> Values:
    return {"replicas": [{key: each} for each in regions]}


def _images(*regions: str) -> Values:
    return {"replicationConfiguration": {"rules": [{"destinations": [{"region": each} for each in regions]}]}}


def _default_key(key: str) -> Values:
    return {"rules": [{"applyServerSideEncryptionByDefault": {"kmsMasterKeyId": key}}]}


TIES: tuple[tuple[GateRule, str, Values, Values, Values], ...] = (
    # the rule, the type, what it is declared with, what endangers it, and a change like it that doesn't
    *(
        (GateRule.DETACHMENT, type_, {"globalClusterIdentifier": "g"}, {}, {"globalClusterIdentifier": "g", "port": 1})
        for type_ in CLUSTERS
    ),
    *(
        (GateRule.DETACHMENT, type_, {_SOURCE: "a"}, {_SOURCE: "b"}, {_SOURCE: "a", "port": 1})
        for type_ in (CLUSTER, aws.NEPTUNE_CLUSTER)
    ),
    (GateRule.DETACHMENT, aws.RDS_INSTANCE, {"replicateSourceDb": "a"}, {}, {"replicateSourceDb": "a", "x": 1}),
    (
        GateRule.DETACHMENT,
        CACHE,
        {"globalReplicationGroupId": "g"},
        {},
        {"globalReplicationGroupId": "g", "replicasPerNodeGroup": 2},
    ),
    (
        GateRule.DETACHMENT,
        DATASTORE,
        {"primaryReplicationGroupId": "a"},
        {"primaryReplicationGroupId": "b"},
        {"primaryReplicationGroupId": "a", "engineVersion": "8.2"},
    ),
    (
        GateRule.DETACHMENT,
        TABLE,
        _replicas("regionName", THERE, "us-east-1"),
        _replicas("regionName", THERE),
        _replicas("regionName", "us-east-1", THERE, "us-west-2"),
    ),
    (
        GateRule.DETACHMENT,
        SECRET,
        _replicas("region", THERE),
        _replicas("region"),
        _replicas("region", THERE, "us-east-1"),
    ),
    (GateRule.DETACHMENT, REPLICATION, _rules("a", "b"), _rules("a"), _rules("b", "a", "c")),
    (GateRule.DETACHMENT, REPLICATION, _rules("a"), _rules("a", status="Disabled"), {**_rules("a"), "role": "r"}),
    (GateRule.DETACHMENT, IMAGES, _images(THERE), _images(), _images(THERE, "us-east-1")),
    (GateRule.DETACHMENT, PLAN, _copies("v"), _copies(), _copies("v", "w")),
    (
        GateRule.DETACHMENT,
        PLAN,
        {"rules": [*_copies("v")["rules"], {"ruleName": "weekly", "copyActions": [{"destinationVaultArn": "v"}]}]},
        {"rules": [*_copies()["rules"], {"ruleName": "weekly", "copyActions": [{"destinationVaultArn": "v"}]}]},
        {"rules": [*_copies("v", "w")["rules"], {"ruleName": "weekly", "copyActions": [{"destinationVaultArn": "v"}]}]},
    ),
    (GateRule.DETACHMENT, RECORD, {"healthCheckId": "h"}, {}, {"healthCheckId": "h", "ttl": 30}),
    (GateRule.PROTECTION, CLUSTER, {"deletionProtection": True}, {"deletionProtection": False}, {"port": 1}),
    (GateRule.PROTECTION, TABLE, {"deletionProtectionEnabled": True}, {}, {"deletionProtectionEnabled": True, "x": 1}),
    (
        GateRule.PROTECTION,
        BALANCER,
        {"enableDeletionProtection": True},
        {"enableDeletionProtection": False},
        {"enableDeletionProtection": True, "idleTimeout": 9},
    ),
    (
        GateRule.PROTECTION,
        CLUSTER,
        {"skipFinalSnapshot": False},
        {"skipFinalSnapshot": True},
        {"skipFinalSnapshot": False, "x": 1},
    ),
    (GateRule.PROTECTION, BUCKET, {}, {"forceDestroy": True}, {"forceDestroy": False}),
    (GateRule.PROTECTION, aws.ECR_REPOSITORY, {}, {"forceDelete": True}, {"forceDelete": False}),
    (
        GateRule.PROTECTION,
        TABLE,
        {"pointInTimeRecovery": {"enabled": True}},
        {"pointInTimeRecovery": {"enabled": False}},
        {"pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35}},
    ),
    (GateRule.PROTECTION, REPLICA, {"pointInTimeRecovery": True}, {}, {"pointInTimeRecovery": True, "x": 1}),
    (
        GateRule.PROTECTION,
        VERSIONING,
        {"versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
        {"versioningConfiguration": {"status": "Enabled", "mfaDelete": "Enabled"}},
    ),
    (
        GateRule.PROTECTION,
        CLUSTER,
        {"backupRetentionPeriod": 7},
        {"backupRetentionPeriod": 1},
        {"backupRetentionPeriod": 9},
    ),
    (GateRule.PROTECTION, CACHE, {"snapshotRetentionLimit": 7}, {}, {"snapshotRetentionLimit": 8}),
    (GateRule.PROTECTION, LOGS, {"retentionInDays": 90}, {"retentionInDays": 30}, {"retentionInDays": 0}),
    (GateRule.PROTECTION, LOGS, {}, {"retentionInDays": 30}, {"retentionInDays": 0}),
    (
        GateRule.PROTECTION,
        aws.SQS_QUEUE,
        {"messageRetentionSeconds": 900},
        {"messageRetentionSeconds": 60},
        {"messageRetentionSeconds": 1000},
    ),
    (
        GateRule.PROTECTION,
        aws.KINESIS_STREAM,
        {"retentionPeriod": 48},
        {"retentionPeriod": 24},
        {"retentionPeriod": 72},
    ),
    (
        GateRule.PROTECTION,
        PLAN,
        {"rules": [{"ruleName": "daily"}, {"ruleName": "weekly"}]},
        {"rules": [{"ruleName": "daily"}]},
        {"rules": [{"ruleName": "weekly"}, {"ruleName": "daily"}, {"ruleName": "monthly"}]},
    ),
    (
        GateRule.PROTECTION,
        PLAN,
        {"rules": [{"ruleName": "daily", "enableContinuousBackup": True}]},
        {"rules": [{"ruleName": "daily", "enableContinuousBackup": False}]},
        {"rules": [{"ruleName": "daily", "enableContinuousBackup": True, "schedule": "s"}]},
    ),
    (
        GateRule.PROTECTION,
        LOCK,
        {"rule": {"defaultRetention": {"days": 30}}},
        {"rule": {"defaultRetention": {"days": 3}}},
        {"rule": {"defaultRetention": {"days": 60}}},
    ),
    (GateRule.PROTECTION, aws.KMS_KEY, {"isEnabled": True}, {"isEnabled": False}, {"isEnabled": True, "policy": "p"}),
    (GateRule.PROTECTION, aws.KMS_REPLICA_KEY, {"enabled": True}, {"enabled": False}, {"policy": "p"}),
    (
        GateRule.PROTECTION,
        aws.KMS_KEY,
        {"deletionWindowInDays": 30},
        {"deletionWindowInDays": 7},
        {"deletionWindowInDays": 30, "description": "d"},
    ),
    (
        GateRule.PROTECTION,
        SECRET,
        {"recoveryWindowInDays": 30},
        {"recoveryWindowInDays": 0},
        {"recoveryWindowInDays": 30, "description": "d"},
    ),
    (GateRule.PROTECTION, CLUSTER, {"kmsKeyId": KEY}, {"kmsKeyId": OTHER_KEY}, {"kmsKeyId": KEY, "port": 1}),
    (GateRule.PROTECTION, aws.BACKUP_VAULT, {"kmsKeyArn": KEY}, {"kmsKeyArn": OTHER_KEY}, {"tags": {}}),
    (GateRule.PROTECTION, aws.SQS_QUEUE, {"kmsMasterKeyId": KEY}, {}, {"kmsMasterKeyId": KEY, "delaySeconds": 1}),
    (
        GateRule.PROTECTION,
        TABLE,
        {"serverSideEncryption": {"kmsKeyArn": KEY}},
        {"serverSideEncryption": {"kmsKeyArn": OTHER_KEY}},
        {"serverSideEncryption": {"kmsKeyArn": KEY, "enabled": True}},
    ),
    (
        GateRule.PROTECTION,
        aws.EKS_CLUSTER,
        {"encryptionConfig": {"provider": {"keyArn": KEY}}},
        {"encryptionConfig": {"provider": {"keyArn": OTHER_KEY}}},
        {"version": "1.34"},
    ),
    (GateRule.PROTECTION, ENCRYPTION, _default_key(KEY), _default_key(OTHER_KEY), {**_default_key(KEY), "x": 1}),
    *(
        (GateRule.PROTECTION, type_, {path: True}, {path: False}, {path: True, "x": 1})
        for type_, path in (
            (aws.CLOUDTRAIL_TRAIL, "enableLogging"),
            (aws.CLOUDTRAIL_TRAIL, "isMultiRegionTrail"),
            (aws.GUARDDUTY_DETECTOR, "enable"),
            (aws.CFG_RECORDER_STATUS, "isEnabled"),
        )
    ),
)


@pytest.mark.parametrize(("rule", "type_", "before", "bad", "good"), TIES)
def test_a_detachment_or_a_removed_safeguard_is_found_and_similar_changes_are_not(
    rule: GateRule, type_: str, before: Values, bad: Values, good: Values
) -> None:
    lost = Made(type_, "update", before, bad)
    kept = Made(type_, "update", before, {**before, **good} if type_ not in (PLAN, TABLE, SECRET) else good)
    for form in (digest, events, plan):
        assert rules(form(lost)) == [("it", rule)], form
        assert rules(form(kept)) == [], form


def test_joining_a_global_cluster_or_adding_a_key_is_no_finding() -> None:
    assert rules(digest(Made(CLUSTER, "update", {}, {"globalClusterIdentifier": "g"}))) == []
    assert rules(digest(Made(CLUSTER, "update", {"kmsKeyId": ""}, {"kmsKeyId": KEY}))) == []


@pytest.mark.parametrize("each", STATEFUL, ids=lambda each: each.type)
def test_a_stateful_resource_may_be_created_but_not_replaced_deleted_or_removed_from_the_state(each: Any) -> None:
    def made(operation: str, **more: Any) -> Made:
        return Made(each.type, operation, {"a": 1}, {"a": 2}, **more)

    assert rules(digest(made("create"))) == rules(digest(made("update"))) == []
    assert rules(digest(made("replace"))) == [("it", GateRule.REPLACEMENT)]
    assert rules(digest(made("delete"))) == [("it", GateRule.DELETION)]
    assert rules(digest(made("delete", retain=True))) == [("it", GateRule.DELETION)]
    if each.terraform:
        assert rules(plan(made("create"), made("update"))) == []
        assert rules(plan(made("replace"))) == [("it", GateRule.REPLACEMENT)]
        assert rules(plan(made("delete"))) == rules(plan(made("forget"))) == [("it", GateRule.DELETION)]


@pytest.mark.parametrize(("protect", "retain"), [(True, False), (False, True)])
def test_protected_and_retained_resources_of_any_type_must_stay(protect: bool, retain: bool) -> None:
    for operation, rule in (("replace", GateRule.REPLACEMENT), ("delete", GateRule.DELETION)):
        held = Made(ROLE, operation, {"a": 1}, {"a": 2}, protect=protect, retain=retain)
        assert rules(digest(held)) == [("it", rule)]
        assert rules(digest(Made(ROLE, operation, {"a": 1}, {"a": 2}))) == []


def test_a_terraform_resource_with_aws_deletion_protection_must_stay() -> None:
    assert rules(plan(Made(BALANCER, "delete", {"enableDeletionProtection": True}))) == [("it", GateRule.DELETION)]
    assert rules(plan(Made(BALANCER, "delete", {"enableDeletionProtection": False}))) == []


def test_removing_pulumi_s_protection_is_a_finding_whatever_else_changes() -> None:
    for operation in ("same", "update"):
        freed = Made(ROLE, operation, {"a": 1}, {"a": 1}, protect=True, unprotect=True)
        assert rules(digest(freed)) == rules(events(freed)) == [("it", GateRule.PROTECTION)]
        assert rules(digest(Made(ROLE, operation, {"a": 1}, {"a": 1}, protect=True))) == []


@pytest.mark.parametrize(
    ("rule", "type_"),
    [
        *((GateRule.DETACHMENT, e.type) for e in REPLICATION_RESOURCES),
        *((GateRule.PROTECTION, e.type) for e in PROTECTION_RESOURCES),
    ],
)
def test_an_attached_resource_may_go_with_its_owner_but_not_alone(rule: GateRule, type_: str) -> None:
    alone = Made(type_, "delete", {"bucket": "models", "backupVaultName": "models", "planId": "models"}, name="guard")
    owner = Made(BUCKET, "delete", {"bucket": "models"}, name="owner")
    assert rules(digest(alone)) == rules(plan(alone)) == [("guard", rule)]
    assert rules(digest(owner, alone)) == [("owner", GateRule.DELETION)]
    assert rules(digest(Made(ROLE, "delete", {"name": "models"}), alone)) == [("guard", rule)]


def test_a_subnet_may_go_with_its_network_but_not_alone() -> None:
    zone = {"vpcId": "vpc-1", "availabilityZone": "eu-west-1b"}
    subnet = Made(SUBNET, "delete", zone, name="subnet")
    for form in (digest, plan):
        assert rules(form(subnet)) == [("subnet", GateRule.REGIONS)]
        assert rules(form(Made(NETWORK, "delete", id="vpc-1"), subnet)) == []
        assert rules(form(Made(SUBNET, "create", {}, zone))) == []
        moved = Made(SUBNET, "replace", zone, {**zone, "availabilityZone": "eu-west-1c"})
        assert rules(form(moved)) == [("it", GateRule.REGIONS)]


def test_a_change_of_regions_is_found_in_providers_the_stash_and_resources() -> None:
    provider = "pulumi:providers:aws"
    assert rules(digest(Made(provider, "update", {"region": HERE}, {"region": THERE}))) == [("it", GateRule.REGIONS)]
    assert rules(digest(Made(provider, "update", {"region": HERE, "x": 1}, {"region": HERE, "x": 2}))) == []
    stays = {"regions": {"primary": HERE, "recovery": THERE}, "active": HERE}
    goes = {**stays, "regions": {"primary": HERE, "recovery": "us-east-1"}}
    stash = "pulumi:index:Stash"
    assert rules(digest(Made(stash, "update", {"input": stays}, {"input": goes}))) == [("it", GateRule.REGIONS)]
    moved = Made(ROLE, "replace", {"region": HERE}, {"region": THERE})
    assert rules(digest(moved)) == rules(plan(moved)) == [("it", GateRule.REGIONS)]
    assert rules(plan(Made(ROLE, "update", {"region": HERE}, {"region": HERE, "x": 1}))) == []


def _in_region(made: Made, provider: Values, **more: Any) -> dict[str, Any]:
    """A plan whose provider has this expression for its Region."""
    resources = [{"address": made.address, "provider_config_key": "aws"}]
    configuration = {
        "provider_config": {"aws": {"expressions": {"region": provider}}},
        "root_module": {"resources": resources},
    }
    return plan(made, configuration=configuration, **more)


CONSTANT: Values = {"constant_value": THERE}
VARIABLE: Values = {"references": ["var.region"]}
LOCAL: Values = {"references": ["local.region"]}


@pytest.mark.parametrize("expression", [CONSTANT, VARIABLE])
def test_a_terraform_resource_whose_provider_gets_another_region_moves(expression: Values) -> None:
    def document(region: str) -> dict[str, Any]:
        found = _in_region(Made(NETWORK, "replace", region=region), expression, variables={"region": {"value": THERE}})
        found["resource_changes"][0]["change"]["after"] = {}
        return found

    assert rules(document(HERE)) == [("it", GateRule.REGIONS)]
    assert rules(document(THERE)) == []


def test_a_terraform_resource_that_refreshing_lost_moves_with_its_provider() -> None:
    def document(expression: Values, region: str, type_: str = CLUSTER) -> dict[str, Any]:
        created, lost = Made(type_, "create", region=region), Made(type_, "delete", region=region)
        drift = {"resource_drift": [lost.change()], "variables": {"region": {"value": THERE}}}
        found = _in_region(created, expression, **drift)
        found["resource_changes"][0]["change"]["after"] = {}
        return found

    for expression in (CONSTANT, VARIABLE):
        assert rules(document(expression, HERE)) == [("it", GateRule.REGIONS)]
        assert rules(document(expression, THERE)) == []
    assert rules(document(LOCAL, HERE)) == [("it", GateRule.REGIONS)]
    assert rules(document(LOCAL, HERE, ROLE)) == []


def test_undoing_what_a_promotion_changed_is_a_finding() -> None:
    moved = {(each.type, each.attribute) for each in promotion_effects.PROMOTION_EFFECTS}
    for type_, attribute, before in (
        ("aws_rds_cluster", "replication_source_identifier", "a"),
        ("aws_rds_cluster", "global_cluster_identifier", "a"),
        ("aws_elasticache_replication_group", "global_replication_group_id", "a"),
        ("aws_elasticache_global_replication_group", "primary_replication_group_id", "a"),
        ("aws_secretsmanager_secret", "replica", [{"region": THERE}]),
    ):
        assert (type_, attribute) in moved
        document = plan(Made(token(type_), "update", {camel(attribute): before}, {}))
        assert rules(document) == [("it", GateRule.DETACHMENT)]


def test_unknown_types_are_not_stateful() -> None:
    assert all(each.holds for each in STATEFUL)
    assert stateful(ROLE) is None
    assert findings.findings(read(digest())) == []
