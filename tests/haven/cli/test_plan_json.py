"""What `haven plan --json` promises of the four tiers."""

from math import inf
from typing import Any

import pytest

from haven.plan.summary import as_json, make_plan
from tests.environments import PRIMARY, RECOVERY, TIERS, environment

STANDBY = {
    "backup": {"controlPlanes": 0, "databaseClusters": 0, "databaseInstances": 0, "cacheNodes": 0, "gpuNodes": 0},
    "pilot-light": {"controlPlanes": 1, "databaseClusters": 1, "databaseInstances": 0, "gpuNodes": 0},
    "warm": {"controlPlanes": 1, "databaseClusters": 1, "databaseInstances": 1},
}


@pytest.mark.parametrize("tier", TIERS)
def test_json_says_what_each_tier_keeps_standing_in_the_recovery_region(tier: str) -> None:
    printed = as_json(make_plan(environment(tier)))["regions"]
    there = printed[RECOVERY]["capacity"]
    expected = STANDBY.get(tier, printed[PRIMARY]["capacity"])
    assert {name: there[name] for name in expected} == expected
    if tier == "warm":
        assert 1 <= there["gpuNodes"] < printed[PRIMARY]["capacity"]["gpuNodes"]


def _best_case(promise: dict[str, Any]) -> float:
    """null: everything is lost."""
    return inf if promise["bestCaseMinutes"] is None else float(promise["bestCaseMinutes"])


@pytest.mark.parametrize(("lower", "higher"), [(a, b) for i, a in enumerate(TIERS) for b in TIERS[i + 1 :]])
def test_json_never_promises_less_in_a_higher_tier(lower: str, higher: str) -> None:
    below, above = (as_json(make_plan(environment(tier)))["promises"] for tier in (lower, higher))
    assert below.keys() == above.keys()
    for name, promise in above.items():
        assert _best_case(promise) <= _best_case(below[name])
        most = below[name]["worstCaseMinutes"]
        assert most is None or promise["worstCaseMinutes"] is not None
        assert most is None or promise["worstCaseMinutes"] <= most
