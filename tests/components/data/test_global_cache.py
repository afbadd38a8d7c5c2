"""A cache in two Regions, read off what it declares."""

from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_random
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource, Secret
from haven_components.data._cache_args import GlobalCacheArgs
from haven_components.data.global_cache import GlobalCache

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
NAME = "haven-test-cache"


def side(region: str, **changes: Any) -> dict[str, Any]:
    return {
        "region": region,
        "vpc_id": f"vpc-{region}",
        "subnet_ids": [f"subnet-{region}-a", f"subnet-{region}-b"],
        "kms_key_arn": f"arn:aws:kms:{region}:123456789012:key/mrk-1",
        "client_cidrs": ["10.40.0.0/16"],
        **changes,
    }


def declare(
    name: str = NAME, *, recovery: dict[str, Any] | None = None, datastore: bool = False, **changes: Any
) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in (PRIMARY, RECOVERY)}
        random = pulumi_random.Provider("random")
        args: dict[str, Any] = {
            "primary": side(PRIMARY),
            "global_datastore": datastore,
            "recovery_secret": {"region": RECOVERY, "kms_key_arn": "arn:aws:kms:eu-central-1:123456789012:key/mrk-1"},
            "engine": "valkey",
            "engine_version": "8.0",
            "node_type": "cache.r7g.large",
            "snapshot_retention_days": 7,
        }
        if recovery is not None:
            args |= {"recovery": recovery, "recovery_provider": providers[RECOVERY]}
        cache = GlobalCache(
            name,
            cast("GlobalCacheArgs", args | changes),
            pulumi.ResourceOptions(providers=[providers[PRIMARY], random]),
        )
        pulumi.export("endpoints", [cache.primary_endpoint, cache.recovery_endpoint])

    return record(program, stack="test")


