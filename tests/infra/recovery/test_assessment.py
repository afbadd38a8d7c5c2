"""What Resilience Hub knows of an environment."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.plan.difference import diff_recordings
from haven.program import aws_types as aws
from haven.program.recorder import record
from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY, ROOT, TIERS, environment, once, warm_every_day

TYPES = {
    aws.RESILIENCEHUB_V2_INPUT_SOURCE,
    aws.RESILIENCEHUB_V2_POLICY,
    aws.RESILIENCEHUB_V2_SERVICE,
    aws.RESILIENCEHUB_V2_SYSTEM,
}
APPROACHES = {
    "backup": "BACKUP_AND_RESTORE",
    "pilot-light": "PILOT_LIGHT",
    "warm": "WARM_STANDBY",
    "active-active": "ACTIVE_ACTIVE",
}
NAME = "haven-test-resilience"


def _assessed(tier: str, **changes: str) -> Recording:
    """A small environment that Resilience Hub knows."""
    values = {
        "account": "111122223333",
        "tier": tier,
        "regions": json.dumps({"primary": PRIMARY, "recovery": RECOVERY}),
        "objectives": json.dumps({"rtoMinutes": 1440, "rpoMinutes": 239.5, "availabilityPercent": 99.9}),
        "resilienceHub": "true",
        **changes,
    }
    config = {f"haven:{name}": value for name, value in values.items()}
    return once(["assessed", config], lambda: record(ROOT / "infra", stack="test", config=config))


def _inputs(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    return {each.name: each.inputs for each in recording.real() if each.type == kind}


def _policy(recording: Recording) -> Mapping[str, Any]:
    return _inputs(recording, aws.RESILIENCEHUB_V2_POLICY)[f"{NAME}-policy"]


def test_without_the_key_resilience_hub_knows_nothing() -> None:
    assert not TYPES & {each.type for each in _assessed("warm", resilienceHub="false").real()}


@pytest.mark.parametrize("tier", TIERS)
def test_the_policy_holds_the_tier_and_the_objectives_in_minutes_begun(tier: str) -> None:
    policy = _policy(_assessed(tier))
    assert policy["multiRegion"] == {
        "disasterRecoveryApproach": APPROACHES[tier],
        "rtoInMinutes": 1440,
        "rpoInMinutes": 240,
    }
    assert policy["availabilitySlo"] == {"target": 99.9}


def test_objectives_that_the_stack_file_leaves_out_are_none_of_the_policy() -> None:
    policy = _policy(_assessed("warm", objectives="{}"))
    assert policy["multiRegion"] == {"disasterRecoveryApproach": "WARM_STANDBY"}
    assert "availabilitySlo" not in policy


def test_backups_come_at_the_interval_of_the_rule_that_makes_the_most() -> None:
    minutes = {
        tier: _policy(_assessed(tier))["dataRecovery"]["timeBetweenBackupsInMinutes"] for tier in ("backup", "warm")
    }
    assert 0 < minutes["backup"] < 240
    assert minutes["warm"] == 24 * 60


def test_every_system_is_a_service_that_is_found_by_the_tags_of_its_resources() -> None:
    recording = environment("warm", resilienceHub="true")
    systems = recording.outputs["systems"]
    sources = _inputs(recording, aws.RESILIENCEHUB_V2_INPUT_SOURCE)
    assert sources.keys() == {f"haven-warm-resilience-{name}-tags" for name in systems}
    for name in systems:
        tags = sources[f"haven-warm-resilience-{name}-tags"]["resourceConfiguration"]["resourceTags"]
        assert tags == [
            {"key": "haven:environment", "values": ["warm"]},
            {"key": "haven:system", "values": [name, "shared"]},
        ]
    tagged = {(each.inputs.get("tags") or {}).get("haven:system", "shared") for each in recording.real()}
    assert tagged <= {*systems, "shared"}


def test_an_environment_without_systems_is_one_service() -> None:
    recording = _assessed("warm")
    (service,) = _inputs(recording, aws.RESILIENCEHUB_V2_SERVICE).values()
    (source,) = _inputs(recording, aws.RESILIENCEHUB_V2_INPUT_SOURCE).values()
    assert service["name"] == f"{NAME}-environment"
    assert service["regions"] == [PRIMARY, RECOVERY]
    assert source["resourceConfiguration"] == {"resourceTags": [{"key": "haven:environment", "values": ["test"]}]}


def test_a_system_below_the_environment_s_tier_is_measured_by_its_own_standby() -> None:
    systems = json.dumps({"features": {"kind": "feature-store"}, "runs": {"kind": "notes", "tier": "backup"}})
    recording = _assessed("warm", systems=systems)
    policies = _inputs(recording, aws.RESILIENCEHUB_V2_POLICY)
    assert {name: each["multiRegion"]["disasterRecoveryApproach"] for name, each in policies.items()} == {
        f"{NAME}-policy": "WARM_STANDBY",
        f"{NAME}-backup-and-restore-policy": "BACKUP_AND_RESTORE",
    }
    arns = {each.name: f"@@{each.key}.arn@@" for each in recording.real() if each.type == aws.RESILIENCEHUB_V2_POLICY}
    services = _inputs(recording, aws.RESILIENCEHUB_V2_SERVICE)
    assert services[f"{NAME}-runs-service"]["policyArn"] == arns[f"{NAME}-backup-and-restore-policy"]
    assert services[f"{NAME}-features-service"]["policyArn"] == arns[f"{NAME}-policy"]


@pytest.mark.parametrize("tier", warm_every_day(["backup", "warm"]))
def test_a_failover_changes_nothing_of_it_because_the_primary_region_may_be_lost(tier: str) -> None:
    before, after = (_assessed(tier, active=each) for each in (PRIMARY, RECOVERY))
    declared = [each for each in before.real() if each.type in TYPES]
    assert declared
    assert {each.region for each in declared} == {PRIMARY}
    found = diff_recordings(before, after)
    changed = [each.record for each in found.changed] + [*found.added, *found.removed]
    assert [each.name for each in changed if each.type in TYPES] == []


def test_a_move_of_the_tier_changes_policies_in_place() -> None:
    found = diff_recordings(_assessed("backup"), _assessed("warm"))
    changed = [each for each in found.changed if each.record.type in TYPES]
    assert {each.record.type for each in changed} == {aws.RESILIENCEHUB_V2_POLICY}
    assert {one.path.split(".")[0] for each in changed for one in each.properties} == {"multiRegion", "dataRecovery"}
    assert not [each for each in (*found.added, *found.removed) if each.type in TYPES]


def test_a_primary_region_without_resilience_hub_is_refused_in_the_words_of_the_config() -> None:
    regions = {"primary": "us-west-1", "recovery": "us-west-2"}
    with pytest.raises(Problems, match=r"haven:resilienceHub: got Resilience Hub's next generation in us-west-1"):
        _assessed(
            "warm",
            regions=json.dumps(regions),
            zones=json.dumps({"us-west-1": ["us-west-1b", "us-west-1c"]}),
        )
