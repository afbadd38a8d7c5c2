"""Whether a failover may go on: every cell of the table, and the time since the last one."""

import itertools
from dataclasses import replace

import pytest

from haven.runbooks.failover.decision import Fence, Needs, Seen, Through, Witness, decide, too_soon, witnesses_of_loss
from haven.runbooks.failover.guard import Heartbeat, within_ms
from haven.runbooks.failover.observe import by_copies, by_heartbeats
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.threads import MachineClock
from haven_components.names import bucket_heartbeat, table_heartbeat
from tests.simulation.model import R
from tests.simulation.operators import MANIFESTS

UNPLANNED = {
    # What this machine sees, with 0, 1, 2 and 3 independent observations of the loss: whether it may go on unforced.
    Seen.UP: (False, False, False, False),
    Seen.DOWN: (False, False, True, True),
    Seen.UNREACHABLE: (False, False, True, True),
    Seen.READ_ONLY: (False, False, True, True),
    Seen.FLAPPING: (False, False, True, True),
    Seen.UNKNOWN: (False, False, True, True),
    Seen.PARTLY: (False, False, True, True),
}
FENCES = {
    Seen.UP: Fence.CONFIRMED,
    Seen.DOWN: Fence.TRIED,
    Seen.UNREACHABLE: Fence.UNCONFIRMED,
    Seen.READ_ONLY: Fence.CONFIRMED,
    Seen.FLAPPING: Fence.CONFIRMED,
    Seen.UNKNOWN: Fence.CONFIRMED,
    Seen.PARTLY: Fence.TRIED,
}


@pytest.mark.parametrize(("seen", "witnesses"), list(itertools.product(Seen, range(4))))
def test_an_unplanned_failover_needs_two_witnesses_or_a_reason(seen: Seen, witnesses: int) -> None:
    free = UNPLANNED[seen][witnesses]
    unforced = decide(seen, witnesses, planned=False)
    forced = decide(seen, witnesses, planned=False, force="the provider confirms the loss by telephone")
    assert (unforced.allowed, unforced.forced) == (free, False)
    assert (forced.allowed, forced.forced) == (True, not free)
    assert ("telephone" in forced.why) is not free


@pytest.mark.parametrize(("seen", "witnesses"), list(itertools.product(Seen, range(4))))
def test_a_refusal_names_what_would_allow_it(seen: Seen, witnesses: int) -> None:
    unplanned, planned = decide(seen, witnesses, planned=False), decide(seen, witnesses, planned=True)
    wanted = Needs.PLANNED if seen is Seen.UP else Needs.FORCE
    assert unplanned.needs is (None if unplanned.allowed else wanted)
    answers = seen in (Seen.UNKNOWN, Seen.PARTLY)  # what it refuses or doesn't answer is to be mended: it isn't lost
    assert planned.needs is (None if planned.allowed or answers else Needs.UNPLANNED)


@pytest.mark.parametrize("seen", Seen)
def test_what_serves_is_closed_and_what_only_answers_is_tried_forced_or_not(seen: Seen) -> None:
    fences = {decide(seen, witnesses, planned=False, force="x").fence for witnesses in range(4)}
    assert fences == {FENCES[seen]}


@pytest.mark.parametrize(("seen", "force"), list(itertools.product(Seen, ("", "now"))))
def test_a_planned_failover_needs_both_regions_and_no_force_changes_that(seen: Seen, force: str) -> None:
    decided = decide(seen, 3, planned=True, force=force)
    assert decided.allowed is (seen is Seen.UP)
    assert decided.fence is Fence.CONFIRMED


def test_one_witness_that_contradicts_leaves_none() -> None:
    lost, alive, silent = Witness("a", True), Witness("b", False), Witness("c", None)
    cut = Witness("d", True, through=Through.DATABASE)
    assert witnesses_of_loss([lost, cut, silent]) == 2
    assert witnesses_of_loss([lost, cut, alive]) == 0
    assert witnesses_of_loss([silent]) == 0


@pytest.mark.parametrize("through", Through)
def test_observations_that_rest_on_the_same_thing_are_one(through: Through) -> None:
    assert witnesses_of_loss([Witness(name, True, through=through) for name in "abc"]) == 1


NOW, BEAT = 1_800_000_000_000.0, 10_000.0


def heartbeats(**stores: bool) -> list[Heartbeat]:
    """The stores, each with whether it is silent."""
    times = {name: NOW - (10 if silent else 1) * BEAT for name, silent in stores.items()}
    return [Heartbeat(name, at, BEAT, ordered=name != "bucket") for name, at in times.items()]


STORES = ("database", "cache", "bucket")


