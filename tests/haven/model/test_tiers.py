"""What the four tiers promise, and how much of a Region stands by."""

from fractions import Fraction
from itertools import combinations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.model.sources import Assumption
from haven.model.tiers import PROMISES, STANDBY, Promise, Tier, database_instances, gpu_share, standby_count

PAIRS = list(combinations(Tier, 2))


def best_case(promise: Promise) -> float:
    return promise.best_case.value if promise.best_case else inf


def worst_case(promise: Promise) -> float:
    return promise.worst_case.value if promise.worst_case else inf


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_no_promise_gets_weaker_going_up(lower: Tier, higher: Tier) -> None:
    assert PROMISES[lower].keys() == PROMISES[higher].keys()
    for name, promise in PROMISES[higher].items():
        assert best_case(promise) <= best_case(PROMISES[lower][name]), name
        assert worst_case(promise) <= worst_case(PROMISES[lower][name]), name


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_every_higher_tier_has_at_least_the_standby_capacity_of_a_lower_one(lower: Tier, higher: Tier) -> None:
    less, more = STANDBY[lower], STANDBY[higher]
    for part in ("network", "nat", "cluster", "cache", "object_time_control", "write_forwarding"):
        assert getattr(less, part) <= getattr(more, part), part
    assert less.system_nodes <= more.system_nodes
    assert database_instances(lower, 3) <= database_instances(higher, 3)


def test_no_promise_has_a_worst_case_below_its_best_case() -> None:
    for promises in PROMISES.values():
        for promise in promises.values():
            assert best_case(promise) <= worst_case(promise), promise.description


@pytest.mark.parametrize("tier", [Tier.BACKUP, Tier.PILOT_LIGHT])
def test_a_cache_that_starts_empty_promises_no_entry(tier: Tier) -> None:
    assert PROMISES[tier]["rpo.cache"].best_case is None


def test_every_figure_without_a_source_is_an_assumption_with_a_reason() -> None:
    assumed = [
        each.worst_case for row in PROMISES.values() for each in row.values() if isinstance(each.worst_case, Assumption)
    ]
    assert assumed
    assert all(each.why for each in assumed)


@given(st.integers(0, 500), st.fractions(0, 1), st.integers(1, 5))
def test_a_standby_count_is_between_none_and_all(full: int, share: Fraction, least: int) -> None:
    count = standby_count(full, share, least)
    assert 0 <= count <= full
    if share > 0:
        assert count >= min(full, least)


@pytest.mark.parametrize(
    ("tier", "instances"), [(Tier.BACKUP, 0), (Tier.PILOT_LIGHT, 0), (Tier.WARM, 1), (Tier.ACTIVE_ACTIVE, 3)]
)
def test_database_instances_stand_by_as_the_tier_says(tier: Tier, instances: int) -> None:
    assert database_instances(tier, 3) == instances


def test_a_stack_s_own_share_of_gpu_nodes_counts_in_the_tier_that_leaves_it_open() -> None:
    assert {tier: gpu_share(tier, 0.5) for tier in Tier} == {
        Tier.BACKUP: 0,
        Tier.PILOT_LIGHT: 0,
        Tier.WARM: Fraction(1, 2),
        Tier.ACTIVE_ACTIVE: 1,
    }
    assert gpu_share(Tier.WARM, None) == Fraction(1, 3)
