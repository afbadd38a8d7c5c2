"""What a runbook's coroutine asks of whoever runs it: a call, a pause, branches, a gate.

A runbook is a coroutine that never blocks and never looks at a clock of its own: it awaits these requests. Threads
answer them on AWS (`threads.py`), a virtual clock in the simulator (`tests/simulation`). Neither needs asyncio.
"""

from collections.abc import Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Answer = Mapping[str, Any]
Runbook = Coroutine[Any, Any, Any]


class Clock(Protocol):
    """The time as one machine sees it."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, from an unknown beginning."""

    def wall(self) -> float:
        """Seconds since the epoch; another machine's may differ by minutes."""


class Stopwatch:
    """Seconds since something was first looked at: a look is repeated, and waits from its first time on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: float | None = None

    def start(self) -> float:
        """Start it, or let it run; the clock's seconds at its start."""
        if self._began is None:
            self._began = self._clock.monotonic()
        return self._began

    def restart(self) -> None:
        """Begin anew with the next look: what was waited for has shown itself meanwhile."""
        self._began = None

    def seconds(self) -> float:
        """Since its start, which is now where there was none."""
        began = self.start()
        return self._clock.monotonic() - began


class CallError(Exception):
    """A call that brought no answer to work with."""


class RefusedError(CallError):
    """AWS answered with an error: it has not done what was asked."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        super().__init__(f"{code}: {message}" if message else code)


class UnansweredError(CallError):
    """No answer, or one of a broken server: it may have been done, and may still be done."""


class TooLateError(CallError):
    """Not sent: the call could have outlived the lease under which it was allowed."""


class Call(NamedTuple):
    """One call of a service's API, in boto3's names."""

    service: str
    region: str
    operation: str
    arguments: Mapping[str, Any] = {}
    changes: bool = False
    """Whether it changes something. Then it is sent once: whether a second attempt is right, only a look decides."""
    observes: bool = False
    """Whether it asks a Region that may be lost: it is sent once, and nothing depends on its answer."""
    not_after: float | None = None
    """On this machine's monotonic clock: when it must have ended. None: whenever."""

    def __await__(self) -> Generator["Call", Any, Answer]:
        answer: Answer = yield self
        return answer

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} in {self.region}"


async def pages(call: Call, given: str, asked: str) -> list[Answer]:
    """Every page of what a service lists.

    Args:
        call: for the first one.
        given: what an answer has where there is another page.
        asked: the argument that asks for that one.

    Raises:
        CallError: no answer.
    """
    found: list[Answer] = [await call]
    while token := found[-1].get(given):
        found.append(await call._replace(arguments={**call.arguments, asked: token}))
    return found


@dataclass(frozen=True)
class Pause:
    """Goes on after a time."""

    seconds: float

    def __await__(self) -> Generator["Pause", None, None]:
        yield self


@dataclass(frozen=True)
class Branches:
    """Runs coroutines beside each other, and goes on when all have ended."""

    coroutines: Sequence[Runbook]

    def __await__(self) -> Generator["Branches", Any, list[Any]]:
        """The results in order; an exception is a result too."""
        outcomes: list[Any] = yield self
        return outcomes


class Gate:
    """Closed until somebody opens it; whoever awaits it goes on then."""

    def __init__(self) -> None:
        self.is_open = False
        self.waiting: list[Any] = []
        """Filled by whoever runs the coroutines: called when the gate opens."""

    def open(self) -> None:
        """Let everybody through, from now on."""
        self.is_open = True
        waiting, self.waiting = self.waiting, []
        for resume in waiting:
            resume()

    def __await__(self) -> Generator["Gate", None, None]:
        if not self.is_open:
            yield self


class Mutex:
    """One at a time, in the order of arrival."""

    def __init__(self) -> None:
        self._busy = False
        self._queue: list[Gate] = []

    async def __aenter__(self) -> None:
        if self._busy:
            gate = Gate()
            self._queue.append(gate)
            await gate
        self._busy = True

    async def __aexit__(self, *_: object) -> None:
        if self._queue:
            self._queue.pop(0).open()  # stays busy: it is handed over
        else:
            self._busy = False


def failure(outcome: Any) -> BaseException | None:
    """What a branch ended with, if it failed."""
    return outcome if isinstance(outcome, BaseException) else None


async def together(*coroutines: Runbook) -> list[Any]:
    """The results of coroutines that run beside each other.

    Raises:
        Exception: the first error, in the order of the coroutines.
    """
    outcomes = await Branches(coroutines)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            try:
                raise outcome
            finally:  # the error's traceback has this frame: it would keep the error
                del outcomes, outcome
    return outcomes


def require_calls(outcomes: Sequence[Any]) -> None:
    """Refuse outcomes of branches that failed otherwise than by a call's own error.

    Raises:
        Exception: the first other error.
    """
    for outcome in outcomes:
        error = failure(outcome)
        if error is not None and not isinstance(error, CallError):
            raise error
