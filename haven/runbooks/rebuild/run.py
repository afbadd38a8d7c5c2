"""One rebuild from the lease to the record, or the rest of one that was interrupted."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from haven.runbooks.failover import database, judging
from haven.runbooks.failover.decision import Decision, Request, Seen
from haven.runbooks.failover.judging import Preview
from haven.runbooks.failover.observe import Observation
from haven.runbooks.failover.resuming import leaving
from haven.runbooks.failover.run import Operator
from haven.runbooks.failover.site import Site, kind_of
from haven.runbooks.rebuild import deploy, release
from haven.runbooks.rebuild.decision import Contents, decide
from haven.runbooks.rebuild.survey import Survey, survey
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.engine import Outcome
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import together
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Step, check_graph

REBUILD = "rebuild"
RETURNED, DEPLOYED, VERIFIED = "await-lost-region", "deploy-lost-side", "verify"
_WAIT = 12 * 3600.0
"""Seconds for which one run waits for a person's deployment; the same command goes on afterwards."""
_SEEN = {Contents.THERE: Seen.UP, Contents.EMPTY: Seen.DOWN, Contents.UNKNOWN: Seen.UNREACHABLE}


def steps(site: Site) -> list[Step]:
    """What leads from a survivor alone to a survivor with a secondary.

    Args:
        site: from the lost Region to the one that survived.
    """
    side, shared = site.old_side, site.manifest.database.global_cluster
    found = [
        _release(release.DATABASE, f"Take {side.database.cluster} out of {shared}", release.member(site)),
        _release(release.CACHE, f"Take {side.cache} out of its Global Datastore", release.group(site)),
        Step(
            RETURNED,
            f"Wait until {site.old} answers and the names are free there",
            deploy.returned(site),
            release.NO_RETURN,
            _WAIT,
            every=30,
        ),
    ]
    tables = deploy.replicas(site)
    found += [
        Step(name, f"Wait until {name.removeprefix(deploy.REPLICA)} has a replica in {site.old}", look, (RETURNED,),
             _WAIT, every=30)
        for name, look in tables.items()
    ]  # fmt: skip
    title = f"Wait until pulumi up has deployed {site.old}"
    found.append(Step(DEPLOYED, title, deploy.deployed(site), (RETURNED, *tables), _WAIT, every=30))
    title = f"Verify that {site.to} is the writing Region and replicates to {site.old}"
    found.append(Step(VERIFIED, title, _verified(site), (DEPLOYED,), deadline=300, fresh=True))
    check_graph(found)
    return found


def _release(name: str, title: str, look: Looking) -> Step:
    return Step(name, title, look, deadline=3600, every=15, settle=900, no_return=True, repeatable=True)


def _verified(site: Site) -> Looking:
    async def look(_: Workflow) -> Look:
        cluster = await database.global_cluster(site.to, site.manifest.database.global_cluster)
        writer = database.writing_region(cluster)
        if writer != site.to:
            return Impossible(f"the database is written in {writer or 'no Region'}, not in {site.to}")
        if site.old not in database.members(cluster):
            return Impossible(f"the database has no member in {site.old}")
        return Done()

    return look


