"""Takes the steps of a workflow to their goals, from wherever the journal has it: journal, token, call, journal, look.

A call whose outcome is unknown isn't repeated: looks decide, until AWS has had time to show what it did.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from haven.runbooks.credentials import CredentialsError
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.audit import Audit, AuditError
from haven.runbooks.workflow.journal import DisplacedError, Entry, Journal, StepRecord, UnwrittenError, Workflow
from haven.runbooks.workflow.lease import Lease, LeaseError, LostError
from haven.runbooks.workflow.requests import (
    Call,
    CallError,
    Clock,
    Gate,
    Pause,
    RefusedError,
    TooLateError,
    UnansweredError,
    together,
)
from haven.runbooks.workflow.steps import Done, Ending, Impossible, Look, Missing, Progress, Step, Waiting

FATAL = (DisplacedError, UnwrittenError, LeaseError, AuditError, CredentialsError)
"""After these this process changes nothing more."""
THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "TransactionInProgressException",
        "SlowDown",
        "TooManyUpdates",
    }
)
"""Error codes that mean: too much at once. botocore's own (1.44.5, `retries/standard.py`), without
LimitExceededException, which is a quota's but for Kinesis (`data/_retry.json`), which no runbook asks; and that of
SSM's PutParameter."""
BUSY = THROTTLED | {
    "ResourceInUseException",
    "InvalidDBClusterStateFault",
    "InvalidDBClusterSnapshotStateFault",
    "InvalidDBInstanceState",
    "InvalidGlobalClusterStateFault",
    "InvalidReplicationGroupState",
    "InvalidGlobalReplicationGroupState",
    "InsufficientDBInstanceCapacity",
}
"""Error codes that mean: later. What a resource can't do in its present state, it can in the next (errors of RDS and
ElastiCache in botocore's models; read 2026-11-26)."""
_CALLS = 3
"""How often one run makes a step's call."""
_REFUSALS = 3
"""In a row, after which a step fails: of its looks, or of its call."""
_FIRST_SECONDS = 1.0
"""Between a call and the first look at what it did; each pause after that is twice as long, up to the step's."""


@dataclass
class Outcome:
    """How the steps ended."""

    endings: dict[str, Ending] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    """Step to what is wrong with it, if it isn't as it should be."""

    def failed(self, steps: Sequence[Step]) -> list[str]:
        """The essential steps that aren't done."""
        return [each.name for each in steps if each.essential and self.endings.get(each.name) is not Ending.DONE]


class _StepFailedError(Exception):
    """It can't be done, or takes too long."""


class _StoppedError(Exception):
    """The workflow is undone."""


@dataclass
class Engine:
    """What one operator's process works with."""

    journal: Journal
    lease: Lease
    audit: Audit
    clock: Clock
    report: Callable[[Progress], None] = lambda _: None

    async def run(self, workflow: Workflow, steps: Sequence[Step]) -> Outcome:
        """Take every step as far as it goes.

        Raises:
            DisplacedError, LeaseError: another operator is at work.
            UnwrittenError, AuditError: what is done can't be written down.
            CredentialsError: AWS takes none of this machine's.
        """
        run = _Run(self, workflow, steps)
        await together(*(run.step(each) for each in steps))
        if run.fatal is not None:
            raise run.fatal
        return run.outcome

    async def note(self, workflow: Workflow, kind: str, **data: Any) -> None:
        """Write an entry, and add it to the workflow."""
        log.apply(workflow, await self.write(kind, **data))

    async def write(self, kind: str, **data: Any) -> Entry:
        """Write an entry: to the audit and its bucket, and then, with its head, to the journal."""
        self.audit.record(kind, **data)
        head = self.audit.head.as_data()
        await self.audit.upload(sparing=True)
        self.journal.head = head
        return await self.journal.append(kind, **data, audit=head)  # others may be writing theirs

    async def close(self, **data: Any) -> str:
        """Close the audit of a process whose workflow goes on, or that has none, and let the journal have its head.

        Returns:
            Why the journal doesn't have it; empty: it has.
        """
        await self.audit.close(**data)
        self.journal.head = self.audit.head.as_data()
        try:
            await self.lease.confirm()
            await self.journal.append(log.CLOSED)
        except (DisplacedError, LostError, UnansweredError, UnwrittenError) as error:
            return f"the end of this audit can't be proved: {error}"
        return ""

    async def effect(
        self, workflow: Workflow, step: Step, missing: Missing, stop: Callable[[], bool]
    ) -> tuple[str, str]:
        """Make one call: its intent first, then the token, then the call, then what came of it.

        Returns:
            An outcome of the journal's, and the answer in words.
        """
        call = missing.call
        before = {"before": missing.before} if missing.before else {}
        await self.note(workflow, log.INTENT, step=step.name, **_intent(call), **before)
        outcome, detail = await self._made(call, stop)
        await self.note(workflow, log.OUTCOME, step=step.name, call=str(call), outcome=outcome, answer=detail)
        return outcome, detail

    async def _made(self, call: Call, stop: Callable[[], bool]) -> tuple[str, str]:
        try:
            until = await self.lease.confirm()
        except UnansweredError as error:
            return log.UNSENT, str(error)
        if stop():
            return log.UNSENT, "the workflow is undone"
        try:
            answer = await call._replace(changes=True, not_after=min(until, call.not_after or until))
        except TooLateError as error:
            return log.UNSENT, str(error)
        except RefusedError as error:
            return log.REFUSED, str(error)
        except UnansweredError as error:
            return log.UNKNOWN, str(error)
        request = (answer.get("ResponseMetadata") or {}).get("RequestId", "")
        return log.ACCEPTED, f"request {request}" if request else ""


