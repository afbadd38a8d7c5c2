"""What the program declares for every stack: the promises of the design, read off the registrations."""

import dataclasses
import json
import re
from itertools import combinations

import pytest

from haven.config.stack_file import load_stack
from haven.model import endpoints
from haven.program import aws_types as aws
from haven.program.recording import Options, Recording, Resource
from haven_policies.rules.aws_names import NAMED_BY
from tests.environments import (
    ACCOUNT,
    EVERY_STACK,
    PRIMARY,
    RECOVERY,
    ROOT,
    STACKS,
    TIERS,
    environment,
    gpu_sizes,
    nested,
    of_type,
)

WITNESS = "eu-north-1"
"""The third Region of the shipped stacks."""
CLUSTER = aws.EKS_CLUSTER
DATABASE = aws.RDS_CLUSTER
INSTANCE = aws.RDS_CLUSTER_INSTANCE
CACHE = aws.ELASTICACHE_REPLICATION_GROUP

STATEFUL = {
    aws.CFG_DELIVERY_CHANNEL,
    aws.CFG_RECORDER,
    aws.CLOUDTRAIL_TRAIL,
    aws.DYNAMODB_TABLE,
    aws.ELASTICACHE_REPLICATION_GROUP,
    aws.GUARDDUTY_DETECTOR,
    aws.KMS_KEY,
    aws.KMS_REPLICA_KEY,
    aws.RDS_CLUSTER,
    aws.RDS_GLOBAL_CLUSTER,
    aws.ROUTE53_ZONE,
    aws.S3_BUCKET,
    aws.SECRETSMANAGER_SECRET,
}


def comparable(record: Resource) -> tuple[object, Options]:
    """What a failover must not change; the order of the sides is no part of a resource."""
    options = dataclasses.replace(record.options, dependencies=(), property_dependencies={})
    return record.inputs, options


def in_region(recording: Recording, region: str) -> dict[str, Resource]:
    return {each.urn: each for each in recording.real() if each.region == region}


def assert_only_enlarges(before: Resource, after: Resource) -> None:
    changed = {
        name for name in before.inputs.keys() | after.inputs.keys() if before.inputs.get(name) != after.inputs.get(name)
    }
    if after.type == aws.SSM_PARAMETER and after.inputs["name"].endswith("/endpoints"):
        assert_only_fills(json.loads(before.inputs["insecureValue"]), json.loads(after.inputs["insecureValue"]))
        changed -= {"insecureValue"}
    if after.type == aws.EC2_VPC_ENDPOINT:
        assert set(before.inputs.get("subnetIds", ())) <= set(after.inputs.get("subnetIds", ()))
        changed -= {"subnetIds"}
    assert changed <= {"scalingConfig"}, f"{after.name} changes {changed}"
    for size, value in before.inputs.get("scalingConfig", {}).items():
        assert after.inputs["scalingConfig"][size] >= value


def assert_only_fills(before: dict[str, object], after: dict[str, object]) -> None:
    """What a Region's applications connect to stays; what didn't exist there may appear."""
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] is not None and before[name] != after[name]} == set()


def assert_flip(before: Recording, after: Recording, gains: str, stays: str) -> None:
    assert {urn: comparable(each) for urn, each in in_region(before, stays).items()} == {
        urn: comparable(each) for urn, each in in_region(after, stays).items()
    }
    old, new = in_region(before, gains), in_region(after, gains)
    assert not old.keys() - new.keys()
    for urn in old:
        if not old[urn].is_kubernetes:  # test_clusters.py
            assert_only_enlarges(old[urn], new[urn])


@pytest.mark.parametrize("stack", STACKS)
def test_a_failover_only_adds_or_enlarges_and_only_in_the_newly_active_region(stack: str) -> None:
    assert_flip(environment(stack), environment(stack, active=RECOVERY), gains=RECOVERY, stays=PRIMARY)


