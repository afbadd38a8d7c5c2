"""What the demo says while it runs: lines, titles with the time, and progress that is visible but never floods."""

import time
from collections.abc import Callable
from typing import TextIO

from haven import text

_EVERY = 10.0
"""Seconds between two lines of progress where nobody sees a line change."""


class Console:
    """Writes for people, each line at once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._started = time.monotonic()
        self._live = out.isatty()
        self.style = text.style_for(out)

    def say(self, *lines: str) -> None:
        """Write lines."""
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
        last = [0.0]

        def show(done: int, total: int) -> None:
            now = time.monotonic()
            if now - last[0] < (0.2 if self._live else _EVERY) and done != total:
                return
            last[0] = now
            line = f"  [{self.elapsed}] {doing}: {done} of {total}"
            self._out.write(f"\r{line}\033[K" if self._live else f"{line}\n")
            self._out.flush()

        return show

    def end_progress(self) -> None:
        """Leave the line that changes."""
        if self._live:
            self._out.write("\n")
            self._out.flush()
