"""The step of a plan that moves the database's writer: of an unplanned execution it alone is made to fail over.

The execution itself stays graceful. An ungraceful one leaves out Lambda steps (ARC Developer Guide, custom action
Lambda execution block, how it works; read 2026-11-26), and those scale the nodes, promote the cache and move the
traffic. The graceful step switches over, which a lost Region can't; one step of an execution can be switched to
ungraceful, and fails over then (ARC API Reference, UpdatePlanExecutionStep and GlobalAuroraUngraceful; read
2026-11-26). The same page has it "skip or retry a step", so one that failed begins anew by it. In which states ARC
takes it isn't documented: it is tried while the step runs and once it has failed, and a refusal means "not yet".
"""

from dataclasses import dataclass

from haven.runbooks import executions
from haven.runbooks.executions import SERVICE, UNGRACEFUL, Execution, StepState
from haven.runbooks.failover import database, loss
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, Stopwatch
from haven.runbooks.workflow.steps import Impossible, Look, Missing, Waiting

TO_UNGRACEFUL = "switchToUngraceful"
_UNDER_WAY = (executions.IN_PROGRESS, executions.PENDING_APPROVAL, executions.PAUSED_BY_STEP)
"""States of an execution in which a step of it may be switched; one that a person paused is left to that person."""
_AGAIN_SECONDS = 30.0
"""Between two tries, as long as nothing changes."""
_FAILED_SECONDS = 120.0
"""[assumption] For so long after the step was seen as failed, ARC may still take the switch, or begin the step anew."""


@dataclass
class Writer:
    """What one process did about it."""

    site: Site
    watch: str
    """The runbook's step whose call it is."""
    _tried: tuple[str, str] = ("", "")
    """States of the execution and of the step at the last try."""
    _since: Stopwatch | None = None
    """Since the last try."""
    _failed: Stopwatch | None = None
    """Since the step was first seen as failed."""

    async def look(self, workflow: Workflow, execution: Execution) -> Look | None:
        """What is to be done about it; None: nothing, and the execution goes on by itself or doesn't.

        Raises:
            CallError: no answer of RDS, or of the operations table.
        """
        if not may_switch(workflow) or execution.state not in _UNDER_WAY:
            return None
        step = of(execution)
        if step is None:
            return None
        if step.status == executions.FAILED and self._has_failed_for_long():
            return None
        if UNGRACEFUL in (step.mode, execution.mode):
            begins = step.status == executions.FAILED
            return Waiting(f"step {step.name} is made to fail over, and hasn't begun yet") if begins else None
        if self._waits(execution, step):
            answer = workflow.step(self.watch).answer or "nothing"
            return Waiting(f"step {step.name} is made to fail over, and doesn't yet; AWS answered: {answer}")
        return await self._switched(workflow, execution, step)

    def _has_failed_for_long(self) -> bool:
        self._failed = self._failed or Stopwatch(self.site.clock)
        return self._failed.seconds() > _FAILED_SECONDS

    def _waits(self, execution: Execution, step: StepState) -> bool:
        again = self._tried != (execution.state, step.status)
        return not again and self._since is not None and self._since.seconds() < _AGAIN_SECONDS

    async def _switched(self, workflow: Workflow, execution: Execution, step: StepState) -> Look | None:
        """What is lost by it is judged at this moment: an approval may have taken an hour."""
        if database.writing_region(await database.current(self.site)) == self.site.to:
            return None
        found = await loss.judged(self.site, workflow)
        if found.forbidding:
            needed = loss.advice(self.site, workflow.goal, [each.loss_ms for each in found.forbidding])
            return Impossible(f"step {step.name} isn't made to fail over: {'; '.join([*found.refusals, needed])}")
        if found.unread:
            return Waiting(f"step {step.name} isn't made to fail over yet: {found.unread}")
        self._tried, self._since = (execution.state, step.status), Stopwatch(self.site.clock)
        self._since.start()
        arguments = {
            "planArn": execution.plan.arn,
            "executionId": execution.id,
            "stepName": step.name,
            "actionToTake": TO_UNGRACEFUL,
            "comment": f"haven {workflow.id}",
        }
        return Missing(Call(SERVICE, self.site.to, "update_plan_execution_step", arguments, not_after=found.not_after))


def may_switch(workflow: Workflow) -> bool:
    """Whether the writer's step is to fail over: never where a switch is planned, nor in somebody else's execution,
    before which nobody decided that the Region is lost."""
    return not workflow.goal["planned"] and not workflow.goal["attached"]


def of(execution: Execution) -> StepState | None:
    """The step that moves the writer, while it runs or after it has failed; None: it does neither."""
    found = execution.at(executions.RUNNING, executions.FAILED)
    return next((each for each in found if execution.plan.step(each.name).block == executions.AURORA), None)
