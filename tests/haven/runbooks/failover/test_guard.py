"""What may be lost, at the edges of the objective."""

import math

import pytest

from haven.runbooks.failover.guard import Heartbeat, Verdict, judge, judge_all

OBJECTIVE, INTERVAL, NOW = 60_000.0, 10_000.0, 1_800_000_000_000.0
AT_THE_EDGE = NOW - OBJECTIVE + INTERVAL
"""A heartbeat after which exactly the objective may be lost."""


def verdict(newest: float | None, *, planned: bool = False, objective: float | None = OBJECTIVE) -> Verdict:
    heartbeat = Heartbeat("database", newest, INTERVAL)
    return judge(heartbeat, until_ms=NOW, objective_ms=objective, planned_ms=NOW if planned else None).verdict


@pytest.mark.parametrize(("offset", "expected"), [(-1, Verdict.ABOVE), (0, Verdict.WITHIN), (1, Verdict.WITHIN)])
def test_a_millisecond_decides_at_the_objective(offset: int, expected: Verdict) -> None:
    assert verdict(AT_THE_EDGE + offset) is expected


def test_what_is_missing_or_no_number_is_not_within() -> None:
    assert verdict(None) is Verdict.MISSING
    assert verdict(math.nan) is Verdict.NOT_A_NUMBER
    assert verdict(math.inf) is Verdict.NOT_A_NUMBER
    assert verdict(-math.inf) is Verdict.NOT_A_NUMBER


@pytest.mark.parametrize(("ahead", "expected"), [(1000, Verdict.WITHIN), (1001, Verdict.CONTRADICTORY)])
def test_a_heartbeat_from_the_future_contradicts(ahead: int, expected: Verdict) -> None:
    assert verdict(NOW + ahead) is expected


@pytest.mark.parametrize(("ahead", "expected"), [(30_000, Verdict.WITHIN), (31_001, Verdict.CONTRADICTORY)])
def test_a_bucket_is_written_on_when_the_old_writer_is_closed_and_that_contradicts_nothing(
    ahead: int, expected: Verdict
) -> None:
    heartbeat = Heartbeat("bucket:models", NOW + ahead, INTERVAL, ordered=False)
    judged = judge(heartbeat, until_ms=NOW, objective_ms=OBJECTIVE, now_ms=NOW + 30_000)
    assert judged.verdict is expected
    assert judged.loss_ms == (INTERVAL if expected is Verdict.WITHIN else None)


@pytest.mark.parametrize(("age", "expected"), [(60_000, Verdict.WITHIN), (60_001, Verdict.STALE)])
def test_a_planned_failover_goes_by_no_sample_older_than_a_minute(age: int, expected: Verdict) -> None:
    assert verdict(NOW - age, planned=True, objective=None) is expected


def test_without_an_objective_any_known_loss_is_within_and_an_unknown_one_is_not() -> None:
    assert verdict(NOW - 86_400_000, objective=None) is Verdict.WITHIN
    assert verdict(None, objective=None) is Verdict.MISSING


def test_every_store_and_every_shard_is_judged() -> None:
    wanted = {"database": True, "cache": True, "bucket:models": False}
    found = [Heartbeat("database", NOW), Heartbeat("cache#0", NOW), Heartbeat("cache#1", NOW - 2 * OBJECTIVE)]
    judged = {each.store: each for each in judge_all(wanted, found, until_ms=NOW, objective_ms=OBJECTIVE)}
    assert {name: each.verdict for name, each in judged.items()} == {
        "bucket:models": Verdict.MISSING,
        "database": Verdict.WITHIN,
        "cache#0": Verdict.WITHIN,
        "cache#1": Verdict.ABOVE,
    }
    assert judged["bucket:models"].estimate
    assert not judged["cache#0"].estimate
    assert judged["cache#1"].describe() == ("cache#1: up to 130.0 s may be lost (a bound), above the objective")
