"""What is decided anew by whoever goes on with a workflow: it may become unplanned, be undone, or go forward again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from haven.runbooks.failover import database, loss, plan
from haven.runbooks.failover.decision import Decision, Fence, Request, Seen, fence, stops
from haven.runbooks.failover.observe import Observation, observe
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import CallError
from haven.runbooks.workflow.steps import Step

LEFT = "left open"
"""How a workflow has ended that `--force` left open: what it closed may be open by now, so nobody goes on with it."""
DIVERGENCE = (
    "possible: the old writer couldn't be closed, and may have taken writes that aren't here; keep its volume and"
    " its snapshot rds:unplanned-global-failover-… until somebody has compared them"
)
Decide = Callable[[Observation, Request], Decision]


@dataclass(frozen=True)
class Anew:
    """What follows from a look at both Regions."""

    decided: Decision
    stops: bool
    """Whether it is undone."""
    turn: dict[str, Any] = field(default_factory=dict)
    """What the journal gets where it becomes unplanned, or goes forward once more; empty: it stays as it is."""


def request_of(workflow: Workflow, request: Request, seen: Observation) -> Request:
    """What an open workflow wants now. A reason for taking the Region for lost counts no more when the Region is up;
    one that is given now does.

    Args:
        workflow: with what it was begun with.
        request: what was typed now.
        seen: the Region that is left, now.
    """
    force = request.force if seen.seen is Seen.UP else str(workflow.goal["force"])
    return Request(bool(workflow.goal["planned"]), force)


def anew(workflow: Workflow, request: Request, seen: Observation, decide: Decide, opening: Sequence[str]) -> Anew:
    """What is decided now, and written down as long as the workflow is open.

    Args:
        workflow: the open one; one that is being undone stays so, unless `Anew.turn` says otherwise.
        request: what was typed now.
        seen: both Regions, now.
        decide: whether the writer may be promoted.
        opening: steps after which the new side takes writes.
    """
    wanted = request_of(workflow, request, seen)
    accepted = any(workflow.step(each).may_have_happened or workflow.step(each).done for each in opening)
    turn: dict[str, Any] = {}
    if not request.planned and seen.seen is not Seen.UP and seen.steady:
        unplanned = replace(wanted, planned=False)
        onward = bool(workflow.aborting) and seen.seen is Seen.UNREACHABLE and _owes_the_old_region(workflow)
        if decide(seen, unplanned).allowed and (onward if workflow.aborting else wanted.planned):
            turn, wanted = {"planned": False, **({"onward": True} if onward else {})}, unplanned
    decided = decide(seen, wanted)
    if promoted(workflow):  # what is left needs no fence, and what is lost by now isn't waited for
        decided = replace(decided, fence=fence(seen.seen))
    closed = workflow.step(loss.CLOSED).may_have_happened
    return Anew(decided, stops(seen.seen, decided, closed=closed, accepted=accepted), turn)


def as_it_would(
    workflow: Workflow | None, request: Request, seen: Observation, decide: Decide, opening: Sequence[str]
) -> tuple[Decision, Request]:
    """What a run would decide, and on what request.

    Args:
        workflow: the open one that it would go on with. None: it would begin one.
        request: what was typed.
        seen: both Regions, now.
        decide: whether the writer may be promoted.
        opening: steps after which the new side takes writes.
    """
    if workflow is None:
        return decide(seen, request), request
    found = anew(workflow, request, seen, decide, opening)
    planned = bool(found.turn.get("planned", workflow.goal["planned"]))
    return found.decided, replace(request.going_on(workflow.goal), planned=planned)


def _owes_the_old_region(workflow: Workflow) -> bool:
    """Whether an abort has to change something back in the Region that is left, or to see that it hasn't."""
    return plan.closes(workflow) or any(workflow.step(each).may_have_happened for each in plan.UNDONE_IN_THE_OLD_REGION)


def promoted(workflow: Workflow) -> bool:
    """Whether both stores are."""
    return all(workflow.step(each).done for each in plan.NO_RETURN)


def exposed(workflow: Workflow, opening: Sequence[str]) -> bool:
    """Whether something may have been promoted while the old writer was open.

    Args:
        workflow: with its last decision.
        opening: steps after which the new side takes writes.
    """
    last = workflow.decisions.get("writer", {})
    if last.get("exposed"):
        return True
    begun = any(workflow.step(each).may_have_happened or workflow.step(each).done for each in opening)
    return begun and last.get("fence") == Fence.UNCONFIRMED.value and not last.get("promoted")


def divergence(workflow: Workflow, opening: Sequence[str]) -> str:
    """What the old writer may have that the new one lacks; empty: nothing.

    Args:
        workflow: with what RDS reports of the old writer.
        opening: steps after which the new side takes writes.
    """
    if not exposed(workflow, opening):
        return ""
    events = workflow.step(database.EVENTS).data.get("events")
    if events is None:  # they haven't been read, or can't be
        return DIVERGENCE
    return f"{DIVERGENCE}; RDS says: {'; '.join(events) or 'nothing about the old writer yet'}"


async def is_lost(site: Site, workflow: Workflow, decide: Decide, *, silent: bool) -> bool:
    """Whether the Region that is left doesn't answer, and would be taken for lost.

    Args:
        site: from where to where.
        workflow: with the reason that somebody gave.
        decide: whether the writer may be promoted.
        silent: as in `observe`.
    """
    try:
        seen = await observe(site, silent=silent)
    except CallError:
        return False
    request = Request(planned=False, force=str(workflow.goal["force"]))
    return seen.seen is Seen.UNREACHABLE and decide(seen, request).allowed


def way_out(site: Site, workflow: Workflow, opening: Sequence[str]) -> list[str]:
    """How to end a workflow that waits for a Region which may never return.

    Args:
        site: from where to where.
        workflow: the open one.
        opening: steps after which the new side takes writes.
    """
    begun = [workflow.step(each) for each in opening if each not in plan.NO_RETURN]
    if workflow.step(plan.DATABASE).done or any(each.may_have_happened or each.done for each in begun):
        return []
    if not (_owes_the_old_region(workflow) if workflow.aborting else workflow.goal["planned"]):
        return []
    typed = site.command(planned=False, force="REASON", accept_loss=str(workflow.goal.get("acceptLoss", "")))
    lost = f"if {site.old} is lost, this makes it an unplanned failover: {typed}"
    return [f"{lost} (without --force where two independent observations agree)"]


def in_the_old_region(undoing: Sequence[Step], workflow: Workflow) -> list[Step]:
    """The steps of an abort that can't be taken without the Region that is left.

    Args:
        undoing: all of them.
        workflow: with what is done already.
    """
    return [each for each in undoing if each.name in plan.UNDO_IN_THE_OLD_REGION and not workflow.step(each.name).done]
