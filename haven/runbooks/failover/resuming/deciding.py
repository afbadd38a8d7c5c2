"""What is decided anew by whoever goes on with a workflow: it may become unplanned, be undone, or go forward again."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from haven.runbooks.failover import database, loss, plan, stores
from haven.runbooks.failover.decision import UNUSABLE, Decision, Fence, Request, Seen, fence, stops
from haven.runbooks.failover.observe import Observation, observe
from haven.runbooks.failover.site import Site
from haven.runbooks.serving import steps as serving
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import CallError
from haven.runbooks.workflow.steps import Done, Step

DIVERGENCE = (
    "possible: the old writer couldn't be closed, and may have taken writes that aren't here; keep its volume and"
    " its snapshot rds:unplanned-global-failover-… until somebody has compared them"
)
Decide = Callable[[Observation, Request], Decision]


@dataclass(frozen=True)
class Anew:
    """What follows from a look at both Regions."""

    seen: Observation
    wanted: Request
    """By the workflow, with what is typed now: whether it is planned, and the reason that counts."""
    decided: Decision
    stops: bool
    """Whether it is undone."""
    promotes: bool
    """Whether anything may still be promoted: it isn't undone, nor done with that."""
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
    force = request.force or ("" if seen.seen is Seen.UP else str(workflow.goal["force"]))
    return replace(request, planned=bool(workflow.goal["planned"]), force=force)


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
        onward = bool(workflow.aborting) and seen.seen in UNUSABLE and _owes_the_old_region(workflow)
        if decide(seen, unplanned).allowed and (onward if workflow.aborting else wanted.planned):
            turn, wanted = {"planned": False, **({"onward": True} if onward else {})}, unplanned
    decided = decide(seen, wanted)
    if promoted(workflow):  # what is left needs no fence, and what is lost by now isn't waited for
        decided = replace(decided, fence=fence(seen.seen))
    closed = workflow.step(loss.CLOSED).may_have_happened
    undone = stops(seen.seen, decided, closed=closed, accepted=accepted)
    forward = not workflow.aborting or bool(turn.get("onward"))
    return Anew(seen, wanted, decided, undone, forward and not undone and not promoted(workflow), turn)


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
    return found.decided, replace(request.going_on(workflow.goal), planned=found.wanted.planned)


def given(workflow: Workflow | None, goal: Mapping[str, Any]) -> Workflow:
    """What a run would judge by.

    Args:
        workflow: the open one that it would go on with. None: it would begin one.
        goal: by what is typed now.
    """
    if workflow is None:
        return Workflow("", goal)
    typed = {name: goal[name] for name in ("planned", "force", "acceptLoss")}
    return replace(workflow, goal={**workflow.goal, **typed})


def done(workflow: Workflow | None) -> list[str]:
    """The steps that needn't be taken once more.

    Args:
        workflow: the open one. None: there is none; one that is being undone goes back over its steps.
    """
    if workflow is None or workflow.aborting:
        return []
    return [name for name, record in workflow.steps.items() if record.done]


async def still_to_do(
    site: Site, steps: Sequence[Step], seen: Observation, workflow: Workflow | None
) -> Sequence[Step]:
    """The steps without the promotions for which nothing is left: the Region writes, and nobody has to promote it.

    Args:
        site: from where to where.
        steps: of a run.
        seen: both Regions, now.
        workflow: the open one that it would go on with, whose own promotions stay: they are shown as done. None: it
            would begin one.
    """
    if seen.writer != site.to:
        return steps
    gone = {plan.DATABASE}
    with suppress(CallError):
        gone |= set() if await stores.awaits_promotion(site) else {plan.CACHE}
    gone -= set(done(workflow))
    before = {each.name: each.after for each in steps if each.name in gone}

    def after(name: str) -> Sequence[str]:
        return before.get(name, (name,))

    kept = [each for each in steps if each.name not in gone]
    return [each._replace(after=tuple(dict.fromkeys(one for of in each.after for one in after(of)))) for each in kept]


async def nothing_to_do(site: Site, seen: Observation, goal: Mapping[str, Any], *, is_open: bool) -> str:
    """Why a run would change nothing; empty: it would, or nobody knows.

    Args:
        site: from where to where.
        seen: both Regions, now.
        goal: of a workflow that would begin.
        is_open: whether a workflow is open, or was left open, in either direction.
    """
    if is_open or seen.writer != site.to:
        return ""
    try:
        complete = await is_complete(site, Workflow("", goal), fence(seen.seen))
    except CallError:
        return ""
    return f"{site.to} is the writing Region" if complete else ""


