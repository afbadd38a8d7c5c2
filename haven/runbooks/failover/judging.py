"""The step between fence and promotion: what may be lost, store by store, is within the objective, or it is forced."""

from haven.runbooks.failover import database
from haven.runbooks.failover.loss import judged
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Waiting


def look(site: Site, no_return: tuple[str, ...]) -> Looking:
    """The step's look: done when nothing forbids the promotion, or when it has been made."""

    async def looking(workflow: Workflow) -> Look:
        if any(workflow.step(each).may_have_happened for each in no_return):
            return Done(remark="not judged once more: a promotion may have been made")
        cluster = await database.current(site)
        if database.writing_region(cluster) == site.to:
            return Done(remark="not judged: the database is promoted already")
        found = await judged(site, workflow)
        if found.unread and not workflow.goal["force"]:
            return Waiting(found.unread)
        if found.refusals and not workflow.goal["force"]:
            return Impossible("; ".join(found.refusals))
        remark = f"forced: {'; '.join(found.refusals)}" if found.refusals else ""
        judgements = [each.describe() for each in found.judgements]
        return Done({"judgements": judgements, "newestMs": found.newest_ms}, remark)

    return looking
