"""Monte Carlo beside the closed forms, at 100,000 draws."""

import numpy as np
import pytest

from haven.model.durations.distributions import AtLeast, Distribution, Fixed, LogNormal, Slowest, Uniform
from haven.model.durations.graph import Basis, Step, mean, parallel, serial, steps
from haven.model.durations.simulation import Draws, Simulation, quantile
from haven.model.durations.terms import Terms, rows
from tests.haven.model.durations.environments import without

DRAWS = 100_000
BASIS = Basis("assumed", ("a test",))
DISTRIBUTIONS: dict[str, Distribution] = {
    "fixed": Fixed(60),
    "uniform": Uniform(120, 180),
    "narrow": LogNormal(300, 0.1),
    "wide": LogNormal(180, 0.85),
    "bounded": AtLeast(LogNormal(50, 0.5), 60),
    "slowest": Slowest(LogNormal(180, 0.85), 4),
}
STEPS = {name: Step(name, each, BASIS) for name, each in DISTRIBUTIONS.items()}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return Simulation(DRAWS)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_has_the_quantiles_of_its_closed_form(name: str, simulation: Simulation) -> None:
    drawn = simulation.total(STEPS[name])
    for share in (0.05, 0.5, 0.95, 0.99):
        assert np.quantile(drawn, share) == pytest.approx(DISTRIBUTIONS[name].quantile(share), rel=0.01)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_has_the_mean_of_its_closed_form(name: str, simulation: Simulation) -> None:
    assert simulation.summary(STEPS[name]).mean == pytest.approx(DISTRIBUTIONS[name].mean, rel=0.01)


@pytest.mark.parametrize("term", sorted({row.term for row in rows()} - {"weights_load"}))
def test_every_term_of_the_data_is_drawn_as_its_closed_form(term: str, simulation: Simulation) -> None:
    fitted = Terms()[term].duration
    summary = simulation.summary(Step(term, fitted, BASIS))
    assert summary.mean == pytest.approx(fitted.mean, rel=0.01)
    assert summary.p95 == pytest.approx(fitted.quantile(0.95), rel=0.01)


@pytest.mark.parametrize("name", sorted(set(STEPS) - {"fixed"}))
def test_quantile_and_probability_are_each_others_inverse(name: str) -> None:
    for share in (0.7, 0.9, 0.99):
        assert DISTRIBUTIONS[name].probability(DISTRIBUTIONS[name].quantile(share)) == pytest.approx(share)


def test_the_mean_of_a_sum_is_the_sum_of_the_means(simulation: Simulation) -> None:
    graph = serial(*STEPS.values())
    closed = mean(graph)
    assert closed == pytest.approx(sum(each.mean for each in DISTRIBUTIONS.values()))
    assert simulation.summary(graph).mean == pytest.approx(closed, rel=0.01)


def test_the_slowest_of_several_has_the_product_of_their_probabilities(simulation: Simulation) -> None:
    graph = parallel(*STEPS.values())
    drawn = simulation.total(graph)
    for seconds in (200, 300, 400, 800, 1600):
        expected = np.prod([each.probability(seconds) for each in DISTRIBUTIONS.values()])
        assert np.mean(drawn <= seconds) == pytest.approx(expected, abs=0.01)
    assert drawn.mean() == pytest.approx(mean(graph), rel=0.01)


def test_parallel_branches_of_several_steps_have_no_closed_form() -> None:
    one, two, three = (STEPS[name] for name in ("narrow", "wide", "uniform"))
    assert mean(serial(three, parallel(serial(one, two), three))) is None
    assert mean(parallel(serial(one, two), serial())) == pytest.approx(one.duration.mean + two.duration.mean)


def test_the_same_seed_gives_the_same_draws_and_another_one_others() -> None:
    graph = serial(STEPS["wide"], parallel(STEPS["narrow"], STEPS["uniform"]))
    first, second, other = (Simulation(1000, seed).total(graph) for seed in (7, 7, 8))
    assert (first == second).all()
    assert (first != other).any()


def test_a_step_has_the_same_draws_in_every_graph() -> None:
    simulation, alone = Simulation(1000), Simulation(1000)
    simulation.total(serial(*STEPS.values()))
    assert (simulation.total(STEPS["wide"]) == alone.total(STEPS["wide"])).all()


def test_the_tornado_begins_with_the_step_whose_absence_shortens_the_most(simulation: Simulation) -> None:
    graph = serial(STEPS["uniform"], parallel(STEPS["wide"], STEPS["narrow"]), STEPS["fixed"])
    effects = simulation.tornado(graph)
    assert [each.step.name for each in effects] == ["wide", "uniform", "fixed", "narrow"]
    whole = simulation.summary(graph).p95
    for each in effects:
        assert each.saves == pytest.approx(whole - simulation.summary(without(graph, each.step.name)).p95)
        for share, median in ((0.05, each.low), (0.95, each.high)):
            fixed = Step(each.step.name, Fixed(each.step.duration.quantile(share)), BASIS)
            held = [fixed if one.name == each.step.name else one for one in steps(graph)]
            assert median == pytest.approx(simulation.summary(serial(held[0], parallel(*held[1:3]), held[3])).p50)


@pytest.mark.parametrize("count", [1, 2, 31, 33, 1000, DRAWS])
@pytest.mark.parametrize("order", ["random", "rising", "falling", "alike", "few", "misleading"])
def test_a_quantile_is_numpys_in_whatever_order_the_draws_are(order: str, count: int) -> None:
    random = np.random.default_rng(1).normal(size=count)
    misleading = random.copy()
    misleading[::32] = 1e9  # what is sampled isn't like the rest
    orders: dict[str, Draws] = {
        "random": random,
        "rising": np.sort(random),
        "falling": np.sort(random)[::-1],
        "alike": np.ones(count),
        "few": np.round(random),
        "misleading": misleading,
    }
    draws = orders[order]
    for share in (0.0, 0.05, 0.5, 0.95, 0.99, 1.0):
        assert quantile(draws, share) == pytest.approx(np.percentile(draws, 100 * share), rel=1e-12, abs=1e-12)


def test_a_schedule_starts_parallel_branches_together_and_goes_on_after_the_slowest(simulation: Simulation) -> None:
    graph = serial(STEPS["fixed"], parallel(STEPS["narrow"], STEPS["uniform"]), Step("last", Fixed(10), BASIS))
    schedule = simulation.schedule(graph)
    assert schedule["fixed"] == (0, 60)
    assert schedule["narrow"][0] == schedule["uniform"][0] == 60
    assert schedule["last"][0] == pytest.approx(simulation.summary(graph).p50 - 10)
