"""The steps of a failover at queues: one for each queue, so that none keeps another one from being closed."""

from collections.abc import Callable, Iterator

from haven.runbooks.failover.consumers import queues
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.steps import Done, Look, Looking, Step

CLOSED, OPENED, REOPENED = "close-queue:", "open-queue:", "reopen-queue:"
_SECONDS = 240.0
"""SQS may need 60 s to show a change, and a call that was lost is made once more after that."""


def closing(site: Site, after: tuple[str, ...], no_return: tuple[str, ...], *, essential: bool) -> Iterator[Step]:
    """Close the old Region's queues to consumers.

    Args:
        site: from where to where.
        after: what comes before.
        no_return: the promotions: after those a queue that was closed isn't looked at once more.
        essential: whether what comes after it needs it.
    """
    for name, queue in site.old_side.queues.items():
        title = f"Open the queue {name} in {site.old} to consumers"
        back = Step(f"undo-{CLOSED}{name}", title, queues.opened(site.old, queue), hold=60, repeatable=True)
        yield Step(
            f"{CLOSED}{name}",
            f"Close the queue {name} in {site.old} to consumers",
            _still_closed(f"{CLOSED}{name}", queues.closed(site.old, queue), no_return),
            after,
            _SECONDS,
            every=2,
            essential=essential,
            repeatable=True,
            fresh=True,
            undo=back,
        )


def _still_closed(name: str, closed: Looking, no_return: tuple[str, ...]) -> Looking:
    """A queue that an earlier run closed may be open by now, of which its end may be the reason: once something is
    promoted, it has done its work."""

    async def look(workflow: Workflow) -> Look:
        record, after = workflow.step(name), [workflow.step(each) for each in no_return]
        if record.done and any(each.done or each.may_have_happened for each in after):
            return Done(record.data)
        return await closed(workflow)

    return look


def opening(site: Site, after: tuple[str, ...]) -> Iterator[Step]:
    """Open the new Region's queues, if an earlier failover closed them: when it takes writes, for what consumers take
    before fails, and counts as received.

    Args:
        site: from where to where.
        after: what makes it the writing Region.
    """
    for name, queue in site.new_side.queues.items():
        title = f"Open the queue {name} in {site.to} to consumers, if it was closed"
        look = queues.opened(site.to, queue)
        yield Step(f"{OPENED}{name}", title, look, after, _SECONDS, essential=False, repeatable=True)


def reopening(site: Site, left: Callable[[Looking], Looking], after: tuple[str, ...]) -> Iterator[Step]:
    """Open the old Region's queues once more, when it takes no writes.

    Args:
        site: from where to where.
        left: makes a look wait until neither store of the old Region takes writes.
        after: what comes before.
    """
    for name, queue in site.old_side.queues.items():
        title = f"Open the queue {name} in {site.old} to consumers"
        look = left(queues.opened(site.old, queue))
        yield Step(f"{REOPENED}{name}", title, look, after, deadline=300, essential=False, repeatable=True)
