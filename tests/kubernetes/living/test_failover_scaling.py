"""A failover and a demotion through server-side apply, with an autoscaler at work: no replica is lost, nothing refused.

Who applies `replicas` owns it. An autoscaler, or a runbook, that changes it takes it over: from then on an apply with
another number is refused (409), and one that leaves it out changes nothing. Of a number that was never applied nobody
is the owner: an apply with another one is obeyed. That is why a component leaves `replicas` out wherever something
scales.
"""

from collections.abc import Iterator
from threading import Event

import pytest

from haven_components.workloads._pods import WorkloadScaleArgs
from tests.kubernetes import cluster
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.controllers.scaling import Watch
from tests.kubernetes.metrics import Metrics

pytestmark = pytest.mark.exhaustive

ZONES = ("a", "b")
NOTHING: WorkloadScaleArgs = {"minimum": 0, "maximum": 8}
SHARE: WorkloadScaleArgs = {"minimum": 2, "maximum": 8}
FULL: WorkloadScaleArgs = {"minimum": 4, "maximum": 8}
BY_NAME: WorkloadScaleArgs = {**NOTHING, "force": True}
"""Of a Region that `haven:demote` names."""
PATIENCE = 120.0


@pytest.fixture(scope="module")
def metrics(control_plane: ControlPlane) -> Iterator[Metrics]:
    with Metrics(control_plane) as served:
        yield served


def _serve(api: Api, pool: str, scale: WorkloadScaleArgs) -> None:
    cluster.open_namespace(api, pool)
    cluster.add_nodes(api, pool, ZONES, 8, 1)
    cluster.up(api, cluster.workload(pool, ZONES, scale))
    _settle(api, pool, scale["minimum"])


def _settle(api: Api, pool: str, count: int) -> None:
    until(lambda: (cluster.wanted(api, pool), len(cluster.ready(api, pool))) == (count, count), PATIENCE)


def _rest() -> None:
    """Longer than the autoscaler's period, 5 s here."""
    Event().wait(12)


def test_a_failover_from_a_share_loses_nothing(api: Api, metrics: Metrics) -> None:
    """The runbook scales what no configuration declares; then `up` with the old one and with the new one."""
    pool = "share"
    metrics.values[pool] = 20
    _serve(api, pool, SHARE)
    metrics.values[pool] = 60
    _settle(api, pool, 6)
    with Watch(api, pool) as seen:
        cluster.scale(api, pool, 6)
        cluster.up(api, cluster.workload(pool, ZONES, SHARE))
        _rest()
        cluster.up(api, cluster.workload(pool, ZONES, FULL))
        _rest()
    assert (seen.wanted, seen.ready) == (6, 6)


def test_what_runs_keeps_replicas_that_nobody_waits_for(api: Api, metrics: Metrics) -> None:
    """Of the two metrics the one that asks for more decides: an empty queue takes nothing from a full fleet."""
    pool = "full"
    _serve(api, pool, FULL)
    metrics.second[pool] = 60
    _settle(api, pool, 6)
    with Watch(api, pool) as seen:
        metrics.values[pool], metrics.second[pool] = 70, 0
        _settle(api, pool, 7)
    assert (seen.wanted, seen.ready) == (6, 6)


def test_a_demotion_to_a_share_leaves_what_the_load_needs(api: Api, metrics: Metrics) -> None:
    pool = "demoted"
    metrics.values[pool] = 50
    _serve(api, pool, {"minimum": 5, "maximum": 8})
    with Watch(api, pool) as seen:
        cluster.up(api, cluster.workload(pool, ZONES, SHARE))
        _rest()
    assert (seen.wanted, seen.ready) == (5, 5)


def test_a_failover_from_nothing_keeps_what_the_runbook_scaled(api: Api, metrics: Metrics) -> None:
    pool = "nothing"
    metrics.values[pool] = 40
    _serve(api, pool, NOTHING)
    cluster.scale(api, pool, 4)
    _settle(api, pool, 4)
    with Watch(api, pool) as seen:
        with pytest.raises(ApiError, match="conflict"):
            cluster.up(api, cluster.workload(pool, ZONES, NOTHING))  # it declares 0: refused rather than obeyed
        cluster.up(api, cluster.workload(pool, ZONES, FULL))
        _rest()
    assert (seen.wanted, seen.ready) == (4, 4)


