"""What ARC has of a Region switch plan and of its executions, and what the states that it names mean.

Each question goes to the Region that becomes the writing one: ARC has a data plane in every Region, and these
operations belong to it (ARC Developer Guide, Region switch API operations; botocore's endpoint rules, where an
operation of the control plane has `UseControlPlaneEndpoint`; read 2026-11-26).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from haven.runbooks.workflow.requests import Answer, Call, pages

SERVICE = "arc-region-switch"
ACTIVATE = "activate"
GRACEFUL, UNGRACEFUL = "graceful", "ungraceful"
"""Modes of an execution, and of a step of it (enumeration `ExecutionMode` in botocore's model; read 2026-11-26)."""
AURORA = "AuroraGlobalDatabase"
"""The block that moves a database's writer (`ExecutionBlockType`, the same)."""
IN_PROGRESS = "inProgress"
PAUSED_BY_STEP, PAUSED_BY_OPERATOR, PENDING_APPROVAL = "pausedByFailedStep", "pausedByOperator", "pendingManualApproval"
LIVE = ("pending", IN_PROGRESS, PENDING_APPROVAL, PAUSED_BY_STEP, PAUSED_BY_OPERATOR)
WITH_EXCEPTIONS, MONITORING = "completedWithExceptions", "completedMonitoringApplicationHealth"
COMPLETED = ("completed", WITH_EXCEPTIONS, MONITORING)
GIVEN_UP = ("failed", "canceled", "planExecutionTimedOut")
"""States of an execution: one that goes on or waits, one that did its steps, and one that ended before (enumeration
`ExecutionState` and waiter `PlanExecutionCompleted` in botocore's model; read 2026-11-26)."""
RUNNING, FAILED, COMPLETE, SKIPPED, STEP_APPROVAL = "running", "failed", "completed", "skipped", "pendingApproval"
"""Of the states of a step, those that are distinguished (`StepStatus`, the same)."""
_PAGE = 100
"""ListPlanExecutions lists at most as many at once (the same)."""
_ENDS_STEP = ("stepFailed", "stepPausedByError")
"""Events that say what is wrong with a step (`ExecutionEventType`, the same)."""
_SECONDS = 60


@dataclass(frozen=True)
class PlanStep:
    """One step of the plan's workflow, or of a parallel one within it."""

    name: str
    block: str
    """Type of the execution block."""
    timeout_seconds: float
    """0: the plan names none."""
    approver: str
    """ARN of the role that approves it; empty: nobody is asked."""
    depth: int = 0
    """How many parallel blocks it is within."""

    def describe(self) -> str:
        """In one line."""
        limit = f", within {self.timeout_seconds / _SECONDS:g} min" if self.timeout_seconds else ""
        asked = f", asks {self.approver}" if self.approver else ""
        return f"{'  ' * self.depth}{self.name} ({self.block}{limit}{asked})"


@dataclass(frozen=True)
class Plan:
    """What would be done to make one Region the active one."""

    arn: str
    version: str
    steps: Sequence[PlanStep]

    def step(self, name: str) -> PlanStep:
        """A step; one that the plan doesn't have has neither limit nor approver."""
        return next((each for each in self.steps if each.name == name), PlanStep(name, "", 0.0, ""))


@dataclass(frozen=True)
class StepState:
    """How far one step is."""

    name: str
    status: str
    mode: str
    """Empty: ARC names none."""
    began: datetime | None
    ended: datetime | None

    def seconds(self, now_ms: float) -> float:
        """Since it began, until it ended or until now."""
        if self.began is None:
            return 0.0
        end = self.ended.timestamp() if self.ended is not None else now_ms / 1000
        return max(0.0, end - self.began.timestamp())


@dataclass(frozen=True)
class Execution:
    """One execution, with its steps."""

    id: str
    state: str
    mode: str
    steps: Sequence[StepState]
    plan: Plan

    def at(self, *statuses: str) -> list[StepState]:
        """The steps in one of some states."""
        return [each for each in self.steps if each.status in statuses]


@dataclass(frozen=True)
class Listed:
    """One execution as the list has it."""

    id: str
    state: str
    action: str
    region: str
    mode: str
    comment: str

    @property
    def is_live(self) -> bool:
        """Whether it goes on, or waits for somebody."""
        return self.state in LIVE

    def activates(self, region: str) -> bool:
        """Whether it makes a Region the active one."""
        return self.action == ACTIVATE and self.region == region

    def __str__(self) -> str:
        return f"execution {self.id} ({self.action} {self.region}, {self.mode})"


async def plan(region: str, arn: str) -> Plan | None:
    """The plan as a Region has it; None: nothing in it makes that Region the active one.

    Raises:
        CallError: no answer, or the Region doesn't know the plan.
    """
    found = (await Call(SERVICE, region, "get_plan_in_region", {"arn": arn}))["plan"]
    return _plan(found, region)


async def executions(region: str, arn: str) -> list[Listed]:
    """Every execution, of the past too: how ARC orders them isn't documented.

    Raises:
        CallError: no answer.
    """
    arguments = {"planArn": arn, "maxResults": _PAGE}
    return [
        Listed(
            str(each["executionId"]),
            str(each["executionState"]),
            str(each["executionAction"]),
            str(each["executionRegion"]),
            str(each.get("mode", "")),
            str(each.get("comment", "")),
        )
        for page in await _pages(region, "list_plan_executions", arguments)
        for each in page.get("items") or ()
    ]


async def execution(region: str, arn: str, number: str) -> tuple[Execution, Answer]:
    """One execution, and the answer that has AWS's time.

    Raises:
        CallError: no answer.
    """
    found = await _pages(region, "get_plan_execution", {"planArn": arn, "executionId": number})
    first = found[0]
    states = [_state(each) for page in found for each in page.get("stepStates") or ()]
    known = _plan(first.get("plan") or {"arn": arn}, region) or Plan(arn, "", ())
    return Execution(number, str(first["executionState"]), str(first.get("mode", "")), states, known), first


async def error_of(region: str, arn: str, number: str, step: str) -> str:
    """What ARC says is wrong with a step; empty: nothing.

    Raises:
        CallError: no answer.
    """
    arguments = {"planArn": arn, "executionId": number}
    events = [
        each
        for page in await _pages(region, "list_plan_execution_events", arguments)
        for each in page.get("items") or ()
        if each.get("stepName") == step and each.get("type") in _ENDS_STEP
    ]
    texts = [str(each.get("error") or each.get("description") or "") for each in _in_order(events)]
    return next((each for each in reversed(texts) if each), "")


def _in_order(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(events, key=lambda each: each["timestamp"].timestamp() if each.get("timestamp") else 0.0)


async def _pages(region: str, operation: str, arguments: Mapping[str, Any]) -> list[Answer]:
    return await pages(Call(SERVICE, region, operation, arguments), "nextToken", "nextToken")


def _plan(found: Mapping[str, Any], region: str) -> Plan | None:
    for each in found.get("workflows") or ():
        target = each.get("workflowTargetRegion", region)
        if each["workflowTargetAction"] == ACTIVATE and target == region:
            steps = [step for one in each.get("steps") or () for step in _steps(one, 0)]
            return Plan(str(found["arn"]), str(found.get("version", "")), steps)
    return None


def _steps(step: Mapping[str, Any], depth: int) -> list[PlanStep]:
    configuration = step.get("executionBlockConfiguration") or {}
    own: Mapping[str, Any] = next(iter(configuration.values()), {})
    made = PlanStep(
        str(step["name"]),
        str(step.get("executionBlockType", "")),
        float(own.get("timeoutMinutes") or 0) * _SECONDS,
        str(own.get("approvalRole", "")),
        depth,
    )
    return [made, *(each for inner in own.get("steps") or () for each in _steps(inner, depth + 1))]


def _state(found: Mapping[str, Any]) -> StepState:
    name, status, mode = (str(found.get(each, "")) for each in ("name", "status", "stepMode"))
    return StepState(name, status, mode, found.get("startTime"), found.get("endTime"))