@pytest.mark.parametrize("stack", STACKS)
def test_a_failback_only_adds_or_enlarges_and_only_in_the_newly_active_region(stack: str) -> None:
    before = environment(stack, active=RECOVERY, demote=PRIMARY)
    assert_flip(before, environment(stack, demote=PRIMARY), gains=PRIMARY, stays=RECOVERY)


@pytest.mark.parametrize("stack", STACKS)
def test_a_demotion_changes_the_demoted_region_alone_and_takes_nothing_stateful(stack: str) -> None:
    before, after = environment(stack, active=RECOVERY), environment(stack, active=RECOVERY, demote=PRIMARY)
    assert in_region(before, RECOVERY) == in_region(after, RECOVERY)
    gone = in_region(before, PRIMARY).keys() - in_region(after, PRIMARY).keys()
    assert {before.by_urn[urn].type for urn in gone} & STATEFUL == set()


@pytest.mark.parametrize("stack", STACKS)
def test_the_recovery_manifest_does_not_depend_on_the_active_region(stack: str) -> None:
    assert environment(stack).outputs["manifest"] == environment(stack, active=RECOVERY).outputs["manifest"]


@pytest.mark.parametrize("stack", STACKS)
def test_the_recovery_manifest_is_kept_in_both_regions_and_fits(stack: str) -> None:
    most_characters = 8192  # of an advanced parameter (Systems Manager quotas, read 2026-11-21)
    parameters = {region: of_type(environment(stack), aws.SSM_PARAMETER, region) for region in (PRIMARY, RECOVERY)}
    kept = {
        region: [each for each in found if each.inputs["name"] == f"/haven/{stack}/manifest"]
        for region, found in parameters.items()
    }
    values = {parameter.inputs["insecureValue"] for found in kept.values() for parameter in found}
    assert [len(found) for found in kept.values()] == [1, 1]
    assert len(values) == 1
    assert len(values.pop()) < most_characters


def test_the_manifest_states_what_a_new_gpu_node_loads() -> None:
    for region in (PRIMARY, RECOVERY):
        groups = environment("warm").outputs["manifest"]["sides"][region]["cluster"]["nodeGroups"].values()
        found = {each["pool"]: (each.get("weightsGib"), each.get("streamed", False)) for each in groups}
        assert found == {"system": (None, False), "serving": (15, True), "training": (60, False)}


@pytest.mark.parametrize("stack", STACKS)
def test_what_the_manifest_names_at_full_scale_is_what_a_failover_declares(stack: str) -> None:
    after = environment(stack, active=RECOVERY)
    side = after.outputs["manifest"]["sides"][RECOVERY]
    groups = of_type(after, aws.EKS_NODE_GROUP, RECOVERY)
    sizes = {each.inputs["nodeGroupName"]: each.inputs["scalingConfig"] for each in groups}
    assert {name: each["full"] for name, each in side["cluster"]["nodeGroups"].items()} == {
        name: [each["minSize"], each["desiredSize"], each["maxSize"]] for name, each in sizes.items()
    }
    assert [each.inputs["name"] for each in of_type(after, CLUSTER, RECOVERY)] == [side["cluster"]["name"]]
    assert [each.inputs["replicationGroupId"] for each in of_type(after, CACHE, RECOVERY)] == [side["cache"]]
    buckets = of_type(after, aws.S3_BUCKET, RECOVERY)
    stores = {each.inputs["bucket"] for each in buckets if each.component == "ReplicatedBucket"}
    assert stores == set(side["buckets"].values())
    if stack != "backup":
        instances = of_type(after, INSTANCE, RECOVERY)
        zones = {each.inputs["identifier"]: each.inputs.get("availabilityZone") for each in instances}
        assert zones == side["database"]["instances"]
        assert [each.inputs["clusterIdentifier"] for each in of_type(after, DATABASE, RECOVERY)] == [
            side["database"]["cluster"]
        ]


