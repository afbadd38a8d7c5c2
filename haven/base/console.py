"""What the demo prints while it runs: lines, titles with the time, and progress that never floods the terminal."""

import time
from collections.abc import Callable
from typing import TextIO

from haven.base import terminal

_LIVE_EVERY = 0.2
_EVERY = 10.0
"""Seconds between two lines of progress where a line can't be rewritten, as in a file."""


class Console:
    """Writes for people, each line at once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._started = time.monotonic()
        self._live = out.isatty()
        self._open = False
        """Whether the line that changes is still being written."""
        self.style = terminal.style_for(out)

    def say(self, *lines: str) -> None:
        """Write lines."""
        if self._open:
            self._open = False
            self._out.write("\n")
        for line in lines:
            self._out.write(f"{line}\n")
        self._out.flush()

    def title(self, words: str, colour: str = "bold") -> None:
        """A step begins: an empty line, the time since the start, the words."""
        self.say("", self.style.paint(f"[{self.elapsed}] {words}", colour))

    @property
    def elapsed(self) -> str:
        """The time since the start: `  7 s`."""
        return f"{time.monotonic() - self._started:3.0f} s"

    def progress(self, doing: str) -> Callable[[int, int], None]:
        """What shows `doing`, and how much of it is done, whenever it is called: one line that changes on a terminal,
        elsewhere a line now and then."""
        last = (-_EVERY, -1)

        def show(done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            complete = done == total != last[1]
            if now - last[0] < (_LIVE_EVERY if self._live else _EVERY) and not complete:
                return
            last = (now, done)
            line = f"  [{self.elapsed}] {doing}: {done} of {total}"
            if self._live:
                self._out.write(f"\r{line}\033[K")
                self._open = True
            else:
                self._out.write(f"{line}\n")
            self._out.flush()

        return show
