"""The last steps of a planned failover are in the Region that is left: where it is lost meanwhile, they end at once."""

from collections.abc import Iterable, Iterator

from haven.runbooks.failover import observe
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import UnansweredError
from haven.runbooks.workflow.steps import Impossible, Look, Looking, Step


def noticed(site: Site, steps: Iterable[Step]) -> Iterator[Step]:
    """The same steps, which notice that the Region is lost; what one has found, the others needn't wait for.

    Args:
        site: from where to where.
        steps: in the Region that is left, which nothing that is essential follows.
    """
    found: list[str] = []
    for step in steps:
        yield step._replace(look=_unless_lost(site, step, found))


def _unless_lost(site: Site, step: Step, found: list[str]) -> Looking:
    async def look(workflow: Workflow) -> Look:
        if not found:
            try:
                return await step.look(workflow)
            except UnansweredError:
                found.extend(each for each in [await observe.lost(site)] if each)
                if not found:
                    raise
        left = f"{step.title[:1].lower()}{step.title[1:]}"
        when = f"left to do when it is back: {left}"
        return Impossible(f"{found[0]}; {when} (haven reconcile {site.manifest.named} looks whether that is so)")

    return look
