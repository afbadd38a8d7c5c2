"""Recovery times: what must hold for every environment, drawn with common random numbers."""

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haven.model.durations.distributions import Slowest
from haven.model.durations.gpu import GpuGroup, gpu_path
from haven.model.durations.graph import Node, Parallel, Step, steps
from haven.model.durations.simulation import Simulation
from haven.model.durations.terms import Terms
from haven.model.recovery_time import Detection, RecoveryInputs, Store, graphs, predict
from haven.model.tiers import Tier
from tests.haven.model.durations.environments import detections, groups, in_tier, without

SIMULATION, TERMS = Simulation(500), Terms()
ALARM = Detection(60, 3, health_check=False)
SERVING = GpuGroup("serving", 3, 0)
RESULTS = ("environment", "inference", "writes", "full")
QUICK = settings(max_examples=15, deadline=None)
unlike = st.lists(groups, max_size=3, unique_by=lambda each: each.name)


def graph_of(inputs: RecoveryInputs, result: str) -> Node:
    made: dict[str, Node] = vars(graphs(inputs, TERMS))
    return made[result]


def never_longer(shorter: RecoveryInputs, longer: RecoveryInputs) -> None:
    """In every single draw."""
    for result in RESULTS:
        short, long = (SIMULATION.total(graph_of(each, result)) for each in (shorter, longer))
        assert (short <= long + 1e-9).all(), result


@QUICK
@given(unlike, detections, st.booleans(), st.sampled_from(list(combinations(Tier, 2))))
def test_going_up_a_tier_never_worsens_the_recovery_time(
    several: list[GpuGroup], detection: Detection, automatic: bool, pair: tuple[Tier, Tier]
) -> None:
    lower, higher = (in_tier(tier, *several, detection=detection, automatic=automatic) for tier in pair)
    for result in RESULTS:
        below, above = (SIMULATION.summary(graph_of(each, result)) for each in (lower, higher))
        assert above.p50 <= below.p50, result
        assert above.p95 <= below.p95, result


@QUICK
@given(groups, detections, st.integers(0, 40), st.integers(0, 40))
def test_more_warm_nodes_never_lengthen_it(group: GpuGroup, detection: Detection, few: int, more: int) -> None:
    few, more = sorted((few, more))
    warm = in_tier(Tier.WARM, detection=detection)
    never_longer(*(replace(warm, groups=(replace(group, standby=nodes),)) for nodes in (more, few)))


@QUICK
@given(groups, detections, st.floats(1, 10), st.sampled_from(["weights_gb", "image_gb"]))
def test_larger_images_and_weights_never_shorten_it(
    group: GpuGroup, detection: Detection, factor: float, size: str
) -> None:
    larger = replace(group, **{size: getattr(group, size) * factor})
    never_longer(*(in_tier(Tier.PILOT_LIGHT, each, detection=detection) for each in (group, larger)))


@QUICK
@given(groups, detections, st.floats(0.05, 1), st.sampled_from(["volume_gb_s", "storage_gb_s"]))
def test_slower_volumes_never_shorten_it(group: GpuGroup, detection: Detection, factor: float, rate: str) -> None:
    slower = replace(group, **{rate: getattr(group, rate) * factor})
    never_longer(*(in_tier(Tier.PILOT_LIGHT, each, detection=detection) for each in (group, slower)))


@QUICK
@given(unlike, detections, st.sampled_from(Tier), st.data())
def test_removing_a_step_never_lengthens_it(
    several: list[GpuGroup], detection: Detection, tier: Tier, data: st.DataObject
) -> None:
    graph = graph_of(in_tier(tier, *several, detection=detection), data.draw(st.sampled_from(RESULTS)))
    name = data.draw(st.sampled_from(sorted({each.name for each in steps(graph)})))
    assert (SIMULATION.total(without(graph, name)) <= SIMULATION.total(graph) + 1e-9).all()


def always_serial(node: Node) -> list[Step]:
    """The steps that nothing runs beside."""
    if isinstance(node, Step):
        return [node]
    if isinstance(node, Parallel) and sum(any(steps(part)) for part in node.parts) > 1:
        return []
    return [each for part in node.parts for each in always_serial(part)]


@pytest.mark.parametrize("tier", Tier)
def test_removing_a_serial_step_lowers_the_mean_by_its_mean(tier: Tier) -> None:
    graph = graph_of(in_tier(tier, SERVING, detection=ALARM), "environment")
    drawn = Simulation(100_000)
    whole = drawn.summary(graph).mean
    removable = always_serial(graph)
    assert {"detect", "decide", "DNS TTL"} <= {each.name for each in removable}
    for step in removable:
        lowered = whole - drawn.summary(without(graph, step.name)).mean
        assert lowered == pytest.approx(step.duration.mean, rel=0.01)


@pytest.mark.parametrize("tier", Tier)
def test_the_steps_follow_the_order_of_the_runbook(tier: Tier) -> None:
    order = [each.name for each in steps(graph_of(in_tier(tier, SERVING, detection=ALARM), "environment"))]
    places = [order.index(name) for name in ("detect", "acknowledge", "lease", "observe", "decide", "fence")]
    places.append(order.index("switch: metric minute"))
    assert places == sorted(places)
    assert order[-1] == "verify"


def test_promotions_wait_for_the_fence_and_the_switch_for_promotions_and_nodes() -> None:
    schedule = predict(graphs(in_tier(Tier.WARM, SERVING, detection=ALARM), TERMS), SIMULATION).schedule
    assert schedule["promote database"][0] >= schedule["fence"][1] - 1
    assert schedule["switch: metric minute"][0] >= max(
        schedule["promote database"][1] * 0.99, schedule["GPU nodes serving"][1] * 0.8
    )
    assert schedule["GPU nodes serving"][0] == pytest.approx(schedule["fence"][0])