def named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def refused(**changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        declare(**changes)
    return sorted(str(each["property_path"]) for each in caught.value.errors or [])


def test_the_default_is_two_shards_with_a_replica_each_over_several_zones() -> None:
    (group,) = named(declare(), "ReplicationGroup").values()
    assert (group.inputs["numNodeGroups"], group.inputs["replicasPerNodeGroup"]) == (2, 1)
    assert group.inputs["multiAzEnabled"]
    assert group.inputs["automaticFailoverEnabled"]


def test_without_cluster_mode_there_is_one_shard_and_clients_reach_its_primary() -> None:
    recording = declare(cluster_mode=False)
    (group,) = named(recording, "ReplicationGroup").values()
    (parameters,) = named(recording, "ParameterGroup").values()
    assert group.inputs["numNodeGroups"] == 1
    assert {"name": "cluster-enabled", "value": "no"} in parameters.inputs["parameters"]
    assert recording.outputs["endpoints"][0].endswith(".primaryEndpointAddress@@")
    assert refused(cluster_mode=False, shards=2) == ["shards"]


def test_what_is_of_use_in_one_region_alone_is_tagged_and_not_replicated() -> None:
    (group,) = named(declare(regional=True), "ReplicationGroup").values()
    assert group.inputs["tags"]["haven:regional"] == "true"
    assert refused(regional=True, datastore=True, recovery=side(RECOVERY)) == ["regional"]


def test_data_is_encrypted_in_transit_and_at_rest_and_clients_need_a_token() -> None:
    recording = declare()
    (group,) = named(recording, "ReplicationGroup").values()
    assert group.inputs["transitEncryptionMode"] == "required"
    assert group.inputs["atRestEncryptionEnabled"]
    assert PRIMARY in group.inputs["kmsKeyId"]
    assert isinstance(group.inputs["authToken"], Secret)
    (secret,) = named(recording, "Secret").values()
    assert [each["region"] for each in secret.inputs["replicas"]] == [RECOVERY]


def test_a_promoted_replica_of_the_token_is_not_made_a_replica_again() -> None:
    (secret,) = named(declare(recovery=side(RECOVERY)), "Secret").values()
    assert secret.options.ignore_changes == ("replicas",)


def test_a_member_of_a_global_datastore_gets_nothing_that_the_datastore_decides() -> None:
    recording = declare(recovery=side(RECOVERY), datastore=True)
    (datastore,) = named(recording, "GlobalReplicationGroup").values()
    member = named(recording, "ReplicationGroup")[f"{NAME}-euc1"]
    assert member.inputs["globalReplicationGroupId"] == f"@@{datastore.key}.globalReplicationGroupId@@"
    decided = {"engine", "engineVersion", "nodeType", "numNodeGroups", "parameterGroupName", "atRestEncryptionEnabled"}
    assert decided & member.inputs.keys() == set()
    assert member.inputs["kmsKeyId"]


def test_what_a_promotion_moves_is_left_alone() -> None:
    recording = declare(recovery=side(RECOVERY), datastore=True)
    (datastore,) = named(recording, "GlobalReplicationGroup").values()
    assert datastore.options.ignore_changes == ("primaryReplicationGroupId",)
    for group in named(recording, "ReplicationGroup").values():
        assert "globalReplicationGroupId" in group.options.ignore_changes


def test_a_member_whose_engine_is_left_out_is_not_taken_for_redis() -> None:
    member = named(declare(recovery=side(RECOVERY), datastore=True), "ReplicationGroup")[f"{NAME}-euc1"]
    assert "engine" not in member.inputs
    assert "engine" in member.options.ignore_changes


def test_what_the_datastore_decides_is_left_to_it_and_to_nobody_else() -> None:
    decided = {"engineVersion", "nodeType", "numNodeGroups", "parameterGroupName"}
    for datastore in (True, False):
        recording = declare(recovery=side(RECOVERY), datastore=datastore)
        primary = named(recording, "ReplicationGroup")[f"{NAME}-euw1"]
        assert (decided <= set(primary.options.ignore_changes)) is datastore
    (found,) = named(declare(recovery=side(RECOVERY), datastore=True, shards=3), "GlobalReplicationGroup").values()
    assert (found.inputs["numNodeGroups"], found.inputs["cacheNodeType"]) == (3, "cache.r7g.large")
    assert (found.inputs["engine"], found.inputs["engineVersion"]) == ("valkey", "8.0")


@pytest.mark.parametrize("datastore", [True, False])
def test_both_sides_take_the_same_token_and_each_its_own_key(datastore: bool) -> None:
    groups = named(declare(recovery=side(RECOVERY), datastore=datastore), "ReplicationGroup").values()
    assert len({each.inputs["authToken"].value for each in groups}) == 1
    assert all(str(each.region) in each.inputs["kmsKeyId"] for each in groups)


def test_joining_a_datastore_replaces_nothing_but_the_group_that_stood_alone() -> None:
    alone, joined = (declare(recovery=side(RECOVERY), datastore=datastore) for datastore in (False, True))
    left = {alone.by_urn[urn].name for urn in alone.by_urn.keys() - joined.by_urn.keys()}
    assert left == {f"{NAME}-euc1-alone", f"{NAME}-euc1-alone-valkey8"}
    for urn in alone.by_urn.keys() & joined.by_urn.keys():
        assert alone.by_urn[urn].inputs == joined.by_urn[urn].inputs


def test_the_groups_are_maintained_on_different_days() -> None:
    groups = named(declare(recovery=side(RECOVERY), datastore=True), "ReplicationGroup").values()
    assert len({each.inputs["maintenanceWindow"][:3] for each in groups}) == 2


def test_a_datastore_that_comes_later_leaves_the_primary_group_as_it_is() -> None:
    before, after = declare(), declare(recovery=side(RECOVERY), datastore=True)
    groups = [named(each, "ReplicationGroup")[f"{NAME}-euw1"] for each in (before, after)]
    assert groups[0].inputs == groups[1].inputs
    assert before.by_urn.keys() <= after.by_urn.keys()


def test_a_recovery_group_without_a_datastore_is_one_of_its_own_under_a_name_of_its_own() -> None:
    recording = declare(recovery=side(RECOVERY))
    assert named(recording, "GlobalReplicationGroup") == {}
    alone = named(recording, "ReplicationGroup")[f"{NAME}-euc1-alone"]
    assert alone.inputs["engine"] == "valkey"
    assert alone.region == RECOVERY


def test_only_clients_reach_it_and_only_on_its_port() -> None:
    rules = named(declare(), "SecurityGroupIngressRule").values()
    assert [(each.inputs["fromPort"], each.inputs["toPort"], each.inputs["cidrIpv4"]) for each in rules] == [
        (6379, 6379, "10.40.0.0/16")
    ]


def test_slow_and_engine_logs_go_to_encrypted_groups_with_an_end() -> None:
    recording = declare()
    groups = named(recording, "LogGroup")
    assert len(groups) == 2
    assert all(each.inputs["kmsKeyId"] and each.inputs["retentionInDays"] == 90 for each in groups.values())
    (group,) = named(recording, "ReplicationGroup").values()
    assert {each["logType"] for each in group.inputs["logDeliveryConfigurations"]} == {"slow-log", "engine-log"}


def test_it_outlives_its_stack_unless_it_is_a_throw_away_one() -> None:
    for ephemeral in (False, True):
        (group,) = named(declare(ephemeral=ephemeral), "ReplicationGroup").values()
        assert group.options.protect is not ephemeral
        assert ("finalSnapshotIdentifier" in group.inputs) is not ephemeral


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"node_type": "cache.t4g.small"}, "node_type"),
        ({"node_type": "cache.m4.large"}, "node_type"),
        ({"engine": "memcached"}, "engine"),
        ({"engine_version": "6.2"}, "engine_version"),
        ({"shards": 0}, "shards"),
        ({"replicas_per_shard": 6}, "replicas_per_shard"),
        ({"snapshot_retention_days": 36}, "snapshot_retention_days"),
        ({"recovery": side(PRIMARY)}, "recovery.region"),
        ({"datastore": True}, "global_datastore"),
        ({"name": "haven-a-very-long-environment-cache"}, "name"),
    ],
)
def test_what_aws_would_refuse_is_refused_before_anything_is_declared(changes: dict[str, Any], path: str) -> None:
    assert path in refused(**changes)
