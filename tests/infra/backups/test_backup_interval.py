"""How often tier backup copies the database into the other Region, and what that costs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.model import backup_costs, sources
from haven.model.prices import PriceBook
from haven_components import BackupInterval, interval_minutes, limits
from infra.config import stack_kinds
from infra.config.settings import Settings
from infra.parts import backups
from tests.environments import environment

AROUND = 60 + 30 + 30
"""Start window, assumed job and assumed copy, in minutes."""

PRICES = backup_costs.copy_prices("eu-west-1", PriceBook())


def settings(rpo: float | None = None, **changes: str) -> Settings:
    config = {
        "account": "111122223333",
        "tier": "backup",
        "regions": '{"primary": "eu-west-1", "recovery": "eu-central-1"}',
        **({} if rpo is None else {"objectives": json.dumps({"rpoMinutes": rpo})}),
        **changes,
    }
    made = stack_kinds.load("test", {f"haven:{name}": value for name, value in config.items()})
    assert isinstance(made, Settings)
    return made


@pytest.mark.parametrize(
    ("rpo", "hours"),
    [(180, 1), (239, 1), (240, 2), (300, 3), (360, 4), (480, 6), (600, 8), (840, 12), (1559, 12), (1560, 24)],
)
def test_the_longest_interval_that_meets_the_objective_is_chosen(rpo: float, hours: int) -> None:
    assert interval_minutes(backups.recovery_point(settings(rpo))) == hours * 60


def test_without_an_objective_it_is_what_the_tier_promises() -> None:
    assert sources.BACKUP_RPO_WORST_CASE_MINUTES.value == 240
    assert interval_minutes(backups.recovery_point(settings())) == 120


def test_longer_jobs_and_copies_leave_a_shorter_interval() -> None:
    slow = settings(480, backups='{"assumedJobMinutes": 120, "assumedCopyMinutes": 60}')
    assert interval_minutes(backups.recovery_point(slow)) == 240


@given(rpo=st.integers(180, 3000))
def test_the_interval_meets_the_objective_and_the_next_longer_one_does_not(rpo: int) -> None:
    steps = [each * 60 for each in (*limits.BACKUP_HOUR_STEPS, 24)]
    chosen = interval_minutes(backups.recovery_point(settings(rpo)))
    assert chosen + AROUND <= rpo
    assert all(longer + AROUND > rpo for longer in steps if longer > chosen)


def test_the_plan_of_the_sample_stack_backs_up_every_two_hours() -> None:
    plans = [each for each in environment("backup").real() if each.type == "aws:backup/plan:Plan"]
    assert [each["schedule"] for each in plans[0].inputs["rules"]] == [
        "cron(0 0/2 * * ? *)",
        "cron(0 3 * * ? *)",
        "cron(0 3 1 * ? *)",
    ]


def test_the_plan_shows_what_the_copies_cost_and_recommends_pilot_light() -> None:
    cost, advice = backups.cost_notes(settings(240))
    assert cost == (
        "copying the database every 2 hours costs about 806 USD a month at 100 GB (haven:database.assumedSizeGb, an"
        " assumption): 365 copies, always full, 730 USD transfer and 76 USD storage at list prices"
    )
    assert advice.startswith(
        "from 1 GB on these copies cost more than a headless member of tier pilot-light, about 13 USD a month at 100 GB"
    )
    assert cost in environment("backup").outputs["notes"]
    assert not any("copying the database" in each for each in environment("warm").outputs["notes"])


@pytest.mark.parametrize(("rpo", "size"), [(240, 0.2), (1560, 1000)])
def test_small_databases_and_daily_copies_get_no_advice(rpo: float, size: float) -> None:
    (cost,) = backups.cost_notes(settings(rpo, database=json.dumps({"assumedSizeGb": size})))
    assert f"at {size} GB" in cost


@given(
    size=st.floats(0.1, 1e5),
    hours=st.sampled_from(limits.BACKUP_HOUR_STEPS),
    days=st.integers(1, 35),
)
def test_from_the_break_even_size_on_copies_cost_more_than_a_headless_member(
    size: float, hours: int, days: int
) -> None:
    enough = backup_costs.break_even_gb(PRICES, interval_minutes=hours * 60, kept_days=days)
    assert enough is not None
    copies = backup_costs.copy_cost(PRICES, size_gb=size, interval_minutes=hours * 60, kept_days=days).total
    if size >= enough:
        assert copies >= backup_costs.headless_member_cost(PRICES, size)
    if size < enough - 1:
        assert copies < backup_costs.headless_member_cost(PRICES, size)


def test_prices_that_the_book_lacks_are_another_region_s_and_the_plan_names_them() -> None:
    regions = {"regions": '{"primary": "ap-southeast-2", "recovery": "ap-northeast-1"}'}
    prices = backup_costs.copy_prices("ap-southeast-2", PriceBook())
    assert (prices.transfer, prices.snapshot) == (0.098, PRICES.snapshot)
    cost = next(iter(backups.cost_notes(settings(240, **regions))))
    assert cost.endswith(
        " (those of eu-west-1 for aurora-snapshot, aurora-storage, aurora-replicated-write: an assumption)"
    )


def test_copies_between_the_us_east_regions_cost_half_the_transfer_of_others() -> None:
    regions = json.dumps({"primary": "us-east-1", "recovery": "us-east-2"})
    zones = json.dumps({region: [f"{region}{zone}" for zone in "abc"] for region in ("us-east-1", "us-east-2")})
    cost = next(iter(backups.cost_notes(settings(240, regions=regions, zones=zones))))
    assert "365 copies, always full, 365 USD transfer" in cost


def test_twice_the_interval_costs_half() -> None:
    two, four = (
        backup_costs.copy_cost(PRICES, size_gb=100, interval_minutes=each * 60, kept_days=3).total for each in (2, 4)
    )
    assert two == pytest.approx(2 * four)


def test_the_interval_is_one_of_aws_backup_s() -> None:
    assert backups.recovery_point(settings(60 * 24 * 40))["interval"] == BackupInterval.DAILY
