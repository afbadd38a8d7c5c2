"""What is predicted for the project's own stacks, from the resources that they declare."""

import json
import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from haven.base.terminal import WIDTH, Style
from haven.model.cost import break_even, with_outages
from haven.model.data_loss import BackedUpStore, EmptyStore, ReplicatedStore
from haven.model.prices import PriceBook
from haven.model.recovery_time import Detection, Store
from haven.plan import prediction_text
from haven.plan import text as plan_text
from haven.plan.costs import remedies
from haven.plan.model_inputs import ModelInputs, model_inputs
from haven.plan.prediction import Predicted, as_json, predict_environment
from haven.plan.stated import stated
from haven.plan.summary import make_plan
from haven.program import aws_types as aws
from haven.program.recording import Recording
from tests.environments import RECOVERY, TIERS, environment


@pytest.fixture(scope="module")
def predictions() -> dict[str, Predicted]:
    return {tier: predict_environment(environment(tier)) for tier in TIERS}


def changed(recording: Recording, type_: str, **inputs: Any) -> Recording:
    """A recording with inputs of every resource of a type changed."""
    resources = [
        replace(each, inputs={**each.inputs, **inputs}) if each.type == type_ else each for each in recording.resources
    ]
    return replace(recording, resources=resources)


def test_inputs_follow_from_what_the_standby_region_runs() -> None:
    stores = {tier: _stores(model_inputs(environment(tier))) for tier in TIERS}
    assert stores == {
        "backup": (Store.BACKUP, Store.REBUILT, Store.BACKUP),
        "pilot-light": (Store.HEADLESS, Store.REBUILT, Store.REPLICATED),
        "warm": (Store.REPLICATED, Store.REPLICATED, Store.REPLICATED),
        "active-active": (Store.REPLICATED, Store.REPLICATED, Store.REPLICATED),
    }
    serving = {tier: _serving(model_inputs(environment(tier))) for tier in TIERS}
    assert serving == {"backup": (0, 3), "pilot-light": (0, 3), "warm": (1, 3), "active-active": (3, 3)}


def _stores(inputs: ModelInputs) -> tuple[Store, Store, Store]:
    return inputs.recovery.database, inputs.recovery.cache, inputs.recovery.tables


def _serving(inputs: ModelInputs) -> tuple[int, int]:
    (group,) = (each for each in inputs.recovery.groups if each.serves)
    return group.standby, group.full


def test_a_group_of_a_system_that_does_not_serve_comes_later() -> None:
    groups = {each.name: each.serves for each in model_inputs(environment("warm")).recovery.groups}
    assert groups == {"serving": True, "training": False}


def test_after_a_failover_the_other_region_is_what_may_be_lost() -> None:
    inputs = model_inputs(environment("warm", active=RECOVERY))
    assert inputs.active == RECOVERY
    assert _serving(inputs) == (3, 3)


def test_detection_and_ttl_are_those_of_the_plan() -> None:
    warm = environment("warm")
    assert model_inputs(warm).recovery.detection == Detection(60, 3, health_check=False)
    checked = changed(warm, aws.ROUTE53_HEALTH_CHECK, requestInterval=10, failureThreshold=2)
    checked = changed(checked, aws.ROUTE53_RECORD, ttl=30)
    inputs = model_inputs(checked).recovery
    assert inputs.detection == Detection(10, 2, health_check=True)
    assert inputs.automatic
    assert inputs.ttl_seconds == 30


