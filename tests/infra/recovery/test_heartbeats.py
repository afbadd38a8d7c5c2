"""Every environment writes heartbeats in both Regions, under the names that the manifest has, whichever is active."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven_components.resilience.heartbeat_function.keys import object_key
from tests.environments import PRIMARY, RECOVERY, TIERS, environment
from tests.infra.recovery.test_operations import manifest


def own(recording: Recording) -> dict[str, Resource]:
    """What there is for heartbeats, by URN."""
    return {each.urn: each for each in recording.real() if each.component == "Heartbeat"}


def settings(recording: Recording, region: str) -> Mapping[str, Any]:
    """What the Region's function is given."""
    (function,) = [
        each for each in own(recording).values() if (each.type, each.region) == (aws.LAMBDA_FUNCTION, region)
    ]
    found: Mapping[str, Any] = json.loads(function.inputs["environment"]["variables"]["HAVEN_HEARTBEAT"])
    return found


@pytest.mark.parametrize("tier", TIERS)
def test_the_function_of_each_region_has_what_the_manifest_promises(tier: str) -> None:
    recording = environment(tier)
    found = manifest(recording)
    assert found.operations is not None
    stores = found.operations.heartbeats.stores
    for region in (PRIMARY, RECOVERY):
        given = settings(recording, region)
        assert given["operations"] == found.operations.tables[region]
        assert given["other"] == found.other(region)
        assert {each for each in stores if each.startswith("bucket:")} == set(given["buckets"])
        assert {each for each in stores if each.startswith("table:")} == set(given["tables"])
        assert ("database" in stores) is ("database" in given)
        assert ("cache#0" in stores) is ("cache" in given)
        assert [name for name, _ in given["tables"].values()] == list(found.replicated_tables)
        assert set(given["buckets"].values()) == set(found.sides[region].buckets.values())
        assert given.get("objectsMinutes") == found.operations.heartbeats.objects_within_minutes
        assert given.get("objectsMinutes") == (None if tier == "backup" else 15)


@pytest.mark.parametrize(
    ("tier", "kinds"),
    [
        ("backup", {"bucket"}),
        ("pilot-light", {"bucket", "table", "database"}),
        ("warm", {"bucket", "table", "database", "cache"}),
    ],
)
def test_a_tier_has_heartbeats_in_what_it_replicates(tier: str, kinds: set[str]) -> None:
    operations = manifest(environment(tier)).operations
    assert operations is not None
    assert {each.partition(":")[0].partition("#")[0] for each in operations.heartbeats.stores} == kinds


def test_every_shard_of_the_cache_has_one() -> None:
    recording = environment("warm")
    (group,) = [
        each for each in recording.real() if each.type == aws.ELASTICACHE_REPLICATION_GROUP and each.region == PRIMARY
    ]
    operations = manifest(recording).operations
    assert operations is not None
    shards = [each for each in operations.heartbeats.stores if each.startswith("cache")]
    assert shards == [f"cache#{index}" for index in range(group.inputs["numNodeGroups"])]


@pytest.mark.parametrize("tier", ["backup", "pilot-light", "warm"])
def test_a_flip_of_the_active_region_changes_nothing_about_heartbeats(tier: str) -> None:
    before, after = (own(environment(tier, **change)) for change in ({}, {"active": RECOVERY}))
    assert before
    assert {urn: each.inputs for urn, each in before.items()} == {urn: each.inputs for urn, each in after.items()}


def test_old_versions_of_heartbeats_are_kept_for_a_day() -> None:
    rules = [
        {
            each["filter"]["prefix"]: each["noncurrentVersionExpiration"]["noncurrentDays"]
            for each in found.inputs["rules"]
        }
        for found in environment("warm").real()
        if found.type == aws.S3_BUCKET_LIFECYCLE_CONFIGURATION and found.component == "ReplicatedBucket"
    ]
    assert len(rules) == 6, "three buckets in each Region"
    assert all(
        each[prefix] == 1 for each in rules for prefix in each if object_key(PRIMARY).startswith(prefix) and prefix
    )
    assert all(any(prefix and object_key(RECOVERY).startswith(prefix) for prefix in each) for each in rules)


def test_a_bucket_under_object_lock_has_no_heartbeats() -> None:
    recording = environment(
        "backup", storage='{"buckets": {"models": {}, "checkpoints": {}, "artifacts": {"objectLockDays": 30}}}'
    )
    operations = manifest(recording).operations
    assert operations is not None
    assert set(operations.heartbeats.stores) == {"bucket:models", "bucket:checkpoints"}
    assert set(settings(recording, PRIMARY)["buckets"]) == {"bucket:models", "bucket:checkpoints"}


def test_only_a_headless_member_may_be_silent() -> None:
    for tier, headless in (("pilot-light", True), ("warm", False)):
        for region in (PRIMARY, RECOVERY):
            assert settings(environment(tier), region)["database"]["headless"] is headless
