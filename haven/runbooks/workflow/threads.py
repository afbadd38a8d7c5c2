"""Answers a runbook's requests from AWS: each call in a thread of its own, everything else in the calling thread."""

import heapq
import itertools
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from haven.base.interrupts import whole
from haven.base.problems import one_line
from haven.runbooks.clients import CONNECT_SECONDS, READ_SECONDS, Client, longest
from haven.runbooks.credentials import credentials_error
from haven.runbooks.limits import NotSentError, Sending, elapsed, sent_by
from haven.runbooks.messages import plain
from haven.runbooks.workflow.requests import (
    Answer,
    Call,
    RefusedError,
    Runbook,
    TooLateError,
    UnansweredError,
)
from haven.runbooks.workflow.scheduler import Scheduler, Task

ONCE_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""What one attempt takes in the worst case."""
_SERVER_ERROR = 500


class MachineClock:
    """This machine's clock."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, nor stand still while the machine sleeps."""
        return elapsed()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()


class Threads(Scheduler):
    """Runs one runbook to its end; whatever interrupts the waiting ends it at once, calls on their way included."""

    def __init__(self, reading: Client, changing: Client) -> None:
        """
        Args:
            reading: clients for calls that change nothing; they may repeat one.
            changing: clients that send each call once, for changes and for Regions that may be lost.
        """
        super().__init__()
        self._reading, self._changing = reading, changing
        self._ready: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def run(self, runbook: Runbook, *, within: float | None = None) -> Any:
        """The runbook's result.

        Args:
            runbook: what is run.
            within: seconds after which it is left where it is. Omitted: it is waited for.

        Raises:
            TimeoutError: it hasn't ended within them.
            Exception: what the runbook raised.
        """
        ended: list[Any] = []
        task = self.start("", runbook, ended.append)
        if within is not None:
            self.later(task, within, _leave)
        try:
            while not ended:
                self._turn()
        finally:
            self.abandon()
        if isinstance(ended[0], BaseException):
            raise ended[0]
        return ended[0]

    def _turn(self) -> None:
        wait = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
        try:
            resume = self._ready.get(timeout=wait)
        except queue.Empty:
            resume = heapq.heappop(self._timers)[2]
        with whole():
            resume()

    def soon(self, task: Task, resume: Callable[[], None]) -> None:
        del task
        self._ready.put(resume)

    def later(self, task: Task, seconds: float, resume: Callable[[], None]) -> None:
        del task
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), resume))

    def send(self, task: Task, call: Call) -> None:
        _Sent(self, task, call).start()

    def client(self, call: Call) -> Any:
        """Who makes a call."""
        made = self._changing if call.changes or call.observes else self._reading
        return made(call.service, call.region)


class _Sent:
    """One call on its way: answered by its thread, or given up after what it may take, whatever the thread does."""

    def __init__(self, runs: Threads, task: Task, call: Call) -> None:
        self._runs, self._task, self._call = runs, task, call
        self._sending = Sending(None if call.not_after is None else call.not_after - ONCE_SECONDS)
        self._waiting = True
        """Of the runbook's own thread, which alone settles."""

    def start(self) -> None:
        """Send it, in a thread of its own."""
        threading.Thread(target=self._answer, daemon=True, name=str(self._call)).start()

    def _answer(self) -> None:
        outcome = self._outcome()
        self._runs.soon(self._task, lambda: self._settle(outcome))

    def _settle(self, outcome: Answer | Exception) -> None:
        if self._waiting:
            self._waiting = False
            self._runs.resume(self._task, outcome)

    def _give_up(self, seconds: float) -> None:
        self._sending.end()
        self._settle(UnansweredError(f"{self._call}: no answer within {seconds:g} s"))

    def _outcome(self) -> Answer | Exception:
        call = self._call
        try:
            client = self._runs.client(call)  # whoever has to renew credentials for it isn't a silent Region
            if (seconds := longest(client)) is not None:
                self._runs.soon(
                    self._task, lambda: self._runs.later(self._task, seconds, lambda: self._give_up(seconds))
                )
            with sent_by(self._sending):
                self._sending.require()  # nobody connects for what isn't sent
                answer: Answer = getattr(client, call.operation)(**call.arguments)
                if "Body" in answer:  # of an object: it is on its way still
                    answer = {**answer, "Body": answer["Body"].read()}
        except NotSentError:
            return TooLateError(f"{call} wasn't sent: the lease ends before the call would")
        except Exception as error:  # noqa: BLE001  it is raised in the runbook
            return _as_call_error(call, error)
        return answer


def _leave() -> None:
    raise TimeoutError


def _as_call_error(call: Call, error: Exception) -> Exception:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  starts fast

    refused = credentials_error(error)
    if refused and refused.everywhere:  # what one Region alone may say is that Region's answer
        return refused
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
        about = error.response.get("Error", {})
        if status >= _SERVER_ERROR:
            return UnansweredError(plain(str(error), call.arguments))
        return RefusedError(
            str(about.get("Code", "")), f"{plain(str(about.get('Message', '')), call.arguments)} ({call})"
        )
    if isinstance(error, BotoCoreError | OSError):
        return UnansweredError(one_line(f"{call}: {error}"))
    return error
