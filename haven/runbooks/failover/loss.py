"""Reads the heartbeats that arrived, and refuses a promotion that could lose more than the objective allows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.runbooks.failover import guard
from haven.runbooks.failover.decision import Fence
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Answer, CallError
from haven.runbooks.workflow.table import Table

HEARTBEATS = "heartbeat"
"""As the function records them (haven_components/resilience/heartbeat_function/keys.py)."""
DATABASE, CACHE = "database", "cache"
CLOSED = "close-old-writer"
READ_WITHIN_MS = 60_000.0
"""[assumption] Six rounds of the function that reads: what it hasn't read for longer, it says nothing about."""
CLOSING_MS = 5_000.0
"""Between the fence and the look that reads it back. An assumption: two calls, a pause after each, and rounding."""
ALLOWANCE_SECONDS = 20.0
"""From the judgement to the end of the call that it allows; a call that would end later isn't sent."""


def closed_ms(workflow: Workflow) -> float | None:
    """When the old writer was closed to clients. None: it wasn't read back as closed, or not since it is tried only."""
    record, how = workflow.step(CLOSED), workflow.decisions.get("writer", {}).get("fence")
    if how == Fence.UNCONFIRMED or (how == Fence.TRIED and not record.done):
        return None  # what can't be read may be open by now
    found = record.data.get("closedMs")
    return None if found is None else float(found)


@dataclass(frozen=True)
class Judged:
    """What may be lost if the promotion is sent before `not_after`."""

    judgements: list[guard.Judgement]
    not_after: float
    newest_ms: float | None
    """When the newest heartbeat was written that arrived of any store. None: none did."""
    unread: str = ""
    """Why it is too early to judge: the database's new instance hasn't been read yet. Empty too where somebody accepts
    that nobody knows what is lost."""
    accepted: str = ""
    """What somebody accepts to lose, in the words of `--accept-loss`; empty: nothing beyond the objective."""

    @property
    def forbidding(self) -> list[guard.Judgement]:
        """Of the stores that forbid it."""
        return [each for each in self.judgements if each.refusal(self.accepted)]

    @property
    def refusals(self) -> list[str]:
        """Why they do."""
        return [each.refusal(self.accepted) for each in self.forbidding]


async def heartbeats(site: Site, table: Table, *, observes: bool = False) -> tuple[list[guard.Heartbeat], Answer]:
    """What arrived in a Region.

    Args:
        site: whose stores these are.
        table: the Region's operations table.
        observes: whether the Region may be lost.

    Raises:
        CallError: no answer.
    """
    items, answer = await table.query(HEARTBEATS, observes=observes)
    return arrived(site, items), answer


def arrived(site: Site, items: Sequence[Mapping[str, Any]]) -> list[guard.Heartbeat]:
    """The heartbeats that an operations table has.

    Args:
        site: whose stores these are.
        items: the table's items of heartbeats.
    """
    ordered = site.heartbeats()
    return [
        guard.Heartbeat(
            str(each["entry"]),
            float(each["newest"]) if each.get("newest") is not None else None,
            float(each.get("interval", guard.INTERVAL_MS)),
            ordered[str(each["entry"])],
            float(each["seen"]) if each.get("seen") is not None else None,
            site.within_ms(str(each["entry"])),
        )
        for each in items
        if each["entry"] in ordered  # a store that the environment had once leaves its last one behind
    ]


async def judged(site: Site, workflow: Workflow) -> Judged:
    """What may be lost now.

    Closing the old writer ends the writes of whoever connects to it. What the new Region's readers forward to it meets
    no network ACL, for Aurora carries it between the Regions itself (Amazon Aurora User Guide, Using write forwarding
    in an Amazon Aurora global database; read 2026-11-27), so only the promotion ends that. A switchover waits for it.

    Raises:
        CallError: no answer.
    """
    not_after = site.clock.monotonic() + ALLOWANCE_SECONDS
    found, answer = await heartbeats(site, site.table)
    now = site.time_ms(answer)
    closed = closed_ms(workflow)
    promoted = now + ALLOWANCE_SECONDS * 1000
    forwarded = site.manifest.forwards_writes and not workflow.goal["planned"]
    expected = now if closed is None else workflow.goal["observedMs"]
    judgements = guard.judge_all(
        site.heartbeats(),
        found,
        until_ms=promoted if closed is None else closed,
        objective_ms=site.objective_ms,
        planned_ms=expected if workflow.goal["planned"] else None,
        now_ms=now,
        written_until_ms={DATABASE: promoted} if forwarded else {},
    )
    newest = max((each.newest_ms for each in found if each.newest_ms is not None), default=None)
    given = accepted(workflow)
    waits = site.new_side.database.standby == 0 and given != guard.UNKNOWN
    return Judged(judgements, not_after, newest, unread(found, now) if waits else "", given)


