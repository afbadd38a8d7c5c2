"""Spread, budget and autoscaler fit each other for any number of replicas and zones: computed as Kubernetes does it."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.program.recorder import record
from haven_components.workloads import _pods

ZONES = ("a", "b", "c", "d")
LABELS = _pods.labels("it", "server")
replicas = st.integers(1, 60)
zones = st.integers(2, 4)


def place(count: int, rooms: Mapping[str, int], rule: Mapping[str, Any], tainted: Sequence[str] = ()) -> dict[str, int]:
    """Pods by zone as the scheduler puts them, one by one, under a hard rule of spread.

    Args:
        count: the pods to place.
        rooms: how many pods each zone has room for.
        rule: the topology spread constraint.
        tainted: zones whose nodes take no pod; they count for the spread unless the rule honours taints.
    """
    counted = [each for each in rooms if each not in tainted or rule.get("node_taints_policy") != "Honor"]
    placed = dict.fromkeys(rooms, 0)
    for _ in range(count):
        least = min(placed[each] for each in counted)
        fits = [
            each
            for each in rooms
            if each not in tainted and placed[each] < rooms[each] and placed[each] + 1 - least <= rule["max_skew"]
        ]
        if not fits:
            break
        placed[min(fits, key=lambda each: placed[each])] += 1
    return placed


def _rule(count: int) -> Mapping[str, Any]:
    """The hard rule for a number of zones."""
    (hard,) = [each for each in _pods.spread(LABELS, ZONES[:count]) if each["when_unsatisfiable"] == "DoNotSchedule"]
    return hard


@given(replicas, zones)
def test_no_zone_has_more_than_its_share(count: int, width: int) -> None:
    placed = place(count, dict.fromkeys(ZONES[:width], count), _rule(width))
    assert sum(placed.values()) == count
    assert max(placed.values()) <= ceil(count / width)


@given(replicas, zones, st.integers(1, 60))
def test_all_that_fits_is_placed_when_a_zone_is_lost(count: int, width: int, room: int) -> None:
    rooms = dict.fromkeys(ZONES[:width], room)
    placed = place(count, rooms, _rule(width), tainted=("a",))
    assert sum(placed.values()) == min(count, room * (width - 1))


def test_lost_zones_that_count_leave_pods_without_a_node() -> None:
    """Six pods in three zones, one of them lost: why taints are honoured."""
    ignoring = {**_rule(3), "node_taints_policy": "Ignore"}
    assert sum(place(6, dict.fromkeys("abc", 6), ignoring, tainted=("a",)).values()) == 2


@pytest.fixture(scope="module")
def shares() -> Mapping[int, int]:
    """Number of zones -> what the budget lets go, in percent."""

    def program() -> None:
        for width in range(1, len(ZONES) + 1):
            _pods.disruption_budget(f"budget-{width}", "it", LABELS, ZONES[:width], pulumi.ResourceOptions())

    found = {each.name: str(each.inputs["spec"]["maxUnavailable"]) for each in record(program, stack="test").real()}
    return {int(name[-1]): int(share.removesuffix("%")) for name, share in found.items()}


def _may_go(count: int, share: int) -> int:
    """Pods that a budget lets go at a time: Kubernetes rounds shares up."""
    return ceil(count * share / 100)


@given(count=replicas, width=st.integers(1, 4))
def test_a_drain_is_always_possible_and_takes_a_zones_share_at_most(
    shares: Mapping[int, int], count: int, width: int
) -> None:
    may_go = _may_go(count, shares[width])
    assert 1 <= may_go <= ceil(count / max(width, 2))
    assert count == 1 or may_go < count


@given(least=st.integers(0, 30), more=st.integers(0, 30))
def test_a_count_is_declared_exactly_where_nothing_scales(least: int, more: int) -> None:
    scale: _pods.WorkloadScaleArgs = {"minimum": least, "maximum": least + more}
    declared = _pods.replicas(scale)
    assert (declared is None) == _pods.is_autoscaled(scale)
    assert declared in (None, least)
    assert not (least == 0 and _pods.is_autoscaled(scale))