def test_the_throughput_is_that_of_the_largest_volume_and_an_instance_store_is_no_bound() -> None:
    warm = environment("warm")  # its GPU types have an instance store
    assert model_inputs(warm).recovery.groups[0].volume_gb_s == math.inf
    on_volumes = changed(warm, aws.EC2_LAUNCH_TEMPLATE, userData=None)
    slow = model_inputs(on_volumes).recovery.groups[0].volume_gb_s
    volumes = [{"ebs": {"volumeSize": 500, "throughput": 1000}}, {"ebs": {"volumeType": "gp3"}}]
    fast = model_inputs(changed(on_volumes, aws.EC2_LAUNCH_TEMPLATE, blockDeviceMappings=volumes))
    assert slow == pytest.approx(0.131, abs=0.001)
    assert fast.recovery.groups[0].volume_gb_s == pytest.approx(slow * 8)


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [("cron(0 * * * ? *)", 1), ("cron(0 */4 * * ? *)", 4), ("cron(0 3 * * ? *)", 24), ("rate(1 day)", 24)],
)
def test_the_interval_of_backups_is_that_of_the_plan(schedule: str, hours: int) -> None:
    rules = [{"schedule": schedule, "startWindow": 90}]
    stores = model_inputs(changed(environment("backup"), aws.BACKUP_PLAN, rules=rules)).stores
    assert BackedUpStore("database", hours * 3600, 90 * 60) in stores


def test_each_store_loses_what_its_replication_has_not_done() -> None:
    assert list(model_inputs(environment("warm")).stores) == [
        ReplicatedStore("database", "lag_database"),
        ReplicatedStore("cache", "lag_cache"),
        ReplicatedStore("tables", "lag_tables", ordered=False),
        ReplicatedStore("objects", "lag_objects_timed", ordered=False),
    ]
    assert EmptyStore("cache") in model_inputs(environment("pilot-light")).stores
    assert ReplicatedStore("objects", "lag_objects", ordered=False) in model_inputs(environment("backup")).stores


def test_each_tier_is_predicted_no_worse_than_the_one_below(predictions: dict[str, Predicted]) -> None:
    for lower, higher in pairwise(TIERS):
        below, above = predictions[lower], predictions[higher]
        for name in ("environment", "inference", "writes", "full"):
            assert vars(above.recovery)[name].p95 <= vars(below.recovery)[name].p95, (higher, name)
        assert above.loss.overall
        assert below.loss.overall
        assert above.loss.overall.p95 <= below.loss.overall.p95
        assert above.availability.downtime_minutes <= below.availability.downtime_minutes


def test_an_objective_is_met_or_missed_by_a_margin(predictions: dict[str, Predicted]) -> None:
    p95 = predictions["warm"].recovery.environment.p95 / 60
    tight = predict_environment(environment("warm"), {"rtoMinutes": p95 - 1, "availabilityPercent": 99.9999})
    assert [(each.objective, each.met) for each in tight.outcomes] == [
        ("rtoMinutes", False), ("availabilityPercent", False)
    ]  # fmt: skip
    assert tight.outcomes[0].margin_minutes == pytest.approx(-1)
    wide = predict_environment(environment("warm"), {"rtoMinutes": p95 + 2})
    assert wide.outcomes[0].margin_minutes == pytest.approx(2)
    assert wide.missed == []
    shown = prediction_text.screen(tight, Style())
    assert "missed by 1 min" in shown


def test_an_objective_is_judged_against_what_the_slas_add_up_to_on_the_first_screen() -> None:
    words = {}
    for percent in (99.95, 99.5):
        made = predict_environment(environment("warm"), {"availabilityPercent": percent})
        for shown in (prediction_text.screen(made, Style()), prediction_text.render(made, Style())):
            words[percent] = [line.strip() for line in shown.splitlines() if " leaves " in line]
    assert words == {
        99.95: ["99.95 % leaves 4.38 h a year, which no SLA covers: those of what one Region needs add up to 99.80 %"],
        99.5: ["99.5 % leaves 43.8 h a year: the SLAs of what one Region needs cover it, 99.80 % together"],
    }


