"""Makes the best of this process: work for several things at once in forks of it, and no search for garbage."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Nearly all that a program imports and declares lasts until its end: looking for garbage takes a fifth of its time
    (2026-11-26)."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@dataclass(frozen=True)
class _Returned(Generic[Result]):
    value: Result


@dataclass(frozen=True)
class _Raised:
    error: Exception


def for_each(
    items: Sequence[Item], work: Callable[[Item], Result], done: Callable[[int], None] = lambda _: None
) -> list[Result]:
    """What `work` returns for each of `items`, in their order.

    On Linux all are worked on at once, elsewhere one after the other: a forked process may not use what other systems'
    own libraries have started. They end with this process.

    Args:
        items: what to work on.
        work: what it returns or raises must pickle.
        done: called with how many are done, each time that one is.

    Raises:
        Exception: what `work` raises for the first of the items for which it does.
    """
    if sys.platform != "linux":
        return [work(each) for each in items]
    children: list[ForkProcess] = []
    try:
        channels = [_fork(work, each, children) for each in items]
        answers: dict[Connection, _Returned[Result] | _Raised] = _received(channels, done)
    finally:
        for child in children:
            child.kill()
            child.join()
    return [_result(answers[each]) for each in channels]


def _fork(work: Callable[[Item], Result], item: Item, children: list[ForkProcess]) -> Connection:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_answer, args=(sender, work, item), daemon=True)
    child.start()
    children.append(child)
    sender.close()  # so that what the child sends ends when the child does
    return receiver


def _answer(sender: Connection, work: Callable[[Item], Result], item: Item) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent says that it was interrupted
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    answer: _Returned[Result] | _Raised
    try:
        answer = _Returned(work(item))
    except Exception as error:  # noqa: BLE001  it is raised where the parent waits
        answer = _Raised(error)
    sender.send(answer)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _received(
    channels: Sequence[Connection], done: Callable[[int], None]
) -> dict[Connection, "_Returned[Result] | _Raised"]:
    answers: dict[Connection, _Returned[Result] | _Raised] = {}
    while waited_for := [each for each in channels if each not in answers]:
        ready = wait(waited_for)
        answers |= {each: _answered(each) for each in waited_for if each in ready}
        done(len(answers))
    return answers


def _answered(channel: Connection) -> "_Returned[Result] | _Raised":
    answer: _Returned[Result] | _Raised
    try:
        answer = channel.recv()
    except EOFError:
        answer = _Raised(RuntimeError("a process ended before it had an answer; was it killed?"))
    return answer


def _result(answer: "_Returned[Result] | _Raised") -> Result:
    if isinstance(answer, _Raised):
        raise answer.error
    return answer.value
