"""The gate on what a stack of the project's own would do: moves between tiers, a failover, and what follows it."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from haven.gate.findings import GateRule
from haven.gate.verdict import GateVerdict
from haven.program.diff import without_secrets
from haven.program.recording import Recording, Resource
from haven.program.stateful_types import stateful
from tests.environments import PRIMARY, RECOVERY, TIERS, environment
from tests.haven.gate.change_sets import STACK, judged

MOVES = tuple(pairwise(TIERS))
MOVING = ("pilot-light", "warm")
"""Tiers in which a failover both adds and enlarges."""
FAILED_OVER: Mapping[str, str] = {"active": RECOVERY}
DEMOTED: Mapping[str, str] = {"active": RECOVERY, "demote": PRIMARY}


def declared(tier: str, **changes: str) -> Recording:
    """One stack in any tier; its objectives are no matter here."""
    return environment("warm", tier=tier, objectives="{}", **changes)


def _state(record: Resource) -> dict[str, Any]:
    return {
        "custom": True,
        "inputs": without_secrets(record.inputs),
        "provider": f"{record.provider}::0d2c",
        "protect": record.options.protect,
        "retainOnDelete": record.options.retain_on_delete,
    }


def _steps(before: Recording, after: Recording) -> Iterator[dict[str, Any]]:
    old, new = ({each.urn: _state(each) for each in recording.real()} for recording in (before, after))
    for urn in sorted({*old, *new}):
        operation = "create" if urn not in old else "delete" if urn not in new else "update"
        sides = {"oldState": old.get(urn), "newState": new.get(urn)}
        if sides["oldState"] != sides["newState"]:
            yield {"op": operation, "urn": urn, **{side: state for side, state in sides.items() if state}}


def verdict(before: Recording, after: Recording) -> GateVerdict:
    """What the gate says of getting from one declaration to the other, as a preview would have it."""
    return judged({"steps": [STACK, *_steps(before, after)], "changeSummary": {}})


@pytest.mark.parametrize(("lower", "higher"), MOVES)
def test_a_move_up_has_no_finding_but_the_hourly_backups_that_a_replica_replaces(lower: str, higher: str) -> None:
    found = verdict(declared(lower), declared(higher))
    assert found.counts
    rules = {(each.rule, each.name.rpartition("-")[2]) for each in found.findings}
    assert rules == ({(GateRule.PROTECTION, "plan")} if lower == "backup" else set())


@pytest.mark.parametrize(("lower", "higher"), MOVES)
def test_a_move_down_has_a_finding_for_every_stateful_protected_or_retained_resource(lower: str, higher: str) -> None:
    before, after = declared(higher), declared(lower)
    gone = [each for each in before.real() if each.urn not in after.by_urn]
    held = {each.urn for each in gone if each.options.protect or each.options.retain_on_delete or stateful(each.type)}
    found = verdict(before, after).findings
    assert {each.identity for each in found if each.rule is GateRule.DELETION} == held
    assert {each.region for each in found if each.rule is GateRule.REGIONS} <= {RECOVERY}


@pytest.mark.parametrize("tier", MOVING)
@pytest.mark.parametrize(("before", "after"), [({}, FAILED_OVER), (DEMOTED, {"demote": PRIMARY})])
def test_a_failover_and_a_failback_pass(tier: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    found = verdict(declared(tier, **before), declared(tier, **after))
    assert found.failover
    assert not found.findings


@pytest.mark.parametrize("tier", MOVING)
def test_bringing_the_old_side_down_passes_by_itself_but_not_together_with_the_failover(tier: str) -> None:
    by_itself = verdict(declared(tier, **FAILED_OVER), declared(tier, **DEMOTED))
    assert not by_itself.failover
    assert not by_itself.findings
    together = verdict(declared(tier), declared(tier, **DEMOTED)).findings
    assert {(each.rule, each.region) for each in together} == {(GateRule.FAILOVER, PRIMARY)}