def test_a_failover_from_nothing_needs_no_runbook(api: Api, metrics: Metrics) -> None:
    pool = "alone"
    metrics.values[pool] = 0
    _serve(api, pool, NOTHING)
    cluster.up(api, cluster.workload(pool, ZONES, FULL))
    _settle(api, pool, 4)


def test_a_demotion_to_nothing_is_refused_unless_it_is_by_name(api: Api, metrics: Metrics) -> None:
    """Whoever scaled what was declared as 0 owns it since. After an unplanned failover nobody has scaled the lost
    Region down: `haven:demote` and `up` do."""
    pool = "emptied"
    metrics.values[pool] = 40
    _serve(api, pool, NOTHING)
    cluster.scale(api, pool, 4)
    cluster.up(api, cluster.workload(pool, ZONES, FULL))
    _settle(api, pool, 4)
    with pytest.raises(ApiError, match="conflict"):
        cluster.up(api, cluster.workload(pool, ZONES, NOTHING))
    assert cluster.wanted(api, pool) == 4
    cluster.up(api, cluster.workload(pool, ZONES, BY_NAME), between=_rest)  # what isn't declared goes after the rest
    _rest()
    _settle(api, pool, 0)
    cluster.up(api, cluster.workload(pool, ZONES, BY_NAME))


def test_a_region_that_always_served_is_brought_to_nothing_by_name_under_load(api: Api, metrics: Metrics) -> None:
    """Its autoscaler owns the replicas, and goes last."""
    pool = "lost"
    metrics.values[pool] = 70
    _serve(api, pool, FULL)
    _settle(api, pool, 7)
    cluster.up(api, cluster.workload(pool, ZONES, BY_NAME), between=_rest)
    _rest()
    _settle(api, pool, 0)


@pytest.mark.parametrize("pool", ["fixed-share", "scaled-share"])
def test_a_demotion_by_name_takes_back_what_a_runbook_raised(pool: str, api: Api, metrics: Metrics) -> None:
    """Replicas where nothing scales, the autoscaler's minimum where something does."""
    fixed = pool.startswith("fixed")
    full: WorkloadScaleArgs = {"minimum": 4, "maximum": 4 if fixed else 8}
    share: WorkloadScaleArgs = {"minimum": 2, "maximum": 2 if fixed else 8}
    metrics.values[pool] = 0
    _serve(api, pool, share)
    if fixed:
        cluster.scale(api, pool, 4)
    else:
        found = api.get("autoscaling/v2", "HorizontalPodAutoscaler", cluster.NAME, pool)
        api.change(found, {"spec": {"minReplicas": 4}})
    cluster.up(api, cluster.workload(pool, ZONES, full))
    _settle(api, pool, 4)
    with pytest.raises(ApiError, match="conflict"):
        cluster.up(api, cluster.workload(pool, ZONES, share))
    cluster.up(api, cluster.workload(pool, ZONES, {**share, "force": True}))
    if fixed:
        assert cluster.wanted(api, pool) == 2
    else:
        found = api.get("autoscaling/v2", "HorizontalPodAutoscaler", cluster.NAME, pool)
        assert found["spec"]["minReplicas"] == 2


def test_a_failover_into_a_region_that_is_named_loses_nothing_with_the_new_configuration(
    api: Api, metrics: Metrics
) -> None:
    """And everything with the old one, which the runbook's report says."""
    pool = "named"
    metrics.values[pool] = 40
    _serve(api, pool, BY_NAME)
    cluster.scale(api, pool, 4)
    _settle(api, pool, 4)
    with Watch(api, pool) as seen:
        cluster.up(api, cluster.workload(pool, ZONES, FULL))
        _rest()
    assert (seen.wanted, seen.ready) == (4, 4)


def test_a_declared_count_takes_away_what_an_autoscaler_gave_or_is_refused(api: Api, metrics: Metrics) -> None:
    """Why `replicas` is left out where something scales: of a number that nobody declared, nobody is the owner."""
    pool = "fight"
    metrics.values[pool] = 60
    _serve(api, pool, {"minimum": 6, "maximum": 8})
    deployment = cluster.workload(pool, ZONES, SHARE)["Deployment"]
    declared = {**deployment, "spec": {**deployment["spec"], "replicas": 3}}
    with Watch(api, pool) as seen:
        api.apply(declared)
        _rest()
    assert seen.wanted == 3
    _settle(api, pool, 6)
    with pytest.raises(ApiError, match="conflict"):
        api.apply(declared)