def past_no_return(workflow: Workflow, steps: Sequence[Step]) -> bool:
    """Whether a call that can't be undone may have been made."""
    return any(each.no_return and workflow.step(each.name).may_have_happened for each in steps)


class _Run:
    """One execution of a graph."""

    def __init__(self, engine: Engine, workflow: Workflow, steps: Sequence[Step]) -> None:
        self._engine, self._workflow, self._steps = engine, workflow, steps
        self._essential = {each.name: each.essential for each in steps}
        self._gates = {each.name: Gate() for each in steps}
        self._stop = False
        self.outcome = Outcome()
        self.fatal: Exception | None = None

    async def step(self, step: Step) -> None:
        """Wait for what comes before it, then take it."""
        try:
            for each in step.after:
                await self._gates[each]
            await self._take(step)
        except FATAL as error:
            self.fatal = self.fatal or error
        finally:
            self._gates[step.name].open()

    async def _take(self, step: Step) -> None:
        begin = self._engine.clock.monotonic()
        needed = [each for each in step.after if self._essential[each]]
        if self.fatal or any(self.outcome.endings.get(each) is not Ending.DONE for each in needed):
            self._end(step, Ending.SKIPPED, begin)
            return
        record = self._workflow.step(step.name)
        if record.done and not step.fresh:
            self._end(step, Ending.DONE, begin)
            return
        self.show(step, begin, "")
        try:
            done = await _Drive(self, step, record, begin).to_the_end()
        except _StoppedError:
            self._end(step, Ending.STOPPED, begin)
        except _StepFailedError as error:
            if step.essential and not past_no_return(self._workflow, self._steps):
                self._stop = True
            self._end(step, Ending.FAILED, begin, str(error))
        else:
            await self._engine.note(self._workflow, log.DONE, step=step.name, found=done.found, remark=done.remark)
            self._end(step, Ending.DONE, begin, done.remark)

    def stopped(self) -> bool:
        """Whether nothing more is to be done: something failed while everything can still be undone."""
        if self.fatal is not None:
            return True
        return self._stop and not past_no_return(self._workflow, self._steps)

    def stopped_before(self, step: Step) -> bool:
        """The same for a call whose own intent is written already."""
        others = [each for each in self._steps if each.name != step.name]
        return self.fatal is not None or (self._stop and not past_no_return(self._workflow, others))

    async def effect(self, step: Step, missing: Missing) -> tuple[str, str]:
        """Make a step's call."""
        if self.stopped():
            raise _StoppedError
        made = await self._engine.effect(self._workflow, step, missing, lambda: self.stopped_before(step))
        if self.stopped():
            raise _StoppedError
        return made

    async def look(self, step: Step) -> Look:
        """Renew the lease if it is time to, and look."""
        if self.stopped():
            raise _StoppedError
        await self._engine.lease.keep()
        return await step.look(self._workflow)

    @property
    def clock(self) -> Clock:
        """This machine's."""
        return self._engine.clock

    def _end(self, step: Step, ending: Ending, begin: float, why: str = "") -> None:
        self.outcome.endings[step.name] = ending
        if why:
            self.outcome.why[step.name] = why
        self.show(step, begin, why, ending.value)

    def show(self, step: Step, begin: float, detail: str, state: str = "running") -> None:
        """Report what it does, or how it ended."""
        seconds = self._engine.clock.monotonic() - begin
        self._engine.report(Progress(step.name, step.title, state, seconds, step.deadline, detail))


