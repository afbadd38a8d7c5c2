"""Spread, budget and autoscaler fit each other for any number of replicas and zones: computed as Kubernetes does it."""

from collections.abc import Mapping, Sequence
from math import ceil, log

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.program.recorder import record
from haven_components.workloads import _pods
from tests.kubernetes.cluster import ZONE

ZONES = ("a", "b", "c", "d")
LABELS = _pods.labels("it", "server")
WEIGHT = 2
"""Of spread, and of affinity among pods, in the scheduler's sum; that of most other reasons is 1 (Kubernetes 1.35,
default plugins; read 2026-11-26)."""
replicas = st.integers(1, 60)
zones = st.integers(2, 4)
rooms = st.lists(st.integers(0, 30), min_size=2, max_size=4).map(lambda found: dict(zip(ZONES, found, strict=False)))
reasons = st.lists(st.integers(0, 150), min_size=4, max_size=4).map(lambda found: dict(zip(ZONES, found, strict=True)))


def place(
    count: int, rooms: Mapping[str, int], tainted: Sequence[str] = (), other: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Pods by zone as the scheduler puts them, one by one, by the rules that every component's pods have.

    Args:
        count: the pods to place.
        rooms: how many pods each zone has room for.
        tainted: zones whose nodes take no pod.
        other: what else the scheduler has for a zone's nodes.
    """
    width = len(rooms)
    hard = [each for each in _pods.spread(LABELS, ZONES[:width]) if each["when_unsatisfiable"] == "DoNotSchedule"]
    placed = dict.fromkeys(rooms, 0)
    alive = [each for each in rooms if each not in tainted and rooms[each]]
    for _ in range(count):
        fits = [each for each in alive if placed[each] < rooms[each]]
        for rule in hard:
            least = min(placed[each] for each in alive)
            fits = [each for each in fits if placed[each] + 1 - least <= rule["max_skew"]]
        if not fits:
            break
        scores = _scores({each: placed[each] for each in fits}, len(alive))
        placed[max(fits, key=lambda each: scores[each] + (other or {}).get(each, 0))] += 1
    return placed


def _scores(counts: Mapping[str, int], domains: int) -> Mapping[str, float]:
    """What the soft rule of spread and the preferred anti-affinity give the zones, each from 0 to 100 before weight."""
    raw = {each: round(count * log(domains + 2)) for each, count in counts.items()}
    least, most = min(raw.values()), max(raw.values())
    spread = {each: 100 * (most + least - value) // most if most else 100 for each, value in raw.items()}
    fewest, span = max(counts.values()), max(counts.values()) - min(counts.values())
    apart = _pods.apart(LABELS, ZONES[: len(counts)]) and span
    lonely = {each: 100 * (fewest - count) // span if apart else 0 for each, count in counts.items()}
    return {each: WEIGHT * (spread[each] + lonely[each]) for each in counts}


def is_even(placed: Mapping[str, int], rooms: Mapping[str, int], tainted: Sequence[str] = ()) -> bool:
    """Whether no zone has two pods more than another one that has room."""
    open_zones = [each for each in rooms if each not in tainted and placed[each] < rooms[each]]
    return all(placed[each] <= placed[other] + 1 for each in placed for other in open_zones)


@given(replicas, zones, reasons)
def test_no_zone_has_more_than_its_share(count: int, width: int, other: Mapping[str, int]) -> None:
    placed = place(count, dict.fromkeys(ZONES[:width], count), other=other)
    assert sum(placed.values()) == count
    assert max(placed.values()) <= ceil(count / width)


@given(replicas, rooms, reasons)
def test_all_that_fits_is_placed_and_evenly_while_there_is_room(
    count: int, rooms: Mapping[str, int], other: Mapping[str, int]
) -> None:
    placed = place(count, rooms, other=other)
    assert sum(placed.values()) == min(count, sum(rooms.values()))
    assert is_even(placed, rooms)


@given(replicas, rooms, reasons)
def test_all_that_fits_is_placed_when_a_zone_is_lost(
    count: int, rooms: Mapping[str, int], other: Mapping[str, int]
) -> None:
    placed = place(count, rooms, tainted=("a",), other=other)
    assert sum(placed.values()) == min(count, sum(room for zone, room in rooms.items() if zone != "a"))
    assert is_even(placed, rooms, ("a",))


def test_zones_with_unequal_room_leave_none_of_it_idle() -> None:
    """A rule with `DoNotSchedule` placed three and four of them."""
    assert place(4, {"a": 3, "b": 1, "c": 0}) == {"a": 3, "b": 1, "c": 0}
    assert place(6, {"a": 4, "b": 1, "c": 1}) == {"a": 4, "b": 1, "c": 1}


def test_every_rule_of_spread_passes_over_nodes_that_a_lost_zone_has_tainted() -> None:
    rules = _pods.spread(LABELS, ZONES)
    assert [each["node_taints_policy"] for each in rules] == ["Honor", "Honor"]
    assert ZONE in [each["topology_key"] for each in rules]


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