def accepted(workflow: Workflow) -> str:
    """What somebody accepts to lose, in the words of `--accept-loss`; empty: nothing beyond the objective."""
    return str(workflow.goal.get("acceptLoss", ""))


def advice(site: Site, goal: Mapping[str, Any], losses_ms: Iterable[float | None]) -> str:
    """Which flag a refusal of the loss needs, and what to type.

    Args:
        site: from where to where.
        goal: of the workflow, which has what was typed already.
        losses_ms: of each store that forbids it; None: unknown.
    """
    most = guard.to_accept(losses_ms)
    typed = site.command(planned=bool(goal["planned"]), force=str(goal["force"]), accept_loss=most)
    what = "that nobody knows what is lost" if most == guard.UNKNOWN else "this loss"
    return f"whoever accepts {what} types: {typed} (--force doesn't)"


async def behind(site: Site, workflow: Workflow) -> str:
    """Which stores of a planned failover lack what the other Region had last, before it was closed; empty: none.

    A cache has no switchover that waits until everything has arrived, as the database has; so the last heartbeat that
    the closed Region has of each shard must have arrived. What was written after that one isn't shown to have. Where
    the closed Region's table can't be read, one from an interval before the fence or later is taken for the last.

    Args:
        site: from where to where.
        workflow: with what somebody accepts to lose; unplanned, or where nothing is closed, no store is asked.

    Raises:
        CallError: no answer.
    """
    if not workflow.goal["planned"] or not workflow.step(CLOSED).done:
        return ""
    missing = await _missing(site, workflow)
    given = accepted(workflow)
    late = {store: ms for store, ms in missing.items() if not guard.is_accepted(ms, given)}
    if not late:
        return ""
    listed = ", ".join(f"{store} (up to {ms / 1000:.0f} s)" for store, ms in late.items())
    typed = advice(site, workflow.goal, late.values())
    return f"what {site.old} wrote last hasn't arrived in {site.to}: {listed}; {typed}"


async def _missing(site: Site, workflow: Workflow) -> dict[str, float]:
    """Milliseconds that each ordered store may lack, where it lacks what the closed Region wrote last."""
    here = _shards(await heartbeats(site, site.table))
    arrived_ms = {each.store: each.newest_ms or 0.0 for each in here}
    try:
        there = _shards(await heartbeats(site, site.table_of(site.old)))
    except CallError:
        closed = closed_ms(workflow)
        if closed is None:
            raise
        interval_ms = {each.store: each.interval_ms for each in here}
        missing = {store: closed - at for store, at in arrived_ms.items()}
        return {store: ms for store, ms in missing.items() if ms > interval_ms[store] + CLOSING_MS}
    return {
        each.store: each.newest_ms - arrived_ms.get(each.store, 0.0) + each.interval_ms
        for each in there
        if each.newest_ms is not None and each.newest_ms > arrived_ms.get(each.store, 0.0)
    }


def _shards(found: tuple[Sequence[guard.Heartbeat], Answer]) -> list[guard.Heartbeat]:
    """The cache's heartbeats: its replication keeps the order of writes, as the database's does."""
    return [each for each in found[0] if each.ordered and each.store != DATABASE]


def unread(found: Sequence[guard.Heartbeat], now_ms: float) -> str:
    """Whether a member that had no instance is still to be read.

    Args:
        found: the heartbeats that arrived.
        now_ms: AWS's time.

    Returns:
        What is missing; empty: the member has been read.
    """
    seen = next((each.seen_ms for each in found if each.store == DATABASE), None)
    if seen is not None and now_ms - seen <= READ_WITHIN_MS:
        return ""
    return "the database's heartbeat hasn't been read from the new instance yet"


async def refusal(site: Site, workflow: Workflow, store: str) -> tuple[str, float]:
    """Why a store may not be promoted now, and until when its promotion must have ended; an empty reason: it may.

    Raises:
        CallError: no answer.
    """
    found = await judged(site, workflow)
    own = [each for each in found.forbidding if each.store.partition("#")[0] == store]
    why = [each.refusal(found.accepted) for each in own]
    if why:
        why.append(advice(site, workflow.goal, [each.loss_ms for each in own]))
    return "; ".join(why), found.not_after
