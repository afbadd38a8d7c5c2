"""Objectives beside promises."""

import pytest

from haven.model.objectives import Feasibility, impossible, judge
from haven.model.tiers import Tier


@pytest.mark.parametrize(
    ("tier", "objectives", "hopeless"),
    [
        (Tier.BACKUP, {"rtoMinutes": 59}, ["rto"]),
        (Tier.BACKUP, {"rtoMinutes": 60}, []),
        (Tier.BACKUP, {"rpoMinutes": 119}, ["rpo.database"]),
        (Tier.BACKUP, {"rpoMinutes": 120}, []),
        (Tier.PILOT_LIGHT, {"rtoMinutes": 9}, ["rto"]),
        (Tier.PILOT_LIGHT, {"rpoMinutes": 1}, []),
        (Tier.WARM, {"rtoMinutes": 2}, ["rto"]),
        (Tier.ACTIVE_ACTIVE, {"rtoMinutes": 2}, []),
        (Tier.ACTIVE_ACTIVE, {"rtoMinutes": 1}, ["rto"]),
        (Tier.ACTIVE_ACTIVE, {"rpoMinutes": 0.01}, ["rpo.database", "rpo.objects", "rpo.cache"]),
        (Tier.BACKUP, {"availabilityPercent": 99.99}, ["rto"]),
        (Tier.PILOT_LIGHT, {"availabilityPercent": 99.99}, []),
        (Tier.PILOT_LIGHT, {"availabilityPercent": 99.999}, ["rto"]),
    ],
)
def test_an_objective_beyond_the_best_case_of_its_tier_is_impossible(
    tier: Tier, objectives: dict[str, float], hopeless: list[str]
) -> None:
    assert [each.promise for each in impossible(tier, objectives)] == hopeless


def test_an_objective_that_only_an_assumption_supports_says_so() -> None:
    (judgement,) = judge(Tier.WARM, {"rtoMinutes": 30})
    assert judgement.verdict is Feasibility.ASSUMED


def test_objects_have_no_promise_without_replication_time_control() -> None:
    verdicts = {each.promise: each.verdict for each in judge(Tier.BACKUP, {"rpoMinutes": 1440})}
    assert verdicts["rpo.objects"] is Feasibility.OPEN
    assert verdicts["rpo.database"] is Feasibility.ASSUMED


def test_no_objective_means_nothing_to_judge() -> None:
    assert judge(Tier.WARM, {}) == []