async def is_complete(site: Site, nothing: Workflow, how: Fence) -> bool:
    """Whether what a failover leaves is there already, and nothing is left of one that was undone.

    Args:
        site: from where to where.
        nothing: a workflow that has done nothing.
        how: what would have to be known about the old writer; what is only tried needn't be so.

    Raises:
        CallError: no answer.
    """
    how = how if how is Fence.CONFIRMED else Fence.UNCONFIRMED
    wanted = (plan.OPENED, plan.DATABASE, plan.CACHE, plan.ON, plan.OFF, plan.WRITABLE, plan.VERIFIED)
    steps = plan.steps(site, how, planned=False)
    found = [await each.look(nothing) for each in steps if each.name in wanted]
    if not all(isinstance(each, Done) for each in found):
        return False
    try:
        later = (serving.STARTED, serving.DEPENDENT, plan.QUEUES_OPENED)
        others = [await each.look(nothing) for each in steps if each.name.startswith(later)]
    except CallError:  # what the clusters or SQS have isn't known: the step asks for longer, and reports it
        return False
    return all(isinstance(each, Done) for each in others)


def _owes_the_old_region(workflow: Workflow) -> bool:
    """Whether an abort has to change something back in the Region that is left, or to see that it hasn't."""
    undone = [each for name, each in workflow.steps.items() if name.startswith(plan.UNDONE_IN_THE_OLD_REGION)]
    return plan.closes(workflow) or any(each.may_have_happened for each in undone)


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
    open_ = last.get("fence") in (Fence.UNCONFIRMED, Fence.TRIED) and loss.closed_ms(workflow) is None
    return begun and open_ and not last.get("promoted")


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


async def was_taken_back(site: Site, workflow: Workflow) -> bool:
    """Whether AWS cancelled a switchover, and nothing is promoted.

    RDS then takes both members back to their previous states (RDS API, FailoverState, cancelling; read 2026-11-26).

    Args:
        site: from where to where.
        workflow: that may have begun it.
    """
    if not workflow.goal.get("planned"):
        return False
    try:
        cluster = await database.current(site)
        cache_moved = await stores.is_primary(site.to, site.new_side.cache)
    except CallError:
        return False
    return database.is_steady_in(cluster, site.old) and not cache_moved


async def is_lost(site: Site, workflow: Workflow, decide: Decide) -> bool:
    """Whether the Region that is left can't be asked for anything, and would be taken for lost.

    Args:
        site: from where to where.
        workflow: with the reason that somebody gave.
        decide: whether the writer may be promoted.
    """
    try:
        seen = await observe(site)
    except CallError:
        return False
    request = Request(planned=False, force=str(workflow.goal["force"]))
    return seen.seen in UNUSABLE and decide(seen, request).allowed


async def way_out(site: Site, workflow: Workflow, opening: Sequence[str]) -> list[str]:
    """How to end a workflow that can't go on: it is called off where the Region that is left is up, and becomes
    unplanned where that may never return.

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
    try:
        seen = await observe(site)
    except CallError:
        return []
    closed = seen.seen is Seen.READ_ONLY and workflow.step(loss.CLOSED).may_have_happened
    if seen.steady and (seen.seen is Seen.UP or closed):
        back = Site(site.manifest, site.old, site.clock, site.own_options).command(planned=True, force="REASON")
        return [f"{site.old} is up and writes: whoever calls it off types: {back}"]
    typed = site.command(planned=False, force="REASON", accept_loss=str(workflow.goal.get("acceptLoss", "")))
    lost = f"if {site.old} is lost, this makes it an unplanned failover: {typed}"
    return [f"{lost} (without --force where two independent observations agree)"]


def in_the_old_region(undoing: Sequence[Step], workflow: Workflow) -> list[Step]:
    """The steps of an abort that can't be taken without the Region that is left.

    Args:
        undoing: all of them.
        workflow: with what is done already.
    """
    owed = [each for each in undoing if each.name.startswith(plan.UNDO_IN_THE_OLD_REGION)]
    return [each for each in owed if not workflow.step(each.name).done]
