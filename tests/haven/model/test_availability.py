"""Availability: arithmetic that can be checked by hand, and what must hold for any input."""

import random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.model.availability import (
    SLAS,
    availability,
    downtime,
    drill_success,
    in_two_regions,
    minutes_down,
    percent_up,
    series,
)
from haven.model.durations.distributions import LogNormal
from haven.model.outages import OBSERVED_YEARS, outage_model, outages

IRELAND, VIRGINIA = outage_model("eu-west-1"), outage_model("us-east-1")


@pytest.mark.parametrize(
    ("percent", "minutes"),
    [(99, 3.65 * 24 * 60), (99.9, 8.77 * 60), (99.95, 4.38 * 60), (99.99, 52.6), (99.999, 5.26)],
)
def test_nines_leave_the_minutes_that_everybody_knows(percent: float, minutes: float) -> None:
    assert minutes_down(percent) == pytest.approx(minutes, rel=0.002)
    assert percent_up(minutes_down(percent)) == pytest.approx(percent)


def test_hard_dependencies_multiply() -> None:
    assert series([99.9, 99.99]) == pytest.approx(99.89001)
    assert series([]) == 100


def test_two_regions_are_limited_by_what_hits_both() -> None:
    assert in_two_regions(99.9, beta=0) == pytest.approx(99.9999)
    assert in_two_regions(99.9, beta=0.1) == pytest.approx(99.98992, abs=0.0001)
    assert in_two_regions(99.9, beta=1) == pytest.approx(99.9)


@pytest.mark.parametrize(("succeeded", "drills", "share"), [(0, 0, 0.5), (3, 3, 0.8), (0, 3, 0.2), (18, 18, 0.95)])
def test_drills_decide_how_likely_a_failover_works(succeeded: int, drills: int, share: float) -> None:
    assert drill_success(succeeded, drills) == share


shares = st.floats(0, 1)


@given(st.floats(0, 10_000), st.floats(0, 10_000), shares, shares)
def test_a_shorter_recovery_never_costs_more_downtime(one: float, other: float, success: float, beta: float) -> None:
    shorter, longer = sorted((one, other))
    assert downtime(IRELAND, shorter, success, beta) <= downtime(IRELAND, longer, success, beta) + 1e-9


@given(st.floats(0, 10_000), shares, shares, shares)
def test_drills_that_succeed_never_cost_more_downtime(rto: float, one: float, other: float, beta: float) -> None:
    less, more = sorted((one, other))
    assert downtime(IRELAND, rto, more, beta) <= downtime(IRELAND, rto, less, beta) + 1e-9


def test_the_expected_downtime_is_what_drawn_outages_have() -> None:
    numbers = random.Random(1)

    def one(length: LogNormal) -> float:
        hours = float(length.quantile(numbers.uniform(1e-9, 1 - 1e-9)))
        works = numbers.random() >= 0.1 and numbers.random() < 0.8
        return min(hours * 60, 30) if works else hours * 60

    drawn = [each.rate * mean(one(each.length) for _ in range(100_000)) for each in IRELAND.kinds]
    assert sum(drawn) == pytest.approx(downtime(IRELAND, 30, 0.8), rel=0.05)


def test_a_region_with_events_of_its_own_has_its_own_rate_of_losses_for_hours() -> None:
    assert VIRGINIA.usual.rate == pytest.approx(0.53, abs=0.02)
    assert VIRGINIA.usual.rate_low < VIRGINIA.usual.rate < VIRGINIA.usual.rate_high
    assert IRELAND.usual.rate < VIRGINIA.usual.rate / 10
    assert outage_model("eu-central-1") == IRELAND
    assert "AWS publishes no rate" in IRELAND.why


def test_losses_for_days_have_one_rate_in_every_region() -> None:
    assert VIRGINIA.long == IRELAND.long
    assert IRELAND.long.rate == pytest.approx(1.5 / 265.9)


def test_a_busy_region_is_down_for_about_as_long_as_the_list_has_it() -> None:
    listed = sum(each.hours for each in outages() if each.whole_region and each.region == "us-east-1") / OBSERVED_YEARS
    usual = VIRGINIA.usual.rate * VIRGINIA.usual.length.mean
    assert listed / 1.5 < usual < listed * 1.5
    without_failover = availability((), VIRGINIA, 0, 1).without_failover_minutes / 60
    assert without_failover == pytest.approx(usual + IRELAND.long.rate * IRELAND.long.length.mean)


def test_losses_of_a_region_have_the_known_length_and_a_second_tail() -> None:
    assert IRELAND.usual.length.median == pytest.approx(7, abs=1.5)
    assert IRELAND.long.length.mean > IRELAND.usual.length.mean * 20
    for each in IRELAND.kinds:
        assert each.hours_below(1e9) == pytest.approx(each.length.mean)
        assert each.hours_below(0.1) == pytest.approx(0.1, rel=0.01)
    assert all(each.source for each in outages())


def test_an_environment_is_no_more_available_than_the_slas_of_what_it_needs() -> None:
    made = availability(("EKS", "S3", "EKS"), IRELAND, 20, 0.5)
    assert made.services == ("EKS", "S3")
    assert made.sla_percent == pytest.approx(99.95 * 99.9 / 100)
    assert made.sla_percent < made.sla_two_regions_percent < 100
    assert made.independent_minutes < made.downtime_minutes < made.without_failover_minutes
    assert made.downtime_low < made.downtime_minutes < made.downtime_high


def test_every_sla_has_a_source() -> None:
    assert all(each.source and each.retrieved_on for each in SLAS.values())
