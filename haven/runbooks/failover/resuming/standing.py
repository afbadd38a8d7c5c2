"""What an open workflow has changed and what stays so until it goes on or is called off: clients, consumers and
applications don't get it back by themselves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.runbooks.failover import loss, plan
from haven.runbooks.failover.consumers import steps as consumers
from haven.runbooks.failover.site import Site
from haven.runbooks.serving import mode
from haven.runbooks.workflow.journal import Entry, Workflow, replay

_BACK = {
    loss.CLOSED: (f"undo-{loss.CLOSED}", plan.REOPENED),
    f"{mode.READ_ONLY}-old-side": (f"undo-{mode.READ_ONLY}-old-side", f"{mode.READ_WRITE}-old-side"),
    f"{mode.READ_ONLY}-new-side": (f"undo-{mode.READ_ONLY}-new-side", plan.WRITABLE),
}
"""Step to those that change back what it changed."""


def open_in(entries: Sequence[Entry], notes: Mapping[str, Any]) -> Workflow | None:
    """The workflow that a journal has open; None: it has none, or somebody left that one open for good.

    Args:
        entries: everything that is known of the journal.
        notes: of the lease.
    """
    found = replay(entries)
    return None if found is None or found.end is not None or found.id in notes.get("left", ()) else found


def changed(site: Site, workflow: Workflow) -> list[str]:
    """Who is shut out by an open workflow, in sentences; none: nobody, as far as its journal knows.

    Args:
        site: from where to where.
        workflow: with everything that is in the journal.
    """
    return list(_sentences(site, workflow))


def calling_off(site: Site, workflow: Workflow) -> str:
    """The command that calls an open workflow off while the Region that is left still writes; empty: something may be
    promoted by now, or nobody counted on that Region.

    Args:
        site: from where to where.
        workflow: as in `changed`.
    """
    promotions = [workflow.step(each) for each in plan.NO_RETURN]
    if not workflow.goal.get("planned") or any(each.may_have_happened or each.done for each in promotions):
        return ""
    return Site(site.manifest, site.old, site.clock, site.own_options).command(planned=True, force="REASON")


def _sentences(site: Site, workflow: Workflow) -> Iterator[str]:
    def stands(step: str, *back: str) -> bool:
        return workflow.step(step).may_have_happened and not any(workflow.step(each).done for each in back)

    if stands(loss.CLOSED, *_BACK[loss.CLOSED]):
        yield f"Database and cache in {site.old} may be closed to clients, and stay so until this has gone on."
    queues = [
        name
        for name in site.old_side.queues
        if stands(f"{consumers.CLOSED}{name}", f"undo-{consumers.CLOSED}{name}", f"{consumers.REOPENED}{name}")
    ]
    if queues:
        yield f"Consumers in {site.old} may get no messages of {', '.join(queues)} until then."
    asked = [
        region
        for region, side in ((site.old, "old-side"), (site.to, "new-side"))
        if stands(f"{mode.READ_ONLY}-{side}", *_BACK[f"{mode.READ_ONLY}-{side}"])
    ]
    if asked:
        yield f"Applications in {' and '.join(asked)} may be asked not to write, and stay so until this has gone on."
