"""What the real scheduler and controllers make of spread, tolerations, budgets and autoscalers.

Every pod has a node of its own, as pods with GPUs do.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from math import ceil

import pytest

from tests.kubernetes import cluster
from tests.kubernetes.api import Api, until
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.metrics import Metrics
from tests.kubernetes.test_arithmetic import is_even

pytestmark = pytest.mark.exhaustive

ZONES = ("a", "b", "c")
LOST = "a"
PATIENCE = 300.0
"""Seconds after which nothing more is expected of the control plane, however busy its machine is."""

Case = tuple[int, tuple[int, ...]]
"""Replicas, nodes of each zone: also unequal ones."""
EQUAL: tuple[Case, ...] = ((2, (2, 2)), (3, (3, 3)), (9, (5, 5)), (2, (1, 1, 1)), (5, (3, 3, 3)), (9, (3, 3, 3)))
UNEQUAL: tuple[Case, ...] = ((6, (2, 4, 1)), (7, (1, 1, 6)), (9, (3, 5, 2)))
LOSSES = (*EQUAL, *UNEQUAL)
DRAINS: tuple[Case, ...] = ((2, (2, 2)), (3, (2, 2, 2)), (9, (5, 5, 5)), (7, (7, 7)))


def _pool(prefix: str, case: Case) -> str:
    return f"{prefix}-{case[0]}-of-{'-'.join(map(str, case[1]))}"


def _deploy(api: Api, pool: str, case: Case) -> None:
    replicas, nodes = case
    zones = ZONES[: len(nodes)]
    cluster.open_namespace(api, pool)
    for zone, count in zip(zones, nodes, strict=True):
        cluster.add_nodes(api, pool, (zone,), count, 1)
    cluster.up(api, cluster.workload(pool, zones, {"minimum": replicas, "maximum": replicas}))


def _count(api: Api, pool: str, zone: str = "") -> int:
    return sum(zone in ("", cluster.zone_of(each)) for each in cluster.ready(api, pool))


@pytest.fixture(scope="module")
def after_a_loss(control_plane: ControlPlane) -> tuple[Mapping[Case, int], float]:
    """Replicas that are ready once a zone is silent for a while, and the seconds that took.

    All cases at once, for Kubernetes takes its time.
    """
    api = control_plane.api
    for case in LOSSES:
        _deploy(api, _pool("loss", case), case)
    for case in LOSSES:
        until(lambda: _count(api, _pool("loss", case)) == case[0], PATIENCE)  # noqa: B023  it is called at once
        rooms = dict(zip(ZONES, case[1], strict=False))
        placed = {zone: _count(api, _pool("loss", case), zone) for zone in rooms}
        assert is_even(placed, rooms), (case, placed)
    silent = time.monotonic()
    for case in LOSSES:
        cluster.silence(api, _pool("loss", case), LOST)

    def settled() -> bool:
        return all(_count(api, _pool("loss", case)) == _fits(case) for case in LOSSES)

    until(settled, PATIENCE, lambda: {case: _count(api, _pool("loss", case)) for case in LOSSES})
    return {case: _count(api, _pool("loss", case)) for case in LOSSES}, time.monotonic() - silent


def _fits(case: Case) -> int:
    replicas, nodes = case
    return min(replicas, sum(nodes[1:]))


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_a_zones_loss_leaves_all_that_fits_ready(
    case: Case, after_a_loss: tuple[Mapping[Case, int], float], api: Api, record_property: Callable[[str, str], None]
) -> None:
    counts, seconds = after_a_loss
    assert counts[case] == _fits(case)
    if case == LOSSES[0]:
        record_property("figure", f"a zone's loss: all that fits is ready in {len(LOSSES)} pools after {seconds:.0f} s")
    assert {cluster.zone_of(each) for each in cluster.ready(api, _pool("loss", case))} <= set(ZONES[1:])


@pytest.mark.parametrize("case", DRAINS, ids=str)
def test_a_drain_of_a_zone_ends_and_takes_a_zones_share_at_a_time(case: Case, api: Api) -> None:
    replicas, nodes = case
    pool = _pool("drain", case)
    _deploy(api, pool, case)
    until(lambda: _count(api, pool) == replicas, PATIENCE)
    fewest = [replicas]
    cluster.drain(api, pool, LOST, lambda: fewest.append(_count(api, pool)), PATIENCE)
    until(lambda: _count(api, pool) == replicas, PATIENCE)
    assert min(fewest) >= replicas - ceil(replicas / len(nodes))


@pytest.fixture
def metrics(control_plane: ControlPlane) -> Iterator[Metrics]:
    with Metrics(control_plane) as served:
        yield served


def test_a_budget_follows_the_autoscaler_and_hinders_it_in_nothing(api: Api, metrics: Metrics) -> None:
    pool = "follow"
    cluster.open_namespace(api, pool)
    cluster.add_nodes(api, pool, ZONES, 4, 1)
    objects = cluster.workload(pool, ZONES, {"minimum": 3, "maximum": 9})
    cluster.up(api, objects)

    def allowed() -> int:
        budget = api.get("policy/v1", "PodDisruptionBudget", "budget", pool)
        return int(budget.get("status", {}).get("disruptionsAllowed", 0))

    until(lambda: (_count(api, pool), allowed()) == (3, 1), PATIENCE)
    metrics.values[pool] = 90
    until(lambda: (_count(api, pool), allowed()) == (9, 3), PATIENCE)
    fast = {"minReplicas": 3, "maxReplicas": 9, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}}
    api.change(api.get("autoscaling/v2", "HorizontalPodAutoscaler", cluster.NAME, pool), {"spec": fast})
    metrics.values[pool] = 0
    until(lambda: (_count(api, pool), allowed()) == (3, 1), PATIENCE)
