"""Answers a runbook's requests from AWS: each call in a thread of its own, everything else in the calling thread."""

import heapq
import itertools
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from haven.base.problems import one_line
from haven.runbooks.clients import CONNECT_SECONDS, READ_SECONDS, Client, NotSentError, sent_by
from haven.runbooks.credentials import credentials_error
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
        """Seconds that never go backwards."""
        return time.monotonic()

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

    def run(self, runbook: Runbook) -> Any:
        """The runbook's result.

        Raises:
            Exception: what the runbook raised.
        """
        ended: list[Any] = []
        self.start("", runbook, ended.append)
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
            self._ready.get(timeout=wait)()
        except queue.Empty:
            heapq.heappop(self._timers)[2]()

    def soon(self, task: Task, resume: Callable[[], None]) -> None:
        del task
        self._ready.put(resume)

    def later(self, task: Task, seconds: float, resume: Callable[[], None]) -> None:
        del task
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), resume))

    def send(self, task: Task, call: Call) -> None:
        def answer() -> None:
            outcome = self._outcome(call)
            self._ready.put(lambda: self.resume(task, outcome))

        threading.Thread(target=answer, daemon=True, name=str(call)).start()

    def _outcome(self, call: Call) -> Answer | Exception:
        client = self._changing if call.changes or call.observes else self._reading
        try:
            make = getattr(client(call.service, call.region), call.operation)
            if call.not_after is not None and time.monotonic() + ONCE_SECONDS > call.not_after:
                return _too_late(call)
            with sent_by(None if call.not_after is None else call.not_after - ONCE_SECONDS):
                answer: Answer = make(**call.arguments)
                if "Body" in answer:  # of an object: it is on its way still
                    answer = {**answer, "Body": answer["Body"].read()}
        except NotSentError:
            return _too_late(call)
        except Exception as error:  # noqa: BLE001  it is raised in the runbook
            return _as_call_error(call, error)
        return answer


def _too_late(call: Call) -> TooLateError:
    return TooLateError(f"{call} wasn't sent: the lease ends before the call would")


def _as_call_error(call: Call, error: Exception) -> Exception:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  starts fast

    refused = credentials_error(error)
    if refused and refused.everywhere:  # what one Region alone may say is that Region's answer
        return refused
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
        about = error.response.get("Error", {})
        if status >= _SERVER_ERROR:
            return UnansweredError(one_line(str(error)))
        return RefusedError(str(about.get("Code", "")), one_line(f"{about.get('Message', '')} ({call})"))
    if isinstance(error, BotoCoreError | OSError):
        return UnansweredError(one_line(f"{call}: {error}"))
    return error
