"""What a stack looks like under another tier."""

import json
from pathlib import Path

import pytest

from haven.base.problems import Problems
from haven.config.project import Project
from haven.config.stack_file import Stack
from haven.model.objectives import impossible
from haven.model.tiers import Tier
from haven.program.run import comparable, with_tier


def stack(**config: str) -> Stack:
    project = Project("haven", Path("Pulumi.yaml"), Path("infra"), Path("stacks"))
    return Stack("test", Path("Pulumi.test.yaml"), project, {f"haven:{key}": text for key, text in config.items()}, ())


def test_only_the_tier_differs_where_nothing_hangs_on_it() -> None:
    before = stack(tier="warm", account="1", objectives="{}", systems="{}", database="{}")
    variant = with_tier(before, Tier.ACTIVE_ACTIVE)
    assert variant.stack.config == {**before.config, "haven:tier": "active-active"}
    assert variant.notes == ()
    assert before.config["haven:tier"] == "warm"


def test_objectives_stay_where_the_other_tier_can_meet_them() -> None:
    text = '{"rtoMinutes":1440, "rpoMinutes":"1440", "availabilityPercent": 99.5}'
    variant = with_tier(stack(tier="warm", objectives=text), Tier.BACKUP)
    assert variant.stack.config["haven:objectives"] == text
    assert variant.notes == ()


def test_objectives_out_of_reach_become_the_strictest_that_the_other_tier_can_meet_with_a_note() -> None:
    text = '{"rtoMinutes":30, "rpoMinutes":15, "availabilityPercent": 99.999}'
    slow = stack(tier="warm", objectives=text, backups='{"assumedJobMinutes": 600}')
    variant = with_tier(slow, Tier.BACKUP)
    able = json.loads(variant.stack.config["haven:objectives"])
    assert able == {"rtoMinutes": 60, "rpoMinutes": 60 + 60 + 600 + 30, "availabilityPercent": 99.98}
    assert impossible(Tier.BACKUP, able) == []
    assert variant.notes[1] == "rpoMinutes 15 is out of reach of tier backup: compared with 750 in its program"


def test_keys_that_need_a_replica_are_left_out_of_tier_backup_with_a_note() -> None:
    plan = '{"approvalRoleArn":"arn:aws:iam::111122223333:role/platform"}'
    variant = with_tier(stack(tier="warm", recoveryPlan=plan, rebuilt="false"), Tier.BACKUP)
    assert set(variant.stack.config) == {"haven:tier"}
    assert variant.notes == ("haven:recoveryPlan is left out: it belongs to tiers from pilot-light up",)


def test_keys_that_a_stack_omits_are_no_note() -> None:
    variant = with_tier(stack(tier="warm", recoveryPlan="{}", rebuilt=""), Tier.BACKUP)
    assert variant.notes == ()


def test_a_tier_is_not_compared_with_itself() -> None:
    comparable(stack(tier="warm"), Tier.BACKUP)
    with pytest.raises(Problems) as caught:
        comparable(stack(tier="warm"), Tier.WARM)
    assert caught.value.problems[0].fix == "name another tier; haven plan test shows this one"


def test_systems_above_the_other_tier_are_lowered_to_it_with_a_note() -> None:
    systems = {"a": {"kind": "x", "tier": "warm"}, "b": {"kind": "x", "tier": "backup"}, "c": {"kind": "x"}}
    variant = with_tier(stack(tier="warm", systems=json.dumps(systems)), Tier.PILOT_LIGHT)
    assert json.loads(variant.stack.config["haven:systems"]) == {
        **systems,
        "a": {"kind": "x", "tier": "pilot-light"},
    }
    assert variant.notes == ("system a is compared at tier pilot-light: it can't be above its environment",)


def test_a_snapshot_to_restore_stays_in_tier_backup_only() -> None:
    before = stack(tier="backup", database='{"instances": 2, "restoreSnapshot": "arn"}')
    assert json.loads(with_tier(before, Tier.BACKUP).stack.config["haven:database"])["restoreSnapshot"] == "arn"
    variant = with_tier(before, Tier.WARM)
    assert json.loads(variant.stack.config["haven:database"]) == {"instances": 2}
    assert variant.notes == ("haven:database.restoreSnapshot is left out: it belongs to tier backup",)


def test_restored_tables_stay_in_tier_backup_only() -> None:
    before = stack(tier="backup", tables='{"a": {"restored": true, "hashKey": {"name": "k"}}, "b": {}}')
    assert json.loads(with_tier(before, Tier.BACKUP).stack.config["haven:tables"])["a"]["restored"] is True
    variant = with_tier(before, Tier.WARM)
    assert json.loads(variant.stack.config["haven:tables"]) == {"a": {"hashKey": {"name": "k"}}, "b": {}}
    assert variant.notes == ("restored of haven:tables is left out (a): it belongs to tier backup",)