@pytest.mark.parametrize("seen", [Seen.UNREACHABLE, Seen.FLAPPING])
@pytest.mark.parametrize("standby", [0, 1])
@pytest.mark.parametrize("resync", [False, True])
@pytest.mark.parametrize("silent", list(itertools.product((False, True, None), repeat=3)))
def test_what_rds_reports_of_replication_carries_no_decision_without_a_store_that_it_does_not_replicate(
    silent: tuple[bool | None, ...], resync: bool, standby: int, seen: Seen
) -> None:
    """`pending-resync` is an assumption, and the database's heartbeat comes by the same replication."""
    stores = {name: each for name, each in zip(STORES, silent, strict=True) if each is not None}
    site = Site(MANIFESTS[standby], R, MachineClock())
    reported = Witness("RDS", True if resync else None, through=Through.DATABASE)
    arrived = by_heartbeats(site, heartbeats(**stores), NOW, seen)
    allowed = decide(seen, witnesses_of_loss([arrived, reported]), planned=False).allowed
    alive = stores.get("bucket") is False or (standby == 1 and stores.get("database") is False)
    independent = stores.get("bucket") or (standby == 1 and stores.get("database") and stores.get("cache"))
    assert allowed is bool(resync and independent and not alive)


@pytest.mark.parametrize("seen", [Seen.DOWN, Seen.READ_ONLY])
def test_where_the_region_answers_that_its_database_takes_no_writes_living_buckets_contradict_nothing(
    seen: Seen,
) -> None:
    site = Site(MANIFESTS[1], R, MachineClock())
    found = heartbeats(database=True, bucket=False)
    assert by_heartbeats(site, found, NOW, seen).lost is True
    assert by_heartbeats(site, found, NOW, Seen.UNREACHABLE).lost is False


@pytest.mark.parametrize(
    ("minutes", "age", "lost"),
    [
        (15, 30_000, False),
        (15, 30_001, None),
        (15, 16 * 60_000, None),
        (15, 16 * 60_000 + 1, True),
        (None, 30_000, False),
        (None, 30_001, None),
        (None, 30 * 86_400_000, None),
    ],
)
def test_a_bucket_is_silent_only_after_the_time_that_s3_promises(
    minutes: int | None, age: int, lost: bool | None
) -> None:
    name = bucket_heartbeat("models")
    bucket = Heartbeat(name, NOW - age, BEAT, ordered=False, seen_ms=NOW, within_ms=within_ms(name, minutes))
    assert by_copies("heartbeats", [bucket], NOW).lost is lost
    table = Heartbeat(table_heartbeat("t"), NOW - 31_000, BEAT, ordered=False, seen_ms=NOW)
    assert by_copies("heartbeats", [bucket, table], NOW).lost is (lost is not False)


@pytest.mark.parametrize("age", [60_000.0, 60_001.0])
@pytest.mark.parametrize("seen", [Seen.UNREACHABLE, Seen.READ_ONLY])
def test_a_function_that_records_nothing_is_no_witness(age: float, seen: Seen) -> None:
    site = Site(MANIFESTS[1], R, MachineClock())
    names = heartbeats(database=True, cache=True, bucket=True)
    found = by_heartbeats(site, [replace(each, seen_ms=NOW - age) for each in names], NOW, seen)
    known = age == 60_000
    assert found.lost is (True if known else None)
    assert ("the heartbeat function there has recorded nothing for 60 s" in found.detail) is not known
    reported = Witness("RDS", True, through=Through.DATABASE)
    assert decide(seen, witnesses_of_loss([found, reported]), planned=False).allowed is known


def test_a_store_that_the_function_cannot_read_says_nothing() -> None:
    site = Site(MANIFESTS[1], R, MachineClock())
    stores = [replace(each, seen_ms=NOW) for each in heartbeats(cache=True, bucket=False)]
    unread = replace(heartbeats(database=True)[0], seen_ms=NOW - 61_000)
    assert by_heartbeats(site, [*stores, unread], NOW, Seen.UNREACHABLE).lost is False
    assert by_heartbeats(site, [*stores, unread], NOW, Seen.READ_ONLY).lost is None


@pytest.mark.parametrize(
    ("since", "acknowledged", "refused"),
    [
        (None, False, False),
        (3599.999, False, True),
        (3599.999, True, False),
        (3600.0, False, False),
        (-5.0, False, True),
    ],
)
def test_a_second_failover_within_an_hour_needs_an_acknowledgement(
    since: float | None, acknowledged: bool, refused: bool
) -> None:
    assert bool(too_soon(since, acknowledged=acknowledged)) is refused
