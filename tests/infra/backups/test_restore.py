"""Tier backup from end to end: backed up, restored in the recovery Region, back home; as `docs/restore.md` has it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from tests.environments import PRIMARY, RECOVERY, environment, of_type
from tests.policies.breaking import verdict_of

AWAY = f"arn:aws:rds:{RECOVERY}:111122223333:cluster-snapshot:awsbackup:copyjob-1"
HOME = f"arn:aws:rds:{PRIMARY}:111122223333:cluster-snapshot:awsbackup:copyjob-2"
TABLES = {
    "features": {"hashKey": {"name": "entity"}, "rangeKey": {"name": "feature"}, "restored": True},
    "sessions": {"hashKey": {"name": "session"}, "ttlAttribute": "expires", "restored": True},
}
STATEFUL = (aws.RDS_CLUSTER, aws.RDS_GLOBAL_CLUSTER, aws.RDS_CLUSTER_INSTANCE, aws.DYNAMODB_TABLE)


def normal() -> Recording:
    return environment("backup")


def lost() -> Recording:
    """The primary Region is gone, nothing is restored yet."""
    return environment("backup", active=RECOVERY)


def restored() -> Recording:
    return environment(
        "backup",
        active=RECOVERY,
        database=json.dumps({"restoreSnapshot": AWAY}),
        tables=json.dumps(TABLES),
    )


def homecoming() -> Recording:
    """Writes go to the primary Region, and the recovery Region still has everything."""
    return environment(
        "backup",
        demote=PRIMARY,
        database=json.dumps({"restoreSnapshot": AWAY, "homeSnapshot": HOME}),
        tables=json.dumps(TABLES),
    )


def declared(recording: Recording, region: str) -> dict[str, Mapping[str, Any]]:
    return {each.urn: each.inputs for each in recording.real() if each.region == region}


def named(recording: Recording, type_: str, region: str, key: str) -> list[str]:
    return [str(each.inputs[key]) for each in of_type(recording, type_, region)]


def database_secret(recording: Recording, region: str) -> Resource:
    (found,) = (
        each for each in of_type(recording, aws.SECRETSMANAGER_SECRET, region) if each.component == "GlobalDatabase"
    )
    return found


def test_restoring_changes_nothing_in_the_lost_region() -> None:
    assert declared(restored(), PRIMARY) == declared(normal(), PRIMARY)


def test_restoring_only_adds_to_the_recovery_region() -> None:
    before, after = declared(lost(), RECOVERY), declared(restored(), RECOVERY)
    assert before.keys() <= after.keys()
    changed = [after[urn].get("name") for urn, inputs in before.items() if after[urn] != inputs]
    assert changed == ["/haven/backup/endpoints"], "it names what was restored"
    added = {restored().by_urn[urn].component for urn in after.keys() - before.keys()}
    restored_stores, registry = {"GlobalDatabase", "GlobalTable"}, {"ClusterAccess", "ModelRegistry"}
    assert added == restored_stores | registry, "a registry waits for its database, and its namespace for the secret"


def test_what_is_restored_has_the_names_that_the_manifest_had_before() -> None:
    recording, side = restored(), normal().outputs["manifest"]["sides"][RECOVERY]
    database = side["database"]
    assert named(recording, aws.RDS_CLUSTER, RECOVERY, "clusterIdentifier") == [database["cluster"]]
    assert named(recording, aws.RDS_CLUSTER_INSTANCE, RECOVERY, "identifier") == list(database["instances"])
    assert named(recording, aws.RDS_GLOBAL_CLUSTER, RECOVERY, "globalClusterIdentifier") == [database["globalCluster"]]
    assert database_secret(recording, RECOVERY).inputs["name"] == database["secret"]
    groups = named(recording, aws.RDS_SUBNET_GROUP, RECOVERY, "name")
    assert database["subnetGroup"] in groups
    operations = recording.outputs["manifest"]["operations"]["tables"][RECOVERY]
    restored_tables = {*named(recording, aws.DYNAMODB_TABLE, RECOVERY, "name")} - {operations}
    assert sorted(restored_tables) == sorted(side["tables"].values())


def test_the_manifest_is_the_same_from_the_first_day_to_the_homecoming() -> None:
    manifests = [each().outputs["manifest"] for each in (normal, lost, restored, homecoming)]
    assert all(each == manifests[0] for each in manifests)


def test_the_outputs_name_what_was_restored_and_not_what_was_lost() -> None:
    recording = restored()
    endpoints = recording.outputs["endpoints"]
    (cluster,) = of_type(recording, aws.RDS_GLOBAL_CLUSTER, RECOVERY)
    assert cluster.key in endpoints["databaseWriter"]
    assert database_secret(recording, RECOVERY).key in endpoints["databaseSecret"]
    (lost_cluster,) = of_type(recording, aws.RDS_GLOBAL_CLUSTER, PRIMARY)
    assert lost_cluster.key not in json.dumps(endpoints)


def test_the_restored_secret_has_the_restored_writer() -> None:
    recording = restored()
    (cluster,) = of_type(recording, aws.RDS_GLOBAL_CLUSTER, RECOVERY)
    values = [
        each.inputs["secretString"]
        for each in of_type(recording, aws.SECRETSMANAGER_SECRET_VERSION, RECOVERY)
        if each.component == "GlobalDatabase"
    ]
    assert len(values) == 1
    assert cluster.key in values[0].value


def test_a_restored_table_has_every_setting_of_the_original_but_its_key() -> None:
    recording = restored()
    originals = {each.inputs["name"]: each.inputs for each in of_type(recording, aws.DYNAMODB_TABLE, PRIMARY)}
    for each in of_type(recording, aws.DYNAMODB_TABLE, RECOVERY):
        differs = {
            key for key in each.inputs if each.inputs[key] != originals[each.inputs["name"]][key] and key != "tags"
        }
        assert differs == {"serverSideEncryption"}
        assert each.inputs["pointInTimeRecovery"] == {"enabled": True}


@pytest.mark.parametrize("recording", [restored, homecoming])
def test_what_was_restored_is_protected_and_backed_up(recording: Any) -> None:
    made = recording()
    for type_ in (aws.RDS_CLUSTER, aws.DYNAMODB_TABLE):
        assert all(each.options.protect for each in of_type(made, type_, RECOVERY))
    plans = [each for each in made.real() if each.type == aws.BACKUP_PLAN]
    assert sorted(str(each.region) for each in plans) == sorted((PRIMARY, RECOVERY))


@pytest.mark.parametrize(
    ("recording", "changes"),
    [
        (
            restored,
            {"active": RECOVERY, "database": json.dumps({"restoreSnapshot": AWAY}), "tables": json.dumps(TABLES)},
        ),
        (
            homecoming,
            {
                "demote": PRIMARY,
                "database": json.dumps({"restoreSnapshot": AWAY, "homeSnapshot": HOME}),
                "tables": json.dumps(TABLES),
            },
        ),
    ],
    ids=["away", "home"],
)
def test_no_policy_stops_a_restore(recording: Any, changes: dict[str, str]) -> None:
    assert verdict_of("backup", recording(), changes).violations == []


def test_a_database_from_a_snapshot_is_a_member_of_its_global_cluster_in_every_tier() -> None:
    changes = {"database": json.dumps({"homeSnapshot": HOME})}
    assert verdict_of("warm", environment("warm", **changes), changes).violations == []


def test_until_something_is_restored_notes_name_what_is_missing() -> None:
    notes = "\n".join(lost().outputs["notes"])
    assert "no database is declared in eu-central-1" in notes
    assert "features, sessions: no table is declared in eu-central-1" in notes
    assert "is declared in" not in "\n".join(restored().outputs["notes"])


def test_on_the_way_home_the_database_is_created_from_the_snapshot_under_its_first_names() -> None:
    before, after = normal(), homecoming()
    (cluster,) = of_type(after, aws.RDS_CLUSTER, PRIMARY)
    assert cluster.inputs["snapshotIdentifier"] == HOME
    assert "snapshotIdentifier" in cluster.options.ignore_changes
    assert declared(after, PRIMARY).keys() == declared(before, PRIMARY).keys()
    for type_ in (aws.RDS_CLUSTER, aws.RDS_CLUSTER_INSTANCE, aws.RDS_GLOBAL_CLUSTER):
        assert [each.name for each in of_type(after, type_, PRIMARY)] == [
            each.name for each in of_type(before, type_, PRIMARY)
        ]


def test_on_the_way_home_the_recovery_region_keeps_everything() -> None:
    assert declared(restored(), RECOVERY).keys() <= declared(homecoming(), RECOVERY).keys()


def test_at_home_the_outputs_name_the_first_database() -> None:
    recording = homecoming()
    (cluster,) = of_type(recording, aws.RDS_GLOBAL_CLUSTER, PRIMARY)
    endpoints = recording.outputs["endpoints"]
    assert cluster.key in endpoints["databaseWriter"]
    assert database_secret(recording, PRIMARY).key in endpoints["databaseSecret"]


def test_at_home_only_the_snapshot_is_left_of_the_way() -> None:
    before, after = normal(), environment("backup", database=json.dumps({"homeSnapshot": HOME}))
    assert declared(after, RECOVERY).keys() == declared(before, RECOVERY).keys()
    changed = {
        after.by_urn[urn].type
        for urn, inputs in declared(before, PRIMARY).items()
        if inputs != declared(after, PRIMARY)[urn]
    }
    assert changed <= set(STATEFUL)


def test_backups_of_the_database_and_the_tables_are_restored_every_week() -> None:
    selections = [each for each in normal().real() if each.type == aws.BACKUP_RESTORE_TESTING_SELECTION]
    assert {(each.region, each.inputs["protectedResourceType"]) for each in selections} == {
        (PRIMARY, "Aurora"),  # the recovery Region has no network that it could be restored into
        (RECOVERY, "DynamoDB"),
    }
    (aurora,) = (each for each in selections if each.inputs["protectedResourceType"] == "Aurora")
    group = named(normal(), aws.RDS_SUBNET_GROUP, PRIMARY, "name")
    assert aurora.inputs["restoreMetadataOverrides"]["dbsubnetgroupname"] in group