def test_levels_are_those_of_the_downtime_and_of_the_objective() -> None:
    made = predict_environment(environment("warm"), {"availabilityPercent": 99.95})
    down, independent = made.availability.downtime_minutes, made.availability.independent_minutes
    assert down > independent > 0
    values = {each.name: each.value for each in prediction_text.levels(made.levels)}
    year = 365.25 * 24 * 60
    assert values == pytest.approx(
        {
            "objective (SLO)": 99.95,
            "error budget a year": 0.0005 * year,
            "error budget spent": 100 * down / (0.0005 * year),
            "predicted": 100 * (1 - down / year),
            "predicted, if no loss ever hit both Regions": 100 * (1 - independent / year),
            "SLAs of one Region's services, multiplied": 99.95 * 0.9999**5 * 0.999 * 1.0,
        },
        rel=1e-6,
    )
    nothing = predict_environment(environment("warm"), {})
    assert [each.name for each in prediction_text.levels(nothing.levels)] == list(values)[3:]
    assert prediction_text.verdict_on_slas(nothing.levels) == ""
    assert predict_environment(environment("warm"), {"availabilityPercent": 100}).levels.spent_percent is None


@pytest.mark.parametrize("tier", TIERS)
def test_every_figure_has_a_source_or_is_marked_as_an_assumption(tier: str, predictions: dict[str, Predicted]) -> None:
    document = as_json(predictions[tier])
    for each in [*document["recoveryTime"]["terms"], *document["dataLoss"]["stores"]]:
        if each.get("age", True) is None:
            continue
        assert each["sources"], each["name"]
        assumed = any(source.startswith("assumption") for source in each["sources"])
        assert not assumed or each["basis"] == "assumed", each["name"]
    assert "publishes no rate" in document["availability"]["assumption"]


@pytest.mark.parametrize("tier", TIERS)
def test_the_text_fits_its_width(tier: str, predictions: dict[str, Predicted]) -> None:
    lines = prediction_text.render(predictions[tier], Style()).splitlines()
    lines += prediction_text.side_by_side(predictions, Style()).splitlines()
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("tier", TIERS)
def test_a_whole_environment_s_plan_fits_a_screen_of_fifty_lines(tier: str, predictions: dict[str, Predicted]) -> None:
    plan = plan_text.screen(make_plan(environment(tier)), Style())
    lines = [*plan.splitlines(), "", *prediction_text.screen(predictions[tier], Style()).splitlines()]
    assert len([*lines, "", "Everything in detail: ..."]) <= 50


def test_the_same_recording_is_predicted_alike() -> None:
    first, second = (as_json(predict_environment(environment("warm"))) for _ in range(2))
    assert first == second


def test_sizes_are_those_of_the_stack_file_and_the_loader_is_that_of_the_servers() -> None:
    model = {"version": "v2", "versions": {"v1": {"weightsGib": 1}, "v2": {"weightsGib": 100}}}
    groups = [{"name": "serving", "imageGib": 30, "weightsGib": 5}, {"name": "training", "weightsGib": 7}]
    given = stated(
        {
            "haven:systems": json.dumps({"serving": {"kind": "model-serving", "model": model}}),
            "haven:cluster": json.dumps({"gpuNodeGroups": groups}),
        }
    )
    serving, training = model_inputs(environment("warm"), given).recovery.groups
    assert serving.image_gb == pytest.approx(30 * 0.6 * 1.0737, rel=0.001)
    assert serving.weights_gb == pytest.approx(107.37, rel=0.001)
    assert (serving.loader, serving.storage) == ("runai", "s3")
    assert training.weights_gb == pytest.approx(7 * 1.0737, rel=0.001)
    assert (training.image_gb, training.loader) == (9.0, "safetensors")


def test_larger_weights_of_the_stack_file_never_shorten_a_recovery() -> None:
    times = []
    for gib in (15, 150):
        model = {"version": "v1", "versions": {"v1": {"weightsGib": gib}}}
        given = stated({"haven:systems": json.dumps({"serving": {"kind": "model-serving", "model": model}})})
        times.append(predict_environment(environment("pilot-light"), stated=given).recovery.environment.p95)
    assert times[0] < times[1]


def test_a_tier_pays_from_the_outage_cost_at_which_both_cost_the_same(predictions: dict[str, Predicted]) -> None:
    low, high = (
        (predictions[tier].costs.now.total, predictions[tier].availability.downtime_minutes)
        for tier in ("pilot-light", "warm")
    )
    usd = break_even(high[0] - low[0], low[1] - high[1])
    assert usd
    assert with_outages(*low, usd) == pytest.approx(with_outages(*high, usd))
    assert break_even(low[0] - high[0], high[1] - low[1]) is None
    assert f"warm instead of pilot-light pays from {usd:,.0f} USD" in prediction_text.cheapest(predictions)


