"""What may be lost, at the edges of the objective."""

import math

import pytest

from haven.runbooks.failover.guard import Heartbeat, Verdict, accepted_ms, is_accepted, judge, judge_all, to_accept

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


@pytest.mark.parametrize(
    ("words", "expected"),
    [("", None), ("900s", 900_000.0), ("15m", 900_000.0), ("2h", 7_200_000.0), ("unknown", math.inf)],
)
def test_what_is_accepted_is_a_duration_or_unknown(words: str, expected: float | None) -> None:
    assert accepted_ms(words) == expected


@pytest.mark.parametrize("words", ["15", "m", "0m", "-5m", "1.5h", "15 m", "15M", "1d", "nan", "inf", "all", "15m "])
def test_anything_else_accepts_nothing(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        accepted_ms(words)


@pytest.mark.parametrize(("offset", "accepted"), [(-1, True), (0, True), (1, False)])
def test_a_millisecond_decides_at_what_is_accepted(offset: int, accepted: bool) -> None:
    assert is_accepted(900_000.0 + offset, "15m") is accepted


def test_an_unknown_loss_is_accepted_by_that_word_alone() -> None:
    assert [is_accepted(None, words) for words in ("", "1h", "9999999h", "unknown")] == [False, False, False, True]
    assert is_accepted(1e15, "unknown")


@pytest.mark.parametrize("verdict", Verdict)
def test_what_is_stated_is_the_limit_in_place_of_the_objective(verdict: Verdict) -> None:
    heartbeats = {
        Verdict.WITHIN: Heartbeat("database", NOW - 30_000, INTERVAL),
        Verdict.ABOVE: Heartbeat("database", NOW - 170_000, INTERVAL),
        Verdict.STALE: Heartbeat("database", NOW - 170_000, INTERVAL),
        Verdict.MISSING: Heartbeat("database", None, INTERVAL),
        Verdict.NOT_A_NUMBER: Heartbeat("database", math.nan, INTERVAL),
        Verdict.CONTRADICTORY: Heartbeat("database", NOW + 5_000, INTERVAL),
    }
    planned = NOW if verdict is Verdict.STALE else None
    judged = judge(heartbeats[verdict], until_ms=NOW, objective_ms=OBJECTIVE, planned_ms=planned)
    assert judged.verdict is verdict
    refused = {words: bool(judged.refusal(words)) for words in ("", "30s", "3m", "unknown")}
    short = judged.loss_ms is None or judged.loss_ms > 180_000
    assert refused == {"": verdict is not Verdict.WITHIN, "30s": True, "3m": short, "unknown": False}


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([61_000.0], "10m"),
        ([900_000.0, 60_000.0], "20m"),
        ([7_199_999.0], "125m"),
        ([7_200_000.0], "3h"),
        ([40 * 3_600_000.0], "41h"),
        ([60_000.0, None], "unknown"),
    ],
)
def test_what_to_type_covers_the_greatest_loss_and_the_next_minutes(losses: list[float | None], expected: str) -> None:
    assert to_accept(losses) == expected
    assert all(is_accepted(each if each is None else each + 240_000, expected) for each in losses)
