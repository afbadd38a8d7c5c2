"""What the project's own stacks cost, from the resources that they declare."""

import json
import re
from collections.abc import Sequence

import pytest

from haven.base.terminal import Style
from haven.model.cost import USAGE, Line, bill, moved
from haven.model.prices import PriceBook
from haven.plan.component_summary import cache_shards, component_facts
from haven.plan.cost_items import cost_items
from haven.plan.costs import Costs, as_json, costs, render, unknown
from haven.plan.stated import stated
from haven.program import aws_types as aws
from haven.program.queries import of_type
from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY, ROOT, TIERS, environment


@pytest.fixture(scope="module")
def made() -> dict[str, Costs]:
    return {tier: costs(environment(tier), PriceBook()) for tier in TIERS}


def quantity(recording: Recording, what: str, region: str) -> float:
    return sum(each.quantity for each in cost_items(recording) if (each.what, each.region) == (what, region))


def test_quantities_are_those_of_the_program() -> None:
    warm = environment("warm")
    assert quantity(warm, "instance:g5.2xlarge", PRIMARY) == 3
    assert quantity(warm, "instance:g5.2xlarge", RECOVERY) == 1
    assert quantity(warm, "aurora-instance:db.r6g.large", PRIMARY) == 2
    assert quantity(warm, "cache-valkey:cache.r7g.large", RECOVERY) == 4
    assert quantity(warm, "nat-gateway", PRIMARY) == 3
    assert quantity(warm, "key", RECOVERY) == 1
    assert quantity(warm, "gp3-storage", PRIMARY) == 3 * 500 + 1 * 500 + 3 * 80


def test_functions_of_a_region_switch_plan_cost_nothing_until_they_run() -> None:
    operators = json.dumps({"operatorArns": ["arn:aws:iam::111122223333:user/on-call"]})
    approver = json.dumps({"approvalRoleArn": "arn:aws:iam::111122223333:role/haven-warm-operator"})
    planned = environment("warm", operations=operators, recoveryPlan=approver)
    assert len(of_type(planned.real(), aws.LAMBDA_FUNCTION)) > 2
    one, other = (quantity(each, "function-requests", PRIMARY) for each in (planned, environment("warm")))
    assert one == other > 0


def test_the_compute_of_the_warm_stack_is_what_it_is_by_hand(made: dict[str, Costs]) -> None:
    lines = [
        each
        for each in made["warm"].now.lines
        if each.item.region == PRIMARY and each.item.component == "InferenceCluster"
    ]
    hourly = 3 * 1.35296 + 1 * 6.33167 + 3 * 0.107 + 1 * 0.10
    storage = (3 * 500 + 500 + 3 * 80) * 0.088
    used = sum(each.monthly for each in lines if each.item.assumed)  # logs, transfer between zones
    assert sum(each.monthly for each in lines) - used == pytest.approx(hourly * 730 + storage)


def test_the_whole_warm_stack_is_what_it_is_by_hand(made: dict[str, Costs]) -> None:
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    sums = {PRIMARY: 0.0, RECOVERY: 0.0}
    for line in page.splitlines():
        for region, cell in zip(sums, line.split(" | ")[2:4], strict=False):
            if found := re.match(r"([\d,]+) \u00d7 ([\d.]+)( an hour)? = ([\d,.]+)", cell):
                quantity, usd, hourly, product = (found[number] for number in (1, 2, 3, 4))
                by_hand = float(quantity.replace(",", "")) * float(usd) * (730 if hourly else 1)
                assert by_hand == pytest.approx(float(product.replace(",", "")), abs=0.0051), line
                sums[region] += by_hand
    document = as_json(made["warm"])
    assert f"| together | {sum(sums.values()):,.2f} | " in page
    declared = {region: document["regions"][region] for region in sums}
    assert declared == pytest.approx(sums, rel=0.005)  # one more alarm or secret is no reason to edit a page
    (third,) = (usd for region, usd in document["regions"].items() if region not in sums)
    assert f"Together they cost {third:.2f} `[A]`" in page
    assert len(document["unknown"]) == len(re.findall(r"\| unknown[^|]*(?=\|)", page))


def test_a_higher_tier_never_costs_less_beside_its_backups(made: dict[str, Costs]) -> None:
    totals = [without_backups(made[tier].now.lines) for tier in TIERS]
    assert totals == sorted(totals)
    standby = [made[tier].standby_now for tier in TIERS]
    assert standby == sorted(standby)


def without_backups(lines: Sequence[Line]) -> float:
    """USD a month: copies of backups are the recovery point of tier backup alone, and may cost more than a replica."""
    return sum(each.monthly for each in lines if not each.item.component.startswith("BackupVault"))


@pytest.mark.parametrize("tier", TIERS)
def test_regions_components_and_systems_each_sum_to_the_total(tier: str, made: dict[str, Costs]) -> None:
    document = as_json(made[tier])
    for key in ("regions", "components", "systems"):
        assert sum(document[key].values()) == pytest.approx(document["total"], abs=0.1)


def test_the_standby_region_at_full_scale_costs_what_the_active_one_does_at_its_prices(made: dict[str, Costs]) -> None:
    for tier in TIERS:
        assert made[tier].failover.total > made[tier].standby_now
        assert {each.item.region for each in made[tier].failover.lines} == {RECOVERY}


def test_every_price_has_a_source_or_is_listed_as_unknown(made: dict[str, Costs]) -> None:
    for tier in TIERS:
        document = as_json(made[tier])
        for line in document["lines"]:
            named = any(each.startswith(f"{line['what']} in {line['region']}") for each in document["unknown"])
            assert (line["source"] and line["asOf"]) or named or line["quantity"] == 0, line


