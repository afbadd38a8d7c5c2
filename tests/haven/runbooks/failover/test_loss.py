"""What may be lost, from what the heartbeat's function recorded in the operations table, for each store alike."""

import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest

from haven.runbooks.failover import loss
from haven.runbooks.failover.guard import Verdict
from haven.runbooks.failover.loss import Judged
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import parse
from haven.runbooks.workflow.journal import Workflow
from haven_components.names import DATABASE_HEARTBEAT, bucket_heartbeat, cache_heartbeats, table_heartbeat
from haven_components.resilience.heartbeat_function.beats import Beat
from haven_components.resilience.heartbeat_function.handler import recorder
from tests.simulation.operators import manifest_document

TO = "eu-central-1"
NOW = 1_800_000_000
OBJECTIVE_MS, INTERVAL_MS = 15 * 60_000, 10_000
UNTIL_MS = (NOW + 1 + loss.ALLOWANCE_SECONDS) * 1000
"""AWS's time is rounded up to a second, and the promotion may take as long as is allowed."""
BUCKET = bucket_heartbeat("models")
STORES = {
    DATABASE_HEARTBEAT: True,
    **dict.fromkeys(cache_heartbeats(2), True),
    table_heartbeat("haven-test-t"): False,
    BUCKET: False,
}


class Clock:
    def monotonic(self) -> float:
        return 0.0

    def wall(self) -> float:
        return float(NOW)


def site(standby: int = 1, minutes: int | None = None, tier: str = "warm") -> Site:
    document = json.loads(json.dumps(manifest_document(standby=standby, rpo_minutes=OBJECTIVE_MS / 60_000)))
    document["tier"] = tier
    document["operations"]["heartbeats"] = {"stores": STORES, "objectsWithinMinutes": minutes}
    return Site(parse(json.dumps(document), "a test"), TO, Clock())


def recorded(newest: Mapping[str, float | None], seen_ms: int = NOW * 1000) -> list[Any]:
    """What the function puts into the table."""
    asked: list[Any] = []

    class Client:
        def batch_write_item(self, **arguments: Any) -> None:
            asked.extend(each["PutRequest"]["Item"] for each in arguments["RequestItems"]["operations"])

    recorder(Client(), "operations", INTERVAL_MS)([Beat(name, at, wrote=False) for name, at in newest.items()], seen_ms)
    return asked


def goal(planned: bool = False, force: str = "", accepted: str = "") -> Workflow:
    return Workflow("", {"planned": planned, "force": force, "acceptLoss": accepted, "observedMs": NOW * 1000})


def answered(asking: Any, items: list[Any]) -> Any:
    """What comes of one question for the heartbeats."""
    asking.send(None)
    date = {"ResponseMetadata": {"HTTPHeaders": {"date": formatdate(NOW, usegmt=True)}}}
    with pytest.raises(StopIteration) as ended:
        asking.send({"Items": items, **date})
    return ended.value.value


def judged(items: list[Any], *, planned: bool = False, standby: int = 1, minutes: int | None = None) -> Judged:
    found: Judged = answered(loss.judged(site(standby, minutes), goal(planned)), items)
    return found


def verdicts(items: list[Any], **how: Any) -> dict[str, Verdict]:
    return {each.store: each.verdict for each in judged(items, **how).judgements}


FRESH: Mapping[str, float | None] = dict.fromkeys(STORES, NOW * 1000.0)
AT_THE_EDGE = UNTIL_MS - OBJECTIVE_MS + INTERVAL_MS


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(("offset", "expected"), [(-1, Verdict.ABOVE), (0, Verdict.WITHIN), (1, Verdict.WITHIN)])
def test_a_millisecond_decides_at_the_objective_of_every_store(store: str, offset: int, expected: Verdict) -> None:
    found = verdicts(recorded({**FRESH, store: AT_THE_EDGE + offset}))
    assert found == {**dict.fromkeys(STORES, Verdict.WITHIN), store: expected}


@pytest.mark.parametrize("store", STORES)
def test_a_store_that_nothing_arrived_in_refuses(store: str) -> None:
    found = judged(recorded({**FRESH, store: None}))
    assert found.refusals == [f"{store}: no heartbeat"]


@pytest.mark.parametrize("store", STORES)
def test_a_heartbeat_that_is_no_number_refuses(store: str) -> None:
    items = recorded({each: at for each, at in FRESH.items() if each != store})
    items.append({"id": {"S": "heartbeat"}, "entry": {"S": store}, "newest": {"N": "NaN"}, "interval": {"N": "10000"}})
    assert verdicts(items)[store] is Verdict.NOT_A_NUMBER


