"""An Aurora database in two Regions, read off what it declares."""

import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_random
import pytest

from haven.program.recorder import record
from haven.program.recording import REFERENCE, Recording, Resource, Secret
from haven_components.data._database_args import GlobalDatabaseArgs
from haven_components.data.global_database import GlobalDatabase

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
NAME = "haven-test-db"


def side(region: str, instances: int, **changes: Any) -> dict[str, Any]:
    return {
        "region": region,
        "vpc_id": f"vpc-{region}",
        "subnet_ids": [f"subnet-{region}-a", f"subnet-{region}-b"],
        "kms_key_arn": f"arn:aws:kms:{region}:123456789012:key/mrk-1",
        "client_cidrs": ["10.40.0.0/16", "10.41.0.0/16"],
        "instances": instances,
        **changes,
    }


def declare(name: str = NAME, *, recovery: dict[str, Any] | None = None, **changes: Any) -> Recording:
    """A database with two instances, and a recovery side where one is given."""

    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in (PRIMARY, RECOVERY)}
        random = pulumi_random.Provider("random")
        args: dict[str, Any] = {
            "account_id": "123456789012",
            "primary": side(PRIMARY, 2),
            "recovery_secret": {"region": RECOVERY, "kms_key_arn": "arn:aws:kms:eu-central-1:123456789012:key/mrk-1"},
            "engine_version": "16.11",
            "instance_class": "db.r6g.large",
            "database_name": "haven",
            "master_username": "haven_admin",
            "write_forwarding": False,
            "backup_retention_days": 14,
        }
        if recovery is not None:
            args |= {"recovery": recovery, "recovery_provider": providers[RECOVERY]}
        database = GlobalDatabase(
            name,
            cast("GlobalDatabaseArgs", args | changes),
            pulumi.ResourceOptions(providers=[providers[PRIMARY], random]),
        )
        pulumi.export("writer", database.writer_endpoint)

    return record(program, stack="test")