def test_use_is_marked_as_an_assumption_and_shown_with_its_defaults(made: dict[str, Costs]) -> None:
    assumed = {each["what"] for each in as_json(made["warm"])["lines"] if each["assumed"]}
    elsewhere = {"transfer-from-standby", "multi-region-access-point"}  # tier active-active
    by_choice = {"grafana-editor", "prometheus-samples"}
    assert set(USAGE) - assumed == elsewhere | by_choice
    shown = "\n".join(render(made["warm"], Style()))
    assert all(what in shown for what in USAGE)


def test_transfer_between_zones_is_charged_at_both_ends_and_out_of_each_region_that_sends() -> None:
    given = stated({"haven:cost": '{"usage": {"transfer-between-zones": 7, "transfer-from-standby": 11}}'})
    warm = costs(environment("warm"), PriceBook(), given).now.lines
    between = [each.item.quantity for each in warm if each.item.what == "transfer-between-zones"]
    assert between == [2 * 7, 2 * 7]  # one cluster in each Region
    sent = [each.item for each in warm if each.item.what == "transfer-to-region" and each.item.component == "usage"]
    out = {each.region: each.quantity for each in sent}
    assert out == {PRIMARY: USAGE["transfer-to-region"], RECOVERY: 11}


def test_the_standby_region_sends_by_default_where_it_serves_too(made: dict[str, Costs]) -> None:
    for tier in TIERS:
        out = {each.item.region for each in made[tier].now.lines if each.item.what == "transfer-to-region"}
        assert (RECOVERY in out) == (tier == "active-active"), tier


def test_use_that_the_stack_file_states_replaces_its_default_and_is_no_assumption() -> None:
    given = stated({"haven:cost": '{"usage": {"aurora-io": 200000000}}'})
    lines = costs(environment("warm"), PriceBook(), given).now.lines
    found = [(each.item.quantity, each.item.assumed) for each in lines if each.item.what == "aurora-io"]
    assert found == [(200_000_000, False)] * 2
    assert [each.item.assumed for each in lines if each.item.what == "nat-gateway-data"] == [True] * 6


def test_a_savings_plan_takes_its_share_off_running_instances_alone(made: dict[str, Costs]) -> None:
    discounted = costs(environment("warm"), PriceBook(), stated({"haven:cost": '{"savingsPlanPercent": 25}'})).now
    instances = sum(each.monthly for each in made["warm"].now.lines if each.item.what.startswith("instance:"))
    assert discounted.total == pytest.approx(made["warm"].now.total - instances / 4)


def test_reserved_capacity_that_does_not_run_costs_its_full_price() -> None:
    reserved = {"id": "cr-0123456789abcdef0", "zone": f"{RECOVERY}a", "instanceType": "g5.2xlarge"}
    group = {
        "name": "serving",
        "instanceTypes": ["g5.2xlarge", "g5.4xlarge"],
        "minSize": 3,
        "desiredSize": 3,
        "maxSize": 12,
    }
    cluster = {"gpuNodeGroups": [{**group, "system": "serving", "capacityReservations": {RECOVERY: reserved}}]}
    systems = json.dumps({"serving": {"kind": "model-serving"}})  # which runs elsewhere: nodes alone
    recording = environment("warm", cluster=json.dumps(cluster), systems=systems)
    given = stated({"haven:cost": '{"savingsPlanPercent": 50}'})
    lines = [
        (each.item.quantity, each.discount, each.item.assumed)
        for each in costs(recording, PriceBook(), given).now.lines
        if each.item.what == "instance:g5.2xlarge" and each.item.region == RECOVERY
    ]
    assert lines == [(1, 0.5, False), (2, 0.0, True)]


def test_a_failback_carries_the_database_back_from_the_standby_region(made: dict[str, Costs]) -> None:
    (line,) = made["warm"].once.lines
    assert (line.item.region, line.item.quantity) == (RECOVERY, USAGE["aurora-storage"])
    assert made["warm"].once.total == pytest.approx(100 * 0.02)
    restored = [each.monthly for each in made["backup"].once.lines if each.item.what == "table-restore"]
    assert restored == [pytest.approx(2 * 10 * 0.1836)]
    extra = (made["warm"].failover.total - made["warm"].standby_now) / 730
    assert made["warm"].extra_an_hour == pytest.approx(extra)


def test_in_a_region_without_any_price_costs_are_unknown_by_name_and_never_zero() -> None:
    made = bill(moved(cost_items(environment("warm")), "mx-central-1"), PriceBook())
    missing = unknown(made)
    assert "instance:g5.2xlarge in mx-central-1 (InferenceCluster)" in missing
    assert {each.item.what for each in made.lines if each.price is None} == {
        each.partition(" in ")[0] for each in missing
    }


def test_a_rebuilt_cache_costs_what_it_cost_before_and_has_as_many_shards() -> None:
    before, rebuilt = environment("warm", active=RECOVERY), environment("warm", active=RECOVERY, rebuilt="true")
    priced = [
        sorted((each.what, each.quantity, each.region) for each in cost_items(recording) if "cache-" in each.what)
        for recording in (before, rebuilt)
    ]
    assert priced[0] == priced[1] != []
    groups = [list(of_type(each.real(), aws.ELASTICACHE_REPLICATION_GROUP)) for each in (before, rebuilt)]
    assert [cache_shards(each, rebuilt) for each in groups[1]] == [cache_shards(each, before) for each in groups[0]]
    (primary,) = [each for each in groups[1] if each.region == RECOVERY]
    assert component_facts("GlobalCache", [primary], rebuilt)[0].endswith("primary of the Global Datastore")