def test_backup_has_no_cluster_database_or_cache_in_the_recovery_region() -> None:
    assert [of_type(environment("backup"), type_, RECOVERY) for type_ in (CLUSTER, DATABASE, CACHE)] == [[], [], []]


def test_pilot_light_has_a_headless_database_a_control_plane_and_no_gpu_node() -> None:
    recording = environment("pilot-light")
    assert len(of_type(recording, DATABASE, RECOVERY)) == 1
    assert of_type(recording, INSTANCE, RECOVERY) == []
    assert len(of_type(recording, CLUSTER, RECOVERY)) == 1
    assert gpu_sizes(recording, RECOVERY) == [0, 0]


def test_warm_has_a_gpu_node_and_a_reader() -> None:
    recording = environment("warm")
    assert sum(gpu_sizes(recording, RECOVERY)) >= 1
    assert len(of_type(recording, INSTANCE, RECOVERY)) >= 1


def test_active_active_has_equal_capacity_on_both_sides() -> None:
    recording = environment("active-active")
    assert gpu_sizes(recording, RECOVERY) == gpu_sizes(recording, PRIMARY)
    for type_ in (INSTANCE, CACHE, CLUSTER, aws.EKS_NODE_GROUP, aws.EC2_NAT_GATEWAY):
        assert len(of_type(recording, type_, RECOVERY)) == len(of_type(recording, type_, PRIMARY)), type_


@pytest.mark.parametrize(("lower", "higher"), list(combinations(TIERS, 2)))
def test_going_up_a_tier_nothing_that_stands_by_becomes_less(lower: str, higher: str) -> None:
    for type_ in (CLUSTER, DATABASE, INSTANCE, CACHE, aws.EC2_VPC, aws.EC2_NAT_GATEWAY):
        less, more = (
            len(of_type(environment("warm", tier=tier, objectives="{}"), type_, RECOVERY)) for tier in (lower, higher)
        )
        assert less <= more, type_
    less, more = (sum(gpu_sizes(environment("warm", tier=tier, objectives="{}"), RECOVERY)) for tier in (lower, higher))
    assert less <= more


@pytest.mark.parametrize("stack", STACKS)
def test_keys_secrets_and_buckets_have_their_copy_in_every_tier(stack: str) -> None:
    recording = environment(stack)
    assert len(of_type(recording, aws.KMS_REPLICA_KEY, RECOVERY)) == 1
    secrets = of_type(recording, aws.SECRETSMANAGER_SECRET, PRIMARY)
    assert secrets
    assert all(replica["region"] == RECOVERY for each in secrets for replica in each.inputs["replicas"])
    replication = aws.S3_BUCKET_REPLICATION_CONFIG
    assert len(of_type(recording, replication, PRIMARY)) == len(of_type(recording, replication, RECOVERY)) > 0


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_every_resource_has_an_explicit_provider(stack: str) -> None:
    without = [each.urn for each in environment(stack).real() if not each.provider]
    assert [urn for urn in without if "pulumi:index:Stash" not in urn] == []


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_nothing_is_auto_named(stack: str) -> None:
    for each in environment(stack).real():
        if each.type in NAMED_BY:
            assert each.inputs.get(NAMED_BY[each.type]), each.urn
        assert not any(name.endswith("Prefix") and "name" in name.lower() for name in each.inputs), each.urn


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_every_type_that_takes_a_name_is_in_the_table_of_names(stack: str) -> None:
    from pulumi._types import resource_types

    from haven.program.placeholders import resource_class

    names = {"name", "bucket", "identifier", "clusterIdentifier", "nodeGroupName", "replicationGroupId"}
    adopted = {aws.EC2_DEFAULT_SECURITY_GROUP}  # AWS made and named it
    for each in environment(stack).real():
        found = resource_class(each.type)
        prefixed = found is not None and {f"{name}Prefix" for name in names} & resource_types(found).keys()
        if prefixed and each.type not in adopted:
            assert each.type in NAMED_BY, f"{each.type} takes {prefixed}"


