import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.account.state_backend import StateBackend, StateBackendArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
ACCOUNT = "123456789012"
NAME = "haven-account-state"


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in CODES}
        args = {
            "account_id": ACCOUNT,
            "primary_region": PRIMARY,
            "recovery_region": RECOVERY,
            "recovery_provider": providers[RECOVERY],
        }
        state = StateBackend(
            name, cast("StateBackendArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("buckets", [state.primary_bucket, state.recovery_bucket])
        pulumi.export("urls", [state.primary_url, state.recovery_url])
        pulumi.export("secrets", [state.primary_secrets_provider, state.recovery_secrets_provider])
        pulumi.export("key", state.key_id)

    return record(program, stack="test")


def _of(recording: Recording, kind: str) -> list[Resource]:
    return [each for each in recording.real() if each.type.endswith(f":{kind}")]


def _refused(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(name, **changes)
    return re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)


def test_one_logs_in_with_the_bucket_of_either_region() -> None:
    outputs = _declare().outputs
    assert outputs["urls"] == [f"s3://{NAME}-{ACCOUNT}-{code}?region={region}" for region, code in CODES.items()]
    assert outputs["buckets"] == [f"{NAME}-{ACCOUNT}-{code}" for code in CODES.values()]


def test_secrets_are_decrypted_with_the_key_of_either_region() -> None:
    recording = _declare()
    assert recording.outputs["secrets"] == [f"awskms://alias/{NAME}-key?region={region}" for region in CODES]
    (key,) = _of(recording, "Key")
    (replica,) = _of(recording, "ReplicaKey")
    assert (key.region, key.inputs["multiRegion"], replica.region) == (PRIMARY, True, RECOVERY)
    assert {each.region: each.inputs["name"] for each in _of(recording, "Alias")} == dict.fromkeys(
        CODES, f"alias/{NAME}-key"
    )
    assert recording.outputs["key"] == f"@@{key.key}.id@@"


def test_state_is_versioned_and_replicated_both_ways_and_never_locked() -> None:
    recording = _declare()
    assert {each.region for each in _of(recording, "BucketVersioning")} == set(CODES)
    assert {each.region for each in _of(recording, "BucketReplicationConfig")} == set(CODES)
    assert [each.inputs["objectLockEnabled"] for each in _of(recording, "Bucket")] == [False, False]


@pytest.mark.parametrize("timed", [False, True])
def test_replication_has_a_time_where_asked_for(timed: bool) -> None:
    configs = _of(_declare(replication_time_control=timed), "BucketReplicationConfig")
    assert ["replicationTime" in each.inputs["rules"][0]["destination"] for each in configs] == [timed] * 2


def test_old_versions_of_the_state_are_kept_for_as_long_as_asked() -> None:
    rules = [each.inputs["rules"][0] for each in _of(_declare(noncurrent_days=365.0), "BucketLifecycleConfiguration")]
    assert [each["noncurrentVersionExpiration"]["noncurrentDays"] for each in rules] == [365, 365]


@pytest.mark.parametrize("ephemeral", [False, True])
def test_the_state_and_its_key_are_kept_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    recording = _declare(ephemeral=ephemeral)
    kept = [each for kind in ("Bucket", "Key", "ReplicaKey") for each in _of(recording, kind)]
    assert len(kept) == 4
    assert {(each.options.protect, each.options.retain_on_delete) for each in kept} == {(not ephemeral, not ephemeral)}


@pytest.mark.parametrize("name", ["n" * 42, "state--backend", "state-"])
def test_a_name_that_aws_would_refuse_is_refused_first(name: str) -> None:
    assert _refused(name) == ["name"]


def test_the_longest_name_fits_the_buckets() -> None:
    assert all(len(each) <= 63 for each in _declare("n" * 41).outputs["buckets"])


def test_every_problem_is_reported_at_once() -> None:
    assert _refused("State", account_id="1", recovery_region=PRIMARY, noncurrent_days=0) == [
        "name",
        "account_id",
        "recovery_region",
        "noncurrent_days",
    ]