@dataclass
class Rebuilder(Operator):
    """One process that runs a rebuild; its site leads from the lost Region to the one that survived."""

    kind: ClassVar[str] = REBUILD

    async def preview(self, request: Request) -> Preview:
        """Look, decide and plan; nothing is changed.

        Raises:
            CallError: the surviving Region doesn't answer.
        """
        found, workflow = await together(survey(self.site), self._look_up())
        resumed = workflow is not None and kind_of(workflow) == self.kind
        decided = await self._judged(found, request.force)
        refused = bool(self.left_open) and not request.force
        why_not = "" if decided.allowed or resumed else decided.why
        why_not = why_not or (self.left_open if refused else "")
        self._other = await leaving.of_another_kind(self.site, None if resumed else workflow)
        in_the_way = self._other.in_the_way(request.force)
        why_not = in_the_way or why_not
        standing = found.standing
        observed = Observation(found.writer, _SEEN[standing.contents], found.witnesses, found.now_ms)
        lines = [*(f"{each} is there" for each in standing.there), *standing.unknown]
        opened = workflow.id if workflow and resumed else ""
        overrides = judging.overridden(decided, request, (), region=self.site.old, left_open=self._leaves)
        needs = self._needs(decided, left_open=refused or self._other.asks(request.force))
        return Preview(
            observed, decided, steps(self.site), lines, why_not, opened, needs,
            overrides=overrides, in_the_way=bool(in_the_way),
        )  # fmt: skip

    def _leaving_it_open(self, request: Request) -> Sequence[str]:
        return super()._leaving_it_open(request) if request.force else self._needs(Decision(True, ""), left_open=True)

    def _needs(self, decided: Decision, *, left_open: bool = False) -> list[str]:
        needs = [f"needs {decided.needs}"] if decided.needs else []
        needs += [judging.NEEDS_LEAVING_OPEN] if left_open else []
        if not needs:
            return []
        words = shlex.join(["--rebuild", *self.site.options, "--force", "REASON"])
        typed = f"haven failback {self.site.manifest.named} {words}"
        return [*needs, f"whoever decides that types: {typed}"]

    async def _judged(self, found: Survey, force: str) -> Decision:
        if found.writer != self.site.to:
            return Decision(False, f"the database is written in {found.writer or 'no Region'}: fail over first")
        standing = found.standing
        if standing.there and await self._is_rebuilt():
            return Decision(True, f"{self.site.old} has everything, and is kept up to date")
        return decide(standing.contents, standing.there, found.witnesses, region=self.site.old, force=force)

    async def _decide_anew(self, workflow: Workflow, request: Request) -> None:
        """If nothing has been released yet, for the lost Region may have come back."""
        del request  # its reason is in the workflow's goal already
        if workflow.aborting or any(
            workflow.step(each).may_have_happened or workflow.step(each).done for each in release.NO_RETURN
        ):
            return
        found = await survey(self.site)
        decided = await self._judged(found, str(workflow.goal["force"]))
        if decided.allowed:
            await self._noted(workflow, found, decided)
        else:
            await self._engine.note(workflow, log.ABORT, why=decided.why)

    async def _begin(self, request: Request) -> Report:
        found = await survey(self.site)
        decided = await self._judged(found, request.force)
        if not decided.allowed or found.standing.there:
            state = State.NOTHING if decided.allowed else State.REFUSED
            return Report(state, [decided.why, *self._needs(decided)])
        workflow = await self._begun(self._goal(request, found.now_ms))
        await self._noted(workflow, found, decided)
        return await self._go_on(workflow)

    async def _is_rebuilt(self) -> bool:
        nothing = Workflow("", self._goal(Request(planned=False)))
        waited = [each for each in steps(self.site) if each.name not in release.NO_RETURN]
        return all([isinstance(await each.look(nothing), Done) for each in waited])

    async def _noted(self, workflow: Workflow, found: Survey, decided: Decision) -> None:
        await self._engine.note(
            workflow,
            log.DECISION,
            question="lost",
            observation=found.describe(),
            forced=decided.forced,
            why=decided.why,
        )

    def _known_steps(self) -> Sequence[str]:
        return [each.name for each in steps(self.site)]

    def _steps(self, workflow: Workflow) -> Sequence[Step]:
        del workflow
        return steps(self.site)

    def _every_step(self) -> Sequence[Step]:
        return steps(self.site)

    def _goal(self, request: Request, observed_ms: float | None = None) -> dict[str, Any]:
        return {**super()._goal(request, observed_ms), "kind": self.kind}

    async def _end(self, workflow: Workflow, steps: Sequence[Step], outcome: Outcome, why: Sequence[str]) -> Report:
        del steps  # no times of it are kept
        await self._close(workflow, State.DONE, why, "", notes={"open": None})
        return Report(State.DONE, why, workflow.id, outcome.endings)
