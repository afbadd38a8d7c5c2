"""The step between fence and promotion: what may be lost, store by store, is within the objective, or is accepted.

And what a refusal asks of the operator: who is dead and what may be lost are two judgements, each with its own flag.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from haven.runbooks.failover import database, stores
from haven.runbooks.failover.decision import Decision, Needs, Request
from haven.runbooks.failover.guard import to_accept
from haven.runbooks.failover.loss import CACHE, DATABASE, Judged, advice, behind, judged
from haven.runbooks.failover.observe import Observation
from haven.runbooks.failover.site import GPU_PATIENCE_SECONDS, Site
from haven.runbooks.serving.steps import INFERS
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Stopwatch
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Step, Waiting

NEEDS_LEAVING_OPEN = "needs a reason, given with --force, for leaving that one open"
UNREAD_SECONDS = 150.0
"""For which a new instance's first reading is waited for. An assumption: it is read within a minute and a half, for its
name has to be known, and the function to come round."""


@dataclass(frozen=True)
class Preview:
    """What would be done."""

    observation: Observation
    decision: Decision
    steps: Sequence[Step]
    judgements: Sequence[str]
    """What may be lost, store by store, as of now."""
    why_not: str
    """Empty: nothing forbids it."""
    open: str = ""
    """The workflow that would be resumed."""
    needs: Sequence[str] = ()
    """What it asks of the operator, flag by flag, and what to type."""
    plan: Sequence[str] = ()
    """Of a Region switch: what ARC has of its plan."""
    overrides: Sequence[str] = ()
    """What `--force` overrides, or may, each by its name."""
    nothing: str = ""
    """Why nothing is to be done; empty: something is."""
    done: Collection[str] = ()
    """The steps that an earlier run of the workflow has done, by name."""
    in_the_way: bool = False
    """Whether a workflow of another kind is open, and has to end first or to be left open by a reason."""


def look(site: Site, no_return: tuple[str, ...]) -> Looking:
    """The step's look: done when nothing forbids the promotion, or when it has been made."""
    watch = Stopwatch(site.clock)

    async def looking(workflow: Workflow) -> Look:
        if any(workflow.step(each).may_have_happened for each in no_return):
            return Done(remark="not judged once more: a promotion may have been made")
        cluster = await database.current(site)
        if database.writing_region(cluster) == site.to:
            return Done(remark="not judged: the database is promoted already")
        return await _judged(site, workflow, watch)

    return looking


async def _judged(site: Site, workflow: Workflow, watch: Stopwatch) -> Look:
    """What comes of holding the heartbeats against the objective, or against what somebody accepts."""
    watch.start()
    found = await judged(site, workflow)
    if found.unread:
        if watch.seconds() < UNREAD_SECONDS:
            return Waiting(found.unread)
        return Impossible(f"{found.unread}; {advice(site, workflow.goal, [None])}")
    if found.refusals:
        losses = [each.loss_ms for each in found.forbidding]
        return Impossible("; ".join([*found.refusals, advice(site, workflow.goal, losses)]))
    if late := await behind(site, workflow):
        return Waiting(late)
    above = [each.describe() for each in found.judgements if not each.allowed]
    remark = f"accepted ({found.accepted}): {'; '.join(above)}" if above else ""
    judgements = [each.describe() for each in found.judgements]
    data = {"judgements": judgements, "newestMs": found.newest_ms, "accepted": found.accepted}
    return Done(data, remark)


def reported(workflow: Workflow, step: str) -> list[str]:
    """What may be lost of each store, as it was judged; a planned failover's database lacks nothing.

    Args:
        workflow: the failover.
        step: that judged it.
    """
    found = [str(each) for each in workflow.step(step).data.get("judgements", ())]
    return [each for each in found if not (workflow.goal["planned"] and each.startswith(f"{DATABASE}:"))]


def forbidding(site: Site, found: Judged) -> list[float | None]:
    """What a promotion now would lose of each store that forbids it; None: unknown.

    Args:
        site: from where to where. Restoring from copies is judged by their age (`backups/restore.py`).
        found: the judgement as of now. What nobody can read yet, a headless member, is judged later.
    """
    headless = site.new_side.database.standby == 0
    later = [] if site.restores else [each for each in found.forbidding if not (headless and each.store == DATABASE)]
    return [each.loss_ms for each in later]


async def as_of_now(site: Site, workflow: Workflow, writer: str | None) -> tuple[list[str], list[float | None]]:
    """What may be lost of each store, in words, and in milliseconds where it forbids the promotion.

    Args:
        site: from where to where.
        workflow: the open one, or what a new one would begin with.
        writer: the Region that the database is written in. Where it is the new one, nothing is judged any more but a
            cache that is still to be promoted, as no step judges anything else.

    Raises:
        CallError: no answer.
    """
    found = await judged(site, workflow)
    if writer == site.to:
        waits = await stores.awaits_promotion(site)
        kept = [each for each in found.judgements if waits and each.store.partition("#")[0] == CACHE]
        found = replace(found, judgements=kept)
    return [each.describe() for each in found.judgements], forbidding(site, found)


def needed(
    site: Site,
    decided: Decision,
    request: Request,
    losses_ms: Sequence[float | None],
    *,
    too_soon: bool = False,
    left_open: bool = False,
) -> list[str]:
    """What a refusal asks of the operator: each flag by itself, then one command with all of them.

    Args:
        site: from where to where.
        decided: whether the Region counts as lost.
        request: what was typed.
        losses_ms: as `forbidding` gives them.
        too_soon: whether the last failover ended within the hour.
        left_open: whether a workflow to the other Region, or of another kind, is open, and nobody gave a reason to
            leave it so.
    """
    most = to_accept(losses_ms) if losses_ms else ""
    found = [f"needs {decided.needs}"] if decided.needs else []
    if left_open:
        found.append(NEEDS_LEAVING_OPEN)
    if most:
        found.append(f"needs --accept-loss, for losing more than the objective allows ({most} or more)")
    if too_soon:
        found.append("needs --acknowledge, for another failover within the hour")
    if not found:
        return []
    planned = decided.needs is Needs.PLANNED or (request.planned and decided.needs is not Needs.UNPLANNED)
    typed = site.command(
        planned=planned,
        force=request.force or ("REASON" if decided.needs is Needs.FORCE or left_open else ""),
        accept_loss=most or request.accept_loss,
        acknowledged=too_soon or request.acknowledged,
    )
    return [*found, f"whoever decides that types: {typed}"]


def overridden(
    decided: Decision, request: Request, steps: Sequence[Step], *, region: str, left_open: Sequence[str]
) -> list[str]:
    """What `--force` overrides in a run, or may, each by its name; nothing without it. It never accepts a loss of data.

    Args:
        decided: whether the Region counts as lost.
        request: what was typed.
        steps: of the run; one of them may be the golden prompts.
        region: the one that becomes the writing one.
        left_open: the workflows that stay open: one to the other Region, one of another kind.
    """
    if not request.force:
        return []
    found = [f"the decision: {decided.why}"] if decided.forced else []
    found += [f"an open workflow: {each}, and stays so" for each in left_open]
    if any(each.name == INFERS for each in steps):
        minutes = GPU_PATIENCE_SECONDS / 60
        found.append(f"wrong answers: models in {region} that give them for {minutes:.0f} minutes get traffic")
    return found
