"""What is shown of costs while prices are unknown: at least so much, and no comparison that they could turn."""

import json
import math
from functools import cache

import pytest

from haven.base.terminal import Style
from haven.model.cost import Bill, Difference, Item, Line, bill, difference
from haven.model.prices import PriceBook
from haven.plan import prediction_text
from haven.plan.costs import as_json, costs, screen
from haven.plan.prediction import Predicted, predict_environment
from haven.plan.stated import stated
from tests.environments import TIERS, environment

BOOK = PriceBook()
MEXICO = json.dumps({"primary": "eu-west-1", "recovery": "mx-central-1"})
ZONES = json.dumps({"mx-central-1": ["mx-central-1a", "mx-central-1b", "mx-central-1c"]})
NODE, NOWHERE = "instance:m6i.large", "something that no Region prices"


@cache
def in_mexico(tier: str, outage: float = 0) -> Predicted:
    """A tier whose standby Region has hardly any prices."""
    given = stated({"haven:cost": json.dumps({"outageUsdPerHour": outage})} if outage else {})
    return predict_environment(environment(tier, regions=MEXICO, zones=ZONES), {}, stated=given)


def of(*items: tuple[str, float, str]) -> Bill:
    return bill([Item(what, quantity, region, "A") for what, quantity, region in items], BOOK)


def test_what_has_no_price_in_both_bills_alike_leaves_their_difference_sure() -> None:
    more = difference(of((NOWHERE, 2, "eu-west-1"), ("key", 5, "eu-west-1")), of((NOWHERE, 2, "eu-west-1")))
    assert more == Difference(5, 5, 5, 0)
    assert more.is_sure
    assert more.is_decided


def test_what_has_no_price_anywhere_makes_a_difference_of_any_size() -> None:
    more = difference(of((NOWHERE, 2, "eu-west-1"), ("key", 5, "eu-west-1")), of((NOWHERE, 1, "eu-west-1")))
    assert (more.known, more.least, more.most, more.unknown) == (5, 5, math.inf, 1)
    assert not more.is_sure
    assert not more.is_decided


def test_an_unknown_price_is_taken_to_be_at_most_twice_the_dearest() -> None:
    dearest = BOOK.dearest(NODE)
    assert dearest
    more = difference(of(("key", 10_000, "eu-west-1")), of((NODE, 3, "mx-central-1")))
    assert (more.known, more.most) == (10_000, 10_000)
    assert more.least == pytest.approx(10_000 - 3 * 2 * dearest)
    assert more.is_decided
    assert not difference(of(("key", 400, "eu-west-1")), of((NODE, 3, "mx-central-1"))).is_decided


def test_a_discount_is_in_what_an_unknown_price_leaves_open() -> None:
    item = Item("instance:x", 10, "mx-central-1", "A")
    half = difference(Bill([Line(item, None, 0.5, 3.0)]), Bill([]))
    assert half.most == pytest.approx(15)


@pytest.mark.parametrize("tier", TIERS)
def test_a_sum_with_an_unknown_price_is_at_least_that_much(tier: str) -> None:
    made = in_mexico(tier).costs
    total, standby = f"at least {made.now.total:,.0f}", f"at least {made.standby_now:,.0f}"
    shown = "\n".join(screen(made, Style()))
    assert all(each in shown for each in (total, standby, f"at least {made.failover.total:,.0f}"))
    assert f"{len(made.unknown)} prices unknown and not in it" in shown
    beside = prediction_text.side_by_side({tier: in_mexico(tier)}, Style())
    assert total in beside
    assert ["prices", "unknown", str(len(made.unknown))] in [line.split() for line in beside.splitlines()]


def test_a_sum_with_every_price_is_that_much() -> None:
    given = stated(
        {
            "haven:cost": json.dumps({"usage": {"load-balancer-lcu": 0}}),
            "haven:database": json.dumps({"assumedSizeGb": 0}),
        }
    )
    made = costs(environment("backup"), BOOK, given)
    shown = "\n".join(screen(made, Style()))
    assert made.unknown == []
    assert "at least" not in shown
    assert f"list prices: {made.now.total:,.0f}" in shown


def test_no_tier_is_the_cheapest_while_unknown_prices_could_turn_it() -> None:
    shown = prediction_text.cheapest({tier: in_mexico(tier) for tier in TIERS})
    assert "the cheapest tier that meets every objective: unknown for want of " in shown
    assert "pays from: unknown for want of " in shown
    assert "whatever an outage costs" not in shown
    assert " USD for an hour of outage" not in shown


def test_no_tier_is_the_cheapest_with_outages_while_unknown_prices_could_turn_it() -> None:
    made = {tier: in_mexico(tier, 1000) for tier in TIERS}
    assert "of them with outages at 1,000 USD an hour: unknown for want of " in prediction_text.cheapest(made)
    assert "at least" in prediction_text.side_by_side(made, Style()).partition("USD a year with outages")[2]
    clear = {tier: in_mexico(tier, 1e12) for tier in ("backup", "active-active")}
    assert "USD an hour: active-active" in prediction_text.cheapest(clear)


def test_what_an_hour_of_a_failover_costs_more_is_unknown_where_the_standby_region_has_no_prices() -> None:
    made = in_mexico("warm").costs
    assert made.extra_an_hour is None
    assert as_json(made)["failoverExtraAnHour"] is None
    assert "an hour more at full scale unknown for want of " in "\n".join(screen(made, Style()))
    assert costs(environment("warm"), BOOK).extra_an_hour is not None


def test_unknown_prices_of_a_failover_are_listed_and_counted() -> None:
    made = costs(environment("warm"), BOOK)
    lacking = "aurora-replicated-write in eu-central-1 (usage)"
    assert lacking not in [f"{each.item.what} in {each.item.region} (usage)" for each in made.now.unknown]
    assert lacking in as_json(made)["unknown"]
    once = costs(environment("backup", regions=MEXICO, zones=ZONES), BOOK)
    assert "table-restore in mx-central-1 (restore of the tables)" in once.unknown
    assert f"at least {once.once.total:,.0f} once" in "\n".join(screen(once, Style()))
