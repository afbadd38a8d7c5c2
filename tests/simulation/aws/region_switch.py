"""A model of ARC Region switch: one plan, its executions, and the states that AWS's API names.

States and transitions are those of the API (enumerations `ExecutionState`, `StepStatus`, `ExecutionEventType` in
botocore's model; ARC Developer Guide, executing a plan; read 2026-11-26). What a step takes, that a step which failed
is tried again by `resume`, and that a plan has one execution at a time are assumptions of this model, as is the text of
its errors. Nothing of it was compared with AWS.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from haven.runbooks.arc import executions as known
from haven.runbooks.workflow.requests import Call, RefusedError

ROLE = "arn:aws:iam::000000000000:role/approver"
APPROVAL, AURORA, FUNCTION = "ManualApproval", "AuroraGlobalDatabase", "CustomActionLambda"
_BLOCKS = {APPROVAL: "executionApprovalConfig", AURORA: "globalAuroraConfig", FUNCTION: "customActionLambdaConfig"}


class ArcError(Exception):
    """What the API answers instead."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True)
class Block:
    """One step of the plan."""

    name: str
    kind: str
    seconds: float = 1.0
    """What it takes. An assumption."""

    def document(self) -> Mapping[str, Any]:
        """As GetPlanInRegion has it."""
        own: dict[str, Any] = {"timeoutMinutes": 30}
        if self.kind == APPROVAL:
            own["approvalRole"] = ROLE
        elif self.kind == AURORA:
            own |= {"behavior": "switchoverOnly", "globalClusterIdentifier": "db-global", "databaseClusterArns": []}
        else:
            own |= {"lambdas": [], "retryIntervalMinutes": 1.0, "regionToRun": "activatingRegion"}
        return {
            "name": self.name,
            "executionBlockType": self.kind,
            "executionBlockConfiguration": {_BLOCKS[self.kind]: own},
        }


BLOCKS = (Block("move-writer", AURORA), Block("scale", FUNCTION))
APPROVED = (Block("approve", APPROVAL), *BLOCKS)


@dataclass
class Running:
    """One execution."""

    id: str
    region: str
    mode: str
    comment: str
    token: str
    began: float
    state: str = "inProgress"
    ended: float | None = None
    status: dict[str, str] = field(default_factory=dict)
    """Step to its status, of those that have begun."""
    times: dict[str, tuple[float, float | None]] = field(default_factory=dict)