@pytest.mark.parametrize("stack", [*TIERS, ACCOUNT])
def test_every_stateful_resource_is_protected_and_retained(stack: str) -> None:
    for each in environment(stack).real():
        if each.type in STATEFUL:
            assert each.options.protect, each.urn
            assert each.options.retain_on_delete, each.urn


def test_nothing_of_an_ephemeral_environment_is_protected_or_retained() -> None:
    kept = [each.urn for each in environment("demo").real() if each.options.protect or each.options.retain_on_delete]
    assert kept == []


ENCRYPTED_BY = {
    aws.ELASTICACHE_REPLICATION_GROUP: ("kmsKeyId", "globalReplicationGroupId"),
    aws.CFG_DELIVERY_CHANNEL: ("s3KmsKeyArn",),
    aws.CLOUDTRAIL_TRAIL: ("kmsKeyId",),
    aws.CLOUDWATCH_LOG_GROUP: ("kmsKeyId",),
    aws.RDS_CLUSTER: ("kmsKeyId",),
    aws.SECRETSMANAGER_SECRET: ("kmsKeyId",),
    aws.EKS_CLUSTER: ("encryptionConfig",),
    aws.RDS_GLOBAL_CLUSTER: ("storageEncrypted",),
}


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_every_store_is_encrypted(stack: str) -> None:
    recording = environment(stack)
    for each in recording.real():
        if each.type in ENCRYPTED_BY:
            assert any(each.inputs.get(name) for name in ENCRYPTED_BY[each.type]), each.urn
    buckets = [each for each in recording.real() if each.type == aws.S3_BUCKET]
    encryption = aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION
    assert len([each for each in recording.real() if each.type == encryption]) == len(buckets) > 0


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_every_child_is_named_after_its_component_and_has_it_as_a_parent(stack: str) -> None:
    recording = environment(stack)
    for each in recording.resources:
        if each.component is None or each.type == f"haven:index:{each.component}":
            continue
        assert each.parent, each.urn
        assert each.name == each.component_name or each.name.startswith(f"{each.component_name}-"), each.urn


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_providers_make_no_call_when_they_are_configured(stack: str) -> None:
    providers = [each for each in environment(stack).resources if each.type == "pulumi:providers:aws"]
    regions = [PRIMARY, RECOVERY] if stack in (ACCOUNT, "demo") else [PRIMARY, RECOVERY, WITNESS]
    assert sorted(each.inputs["region"] for each in providers) == sorted(regions)
    for each in providers:
        for flag in ("skipCredentialsValidation", "skipMetadataApiCheck"):
            assert each.inputs[flag] == "true", each.name
        assert each.inputs["skipRequestingAccountId"] == ("false" if stack == ACCOUNT else "true"), each.name


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_no_value_holds_a_name_of_the_emulators_account_but_in_the_demo(stack: str) -> None:
    values = [each for record in environment(stack).real() for each in nested(dict(record.inputs))]
    found = any(isinstance(each, str) and "000000000000" in each for each in values)
    assert found == (stack == "demo")


def test_the_program_itself_stays_short() -> None:
    assert len((ROOT / "infra/__main__.py").read_text().splitlines()) < 40


def test_a_system_below_its_environment_stands_by_at_its_own_tier() -> None:
    both = environment("warm", systems='{"serving": {"kind": "a"}, "training": {"kind": "b"}}')
    assert gpu_sizes(environment("warm"), RECOVERY) == [1, 0]
    assert gpu_sizes(both, RECOVERY) == [1, 1]


