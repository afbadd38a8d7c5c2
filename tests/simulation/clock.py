"""Virtual time: runs the runbooks of several machines against the model of AWS, in an order that the seed decides."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from typing import Any, Protocol

from haven.runbooks.credentials import CredentialsError
from haven.runbooks.workflow.requests import Answer, Call, RefusedError, TooLateError, UnansweredError
from haven.runbooks.workflow.scheduler import Scheduler, Task
from haven.runbooks.workflow.threads import ONCE_SECONDS

LATENCY = 0.05
EPOCH = 1_800_000_000.0
"""The wall clock at virtual time 0."""


@dataclass(frozen=True)
class Fault:
    """What happens to one call."""

    kind: str
    """`timeout`, `error` and `crash`, each `-before` or `-after` AWS did it; `throttle`; `expired`, of credentials;
    `pause`, after the call's last check; `pause-checked`, before it."""
    seconds: float = 0.0
    """Of a pause."""


class Aws(Protocol):
    """What answers calls."""

    def answer(self, call: Call, now: float, owner: str) -> Answer:
        """The answer at a virtual time.

        Raises:
            RefusedError: it refuses.
            UnansweredError: the Region is silent.
        """


class Simulation(Scheduler):
    """The machines, their tasks, and the time."""

    def __init__(self, aws: Aws, fault: Callable[[str, Call, float], Fault | None] = lambda *_: None) -> None:
        super().__init__()
        self.now = 0.0
        self.dead: set[str] = set()
        self.calls = 0
        self.late: list[tuple[str, Call, float]] = []
        """Changing calls that were sent by a process that was paused after its last check, and when they arrived."""
        self._aws, self._fault = aws, fault
        self._paused: dict[str, float] = {}
        self._events: list[tuple[float, int, str, Callable[[], None]]] = []
        self._order = itertools.count()

    def machine(self, skew: float = 0.0) -> "VirtualClock":
        """The clock of a machine whose wall clock is off by some seconds."""
        return VirtualClock(self, skew)

    def at(self, when: float, owner: str, event: Callable[[], None]) -> None:
        """Let something happen at a time."""
        heappush(self._events, (when, next(self._order), owner, event))

    def run(self, until: float = float("inf")) -> None:
        """Let time pass until nothing more happens."""
        events, dead, paused = self._events, self.dead, self._paused
        while events and events[0][0] <= until:
            when, _, owner, event = heappop(events)
            if owner in dead:
                continue
            if owner in paused and when < paused[owner]:
                self.at(paused[owner], owner, event)
                continue
            self.now = when
            event()

    def abandon(self) -> None:
        super().abandon()
        self._events.clear()  # what an end has let go on: it would keep this, and this it

    def soon(self, task: Task, resume: Callable[[], None]) -> None:
        self.at(self.now, task.owner, resume)

    def later(self, task: Task, seconds: float, resume: Callable[[], None]) -> None:
        self.at(self.now + seconds, task.owner, resume)

    def send(self, task: Task, call: Call) -> None:
        self.calls += 1
        if call.not_after is not None and self._is_too_late(task, call):
            return
        fault = self._fault(task.owner, call, self.now)
        if fault is None:
            self.at(self.now + LATENCY, "aws", partial(self._arrive, task, call, ""))
            return
        kind = fault.kind
        if kind == "crash-before":
            self.dead.add(task.owner)
        elif kind == "throttle":
            self._give(task, LATENCY, RefusedError("Throttling"))
        elif kind == "expired":
            self._give(task, LATENCY, CredentialsError("AWS refuses this machine's credentials: ExpiredToken"))
        elif kind in ("timeout-before", "error-before"):
            self._give(task, ONCE_SECONDS if kind.startswith("t") else LATENCY, UnansweredError(kind))
        elif kind.startswith("pause"):
            until = self._paused[task.owner] = self.now + fault.seconds
            if call.changes and kind == "pause":
                self.late.append((task.owner, call, until))
            going_on = self._arrive if kind == "pause" else self._check
            self.at(until, task.owner, partial(going_on, task, call, ""))
        else:
            self.at(self.now + LATENCY, "aws", partial(self._arrive, task, call, kind))

    def _is_too_late(self, task: Task, call: Call) -> bool:
        late = call.not_after is not None and self.now + ONCE_SECONDS > call.not_after
        if late:
            self._give(task, LATENCY, TooLateError(str(call)))
        return late

    def _check(self, task: Task, call: Call, kind: str) -> None:
        if not self._is_too_late(task, call):
            self._arrive(task, call, kind)

    def _arrive(self, task: Task, call: Call, kind: str) -> None:
        outcome: Any
        try:
            outcome = self._aws.answer(call, self.now, task.owner)
        except (RefusedError, UnansweredError) as error:
            outcome = error.with_traceback(None)  # an answer of AWS knows nothing of what runs here
        if kind == "crash-after":
            self.dead.add(task.owner)
        elif kind in ("timeout-after", "error-after") or isinstance(outcome, UnansweredError):
            self._give(task, LATENCY if kind == "error-after" else ONCE_SECONDS, UnansweredError(kind or str(outcome)))
        else:
            self._give(task, LATENCY, outcome)

    def _give(self, task: Task, seconds: float, outcome: Any) -> None:
        self.at(self.now + seconds, task.owner, partial(self.resume, task, outcome))


@dataclass(frozen=True)
class VirtualClock:
    """A machine's clock in virtual time."""

    simulation: Simulation
    skew: float = 0.0

    def monotonic(self) -> float:
        return self.simulation.now

    def wall(self) -> float:
        return EPOCH + self.simulation.now + self.skew


class Memory:
    """Lines that a machine keeps while it lives."""

    def __init__(self) -> None:
        self.full = False
        self._lines: list[bytes] = []

    @property
    def content(self) -> bytes:
        """What it has."""
        return b"".join(self._lines)

    def append(self, line: str) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self._lines.append(f"{line}\n".encode())

    def read(self) -> bytes:
        return self.content
