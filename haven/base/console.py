"""What long work reports while it runs: its steps, with how much is done, and what it waits for."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TextIO

from haven.base.terminal import style_for

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_COLOURS = re.compile(r"\033\[[\d;]*m")
_EVERY = 15.0
"""Seconds between two lines about one step where the output is no terminal."""


class Show(Protocol):
    """Shows how far a step is."""

    def __call__(self, done: int, total: int | None = None, doing: str = "") -> None:
        """Show it, if it is time to.

        Args:
            done: how many are done.
            total: of how many; None: unknown.
            doing: what is being done or waited for now.
        """


class Steps:
    """The steps of long work: on a terminal one line that moves, elsewhere a line for each step and now and then one
    more, each behind `> `. Leaving the `with` block clears the line that moves."""

    def __init__(self, out: TextIO) -> None:
        """Nothing is written yet.

        Args:
            out: where to write: standard error, for standard output has the result.
        """
        self._out = out
        self._live: Progress | None = None

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the moving line away, so that something else can be written."""
        if self._live:
            self._live.stop()
            self._live = None

    def step(self, name: str) -> Show:
        """Begin a step."""
        self.clear()
        if self._out.isatty():
            return self._moving(name)
        return self._lines(name)

    def _moving(self, name: str) -> Show:
        self._live, task = _progress(self._out, name)
        live = self._live
        live.start()

        def show(done: int, total: int | None = None, doing: str = "") -> None:
            live.update(task, completed=done, total=total, count=_count(done, total), doing=doing)

        return show

    def _lines(self, name: str) -> Show:
        started = time.monotonic()
        last = started
        self._write(f"> {name}")

        def show(done: int, total: int | None = None, doing: str = "") -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < _EVERY:
                return
            last = now
            between = " " if total is None else ", "
            words = between.join(each for each in (_count(done, total), doing) if each)
            self._write(f"> {name} ({now - started:.0f} s): {words}")

        return show

    def _write(self, line: str) -> None:
        with suppress(OSError):  # a closed or full stream doesn't end the work
            self._out.write(f"{line}\n")
            self._out.flush()


def _count(done: int, total: int | None) -> str:
    if total is None:
        return str(done) if done else ""
    return f"{done} of {total}"


def _progress(out: TextIO, name: str) -> "tuple[Progress, TaskID]":
    from rich.console import Console as Screen  # noqa: PLC0415  the tool starts fast
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  as above
    from rich.table import Column  # noqa: PLC0415  as above

    style = style_for(out)
    screen = Screen(file=out, width=style.width, no_color=not style.colour, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False, style="dim", table_column=Column(ratio=1, no_wrap=True)),
    )
    progress = Progress(*columns, console=screen, transient=True, expand=True)  # what is done has the room that is left
    return progress, progress.add_task(name, total=None, count="", doing="")


class ConsoleReport:
    """Writes lines for people, each at once: the short form to `out`, the whole to a file as well."""

    def __init__(self, out: TextIO, keep: Callable[[str], object] = lambda _: None, *, whole: bool = False) -> None:
        """Nothing is written yet.

        Args:
            out: where the short form goes.
            keep: gets every line, also the details, plain.
            whole: whether the details go to `out` too.
        """
        self._out = out
        self._keep = keep
        self._whole = whole
        self.style = style_for(out)

    def write(self, *lines: str) -> None:
        """Lines of the short form."""
        self._put(lines, shown=True)

    def detail(self, *lines: str) -> None:
        """Lines that only the whole has."""
        self._put(lines, shown=self._whole)

    def short(self, *lines: str) -> None:
        """Lines that summarise details; the whole has the details instead."""
        if not self._whole:
            self._emit(lines)

    def _put(self, lines: tuple[str, ...], *, shown: bool) -> None:
        for each in lines:
            self._keep(f"{_COLOURS.sub('', each)}\n")
        if shown:
            self._emit(lines)

    def _emit(self, lines: tuple[str, ...]) -> None:
        for each in lines:
            self._out.write(f"{each}\n")
        self._out.flush()
