"""The endpoints document: what applications of a Region read, in every tier, before and after a failover."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource
from infra.names import endpoints_characters
from tests.environments import PRIMARY, RECOVERY, STACKS, environment, nested, of_type

BOTH = (PRIMARY, RECOVERY)
MOMENTS = tuple(product(STACKS, BOTH))
"""Stack and active Region."""
SNAPSHOT = f"arn:aws:rds:{RECOVERY}:111122223333:cluster-snapshot:copied"


def parameter(recording: Recording, region: str, name: str = "endpoints") -> Resource:
    name = f"/haven/{recording.stack}/{name}"
    (found,) = [each for each in of_type(recording, aws.SSM_PARAMETER, region) if each.inputs["name"] == name]
    return found


def document(recording: Recording, region: str) -> Any:
    return json.loads(parameter(recording, region).inputs["insecureValue"])


def referred(recording: Recording, value: Any) -> Iterator[tuple[Resource, str]]:
    for text in nested(value):
        if isinstance(text, str):
            yield from ((recording.by_key[each["key"]], each["path"]) for each in REFERENCE.finditer(text))


def source(recording: Recording, value: str) -> tuple[str, str | None, str]:
    """Type, Region and property that a value comes from."""
    ((resource, path),) = referred(recording, value)
    return resource.type, resource.region, path


@pytest.mark.parametrize(("stack", "active"), MOMENTS)
def test_both_regions_keep_their_own_document_under_one_name(stack: str, active: str) -> None:
    recording = environment(stack, active=active)
    for region in BOTH:
        found = document(recording, region)
        assert (found["version"], found["environment"], found["region"]) == (1, stack, region)
        text = REFERENCE.sub("x" * 120, parameter(recording, region).inputs["insecureValue"])
        queues, secrets, tables, buckets = (list(found[each]) for each in ("queues", "secrets", "tables", "buckets"))
        assert len(text) <= endpoints_characters(stack, [*tables, *secrets, *buckets], queues)


@pytest.mark.parametrize(("stack", "active"), MOMENTS)
def test_a_document_names_resources_of_its_region_alone(stack: str, active: str) -> None:
    recording = environment(stack, active=active)
    for region in BOTH:
        used = [each for each, _ in referred(recording, document(recording, region))]
        elsewhere = {each.type for each in used if each.region not in (region, None)}
        shared = {aws.RDS_GLOBAL_CLUSTER, aws.S3CONTROL_MULTI_REGION_ACCESS_POINT}
        assert elsewhere <= (shared if stack == "active-active" else set())


@pytest.mark.parametrize("stack", ["pilot-light", "warm"])
def test_a_standby_region_names_its_own_cluster_as_the_writer_before_and_after_a_failover(stack: str) -> None:
    before, after = environment(stack), environment(stack, active=RECOVERY)
    for recording in (before, after):
        for region in BOTH:
            found = document(recording, region)["database"]
            assert source(recording, found["writer"]) == (aws.RDS_CLUSTER, region, "endpoint")
            assert source(recording, found["reader"]) == (aws.RDS_CLUSTER, region, "readerEndpoint")
    assert document(before, RECOVERY)["database"] == document(after, RECOVERY)["database"]


def test_where_both_regions_serve_the_writer_is_the_global_clusters_and_the_reader_the_regions_own() -> None:
    recording = environment("active-active")
    for region in BOTH:
        found = document(recording, region)["database"]
        assert source(recording, found["writer"])[::2] == (aws.RDS_GLOBAL_CLUSTER, "endpoint")
        assert source(recording, found["reader"]) == (aws.RDS_CLUSTER, region, "readerEndpoint")


def test_in_tier_backup_the_recovery_region_has_no_database_until_one_is_restored() -> None:
    assert document(environment("backup", active=RECOVERY), RECOVERY)["database"] is None
    changed = {"database": json.dumps({"restoreSnapshot": SNAPSHOT})}
    restored = environment("backup", active=RECOVERY, **changed)
    found = document(restored, RECOVERY)["database"]
    assert source(restored, found["writer"]) == (aws.RDS_CLUSTER, RECOVERY, "endpoint")
    tables = json.dumps({"sessions": {"hashKey": {"name": "session"}, "restored": True}})
    after = environment("backup", active=RECOVERY, tables=tables)
    assert document(after, RECOVERY)["tables"] == {"sessions": "haven-backup-sessions"}
    secrets = {each.inputs["name"] for each in of_type(restored, aws.SECRETSMANAGER_SECRET, RECOVERY)}
    assert found["secret"] in secrets


@pytest.mark.parametrize(("stack", "active"), MOMENTS)
def test_the_cache_is_the_regions_own_configuration_endpoint_and_null_where_there_is_none(
    stack: str, active: str
) -> None:
    recording = environment(stack, active=active)
    for region in BOTH:
        groups = of_type(recording, aws.ELASTICACHE_REPLICATION_GROUP, region)
        found = document(recording, region)["cache"]
        assert (found is not None) == bool(groups)
        if found is not None:
            expected = (aws.ELASTICACHE_REPLICATION_GROUP, region, "configurationEndpointAddress")
            assert source(recording, found["host"]) == expected
            assert (found["port"], found["tls"], found["clusterMode"]) == (
                groups[0].inputs.get("port", 6379),
                True,
                True,
            )


@pytest.mark.parametrize("stack", STACKS)
def test_names_in_a_document_are_names_of_declared_resources(stack: str) -> None:
    recording = environment(stack)
    names = {
        region: {
            each.inputs.get(key)
            for each in recording.real()
            if each.region == region
            for key in ("bucket", "name")
            if isinstance(each.inputs.get(key), str)
        }
        for region in BOTH
    }
    secrets = {each.inputs["name"] for each in recording.real() if each.type == aws.SECRETSMANAGER_SECRET}
    for region in BOTH:
        found = document(recording, region)
        assert set(found["buckets"].values()) <= names[region]
        assert found["buckets"].keys() == document(recording, PRIMARY)["buckets"].keys()
        named = {*found["secrets"].values(), *(each["secret"] for each in (found["database"], found["cache"]) if each)}
        assert named <= secrets
        for queue in found["queues"].values():
            assert source(recording, queue["url"])[1] == region
    assert set(document(recording, PRIMARY)["tables"].values()) <= names[PRIMARY]
    replicas = {each.inputs["globalTableArn"] for each in of_type(recording, aws.DYNAMODB_TABLE_REPLICA, RECOVERY)}
    here = [each for each in document(recording, RECOVERY)["tables"].values() if each is not None]
    assert len(here) == len(replicas)


@pytest.mark.parametrize("stack", STACKS)
def test_no_document_has_a_secrets_value(stack: str) -> None:
    recording = environment(stack)
    for region in BOTH:
        used = {each.type for each, _ in referred(recording, document(recording, region))}
        assert used.isdisjoint({"random:index/randomPassword:RandomPassword", aws.SECRETSMANAGER_SECRET_VERSION})


@pytest.mark.parametrize("stack", STACKS)
def test_the_policy_for_pods_reads_the_documents_of_both_regions_and_nothing_else(stack: str) -> None:
    recording = environment(stack)
    (policy,) = [each for each in recording.real() if each.type == aws.IAM_POLICY]
    statement: Mapping[str, Any]
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    account = recording.outputs["manifest"]["account"]
    assert statement["Action"] == ["ssm:GetParameter"]
    assert statement["Resource"] == [
        f"arn:aws:ssm:{region}:{account}:parameter/haven/{stack}/{name}"
        for name in ("endpoints", "write-mode")
        for region in BOTH
    ]
    endpoints = recording.outputs["endpoints"]
    assert endpoints["parameter"] == f"/haven/{stack}/endpoints"
    assert policy in [each for each, _ in referred(recording, endpoints["readPolicy"])]


@pytest.mark.parametrize(("stack", "active"), MOMENTS)
def test_applications_of_both_regions_may_write_until_a_runbook_changes_it(stack: str, active: str) -> None:
    recording = environment(stack, active=active)
    for region in BOTH:
        mode = parameter(recording, region, "write-mode")
        assert mode.inputs["insecureValue"] == "read-write"
        assert re.fullmatch(mode.inputs["allowedPattern"], "read-only")
        assert {"allowedPattern", "insecureValue"} <= {*mode.options.ignore_changes}
    assert recording.outputs["manifest"]["operations"]["mode"] == f"/haven/{stack}/write-mode"
