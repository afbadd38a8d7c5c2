"""Watches an execution until it ends: shows each step, says what waits for a person, and how to go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from haven.runbooks import executions
from haven.runbooks.arc import approvals, writer
from haven.runbooks.arc.approvals import Approvals, Nobody
from haven.runbooks.arc.writer import Writer
from haven.runbooks.executions import Execution, StepState
from haven.runbooks.failover import database
from haven.runbooks.failover.loss import judged
from haven.runbooks.failover.resuming.leaving import STARTED
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import CallError
from haven.runbooks.workflow.steps import Done, Impossible, Look, Missing, Progress, Waiting

START, WATCH = STARTED, "watch-plan"
PREFIX = "arc:"
"""Before the names of the plan's own steps, which are shown with those of the runbook."""
_SHOWN = {
    executions.RUNNING: "running",
    executions.STEP_APPROVAL: "running",
    executions.COMPLETE: "done",
    "notStarted": "",
}
"""A step's status to what its line says; one that isn't here says itself."""


@dataclass
class Watcher:
    """What one process knows of the execution."""

    site: Site
    who: str
    """The principal of this machine's credentials."""
    report: Callable[[Progress], None]
    approvals: Approvals = field(default_factory=Nobody)
    number: str = ""
    """Id of the execution; empty: none is known to have been started."""
    execution: Execution | None = None
    """As it was last seen. None: it hasn't been."""
    _asked: set[str] = field(default_factory=set)
    _refused: str = ""
    """Why the last word didn't approve a step."""

    @cached_property
    def writer(self) -> Writer:
        """What this process did about the step that moves the writer."""
        return Writer(self.site, WATCH)

    @property
    def plan(self) -> str:
        """ARN of the plan."""
        return self.site.manifest.recovery_plan

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended, well or not."""
        ended = (*executions.COMPLETED, *executions.GIVEN_UP)
        return self.execution is not None and self.execution.state in ended

    async def look(self, workflow: Workflow) -> Look:
        """How far the execution is."""
        number = self.number = str(workflow.step(START).data["execution"])
        self.execution, answer = await executions.execution(self.site.to, self.plan, number)
        self._show(self.execution, self.site.time_ms(answer))
        state = self.execution.state
        if state in executions.COMPLETED:
            return Done({"execution": number, "state": state}, _remark(self.execution))
        if state in executions.GIVEN_UP:
            return Impossible(f"execution {number} ended as {state}{await self._failures(self.execution)}")
        switched = await self.writer.look(workflow, self.execution)
        if switched is not None:
            return switched
        if state == executions.PAUSED_BY_STEP:
            return Impossible(await self._paused(workflow, self.execution))
        waiting = self.execution.at(executions.STEP_APPROVAL)
        if waiting:
            return await self._approval(workflow, self.execution, waiting[0].name)
        return Waiting(self._going_on(self.execution))

    def _going_on(self, execution: Execution) -> str:
        if execution.state == executions.PAUSED_BY_OPERATOR:
            return f"somebody paused it; it goes on with: {self._resume(execution)}"
        if execution.state == executions.PENDING_APPROVAL:
            return "it waits for an approval, and names no step that does"
        running = [each.name for each in execution.at(executions.RUNNING)]
        return f"{execution.state}: {', '.join(running)}" if running else execution.state

    # What goes wrong

    async def _failures(self, execution: Execution) -> str:
        failed = [f"{each.name}{await self._why(execution, each.name)}" for each in execution.at(executions.FAILED)]
        return f": step {', step '.join(failed)} failed" if failed else ""

    async def _why(self, execution: Execution, step: str) -> str:
        try:
            found = await executions.error_of(self.site.to, self.plan, execution.id, step)
        except CallError:  # the step is named without it
            return ""
        return f" ({found})" if found else ""

    async def _paused(self, workflow: Workflow, execution: Execution) -> str:
        others, moves = "", writer.of(execution)
        if moves is not None and not workflow.goal["planned"] and moves.mode != executions.UNGRACEFUL:
            switched = self._step_command(execution, moves.name, writer.TO_UNGRACEFUL)
            others = f", or let it fail over, which may lose writes, with: {switched}"
        for each in execution.at(executions.FAILED)[:1]:
            others += f", or without that step with: {self._step_command(execution, each.name, 'skip')}"
        failures = await self._failures(execution)
        return (
            f"execution {execution.id} is paused{failures}; repair it, and let it go on with:"
            f" {self._resume(execution)}{others}; the same command then watches on"
        )

    def _step_command(self, execution: Execution, step: str, action: str) -> str:
        words = f"--step-name {step} --action-to-take {action} --comment REASON"
        return self._command("update-plan-execution-step", execution, words)

    def _resume(self, execution: Execution) -> str:
        """That `resume` tries a step that failed once more is an assumption: the API names the action alone."""
        return self._command("update-plan-execution", execution, "--action resume")

    def _command(self, operation: str, execution: Execution, more: str) -> str:
        return approvals.command(operation, self.site.to, execution, more)

    # What waits for a person

    async def _approval(self, workflow: Workflow, execution: Execution, name: str) -> Look:
        step = execution.plan.step(name)
        wanted = self.site.manifest.environment
        here = self.approvals.listens and approvals.may_approve(self.who, step.approver)
        how = f"step {name} waits for an approval, {approvals.by_hand(self.site.to, execution, step)}"
        how += f"; or type {wanted} here" if here else ""
        if name not in self._asked:
            self._asked.add(name)
            self.approvals.ask(how)
        if not here:
            return Waiting(how)
        record = workflow.step(WATCH)
        if record.intent.get("arguments", {}).get("stepName") == name and record.outcome == log.REFUSED:
            self._refused = f"; AWS refused it: {record.answer}"
        typed = self.approvals.typed()
        if typed is None:
            return Waiting(f"{how}{self._refused}")
        self._refused = await self._objection(workflow) if typed == wanted else f"; not approved: {typed} was typed"
        if self._refused:
            return Waiting(f"{how}{self._refused}")
        return Missing(approvals.approve(self.site.to, execution, name, f"haven {workflow.id}"))

    async def _objection(self, workflow: Workflow) -> str:
        """What speaks against it: until the writer has moved, each minute of waiting may lose more."""
        if database.writing_region(await database.current(self.site)) == self.site.to:
            return ""
        found = await judged(self.site, workflow)
        why = "; ".join(found.refusals) or found.unread
        return f"; not approved: {why}" if why else ""

    # What is shown

    def _show(self, execution: Execution, now_ms: float) -> None:
        for each in execution.steps:
            state = _SHOWN.get(each.status, each.status)
            if state:
                self.report(_progress(execution, each, state, now_ms))


def _progress(execution: Execution, step: StepState, state: str, now_ms: float) -> Progress:
    known = execution.plan.step(step.name)
    detail = "waits for an approval" if step.status == executions.STEP_APPROVAL else ""
    if known.block == executions.AURORA and step.mode == executions.UNGRACEFUL:
        detail = "fails over, which may lose writes"
    title = f"ARC: {step.name}"
    return Progress(f"{PREFIX}{step.name}", title, state, step.seconds(now_ms), known.timeout_seconds, detail)


def _remark(execution: Execution) -> str:
    """What isn't as it should be, though it is completed."""
    if execution.state == executions.MONITORING:
        return "ARC still waits for the application health alarms"
    odd = execution.at(executions.FAILED, executions.SKIPPED, "canceled")
    found = [f"{each.name} {each.status}" for each in odd]
    if execution.state == executions.WITH_EXCEPTIONS or found:
        return f"completed with exceptions{': ' if found else ''}{', '.join(found)}"
    return ""


def statuses(steps: Sequence[StepState]) -> dict[str, str]:
    """Step of the plan to its status, as ARC names it."""
    return {each.name: each.status for each in steps}