class _Drive:
    """One step in one run."""

    def __init__(self, run: _Run, step: Step, record: StepRecord, begin: float) -> None:
        self._run, self._step, self._record, self._begin, self._clock = run, step, record, begin, run.clock
        self._quiet = begin + self._unsettled() if record.may_have_happened else begin
        """Until when a call that was made may not show yet."""
        self._calls = 0
        self._refused = {"look": 0, "call": 0}
        """How often in a row."""
        self._pause = _FIRST_SECONDS
        self._reason = ""

    def _unsettled(self) -> float:
        """Seconds for which the call of an earlier run may not show yet. Of one that may be made again they count from
        its entry: the clock that wrote it may be another machine's, and where that is slow the call is made twice."""
        if not self._step.repeatable or self._record.at is None:
            return self._step.settle
        age = max(0.0, self._clock.wall() - self._record.at)
        return max(0.0, self._step.settle - age)

    async def to_the_end(self) -> Done:
        """Look and act until the goal is reached."""
        while True:
            look = await self._looked()
            if isinstance(look, Done) and self._now >= self._begin + self._step.hold:
                return look
            if isinstance(look, Impossible):
                raise _StepFailedError(look.why)
            if isinstance(look, Missing):
                await self._act(look)
            elif isinstance(look, Waiting):
                self._reason = look.reason
            if self._now > self._begin + self._step.deadline:
                raise _StepFailedError(
                    f"not done within {self._step.deadline:.0f} s{f': {self._reason}' if self._reason else ''}"
                )
            self._run.show(self._step, self._begin, self._reason)
            await Pause(self._pause)
            self._pause = min(2 * self._pause, self._step.every)

    @property
    def _now(self) -> float:
        return self._clock.monotonic()

    async def _looked(self) -> Look:
        try:
            look = await self._run.look(self._step)
        except UnansweredError as error:
            return Waiting(str(error))
        except CallError as error:
            code = error.code if isinstance(error, RefusedError) else ""
            self._refuse("look", code, str(error))
            return Waiting(str(error))
        self._refused["look"] = 0
        if not isinstance(look, Missing):
            self._refused["call"] = 0
        return look

    async def _act(self, missing: Missing) -> None:
        """Make a call, unless it was made already and AWS may not show it yet."""
        call = missing.call
        if self._record.intent != _intent(call):
            self._calls = 0
        elif self._now < self._quiet:
            if not self._calls:
                left = self._quiet - self._now
                self._reason = f"an earlier run may have made the call: once more in {left:.0f} s if it doesn't show"
            return
        elif self._calls >= _CALLS or (
            self._calls and self._record.outcome == log.ACCEPTED and not self._step.repeatable
        ):
            raise _StepFailedError(f"{call} was made, and nothing has changed")
        outcome, detail = await self._run.effect(self._step, missing)
        if outcome in (log.ACCEPTED, log.UNKNOWN):
            self._pause = _FIRST_SECONDS
            self._calls += 1
            self._refused["call"] = 0
            self._quiet = self._now + self._step.settle
            self._reason = f"{call}: {outcome}"
        elif outcome == log.REFUSED:
            code, why = detail.partition(":")[0], detail.removesuffix(f" ({call})")
            self._refuse("call", code, f"{call} is refused: {why}", counts=not self._step.patient)

    def _refuse(self, what: str, code: str, reason: str, *, counts: bool = True) -> None:
        self._reason = reason
        if counts and code not in BUSY | self._step.later:
            self._refused[what] += 1
        if self._refused[what] >= _REFUSALS:
            raise _StepFailedError(reason)


def _intent(call: Call) -> dict[str, Any]:
    """A call as the journal has it."""
    return {"call": str(call), "arguments": {name: str(value) for name, value in call.arguments.items()}}
