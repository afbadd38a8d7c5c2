"""An environment that falls short of its tier is refused with the list of what is missing."""

import pytest

from haven.config.policy import Level
from haven.model import endpoints
from haven_policies.judge import Violation, judge
from haven_policies.rules import tier_conformance
from haven_policies.rules.model import rules_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import PRIMARY, RECOVERY, STACKS, TIERS, environment
from tests.policies.breaking import TODAY, verdict_of

RULES = {each.name for each in rules_of(tier_conformance)}


def _found(stack: str, *, recorded: dict[str, str], judged: dict[str, str]) -> list[Violation]:
    verdict = verdict_of(stack, environment(stack, **recorded), {**recorded, **judged})
    return [each for each in verdict.violations if each.rule.name in RULES]


MISSING_ENDPOINTS = sorted(each.name for each in endpoints.SERVICES if not each.to_start)
MISSING = {
    ("backup", "pilot-light"): [
        ("objects-replicated-in-time", "haven-backup-artifacts-euc1-replication"),
        ("objects-replicated-in-time", "haven-backup-artifacts-euw1-replication"),
        ("objects-replicated-in-time", "haven-backup-checkpoints-euc1-replication"),
        ("objects-replicated-in-time", "haven-backup-checkpoints-euw1-replication"),
        ("objects-replicated-in-time", "haven-backup-models-euc1-replication"),
        ("objects-replicated-in-time", "haven-backup-models-euw1-replication"),
        ("standby-cluster", "haven-backup-euw1-cluster-eksCluster"),
        ("standby-database", "haven-backup-db-euw1"),
        ("standby-network", "haven-backup-euw1-vpc"),
        ("standby-system-nodes", "haven-backup-euw1-system"),
        ("tables-replicated", "haven-backup-features"),
        ("tables-replicated", "haven-backup-sessions"),
        ("traffic-follows-tier", "haven-backup-dns-failover-euw1-cname"),
        ("traffic-follows-tier", "haven-backup-dns-private-failover-euw1-cname"),
    ],
    ("pilot-light", "warm"): [
        ("standby-cache", "haven-pilot-light-cache-euw1"),
        ("standby-database-instances", "haven-pilot-light-db-euc1"),
        *(("standby-endpoints", f"haven-pilot-light-euw1-{each}") for each in MISSING_ENDPOINTS),
        ("standby-gpu-nodes", "haven-pilot-light-euc1-serving"),
        ("standby-nat", "haven-pilot-light-euw1-nat-a"),
        ("standby-system-nodes", "haven-pilot-light-euc1-system"),
    ],
    ("warm", "active-active"): [
        ("objects-under-one-name", "haven-warm-artifacts-euw1"),
        ("objects-under-one-name", "haven-warm-checkpoints-euw1"),
        ("objects-under-one-name", "haven-warm-models-euw1"),
        ("standby-database-instances", "haven-warm-db-euc1"),
        ("standby-gpu-nodes", "haven-warm-euc1-serving"),
        ("standby-write-forwarding", "haven-warm-db-euc1"),
        ("traffic-follows-tier", "haven-warm-dns-failover-euc1-cname"),
        ("traffic-follows-tier", "haven-warm-dns-private-failover-euc1-cname"),
    ],
}


@pytest.mark.parametrize(("lower", "higher"), MISSING)
def test_a_stack_that_says_a_tier_with_the_contents_of_the_one_below_gets_all_that_is_missing(
    lower: str, higher: str
) -> None:
    found = _found(lower, recorded={}, judged={"tier": higher})
    assert sorted((each.rule.name, each.resource) for each in found) == MISSING[lower, higher]
    assert {each.level for each in found} == {Level.MANDATORY}
    for each in found:
        assert each.finding.got
        assert higher in each.finding.allowed or RECOVERY in each.finding.allowed


def test_what_is_missing_is_described_in_words_with_what_the_tier_wants_and_what_to_do() -> None:
    messages = [each.message for each in _found("pilot-light", recorded={}, judged={"tier": "warm"})]
    assert (
        "haven-pilot-light-euc1-serving scalingConfig.desiredSize: got 0; allowed: at least 1 of the 3 nodes of "
        "haven-pilot-light-euw1-serving: eu-central-1 is on standby in tier warm; fix: enlarge the group "
        "(haven:cluster.standbyShare or the system's own tier), or choose a lower haven:tier"
    ) in messages


@pytest.mark.parametrize(("lower", "higher"), MISSING)
def test_what_exceeds_the_tier_is_accepted(lower: str, higher: str) -> None:
    found = _found(higher, recorded={}, judged={"tier": lower})
    assert [each.message for each in found if each.level is Level.MANDATORY] == []


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("demoted", [False, True], ids=["", "demoted"])
def test_after_a_failover_the_shipped_stacks_are_still_their_tier(stack: str, demoted: bool) -> None:
    moved = {"active": RECOVERY, **({"demote": PRIMARY} if demoted else {})}
    assert [each.message for each in _found(stack, recorded=moved, judged={})] == []


def test_an_active_region_at_standby_scale_is_refused() -> None:
    found = _found("pilot-light", recorded={}, judged={"active": RECOVERY})
    assert {each.rule.name for each in found} == {
        "standby-cache",
        "standby-database-instances",
        "standby-endpoints",
        "standby-gpu-nodes",
        "standby-nat",
        "standby-system-nodes",
    }
    assert all(f"{RECOVERY} serves" in each.finding.allowed for each in found)


def test_a_system_of_a_lower_tier_is_judged_by_its_own() -> None:
    found = _found("pilot-light", recorded={}, judged={"tier": "active-active"})
    groups = {each.resource for each in found if each.rule.name == "standby-gpu-nodes"}
    assert groups == {"haven-pilot-light-euc1-serving"}


@pytest.mark.parametrize("stack", TIERS)
def test_a_program_that_says_no_tier_is_not_judged_by_one(stack: str) -> None:
    graph = ResourceGraph(environment(stack), read_stack_facts("test", {}))
    assert judge(graph, TODAY, rules_of(tier_conformance)).violations == []
