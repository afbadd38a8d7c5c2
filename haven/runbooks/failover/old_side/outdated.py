"""Whoever was paused or waited between the look and what can't be undone looks again: it may not be so any more.

A laptop that was closed, a virtual machine that was moved and SIGSTOP let minutes pass in which the Region that is left
may have come back, and a restore from copies takes hours. Where it is closed to clients, each promotion reads that back
(`fence.gone`); where it isn't, this look is all that keeps two writers apart.
"""

from functools import partial

from haven.runbooks.failover import decision, fence, loss
from haven.runbooks.failover.decision import STRENGTH, Fence, Seen
from haven.runbooks.failover.observe import Observation, observe
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Mutex
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Step

LOOK_SECONDS = 60.0
"""For so long a look at the Region that is left counts, by this machine's wall clock, which goes on while it sleeps. An
assumption: a failover that nothing holds up promotes sooner."""


AGAIN = "look-again"


class Lookout:
    """Looks again for all promotions of one run alike."""

    def __init__(self, site: Site) -> None:
        """
        Args:
            site: from where to where.
        """
        self._site = site
        self._mutex = Mutex()
        self._at: float | None = None
        self._why = ""
        """Why what was decided isn't so any more."""

    def before(self, looking: Looking, no_return: tuple[str, ...]) -> Looking:
        """The same look, which promotes nothing on what was seen too long ago.

        Args:
            looking: of a step that can't be undone.
            no_return: the steps after which there is no way back.
        """

        async def look(workflow: Workflow) -> Look:
            found = await looking(workflow)
            begun = any(workflow.step(each).may_have_happened or workflow.step(each).done for each in no_return)
            closed = workflow.goal["planned"] or loss.closed_ms(workflow) is not None
            undecided = "writer" not in workflow.decisions  # whoever looks whether all is done already
            if not isinstance(found, Missing) or begun or closed or undecided:
                return found
            async with self._mutex:
                if self._counts(workflow):
                    return found
                why = self._why = await self._looked(workflow)
            return Impossible(why) if why else await looking(workflow)

        return look

    def _counts(self, workflow: Workflow) -> bool:
        """Whether what was seen last was seen a moment ago, and is what was decided on."""
        if self._at is None:
            self._at = float(workflow.decisions["writer"]["observation"].get("at", 0.0))
        return not self._why and 0 <= self._site.clock.wall() - self._at <= LOOK_SECONDS

    async def _looked(self, workflow: Workflow) -> str:
        """Why what was decided isn't so any more; empty: it is."""
        seen = await observe(self._site)
        self._at = seen.at
        return "" if seen.writer == self._site.to else _changed(self._site, workflow, seen)


def after_a_restore(site: Site, after: tuple[str, ...]) -> Step:
    """The step in which whoever has restored looks again, before traffic moves to what was restored.

    Args:
        site: from where to where.
        after: what comes before.
    """
    title = f"Look again at {site.old}, which may be back"
    return Step(AGAIN, title, partial(_as_it_was, site), after, deadline=120)


async def _as_it_was(site: Site, workflow: Workflow) -> Look:
    if loss.closed_ms(workflow) is None:
        why = _changed(site, workflow, await observe(site))
    else:
        why = await fence.gone(site, workflow)
    return Impossible(why) if why else Done()


def _changed(site: Site, workflow: Workflow, seen: Observation) -> str:
    was = workflow.decisions["writer"]
    force = str(workflow.goal["force"])
    returned = seen.seen is Seen.UP and was["observation"]["seen"] != Seen.UP
    count = decision.witnesses_of_loss(seen.witnesses)
    now = decision.decide(seen.seen, count, planned=False, force="" if returned else force)
    if now.allowed and STRENGTH[now.fence] <= STRENGTH[Fence(was["fence"])]:
        return ""
    why = "it can be closed to clients first" if now.allowed else now.why
    typed = site.command(planned=False, force=force, accept_loss=loss.accepted(workflow))
    return (
        f"{site.old} was {was['observation']['seen']} when this was decided, and is {seen.seen} now: {why};"
        f" whoever decides that anew types: {typed}"
    )