class RegionSwitch:
    """ARC, for one plan."""

    def __init__(
        self,
        arn: str,
        regions: Sequence[str],
        clock: Callable[[], float],
        move: Callable[[str, str], None],
        moved: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """
        Args:
            arn: the plan's.
            regions: both.
            clock: seconds since the epoch.
            move: begins to move the database's writer to a Region, in a mode.
            moved: whether it is written there. Omitted: it is as soon as `move` returns.
        """
        self.arn, self.regions, self.clock, self._move, self.moved = arn, list(regions), clock, move, moved
        self.blocks: Sequence[Block] = BLOCKS
        self.broken: set[str] = set()
        """Steps that fail."""
        self.executions: list[Running] = []
        self.late = 0.0
        """Seconds after which the list shows an execution."""
        self.starts = 0
        """Executions that were begun, a repeated token not counted."""
        self.warnings: list[Mapping[str, Any]] = []
        self.quota_warnings: list[Mapping[str, Any]] = []

    def answer(self, operation: str, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        """What a Region's data plane answers.

        Raises:
            ArcError: it refuses.
        """
        named = arguments.get("planArn") or arguments.get("arn") or self.arn
        if named != self.arn:
            raise ArcError("ResourceNotFoundException", f"no plan {named}")
        self._advance()
        answer: Mapping[str, Any] = _OPERATIONS[operation](self, arguments, region)
        return answer

    def call(self, call: Call, region: object) -> Mapping[str, Any]:
        """The same to a runbook's call, in the simulator.

        Raises:
            RefusedError: it refuses.
        """
        del region  # every Region has the plan
        try:
            return self.answer(call.operation.title().replace("_", ""), call.arguments, call.region)
        except ArcError as error:
            raise RefusedError(error.code, error.message) from error

    # What happens by itself

    def _advance(self) -> None:
        now = self.clock()
        for each in self.executions:
            while each.state in ("inProgress", known.PENDING_APPROVAL) and self._step(each, now):
                pass

    def _step(self, execution: Running, now: float) -> bool:
        """Take the execution one transition further; whether there was one."""
        left = [each for each in self.blocks if execution.status.get(each.name) not in ("completed", "skipped")]
        if not left:
            skipped = "skipped" in execution.status.values()
            self._end(execution, known.WITH_EXCEPTIONS if skipped else "completed", now)
            return False
        block = left[0]
        status = execution.status.get(block.name)
        if status is None:
            waits = block.kind == APPROVAL
            execution.status[block.name] = known.STEP_APPROVAL if waits else known.RUNNING
            execution.times[block.name] = (now, None)
            execution.state = known.PENDING_APPROVAL if waits else "inProgress"
            if block.kind == AURORA and block.name not in self.broken:
                self._move(execution.region, execution.mode)
            return not waits
        if status != known.RUNNING or now - execution.times[block.name][0] < block.seconds:
            return False
        if block.name in self.broken:
            execution.status[block.name], execution.state = known.FAILED, known.PAUSED_BY_STEP
            return False
        if block.kind == AURORA and not self.moved(execution.region):
            return False
        self._done(execution, block.name, "completed", now)
        return True

    def _done(self, execution: Running, name: str, status: str, now: float) -> None:
        execution.status[name] = status
        execution.times[name] = (execution.times[name][0], now)

    def _end(self, execution: Running, state: str, now: float) -> None:
        execution.state, execution.ended = state, now

    # What is asked

    def _plan(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        return {"plan": self._document()}

    def _document(self) -> Mapping[str, Any]:
        return {
            "arn": self.arn,
            "name": self.arn.rpartition("/")[2].partition(":")[0],
            "version": "1",
            "owner": "000000000000",
            "executionRole": "arn:aws:iam::000000000000:role/execution",
            "recoveryApproach": "activePassive",
            "regions": self.regions,
            "primaryRegion": self.regions[0],
            "workflows": [
                {
                    "workflowTargetAction": known.ACTIVATE,
                    "workflowTargetRegion": region,
                    "steps": [each.document() for each in self.blocks],
                }
                for region in self.regions
            ],
        }

    def _list(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        """One on each page, so that whoever asks has to go on."""
        place = int(arguments.get("nextToken", 0))
        shown = [each for each in self.executions if self.clock() - each.began >= self.late]
        following = {"nextToken": str(place + 1)} if place + 1 < len(shown) else {}
        return {"items": [self._summary(each) for each in shown[place : place + 1]], **following}

    def _summary(self, execution: Running) -> Mapping[str, Any]:
        ended = {"endTime": _time(execution.ended)} if execution.ended is not None else {}
        return {
            "planArn": self.arn,
            "executionId": execution.id,
            "executionState": execution.state,
            "executionAction": known.ACTIVATE,
            "executionRegion": execution.region,
            "mode": execution.mode,
            "comment": execution.comment,
            "startTime": _time(execution.began),
            **ended,
        }

    def _execution(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        found = self._named(arguments)
        return {**self._summary(found), "stepStates": list(self._steps(found)), "plan": self._document()}

    def _steps(self, execution: Running) -> Iterator[Mapping[str, Any]]:
        for each in self.blocks:
            began, ended = execution.times.get(each.name, (None, None))
            times = {"startTime": began, "endTime": ended}
            yield {
                "name": each.name,
                "status": execution.status.get(each.name, "notStarted"),
                **{name: _time(value) for name, value in times.items() if value is not None},
            }

    def _events(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        failed = [name for name, status in self._named(arguments).status.items() if status == known.FAILED]
        items = [
            {
                "eventId": name,
                "type": "stepPausedByError",
                "stepName": name,
                "error": f"{name} broke",
                "timestamp": _time(self.clock()),
            }
            for name in failed
        ]
        return {"items": items}

    def _evaluation(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        state = "actionRequired" if self.warnings else "passed"
        return {"planArn": self.arn, "region": region, "evaluationState": state, "warnings": list(self.warnings)}

    def _quotas(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        return {"serviceQuotaWarningSummaries": list(self.quota_warnings)}

    # What is changed

    def _start(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        if arguments["targetRegion"] not in self.regions:
            raise ArcError("IllegalArgumentException", "no Region of the plan")
        token = arguments["clientToken"]
        again = next((each for each in self.executions if each.token == token), None)
        if again is None:
            if any(each.state in known.LIVE for each in self.executions):
                raise ArcError("IllegalStateException", "the plan is being executed")
            self.starts += 1
            again = Running(
                f"{region}/{self.starts:016x}",
                arguments["targetRegion"],
                arguments["mode"],
                arguments.get("comment", ""),
                token,
                self.clock(),
            )
            self.executions.append(again)
        return {"executionId": again.id, "plan": self.arn, "planVersion": "1", "activateRegion": again.region}

    def _approve(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        found, step = self._named(arguments), arguments["stepName"]
        if found.status.get(step) != known.STEP_APPROVAL:
            raise ArcError("ResourceNotFoundException", f"{step} waits for nobody")
        if arguments["approval"] == "approve":
            self._done(found, step, "completed", self.clock())
            found.state = "inProgress"
        else:
            self._done(found, step, known.FAILED, self.clock())
            self._end(found, "failed", self.clock())
        return {}

    def _cancel(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        self._end(self._named(arguments), "canceled", self.clock())
        return {}

    def _update(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        found = self._named(arguments)
        if arguments["action"] != "resume" or found.state != known.PAUSED_BY_STEP:
            raise ArcError("IllegalStateException", "nothing is paused")
        found.state = "inProgress"
        for name in [name for name, status in found.status.items() if status == known.FAILED]:
            found.status[name], found.times[name] = known.RUNNING, (self.clock(), None)
        return {}

    def _update_step(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        found = self._named(arguments)
        self._done(found, arguments["stepName"], "skipped", self.clock())
        found.state = "inProgress"
        return {}

    def _named(self, arguments: Mapping[str, Any]) -> Running:
        found = next((each for each in self.executions if each.id == arguments["executionId"]), None)
        if found is None:
            raise ArcError("ResourceNotFoundException", "no such execution")
        return found


_OPERATIONS: Mapping[str, Callable[[RegionSwitch, Mapping[str, Any], str], Mapping[str, Any]]] = {
    "GetPlanInRegion": RegionSwitch._plan,
    "ListPlanExecutions": RegionSwitch._list,
    "GetPlanExecution": RegionSwitch._execution,
    "ListPlanExecutionEvents": RegionSwitch._events,
    "GetPlanEvaluationStatus": RegionSwitch._evaluation,
    "ListServiceQuotaWarnings": RegionSwitch._quotas,
    "StartPlanExecution": RegionSwitch._start,
    "ApprovePlanExecutionStep": RegionSwitch._approve,
    "CancelPlanExecution": RegionSwitch._cancel,
    "UpdatePlanExecution": RegionSwitch._update,
    "UpdatePlanExecutionStep": RegionSwitch._update_step,
}
OPERATIONS = tuple(_OPERATIONS)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
