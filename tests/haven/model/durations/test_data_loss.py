"""What stores may lose: per store and overall, tier by tier."""

from itertools import combinations

import pytest

from haven.model.data_loss import BackedUpStore, EmptyStore, LossInput, ReplicatedStore, lost
from haven.model.durations.simulation import Simulation
from haven.model.tiers import Tier

SIMULATION = Simulation(2000)
REPLICATED = ReplicatedStore("database", "lag_database")
HOURLY = BackedUpStore("database", 3600, 3600)
CACHE = ReplicatedStore("cache", "lag_cache")
STORES: dict[Tier, list[LossInput]] = {
    Tier.BACKUP: [HOURLY, EmptyStore("cache"), ReplicatedStore("objects", "lag_objects", ordered=False)],
    Tier.PILOT_LIGHT: [REPLICATED, EmptyStore("cache"), ReplicatedStore("objects", "lag_objects_timed", ordered=False)],
    Tier.WARM: [REPLICATED, CACHE, ReplicatedStore("objects", "lag_objects_timed", ordered=False)],
    Tier.ACTIVE_ACTIVE: [REPLICATED, CACHE, ReplicatedStore("objects", "lag_objects_timed", ordered=False)],
}


@pytest.mark.parametrize(("lower", "higher"), list(combinations(Tier, 2)))
def test_going_up_a_tier_never_loses_more(lower: Tier, higher: Tier) -> None:
    below, above = (lost(STORES[tier], SIMULATION) for tier in (lower, higher))
    assert below.overall is not None
    assert above.overall is not None
    assert above.overall.p50 <= below.overall.p50
    assert above.overall.p95 <= below.overall.p95 * 1.001


@pytest.mark.parametrize("tier", Tier)
def test_overall_is_the_store_that_loses_the_most(tier: Tier) -> None:
    loss = lost(STORES[tier], SIMULATION)
    assert loss.overall is not None
    assert loss.overall.p95 >= max(each.age.p95 for each in loss.stores if each.age)


def test_a_store_that_starts_empty_is_not_counted() -> None:
    loss = lost([EmptyStore("cache")], SIMULATION)
    assert loss.overall is None
    assert loss.stores[0].age is None


def test_the_worst_backup_is_interval_start_window_job_and_copy_ago() -> None:
    loss = lost([HOURLY], SIMULATION)
    assert loss.overall is not None
    assert loss.overall.mean == pytest.approx(1800 + 1800 + 2850, rel=0.1)
    assert 2 * 3600 < loss.overall.p99 < 2 * 3600 + 20_000


def test_more_frequent_backups_and_samples_lose_less() -> None:
    for rare, often in (
        (HOURLY, BackedUpStore("database", 1800, 3600)),
        (REPLICATED, ReplicatedStore("database", "lag_database", sample_seconds=10)),
    ):
        more, less = (lost([each], SIMULATION).overall for each in (rare, often))
        assert more is not None
        assert less is not None
        assert less.p95 < more.p95


def test_stores_without_order_across_keys_have_an_estimate_and_no_bound() -> None:
    assert {each.name: each.bound for each in lost(STORES[Tier.WARM], SIMULATION).stores} == {
        "database": True,
        "cache": True,
        "objects": False,
    }
