"""A model of ARC Region switch: one plan, its executions, and the states that AWS's API names.

States and transitions are those of the API (enumerations `ExecutionState`, `StepStatus`, `ExecutionEventType` in
botocore's model; ARC Developer Guide, executing a plan; read 2026-11-26). What is ungraceful leaves Lambda steps out
(the same, custom action Lambda execution block; read 2026-11-26) and fails the writer over, whether it is a whole
execution or one step of it, which retries a step that failed (ARC API Reference, UpdatePlanExecutionStep; read
2026-11-26). What a step takes, that one which failed is tried again by `resume` too, in which states it may be
switched, that a parallel step's own steps are listed beside the others, and that a plan has one execution at a time are
assumptions of this model, as are the code and text of its errors. Nothing of it was compared with AWS.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from haven.runbooks import executions as known
from haven.runbooks.workflow.requests import Call, RefusedError

ROLE = "arn:aws:iam::000000000000:role/approver"
APPROVAL, AURORA, FUNCTION = "ManualApproval", known.AURORA, "CustomActionLambda"
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
    beside: bool = False
    """Whether it is in the plan's parallel step. Here those come one after another too, which is one order of many."""

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
BESIDE = (Block("move-writer", AURORA, beside=True), Block("scale", FUNCTION, beside=True), Block("traffic", FUNCTION))
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
    state: str = known.IN_PROGRESS
    ended: float | None = None
    status: dict[str, str] = field(default_factory=dict)
    """Step to its status, of those that have begun."""
    switched: set[str] = field(default_factory=set)
    """Steps that were switched to ungraceful."""
    refused: set[str] = field(default_factory=set)
    """Steps whose call RDS has refused."""
    times: dict[str, tuple[float, float | None]] = field(default_factory=dict)

    def mode_of(self, step: str) -> str:
        """The mode of a step."""
        return known.UNGRACEFUL if step in self.switched else self.mode


class RegionSwitch:
    """ARC, for one plan."""

    def __init__(
        self,
        arn: str,
        regions: Sequence[str],
        clock: Callable[[], float],
        move: Callable[[str, str], bool],
        moved: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """
        Args:
            arn: the plan's.
            regions: both.
            clock: seconds since the epoch.
            move: begins to move the database's writer to a Region, in a mode; whether RDS takes it.
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
        self.switches = 0
        """Steps that were switched to ungraceful, refused calls not counted."""
        self.switchable = [known.RUNNING, known.FAILED]
        """Statuses of a step in which it may be switched."""
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
            while each.state in (known.IN_PROGRESS, known.PENDING_APPROVAL) and self._step(each, now):
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
            return self._begin(execution, block, now)
        if status != known.RUNNING or now - execution.times[block.name][0] < block.seconds:
            return False
        if block.name in self.broken | execution.refused:
            execution.status[block.name], execution.state = known.FAILED, known.PAUSED_BY_STEP
            return False
        if block.kind == AURORA and not self.moved(execution.region):
            return False
        self._done(execution, block.name, "completed", now)
        return True

    def _begin(self, execution: Running, block: Block, now: float) -> bool:
        """Begin a step, or begin it anew; whether it goes on by itself."""
        waits, mode = block.kind == APPROVAL, execution.mode_of(block.name)
        execution.status[block.name] = known.STEP_APPROVAL if waits else known.RUNNING
        execution.times[block.name] = (now, None)
        execution.state = known.PENDING_APPROVAL if waits else known.IN_PROGRESS
        execution.refused.discard(block.name)
        if block.kind == FUNCTION and mode == known.UNGRACEFUL:
            self._done(execution, block.name, known.SKIPPED, now)
        elif block.kind == AURORA and block.name not in self.broken and not self._move(execution.region, mode):
            execution.refused.add(block.name)
        return not waits

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
                    "steps": list(self._workflow()),
                }
                for region in self.regions
            ],
        }

    def _workflow(self) -> Iterator[Mapping[str, Any]]:
        inner = [each.document() for each in self.blocks if each.beside]
        if inner:
            own = {"parallelConfig": {"steps": inner}}
            yield {"name": "beside", "executionBlockType": "Parallel", "executionBlockConfiguration": own}
        yield from (each.document() for each in self.blocks if not each.beside)

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
                "stepMode": execution.mode_of(each.name),
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
            found.state = known.IN_PROGRESS
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
        for block in [each for each in self.blocks if found.status.get(each.name) == known.FAILED]:
            self._begin(found, block, self.clock())
        return {}

    def _update_step(self, arguments: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        found, name = self._named(arguments), arguments["stepName"]
        if arguments["actionToTake"] == "skip":
            self._done(found, name, known.SKIPPED, self.clock())
            found.state = known.IN_PROGRESS
            return {}
        if found.status.get(name) not in self.switchable or found.mode_of(name) == known.UNGRACEFUL:
            raise ArcError("ValidationException", f"{name} can't be switched now")
        self.switches += 1
        found.switched.add(name)
        self._begin(found, next(each for each in self.blocks if each.name == name), self.clock())
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