def test_a_note_names_the_key_of_every_digest_that_is_still_a_placeholder() -> None:
    (note,) = (each for each in environment("warm").outputs["notes"] if "placeholder" in each)
    config = load_stack("warm", ROOT).config
    digests = sum(config[f"haven:{key}"].count("f" * 64) for key in ("systems", "controllers"))
    keys = re.findall(r"haven:[\w.]+", note)
    assert len(keys) == digests > 3
    assert {"haven:systems.serving.toolsImage", "haven:controllers.loadBalancer.chart.digest"} <= set(keys)


def test_without_a_domain_there_is_no_record_and_a_note_says_so() -> None:
    recording = environment("warm", domain="", experiments="false")
    assert [each for each in recording.real() if each.type.startswith("aws:route53/")] == []
    assert any("haven:domain" in note for note in recording.outputs["notes"])


def test_every_shipped_stack_lets_a_failover_run_and_a_note_says_what_one_without_a_witness_lacks() -> None:
    def notes(tier: str, **changes: str) -> list[str]:
        given: list[str] = environment(tier, **changes).outputs["notes"]
        return [each for each in given if "haven:operations.witnessRegion" in each]

    assert [notes(tier) for tier in TIERS] == [[], [], [], []]
    assert len(notes("backup", operations="{}")) == 1


def test_backup_needs_a_snapshot_to_have_a_database_after_a_failover() -> None:
    without = environment("backup", active=RECOVERY)
    assert of_type(without, DATABASE, RECOVERY) == []
    assert any("restoreSnapshot" in note for note in without.outputs["notes"])
    snapshot = f"arn:aws:rds:{RECOVERY}:111122223333:cluster-snapshot:copied"
    restored = environment("backup", active=RECOVERY, database=f'{{"restoreSnapshot": "{snapshot}"}}')
    assert [each.inputs["snapshotIdentifier"] for each in of_type(restored, DATABASE, RECOVERY)] == [snapshot]


def test_automatic_traffic_adds_endpoint_checks() -> None:
    manual, automatic = environment("warm"), environment("warm", traffic='{"automatic": true}')
    checks = [
        [each.inputs["type"] for each in recording.real() if each.type == aws.ROUTE53_HEALTH_CHECK]
        for recording in (manual, automatic)
    ]
    assert sorted(checks[0]) == ["CLOUDWATCH_METRIC"] * 2
    assert sorted(checks[1]) == ["CALCULATED"] * 2 + ["CLOUDWATCH_METRIC"] * 2 + ["HTTPS"] * 2


@pytest.mark.parametrize("stack", TIERS)
def test_a_failover_names_what_blocks_a_destroy_where_the_cache_was_promoted(stack: str) -> None:
    values = [
        any("check-destroy" in note for note in each.outputs["notes"])
        for each in (environment(stack), environment(stack, active=RECOVERY))
    ]
    assert values == [False, stack in ("warm", "active-active")]


def interface_endpoints(recording: Recording, region: str) -> dict[str, int]:
    """Service -> the number of zones that its interface endpoint is in."""
    found = [each for each in of_type(recording, aws.EC2_VPC_ENDPOINT, region) if "subnetIds" in each.inputs]
    return {
        each.inputs["serviceName"].removeprefix(f"com.amazonaws.{region}."): len(each.inputs["subnetIds"])
        for each in found
    }


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("backup", {}),
        ("pilot-light", dict.fromkeys(endpoints.TO_START, 1)),
        ("warm", {each.name: 3 for each in endpoints.SERVICES}),
        ("active-active", {each.name: 3 for each in endpoints.SERVICES}),
    ],
)
def test_a_standby_region_has_the_interface_endpoints_of_its_tier_and_all_of_them_once_it_serves(
    stack: str, expected: dict[str, int]
) -> None:
    all_of_them = {each.name: 3 for each in endpoints.SERVICES}
    assert interface_endpoints(environment(stack), RECOVERY) == expected
    assert interface_endpoints(environment(stack), PRIMARY) == all_of_them
    assert interface_endpoints(environment(stack, active=RECOVERY), RECOVERY) == all_of_them
