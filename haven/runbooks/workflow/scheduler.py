"""Runs the coroutines of runbooks; how a call is answered and how time passes is a subclass's affair."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from haven.runbooks.workflow.requests import Branches, Call, Gate, Pause, Runbook


class Task:
    """One coroutine on its way."""

    def __init__(self, owner: str, coroutine: Runbook, ended: Callable[[Any], None]) -> None:
        self.owner = owner
        """Whose it is: one machine may be stopped without the others."""
        self.coroutine = coroutine
        self.ended = ended
        """Called with its result, or with the exception that ended it."""


class Scheduler(ABC):
    """Takes each coroutine to its next request."""

    @abstractmethod
    def soon(self, task: Task, resume: Callable[[], None]) -> None:
        """Run `resume` when the present step has ended."""

    @abstractmethod
    def later(self, task: Task, seconds: float, resume: Callable[[], None]) -> None:
        """Run `resume` after a time."""

    @abstractmethod
    def send(self, task: Task, call: Call) -> None:
        """Make a call; its answer, or a `CallError`, is given to `self.resume(task, ...)` later."""

    def __init__(self) -> None:
        self._tasks: set[Task] = set()

    def start(self, owner: str, coroutine: Runbook, ended: Callable[[Any], None]) -> Task:
        """Run a coroutine from its beginning."""
        task = Task(owner, coroutine, ended)
        self._tasks.add(task)
        self.soon(task, partial(self.resume, task, None))
        return task

    def abandon(self) -> None:
        """End every coroutine where it is: nobody resumes them any more."""
        while self._tasks:
            self._tasks.pop().coroutine.close()

    def resume(self, task: Task, outcome: Any) -> None:
        """Give a coroutine what it waits for; an exception is raised in it."""
        try:
            if isinstance(outcome, BaseException):
                request = task.coroutine.throw(outcome)
            else:
                request = task.coroutine.send(outcome)
        except StopIteration as stop:
            outcome = stop.value
        except Exception as error:  # noqa: BLE001  it is the coroutine's result: whoever started it decides
            outcome = error
        else:
            self._handle(task, request)
            return
        self._tasks.discard(task)
        task.ended(outcome)
        # An error's traceback has this frame: what it holds would keep the error, and the error this frame.
        del task, outcome

    def _handle(self, task: Task, request: object) -> None:
        if isinstance(request, Call):
            self.send(task, request)
        elif isinstance(request, Pause):
            self.later(task, request.seconds, partial(self.resume, task, None))
        elif isinstance(request, Gate):
            request.waiting.append(partial(self.soon, task, partial(self.resume, task, None)))
        elif isinstance(request, Branches):
            self._branch(task, request)
        else:
            raise TypeError(f"no request of a runbook: {request!r}")

    def _branch(self, task: Task, request: Branches) -> None:
        outcomes: list[Any] = [None] * len(request.coroutines)
        left = len(outcomes)

        def ended(place: int, outcome: Any) -> None:
            nonlocal left
            outcomes[place] = outcome
            left -= 1
            if left == 0:
                self.resume(task, outcomes)

        if not outcomes:
            self.soon(task, partial(self.resume, task, []))
        for place, coroutine in enumerate(request.coroutines):
            self.start(task.owner, coroutine, partial(ended, place))