@pytest.mark.parametrize("store", [each for each in STORES if each != BUCKET])
@pytest.mark.parametrize(("age", "expected"), [(59_000, Verdict.WITHIN), (59_001, Verdict.STALE)])
def test_a_planned_failover_goes_by_no_sample_older_than_a_minute(store: str, age: int, expected: Verdict) -> None:
    found = verdicts(recorded({**FRESH, store: NOW * 1000 - age}), planned=True)
    assert found[store] is expected


@pytest.mark.parametrize(
    ("minutes", "age_ms", "expected"),
    [
        (10, 11 * 60_000 - 1000, Verdict.WITHIN),
        (10, 11 * 60_000 - 999, Verdict.STALE),
        (None, 12 * 60_000, Verdict.WITHIN),
        (None, 16 * 60_000, Verdict.ABOVE),
    ],
)
def test_a_planned_failover_gives_a_bucket_the_time_that_s3_promises_or_where_it_promises_none_the_objective(
    minutes: int | None, age_ms: int, expected: Verdict
) -> None:
    found = verdicts(recorded({**FRESH, BUCKET: NOW * 1000 - age_ms}), planned=True, minutes=minutes)
    assert found == {**dict.fromkeys(STORES, Verdict.WITHIN), BUCKET: expected}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("tier", "planned", "promotion_ends_it"),
    [("warm", False, False), ("active-active", True, False), ("active-active", False, True)],
)
def test_closing_the_old_writer_ends_all_writes_but_those_that_readers_forward_to_it(
    tier: str, planned: bool, promotion_ends_it: bool, store: str
) -> None:
    closed_ms = (NOW - 30) * 1000.0
    workflow = goal(planned)
    workflow.step(loss.CLOSED).data = {"closedMs": closed_ms}
    asked = loss.judged(site(tier=tier), workflow)
    losses = {each.store: each.loss_ms for each in answered(asked, recorded({**FRESH, store: closed_ms})).judgements}
    later = promotion_ends_it and store == DATABASE_HEARTBEAT
    assert losses[store] == (UNTIL_MS if later else closed_ms) - closed_ms + INTERVAL_MS


def test_only_ordered_stores_have_a_bound() -> None:
    found = judged(recorded(FRESH)).judgements
    assert {each.store: not each.estimate for each in found} == STORES


def test_what_a_store_left_behind_that_is_gone_counts_no_more() -> None:
    assert set(verdicts(recorded({**FRESH, "bucket:gone": 0.0, "cache#9": 0.0}))) == set(STORES)


@pytest.mark.parametrize(("age", "early"), [(59_000, False), (59_001, True)])
def test_a_member_that_had_no_instance_is_judged_once_it_has_been_read(age: int, early: bool) -> None:
    items = recorded(FRESH, NOW * 1000 - age)
    assert bool(judged(items, standby=0).unread) is early
    assert not judged(items).unread
    assert judged([each for each in items if each["entry"]["S"] != "database"], standby=0).unread


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("force", "accepted", "refused"),
    [
        ("", "", True),
        ("the provider confirms the loss", "", True),
        ("", "20m", False),
        ("", "17m", True),
        ("", "unknown", False),
        ("the provider confirms the loss", "20m", False),
    ],
)
def test_a_reason_promotes_no_store_beyond_the_objective_and_what_is_accepted_does(
    store: str, force: str, accepted: str, refused: bool
) -> None:
    items = recorded({**FRESH, store: UNTIL_MS - 20 * 60_000 + INTERVAL_MS})
    why, _ = answered(loss.refusal(site(), goal(False, force, accepted), store.partition("#")[0]), items)
    assert bool(why) is refused, why
    if refused:
        given = f" --force '{force}'" if force else ""
        typed = f"haven failover sim --to {TO}{given} --accept-loss 25m"
        assert why.endswith(f"; whoever accepts this loss types: {typed} (--force doesn't)")


def test_an_unknown_loss_asks_for_that_word() -> None:
    items = recorded({**FRESH, DATABASE_HEARTBEAT: None})
    why, _ = answered(loss.refusal(site(), goal(accepted="24h"), "database"), items)
    assert why == (
        "database: no heartbeat; accepted is 24h; whoever accepts that nobody knows what is lost types:"
        f" haven failover sim --to {TO} --accept-loss unknown (--force doesn't)"
    )
