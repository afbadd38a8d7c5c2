"""Reads the heartbeats that arrived, and refuses a promotion that could lose more than the objective allows."""

from dataclasses import dataclass

from haven.runbooks.failover import guard
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Answer
from haven.runbooks.workflow.table import Table

HEARTBEATS = "heartbeat"
CLOSED = "close-old-writer"
ALLOWANCE_SECONDS = 20.0
"""From the judgement to the end of the call that it allows; a call that would end later isn't sent."""


@dataclass(frozen=True)
class Judged:
    """What may be lost if the promotion is sent before `not_after`."""

    judgements: list[guard.Judgement]
    not_after: float

    @property
    def refusals(self) -> list[str]:
        """The stores that forbid it."""
        return [each.describe() for each in self.judgements if not each.allowed]


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
    ordered = site.heartbeats()
    found = [
        guard.Heartbeat(
            str(each["entry"]),
            float(each["newest"]) if each.get("newest") is not None else None,
            float(each.get("interval", guard.INTERVAL_MS)),
            ordered.get(str(each["entry"]).partition("#")[0], True),
        )
        for each in items
    ]
    return found, answer


async def judged(site: Site, workflow: Workflow) -> Judged:
    """What may be lost now.

    Raises:
        CallError: no answer.
    """
    not_after = site.clock.monotonic() + ALLOWANCE_SECONDS
    found, answer = await heartbeats(site, site.table)
    now = site.time_ms(answer)
    closed = workflow.step(CLOSED).data.get("closedMs")
    until = float(closed) if closed is not None else now + ALLOWANCE_SECONDS * 1000
    expected = now if closed is None else workflow.goal["observedMs"]
    judgements = guard.judge_all(
        site.heartbeats(),
        found,
        until_ms=until,
        objective_ms=site.objective_ms,
        planned_ms=expected if workflow.goal["planned"] else None,
    )
    return Judged(judgements, not_after)


async def refusal(site: Site, workflow: Workflow, store: str) -> tuple[str, float]:
    """Why a store may not be promoted now, and until when its promotion must have ended; an empty reason: it may.

    Raises:
        CallError: no answer.
    """
    found = await judged(site, workflow)
    own = [each for each in found.judgements if each.store.partition("#")[0] == store and not each.allowed]
    return "" if workflow.goal["force"] else "; ".join(each.describe() for each in own), found.not_after