def named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def refused(**changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        declare(**changes)
    return sorted(str(each["property_path"]) for each in caught.value.errors or [])


def test_the_global_cluster_exists_also_with_one_member() -> None:
    recording = declare()
    (cluster,) = named(recording, "GlobalCluster").values()
    assert cluster.inputs["storageEncrypted"]
    assert cluster.inputs["deletionProtection"]
    assert list(named(recording, "Cluster")) == [f"{NAME}-euw1"]


def test_a_headless_member_has_no_instance_and_gaining_one_changes_nothing_else() -> None:
    headless, grown = declare(recovery=side(RECOVERY, 0)), declare(recovery=side(RECOVERY, 2))
    assert [name for name in named(headless, "ClusterInstance") if "euc1" in name] == []
    added = grown.by_urn.keys() - headless.by_urn.keys()
    assert {grown.by_urn[urn].name for urn in added} == {f"{NAME}-euc1-1", f"{NAME}-euc1-2"}
    assert {urn: each.inputs for urn, each in headless.by_urn.items()} == {
        urn: grown.by_urn[urn].inputs for urn in headless.by_urn
    }


def test_only_the_primary_side_gets_what_aws_accepts_at_creation() -> None:
    clusters = named(declare(recovery=side(RECOVERY, 1)), "Cluster")
    born, copied = clusters[f"{NAME}-euw1"].inputs, clusters[f"{NAME}-euc1"].inputs
    assert {"masterUsername", "masterPassword", "databaseName"} <= born.keys()
    assert {"masterUsername", "masterPassword", "databaseName", "snapshotIdentifier"} & copied.keys() == set()
    only_at_birth = {"masterUsername", "masterPassword", "databaseName", "sourceRegion"}
    own = {"clusterIdentifier", "dbSubnetGroupName", "kmsKeyId", "vpcSecurityGroupIds", "tags"}
    own |= {"dbClusterParameterGroupName", "finalSnapshotIdentifier", "preferredMaintenanceWindow"}
    shared = born.keys() - only_at_birth - own
    assert {name: born[name] for name in shared} == {name: copied[name] for name in shared}


@pytest.mark.parametrize("property_", ["globalClusterIdentifier", "replicationSourceIdentifier", "masterUsername"])
def test_what_a_promotion_moves_is_left_alone_on_both_sides(property_: str) -> None:
    for cluster in named(declare(recovery=side(RECOVERY, 1)), "Cluster").values():
        assert property_ in cluster.options.ignore_changes


def test_a_global_cluster_made_around_a_member_is_not_replaced_when_another_one_writes() -> None:
    snapshot = f"arn:aws:rds:{PRIMARY}:123456789012:cluster-snapshot:copied"
    (found,) = named(declare(snapshot=snapshot), "GlobalCluster").values()
    assert "sourceDbClusterIdentifier" in found.inputs
    assert "sourceDbClusterIdentifier" in found.options.ignore_changes


def test_the_global_cluster_raises_versions_and_where_a_member_comes_from_is_read_once() -> None:
    for cluster in named(declare(recovery=side(RECOVERY, 1)), "Cluster").values():
        assert {"engineVersion", "snapshotIdentifier", "sourceRegion"} <= set(cluster.options.ignore_changes)
    for instance in named(declare(recovery=side(RECOVERY, 1)), "ClusterInstance").values():
        assert "engineVersion" not in instance.inputs


def test_instances_are_in_two_zones_and_a_third_zone_moves_none() -> None:
    zones = [f"{PRIMARY}{letter}" for letter in "abc"]
    placed = [
        {name: each.inputs.get("availabilityZone") for name, each in named(recording, "ClusterInstance").items()}
        for recording in (declare(primary=side(PRIMARY, 3, zones=given)) for given in (zones[:2], zones))
    ]
    assert placed[0] == placed[1]
    assert placed[0] == {f"{NAME}-euw1-1": zones[0], f"{NAME}-euw1-2": zones[1], f"{NAME}-euw1-3": None}


def test_no_two_instances_and_no_two_sides_are_maintained_at_once() -> None:
    recording = declare(recovery=side(RECOVERY, 3))
    instances = named(recording, "ClusterInstance").values()
    windows = [each.inputs["preferredMaintenanceWindow"] for each in instances]
    assert len(set(windows)) == len(windows)
    days = {each.region: each.inputs["preferredMaintenanceWindow"][:3] for each in instances}
    assert days[PRIMARY] != days[RECOVERY]


def test_a_bound_on_lost_writes_holds_where_it_is_asked_for_and_never_stops_the_promoted_side() -> None:
    cases: list[tuple[dict[str, Any], str | None]] = [({}, None), ({"rpo_seconds": 60}, "60")]
    for wanted, held in cases:
        for group in named(declare(recovery=side(RECOVERY, 1), **wanted), "ClusterParameterGroup").values():
            settings = {each["name"]: each["value"] for each in group.inputs["parameters"]}
            assert settings.get("rds.global_db_rpo") == (held if group.region == PRIMARY else None)


def test_enhanced_monitoring_reports_with_a_role_that_only_this_account_can_lend() -> None:
    assert named(declare(), "Role") == {}
    recording = declare(recovery=side(RECOVERY, 1), monitoring_seconds=30)
    (role,) = named(recording, "Role").values()
    assert "123456789012" in role.inputs["assumeRolePolicy"]
    for instance in named(recording, "ClusterInstance").values():
        assert instance.inputs["monitoringInterval"] == 30
        assert role.key in instance.inputs["monitoringRoleArn"]
        assert f"{NAME}-monitoring-policy" in str(instance.options.dependencies)


def test_turning_the_roles_round_changes_nothing_but_the_order_of_the_sides() -> None:
    before = declare(recovery=side(RECOVERY, 2))
    after = declare(recovery=side(RECOVERY, 2), active_region=RECOVERY)
    assert {urn: each.inputs for urn, each in before.by_urn.items()} == {
        urn: each.inputs for urn, each in after.by_urn.items()
    }
    for recording, first, second in ((before, "euw1", "euc1"), (after, "euc1", "euw1")):
        clusters = named(recording, "Cluster")
        assert clusters[f"{NAME}-{first}"].urn in clusters[f"{NAME}-{second}"].options.dependencies
        assert f"{NAME}-{first}-1" in str(clusters[f"{NAME}-{second}"].options.dependencies)
        assert clusters[f"{NAME}-{second}"].urn not in clusters[f"{NAME}-{first}"].options.dependencies


def test_no_property_of_one_side_is_made_from_the_other_side() -> None:
    recording = declare(recovery=side(RECOVERY, 1))
    for cluster in named(recording, "Cluster").values():
        keys = {match["key"] for value in cluster.inputs.values() for match in REFERENCE.finditer(str(value))}
        regions = {recording.by_key[key].region for key in keys if "GlobalCluster" not in recording.by_key[key].type}
        assert regions <= {cluster.region, None}


def test_the_password_is_made_up_kept_secret_and_stored_in_both_regions() -> None:
    recording = declare(recovery=side(RECOVERY, 1))
    cluster = named(recording, "Cluster")[f"{NAME}-euw1"]
    assert isinstance(cluster.inputs["masterPassword"], Secret)
    assert "manageMasterUserPassword" not in cluster.inputs
    (secret,) = named(recording, "Secret").values()
    assert [each["region"] for each in secret.inputs["replicas"]] == [RECOVERY]
    (version,) = named(recording, "SecretVersion").values()
    held = version.inputs["secretString"]
    assert isinstance(held, Secret)
    (global_cluster,) = named(recording, "GlobalCluster").values()
    assert json.loads(held.value)["host"] == f"@@{global_cluster.key}.endpoint@@"


def test_a_promoted_replica_of_the_password_is_not_made_a_replica_again() -> None:
    (secret,) = named(declare(recovery=side(RECOVERY, 1)), "Secret").values()
    assert secret.options.ignore_changes == ("replicas",)


def test_transport_storage_logs_and_insights_are_encrypted_and_the_database_is_closed_to_others() -> None:
    recording = declare(recovery=side(RECOVERY, 1))
    for group in named(recording, "ClusterParameterGroup").values():
        assert {each["name"]: each["value"] for each in group.inputs["parameters"]}["rds.force_ssl"] == "1"
    for cluster in named(recording, "Cluster").values():
        assert cluster.inputs["storageEncrypted"]
        assert str(cluster.region) in cluster.inputs["kmsKeyId"]
        assert cluster.inputs["iamDatabaseAuthenticationEnabled"]
    for instance in named(recording, "ClusterInstance").values():
        assert not instance.inputs["publiclyAccessible"]
        assert instance.inputs["performanceInsightsKmsKeyId"]
        assert not instance.inputs["autoMinorVersionUpgrade"]
    rules = named(recording, "SecurityGroupIngressRule").values()
    assert {(each.inputs["fromPort"], each.inputs["toPort"], each.inputs["cidrIpv4"]) for each in rules} == {
        (5432, 5432, "10.40.0.0/16"),
        (5432, 5432, "10.41.0.0/16"),
    }
    assert named(recording, "SecurityGroupEgressRule") == {}


def test_writes_are_forwarded_by_both_sides_or_by_none() -> None:
    for wanted in (True, False):
        clusters = named(declare(recovery=side(RECOVERY, 1), write_forwarding=wanted), "Cluster").values()
        assert {each.inputs["enableGlobalWriteForwarding"] for each in clusters} == {wanted}


def test_it_outlives_its_stack_unless_it_is_a_throw_away_one() -> None:
    for ephemeral in (False, True):
        recording = declare(recovery=side(RECOVERY, 1), ephemeral=ephemeral)
        for each in [*named(recording, "Cluster").values(), *named(recording, "GlobalCluster").values()]:
            assert each.inputs["deletionProtection"] is not ephemeral
            assert each.options.protect is not ephemeral
        for each in named(recording, "Cluster").values():
            assert each.inputs["skipFinalSnapshot"] is ephemeral


def test_a_database_can_be_born_from_a_snapshot_and_the_global_cluster_is_made_around_it() -> None:
    snapshot = f"arn:aws:rds:{PRIMARY}:123456789012:cluster-snapshot:copied"
    recording = declare(snapshot=snapshot)
    (cluster,) = named(recording, "Cluster").values()
    assert cluster.inputs["snapshotIdentifier"] == snapshot
    assert "globalClusterIdentifier" not in cluster.inputs
    (global_cluster,) = named(recording, "GlobalCluster").values()
    assert global_cluster.inputs["sourceDbClusterIdentifier"].endswith(f":cluster:{NAME}-euw1")
    assert cluster.urn in global_cluster.options.dependencies


@pytest.mark.parametrize("active", [PRIMARY, RECOVERY])
def test_born_from_a_snapshot_its_roles_can_turn_round_as_well(active: str) -> None:
    snapshot = f"arn:aws:rds:{PRIMARY}:123456789012:cluster-snapshot:copied"
    recording = declare(recovery=side(RECOVERY, 1), snapshot=snapshot, active_region=active)
    assert declare(recovery=side(RECOVERY, 1), snapshot=snapshot).by_urn.keys() == recording.by_urn.keys()
    order = {each.urn: set(each.options.dependencies) for each in recording.real()}
    gone: set[str] = set()
    while ready := [urn for urn, needed in order.items() if urn not in gone and not (needed & order.keys()) - gone]:
        gone.update(ready)
    assert gone == order.keys(), "they wait for each other"


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"instance_class": "db.t4g.medium"}, ["instance_class"]),
        ({"engine_version": "8.0.mysql"}, ["engine_version"]),
        ({"primary": side(PRIMARY, 0)}, ["primary.instances"]),
        ({"primary": side(PRIMARY, 16)}, ["primary.instances"]),
        ({"primary": side(PRIMARY, 2, client_cidrs=[])}, ["primary.client_cidrs"]),
        ({"primary": side(PRIMARY, 2, client_cidrs=["0.0.0.0/0"])}, ["primary.client_cidrs[0]"]),
        ({"primary": side(PRIMARY, 2, subnet_ids=["subnet-1"])}, ["primary.subnet_ids"]),
        ({"database_name": "Haven"}, ["database_name"]),
        ({"master_username": "rdsadmin"}, ["master_username"]),
        ({"backup_retention_days": 36}, ["backup_retention_days"]),
        ({"rpo_seconds": 30}, ["rpo_seconds"]),
        ({"recovery": side(RECOVERY, 1), "rpo_seconds": 19}, ["rpo_seconds"]),
        ({"recovery": side(PRIMARY, 1)}, ["recovery.region"]),
        ({"active_region": RECOVERY}, ["active_region"]),
        ({"snapshot": f"arn:aws:rds:{RECOVERY}:123456789012:cluster-snapshot:x"}, ["snapshot"]),
        ({"name": "x" * 60}, ["name"]),
        ({"name": "haven--db"}, ["name"]),
        (
            {"account_id": "1", "instance_class": "db.t3.small", "backup_retention_days": 0},
            ["account_id", "backup_retention_days", "instance_class"],
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_before_anything_is_declared(
    changes: dict[str, Any], paths: list[str]
) -> None:
    found = refused(**changes)
    assert set(paths) <= set(found)
    assert len(set(found)) <= len(paths) + 1
