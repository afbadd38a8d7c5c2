"""A Region's contents were lost: what `haven:rebuilt` declares there, and that it changes nothing elsewhere."""

from collections.abc import Mapping
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY, environment, of_type
from tests.policies.breaking import verdict_of

TIERS = ("pilot-light", "warm", "active-active")


def lost(tier: str) -> Recording:
    """After the failover, the primary Region as it was."""
    return environment(tier, active=RECOVERY)


def rebuilt(tier: str) -> Recording:
    return environment(tier, active=RECOVERY, rebuilt="true")


def declared(recording: Recording, region: str) -> dict[str, Mapping[str, Any]]:
    return {each.urn: each.inputs for each in recording.real() if each.region == region}


@pytest.mark.parametrize("tier", TIERS)
def test_a_rebuilt_region_changes_nothing_in_the_one_that_survived(tier: str) -> None:
    assert declared(rebuilt(tier), RECOVERY) == declared(lost(tier), RECOVERY)


@pytest.mark.parametrize("tier", TIERS)
def test_a_rebuilt_database_is_a_copy_that_waits_for_the_one_that_survived(tier: str) -> None:
    recording = rebuilt(tier)
    (copy,) = of_type(recording, aws.RDS_CLUSTER, PRIMARY)
    assert copy.inputs["sourceRegion"] == RECOVERY
    assert copy.inputs["globalClusterIdentifier"]
    assert copy.inputs.keys() & {"masterUsername", "masterPassword", "databaseName", "snapshotIdentifier"} == set()
    (survivor,) = of_type(recording, aws.RDS_CLUSTER, RECOVERY)
    assert survivor.urn in copy.options.dependencies
    (original,) = of_type(lost(tier), aws.RDS_CLUSTER, PRIMARY)
    changed = {
        key for key in original.inputs.keys() | copy.inputs.keys() if original.inputs.get(key) != copy.inputs.get(key)
    }
    assert changed == {"sourceRegion", "masterUsername", "masterPassword", "databaseName"}


@pytest.mark.parametrize("tier", ["warm", "active-active"])
def test_a_rebuilt_cache_is_a_secondary_of_the_datastore_that_survived(tier: str) -> None:
    recording = rebuilt(tier)
    (datastore,) = of_type(recording, aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP, PRIMARY)
    (survivor,) = of_type(recording, aws.ELASTICACHE_REPLICATION_GROUP, RECOVERY)
    (copy,) = (
        each
        for each in of_type(recording, aws.ELASTICACHE_REPLICATION_GROUP, PRIMARY)
        if each.component == "GlobalCache"
    )
    assert datastore.inputs["primaryReplicationGroupId"] == survivor.inputs["replicationGroupId"]
    assert datastore.urn in copy.options.dependencies
    assert copy.inputs.keys() & {"engineVersion", "nodeType", "numNodeGroups", "atRestEncryptionEnabled"} == set()


def test_in_pilot_light_a_rebuilt_cache_starts_empty_as_the_first_one_did() -> None:
    groups = [
        of_type(each, aws.ELASTICACHE_REPLICATION_GROUP, PRIMARY)
        for each in (lost("pilot-light"), rebuilt("pilot-light"))
    ]
    assert [each.inputs for each in groups[0]] == [each.inputs for each in groups[1]]


@pytest.mark.parametrize("tier", TIERS)
def test_the_manifest_and_the_policies_take_a_rebuilt_region_as_they_took_the_first(tier: str) -> None:
    assert rebuilt(tier).outputs["manifest"] == lost(tier).outputs["manifest"]
    changes = {"active": RECOVERY, "rebuilt": "true"}
    assert verdict_of(tier, rebuilt(tier), changes).violations == []
