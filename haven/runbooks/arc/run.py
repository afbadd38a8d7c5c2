"""One failover by ARC's plan, from the lease to the record: Haven's guards come before its start, for ARC has none.

While it is under way, and after a process that watched it has died, the journal has it as open: Haven's own failover is
refused then. Which Region writes is read from AWS, never concluded from how the execution ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from haven.base.problems import Problem, Problems, shown
from haven.runbooks import executions
from haven.runbooks.arc.approvals import Approvals, Nobody
from haven.runbooks.arc.watch import START, WATCH, Watcher, statuses
from haven.runbooks.executions import ACTIVATE, GRACEFUL, SERVICE, Listed, Plan
from haven.runbooks.failover import database, judging, loss, observe, plan
from haven.runbooks.failover.consumers import steps as consumers
from haven.runbooks.failover.decision import Decision, Fence, Request
from haven.runbooks.failover.judging import Preview
from haven.runbooks.failover.old_side.outdated import Lookout
from haven.runbooks.failover.resuming.deciding import Anew
from haven.runbooks.failover.run import Operator
from haven.runbooks.failover.site import FAILOVER, REGION_SWITCH, command_of
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call, CallError, RefusedError, UnansweredError
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Step, Waiting, check_graph

_WATCHING = 12 * 3600.0
"""Seconds for which one run watches: approvals and functions may take long. The same command goes on afterwards."""
_FIX = "run pulumi up with haven:active as it is, which writes the plan and the manifest; or leave --with out"
_DECLARE = f"set haven:recoveryPlan in the stack file where it isn't, and {_FIX}"


def require_plan(manifest: RecoveryManifest) -> None:
    """Refuse a manifest that names no plan.

    Raises:
        Problems: it doesn't.
    """
    if not manifest.recovery_plan:
        problem = Problem("recoveryPlan", "nothing", "the ARN of the environment's Region switch plan", _DECLARE)
        raise Problems([problem], "the recovery manifest")


@dataclass
class RegionSwitcher(Operator):
    """One process that starts the plan and watches it."""

    kind: ClassVar[str] = REGION_SWITCH
    opening: ClassVar[Sequence[str]] = (START,)
    by: ClassVar[str] = "the promotion was made by ARC Region switch, so predictions of Haven's steps don't apply"
    approvals: Approvals = field(default_factory=Nobody)
    """Who is asked where a step waits for a person."""
    planned: bool = False
    """Whether the workflow that it worked on is a planned switch, however it was begun."""

    @cached_property
    def watcher(self) -> Watcher:
        """What this process knows of the execution."""
        return Watcher(self.site, self.lease.who, self.report, self.approvals)

    async def preview(self, request: Request) -> Preview:
        """Look, decide and plan; nothing is changed.

        Raises:
            CallError: the Region that becomes the writing one doesn't answer.
            Problems: it doesn't know the plan.
        """
        try:
            found = await self._known_plan()
        except UnansweredError as error:
            own = command_of(FAILOVER, self.site.manifest, self.site.to, self.site.own_options)
            reason = "--force REASON, where a Region switch is open"
            raise UnansweredError(f"{error}; Haven's own steps don't need ARC: {own} ({reason})") from error
        made = await super().preview(request)
        running = await self._running()
        lines = [f"{found.arn}, version {found.version}:", *(f"  {each.describe()}" for each in found.steps)]
        why_not = made.why_not
        if running is not None:
            lines.append(f"{running} is {running.state}: it is watched, and none is started")
            refused = made.in_the_way or (self.left_open and not request.force)
            why_not = made.why_not if refused else self._in_arc_s_way(running)
            if not made.open:
                steps = self._graph(made.decision.fence, planned=request.planned, attached=running.id)
                decided = self._attached(running, made.decision)
                overrides = judging.overridden(decided, request, steps, region=self.site.to, left_open=self._leaves)
                made = replace(made, decision=decided, steps=steps, overrides=overrides)
        return replace(made, plan=lines, why_not=why_not, nothing="" if running else made.nothing)

    async def _known_plan(self) -> Plan:
        arn, to = self.site.manifest.recovery_plan, self.site.to
        where = "the recovery manifest"
        try:
            found = await executions.plan(to, arn)
        except RefusedError as error:
            if error.code != "ResourceNotFoundException":
                raise
            problem = Problem("recoveryPlan", shown(arn), f"a plan that ARC in {to} knows", _FIX)
            raise Problems([problem], where) from None
        if found is None:
            allowed = f"a plan with a workflow that activates {to}"
            raise Problems([Problem("recoveryPlan", shown(arn), allowed, _FIX)], where)
        return found

    async def _running(self) -> Listed | None:
        """The execution that is under way."""
        found = await executions.executions(self.site.to, self.site.manifest.recovery_plan)
        return next((each for each in found if each.is_live), None)

    def _in_arc_s_way(self, running: Listed) -> str:
        """Why an execution that is under way is in the way; empty: it does what is wanted."""
        if running.activates(self.site.to):
            return ""
        return f"{running} of the plan is under way: wait until it ends, or cancel it"

    @staticmethod
    def _attached(running: Listed, decided: Decision) -> Decision:
        """Nothing is left to decide."""
        return Decision(True, f"{running} was started outside this workflow", decided.fence)

    async def _looked_anew(self, workflow: Workflow, request: Request) -> Anew | None:
        """As long as nothing is started, for the Region that is left may be another by now."""
        if workflow.goal["attached"] or workflow.step(START).may_have_happened or workflow.step(START).done:
            return None
        return await super()._looked_anew(workflow, request)

    async def _begin(self, request: Request) -> Report:
        seen = await observe.observe(self.site, silent=self._is_silent())
        running = await self._running()
        if running is None and seen.writer == self.site.to:
            return Report(State.NOTHING, [f"{self.site.to} is the writing Region"])
        decided = self._decide(seen, request)
        needs: Sequence[str] = ()
        if running is not None:
            decided = self._attached(running, decided)
            why = self._in_arc_s_way(running)
        else:
            why = "" if decided.allowed else decided.why
            soon = self._too_soon(seen, self.lease.notes, request)
            needs = judging.needed(self.site, decided, request, [], too_soon=bool(soon))
            why = why or soon
        if why:
            return Report(State.REFUSED, [why, *needs])
        if running is None and (worse := self._worse(decided, seen, request)):
            return Report(State.REFUSED, worse)
        attached = running.id if running is not None else ""
        workflow = await self._begun({**self._goal(request, seen.now_ms), "attached": attached})
        await self._decided(workflow, seen, decided)
        return await self._go_on(workflow)

    async def _go_on(self, workflow: Workflow) -> Report:
        """An execution that has ended leaves nothing to watch: then the workflow ends with it, in whichever state."""
        attached, self.planned = bool(workflow.goal["attached"]), bool(workflow.goal["planned"])
        report = await (self._watched(workflow) if attached else super()._go_on(workflow))
        if report.state is not State.INCOMPLETE or not self.watcher.is_over:
            return report
        try:
            cluster, (_, answer) = await database.current(self.site), await loss.heartbeats(self.site, self.site.table)
        except CallError:
            return report  # stays open: whoever comes next sees what was written
        writer = database.writing_region(cluster)
        if writer == self.site.to:
            await self._close(workflow, report.state, report.why, report.divergence, notes=self._ended(answer))
        elif attached and writer == self.site.old:
            report = replace(report, state=State.UNDONE)
            await self._close(workflow, report.state, report.why, report.divergence, notes={"open": None})
        return report

    async def _watched(self, workflow: Workflow) -> Report:
        """What somebody else started: nothing of it is undone."""
        steps = self._steps(workflow)
        outcome = await self._engine.run(workflow, steps)
        why = [f"{each}: {outcome.why[each]}" for each in outcome.endings if each in outcome.why]
        if not outcome.failed(steps):
            return await self._end(workflow, steps, outcome, why)
        return Report(State.INCOMPLETE, why, workflow.id, outcome.endings, self._divergence(workflow))

    async def _was_taken_back(self, workflow: Workflow) -> bool:
        """Whether the execution ended, and the writer hasn't moved: then what was closed is opened again."""
        del workflow  # planned or not
        if not self.watcher.is_over:
            return False
        try:
            return database.is_steady_in(await database.current(self.site), self.site.old)
        except CallError:
            return False

    def _known_steps(self) -> Sequence[str]:
        every = self._every_step()
        return sorted({each.name for each in every} | {each.undo.name for each in every if each.undo} | {plan.INSTANCE})

    def _steps(self, workflow: Workflow) -> Sequence[Step]:
        fence = Fence(workflow.decisions.get("writer", {}).get("fence", Fence.CONFIRMED))
        return self._graph(fence, planned=bool(workflow.goal["planned"]), attached=str(workflow.goal["attached"]))

    def _planned(self, how: Fence, *, planned: bool) -> Sequence[Step]:
        return self._graph(how, planned=planned)

    def _every_step(self) -> Sequence[Step]:
        return self._graph(Fence.CONFIRMED, planned=False)

    def _graph(self, how: Fence, *, planned: bool, attached: str = "") -> list[Step]:
        """Haven's guards, the plan, and a look at what came of it.

        Before a planned switch the old writer stays open: RDS ends its writes itself, and until somebody approves the
        plan's steps clients would write nowhere.
        """
        site = self.site
        found: list[Step] = []
        if not attached:
            found += plan.before_promotion(site, Fence.UNCONFIRMED if planned else how, (START,), planned=planned)
        after = (plan.JUDGED,) if found else ()
        watching = "Watch the plan" if planned or attached else "Watch the plan, whose step for the writer fails over"
        title = f"Start the Region switch plan that activates {site.to}"
        started = Lookout(site).before(self._started(), (START,))
        found += [
            # The token makes ARC take the same start once (StartPlanExecution, clientToken; read 2026-11-26).
            Step(START, title, started, after, deadline=300, no_return=True, repeatable=True),
            Step(WATCH, watching, self.watcher.look, (START,), _WATCHING, repeatable=True, patient=True, fresh=True),
        ]
        title = f"Verify that {site.to} is the writing Region"
        found.append(Step(plan.VERIFIED, title, self._verified(how), (WATCH,), deadline=300))
        found += consumers.opening(site, (plan.VERIFIED,))
        check_graph(found)
        return found

    def _verified(self, how: Fence) -> Looking:
        """RDS may show what ARC did a little later."""
        verified = plan.verified(self.site, how)

        async def look(workflow: Workflow) -> Look:
            found = await verified(workflow)
            return Waiting(found.why) if isinstance(found, Impossible) else found

        return look

    def _started(self) -> Looking:
        arn, to = self.site.manifest.recovery_plan, self.site.to

        async def look(workflow: Workflow) -> Look:
            if attached := workflow.goal["attached"]:
                remark = f"execution {attached} was started outside this workflow: no guard of Haven's came before it"
                return Done({"execution": attached}, remark)
            listed = await executions.executions(to, arn)
            own = next((each for each in listed if each.comment == _comment(workflow)), None)
            if own is not None:
                self.watcher.number = own.id
                return Done({"execution": own.id})
            other = next((each for each in listed if each.is_live), None)
            if other is not None:
                return Impossible(f"{other} was started meanwhile: the same command watches it")
            arguments: dict[str, Any] = {
                "planArn": arn,
                "targetRegion": to,
                "action": ACTIVATE,
                "mode": GRACEFUL,  # unplanned too: the watcher makes the writer's step alone fail over
                "comment": _comment(workflow),
                "clientToken": workflow.id,
            }
            return Missing(Call(SERVICE, to, "start_plan_execution", arguments))

        return look

    def _goal(self, request: Request, observed_ms: float | None = None) -> dict[str, Any]:
        return {
            **super()._goal(request, observed_ms),
            "kind": self.kind,
            "attached": "",
            "plan": self.site.manifest.recovery_plan,
        }

    def document(self) -> dict[str, Any]:
        """The execution as JSON has it."""
        seen = self.watcher.execution
        known = {} if seen is None else {"execution": seen.id, "state": seen.state, "mode": seen.mode}
        steps = {} if seen is None else statuses(seen.steps)
        return {
            "execution": "",
            "state": "",
            "mode": "",
            **known,
            "plan": self.site.manifest.recovery_plan,
            "steps": steps,
        }


def _comment(workflow: Workflow) -> str:
    """What tells this workflow's execution from every other one."""
    return f"haven {workflow.id}"
