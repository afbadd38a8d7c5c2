"""Ctrl-C and a request to end: at once where nothing has to be cleaned up, as an exception where something has."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from haven.base.exits import INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STANDARD_ERROR = 2
_PATIENCE = 1.0
"""Seconds in which one more Ctrl-C is taken for the same one, pressed twice."""
_SHOW_CURSOR = b"\033[?25h"
"""Progress on a terminal hides the cursor while it lasts."""


class Interrupted(BaseException):
    """Somebody asked this process to end; not an `Exception`, so that nothing on the way takes it for a failure."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextmanager
def interruptible(notice: str = "") -> Iterator[None]:
    """Raise `Interrupted` in this block when the process is asked to end.

    Only the first time: the block then cleans up. Being asked once more, after a second, ends the process at once; what
    it started ends with it.

    Args:
        notice: written to standard error as soon as the process is asked, for cleaning up may take long. Omitted:
            nothing is written.
    """
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in the main thread alone
        yield
        return
    asked: list[float] = []

    def handle(number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if not asked:
            asked.append(now)
            _write(f"\n{notice}\n" if notice else "")
            if _WHOLE.depth:
                _WHOLE.asked = number
                return
            raise Interrupted(number)
        if now - asked[0] > _PATIENCE:
            _exit(128 + number)

    before = {each: signal.signal(each, handle) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Whole:
    """What is written in one piece just now."""

    depth = 0
    asked: int | None = None
    """The signal that came meanwhile."""


_WHOLE = _Whole()


@contextmanager
def whole() -> Iterator[None]:
    """Let `Interrupted` wait until this block has ended, which doesn't wait for anything: what it writes is whole."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _WHOLE.depth += 1
    try:
        yield
    finally:
        _WHOLE.depth -= 1
        number, _WHOLE.asked = _WHOLE.asked, None
        if number is not None:
            raise Interrupted(number)


def end_on_interrupt() -> None:
    """From now on Ctrl-C ends this process at once, with one word and exit code 130.

    Nothing is raised: an exception may arrive anywhere, and Pulumi's runtime catches it in the middle of a program and
    then waits for resources that this program will never finish registering. What has to clean up runs in an
    `interruptible` block. A process that was started to ignore Ctrl-C goes on ignoring it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    _exit(INTERRUPTED)


def _exit(code: int) -> NoReturn:
    with suppress(OSError):
        before = _SHOW_CURSOR + b"\n" if os.isatty(_STANDARD_ERROR) else b""
        os.write(_STANDARD_ERROR, before + b"interrupted\n")
    os._exit(code)


def _write(text: str) -> None:
    with suppress(OSError):
        os.write(_STANDARD_ERROR, text.encode())