def test_inference_and_writes_are_kept_apart() -> None:
    made = graphs(in_tier(Tier.PILOT_LIGHT, SERVING, detection=ALARM), TERMS)
    inference, writes = ({each.name for each in steps(graph)} for graph in (made.inference, made.writes))
    assert {"GPU nodes serving", "engine serving"} <= inference - writes
    assert {"fence", "promote database", "database instance"} <= writes - inference


def test_a_headless_member_gets_its_instance_before_it_is_promoted() -> None:
    order = [each.name for each in steps(graph_of(in_tier(Tier.PILOT_LIGHT, SERVING, detection=ALARM), "writes"))]
    assert order.index("database instance") < order.index("promote database")


def test_nobody_decides_about_inference_where_route_53_moves_it_to_nodes_that_serve() -> None:
    checks = Detection(30, 3, health_check=True)
    warm = in_tier(Tier.WARM, SERVING, detection=checks, automatic=True)
    assert [each.name for each in steps(graph_of(warm, "inference"))] == ["detect", "DNS TTL"]
    cold = in_tier(Tier.PILOT_LIGHT, SERVING, detection=checks, automatic=True)
    assert "decide" in {each.name for each in steps(graph_of(cold, "inference"))}


def test_warm_is_sharp_enough_to_use_once_it_is_detected_and_decided() -> None:
    graph = graph_of(in_tier(Tier.WARM, SERVING, detection=ALARM), "environment")
    for name in ("detect", "acknowledge", "decide"):
        graph = without(graph, name)
    summary = SIMULATION.summary(graph)
    assert summary.p95 / summary.p50 <= 2


def test_payments_inference_is_back_within_15_minutes_at_p95_where_route_53_moves_it() -> None:
    made = graphs(in_tier(Tier.WARM, SERVING, detection=Detection(30, 3, health_check=True), automatic=True), TERMS)
    assert Simulation().summary(made.inference).p95 < 15 * 60


def test_payments_inference_is_back_within_15_minutes_at_p50_and_18_at_p95_where_somebody_decides() -> None:
    summary = Simulation().summary(graph_of(in_tier(Tier.WARM, SERVING, detection=ALARM), "inference"))
    assert summary.p50 < 15 * 60 < summary.p95
    assert summary.p95 / 60 == pytest.approx(18.1, abs=0.1)


def test_serving_starts_from_nothing_within_30_minutes_at_p50_and_34_at_p95_in_tier_pilot_light() -> None:
    summary = Simulation().summary(graph_of(in_tier(Tier.PILOT_LIGHT, SERVING, detection=ALARM), "inference"))
    assert summary.p50 < 30 * 60 < summary.p95
    assert summary.p95 / 60 == pytest.approx(33.9, abs=0.1)


@pytest.mark.parametrize(
    ("health_check", "clean"), [(Detection(10, 3, True), 90), (Detection(30, 3, True), 150)], ids=["10 s", "30 s"]
)
def test_the_earliest_clean_cut_over_is_interval_times_threshold_and_ttl(health_check: Detection, clean: int) -> None:
    warm = in_tier(Tier.WARM, SERVING, detection=health_check, automatic=True)
    assert SIMULATION.total(graph_of(warm, "inference")).max() == pytest.approx(clean, abs=0.1)


def test_the_closed_form_is_beside_the_simulation_where_there_is_one() -> None:
    for tier, has_one in ((Tier.BACKUP, False), (Tier.WARM, True)):
        predicted = predict(graphs(in_tier(tier, detection=ALARM), TERMS), SIMULATION)
        assert (predicted.closed_form_mean is not None) is has_one
    assert predicted.environment.mean == pytest.approx(predicted.closed_form_mean, rel=0.01)


def test_each_longer_way_to_a_database_takes_longer() -> None:
    warm = in_tier(Tier.WARM, detection=ALARM)
    medians = [
        SIMULATION.summary(graph_of(replace(warm, database=store), "writes")).p50
        for store in (Store.NONE, Store.REPLICATED, Store.HEADLESS, Store.BACKUP)
    ]
    assert all(shorter < longer for shorter, longer in pairwise(medians))


def test_every_step_has_a_basis_with_a_source_or_is_an_assumption() -> None:
    for tier in Tier:
        for step in steps(graph_of(in_tier(tier, SERVING, detection=ALARM), "full")):
            assert step.basis.sources, step.name
            unsourced = any(source.startswith("assumption") for source in step.basis.sources)
            assert not unsourced or step.basis.kind == "assumed", step.name


@QUICK
@given(group=groups, few=st.integers(0, 40), more=st.integers(0, 40))
def test_more_prepared_nodes_never_lengthen_it(group: GpuGroup, few: int, more: int) -> None:
    paths = [gpu_path(replace(group, prepared=nodes), TERMS, group.full) for nodes in sorted((few, more))]
    p95 = [SIMULATION.summary(each).p95 for each in paths]
    assert p95[1] <= p95[0] + 1e-6


def test_nodes_that_a_warm_pool_lacks_are_launched_beside_those_that_it_has() -> None:
    group = GpuGroup("serving", full=6, standby=2, prepared=4, image_present=True, loader="snapshot")
    terms = Terms()
    nodes, _ = gpu_path(group, terms, 6).parts
    assert [each.name for each in steps(nodes)] == ["warm pool serving", "GPU nodes serving"]
    assert isinstance(nodes, Parallel)
    whole, _ = gpu_path(replace(group, prepared=6), terms, 6).parts
    assert isinstance(whole, Step)
    assert whole.duration == Slowest(terms["warm_pool_node"].duration, 4)
    assert whole.basis.kind == "assumed"