def test_with_the_cost_of_an_outage_the_cheapest_tier_has_it_in_it() -> None:
    for usd, tier in ((1, "backup"), (100_000_000, "active-active")):
        given = stated({"haven:cost": json.dumps({"outageUsdPerHour": usd})})
        made = {each: predict_environment(environment(each), {}, stated=given) for each in ("backup", "active-active")}
        assert f"with outages at {usd:,.0f} USD an hour: {tier}" in prediction_text.cheapest(made)
        assert "USD a year with outages" in prediction_text.side_by_side(made, Style())


def test_a_system_of_a_lower_tier_comes_after_everything_that_serves(predictions: dict[str, Predicted]) -> None:
    made = predictions["warm"].recovery
    systems = {each.system.name: each for each in made.systems}
    assert sorted(systems) == ["registry", "serving", "training"]
    assert systems["serving"].summary.p95 == made.inference.p95
    assert systems["registry"].summary.p95 == made.environment.p95
    assert systems["training"].system.later
    assert systems["training"].summary.p95 > made.environment.p95
    order = [each.name for each in systems["training"].steps]
    assert order.index("verify") < order.index("GPU nodes training")


def test_no_system_is_predicted_slower_in_a_higher_tier(predictions: dict[str, Predicted]) -> None:
    for lower, higher in pairwise(TIERS):
        below, above = (
            {each.system.name: each for each in predictions[tier].recovery.systems} for tier in (lower, higher)
        )
        for name, made in above.items():
            if not made.system.later and not below[name].system.later:
                assert made.summary.p95 <= below[name].summary.p95, (higher, name)


def test_a_server_that_does_not_run_on_standby_has_to_be_started(predictions: dict[str, Predicted]) -> None:
    terms = {tier: {name.name for each in predictions[tier].recovery.systems for name in each.steps} for tier in TIERS}
    assert "pods registry" in terms["pilot-light"]
    assert "pods registry" not in terms["warm"]


def test_each_term_to_shorten_has_what_shortening_it_costs(predictions: dict[str, Predicted]) -> None:
    light = predictions["pilot-light"].remedies
    nodes = light["GPU nodes serving"].monthly
    assert nodes is not None
    assert nodes == pytest.approx(1.5156 * 730 + 500 * 0.0952)  # one third of three nodes, in eu-central-1
    inputs = predictions["pilot-light"].inputs.recovery
    larger = replace(inputs, groups=[replace(each, full=9) for each in inputs.groups])
    priced = remedies(environment("pilot-light"), larger, PriceBook())["GPU nodes serving"].monthly
    assert priced == pytest.approx(3 * nodes)
    pooled = replace(inputs, groups=[replace(each, full=9, prepared=2) for each in inputs.groups])
    with_one_new_volume = remedies(environment("pilot-light"), pooled, PriceBook())["GPU nodes serving"].monthly
    assert with_one_new_volume == pytest.approx(3 * 1.5156 * 730 + 500 * 0.0952)
    assert light["database instance"].monthly == pytest.approx(0.313 * 730)
    assert light["decide"].words == "no AWS cost"
    terms = {each["name"]: each for each in as_json(predictions["pilot-light"])["recoveryTime"]["terms"]}
    assert terms["GPU nodes serving"]["shortenUsdAMonth"] == pytest.approx(nodes, abs=0.01)
    assert terms["promote database"]["shorten"] is None
    shown = prediction_text.render(predictions["pilot-light"], Style())
    assert f"{nodes:,.0f} USD a month" in shown


def test_resources_are_counted_by_region(predictions: dict[str, Predicted]) -> None:
    warm = predictions["warm"].resources
    assert sum(warm.values()) == len(list(environment("warm").real()))
    shown = prediction_text.side_by_side(predictions, Style())
    assert str(sum(warm.values())) in shown
    assert str(warm[RECOVERY]) in shown
