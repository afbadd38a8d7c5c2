"""Shows the steps of a workflow while they run: on a terminal those at work move below those that ended, elsewhere a
line is written when one changes."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from haven.base.terminal import Style, style_for

if TYPE_CHECKING:
    from haven.runbooks.failover.times.predicted import Estimate
    from haven.runbooks.workflow.steps import Progress

_RUNNING = "running"
_EVERY = 15.0
"""Seconds between two lines about one step where the output is no terminal."""
_HIGHER = "in a higher terminal: what each waits for"


class Board:
    """What every step does; a `with` block clears the moving lines at its end."""

    def __init__(self, out: TextIO) -> None:
        """
        Args:
            out: where to write: standard error, for standard output has the result.
        """
        self._out = out
        self.expected: Mapping[str, Estimate] = {}
        """Step -> what it is expected to take."""
        self.last: dict[str, Progress] = {}
        """The newest of each step."""
        self._shown: dict[str, float] = {}
        self._live: Any = None
        self._screen: Any = None
        self._spinner: Any = None

    def __enter__(self) -> "Board":
        if self._out.isatty():
            self._screen, self._spinner = _screen(self._out)
            self._live = _live(self._screen, self._moving)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def report(self, progress: "Progress") -> None:
        """Show what a step does now."""
        before = self.last.get(progress.step)
        self.last[progress.step] = progress
        if self._live:
            if progress.state != _RUNNING:  # above what moves, for good
                self._live.refresh()  # else what is printed brings this step's moving lines with it once more
                self._screen.print(_text(self._lines(progress, "-"), self._width))
        elif before is None or before.state != progress.state or self._is_due(progress):
            self._shown[progress.step] = progress.seconds
            self._write(progress)

    @property
    def running(self) -> list[str]:
        """What each step that hasn't ended was doing."""
        return [f"{each.title}: {each.detail or _RUNNING}" for each in self._at_work]

    @property
    def _at_work(self) -> "list[Progress]":
        return [each for each in list(self.last.values()) if each.state == _RUNNING]

    def _is_due(self, progress: "Progress") -> bool:
        return progress.seconds - self._shown.get(progress.step, 0.0) >= _EVERY

    def _write(self, progress: "Progress") -> None:
        detail = f": {progress.detail}" if progress.detail else ""
        line = f"> {progress.title}: {progress.state} ({self._time(progress)}){detail}\n"
        try:
            self._out.write(line)
            self._out.flush()
        except OSError:  # a closed or full stream doesn't end a recovery
            return

    def _time(self, progress: "Progress") -> str:
        """Elapsed, deadline, and p50 and p95 of what it is expected to take."""
        limit = f" of {progress.deadline:.0f}" if progress.deadline else ""  # a step of ARC's may have none
        taken = f"{progress.seconds:.0f}{limit} s"
        known = self.expected.get(progress.step)
        if known is None:
            return taken
        late = ", longer than that" if progress.seconds > known.p95 else ""
        return f"{taken}, predicted {span(known)}{late}"

    @property
    def _width(self) -> int:
        return style_for(self._out).width

    def _moving(self) -> Any:
        """Every step that is at work; where the terminal is too low for that, their names and times, or the names."""
        mark = str(self._spinner.render(time.monotonic()))
        at_work, width = self._at_work, self._width
        whole = [line for each in at_work for line in self._lines(each, mark)]
        heads = [*(f"{mark} {each.title} ({self._time(each)})" for each in at_work), f"  {_HIGHER}"]
        names = [f"{mark} {'; '.join(each.title for each in at_work)}", f"  {_HIGHER}"]
        found = [_text(each, width) for each in (whole, heads, names)]
        fitting = [each for each in found if str(each).count("\n") + 1 < self._screen.height]
        return next(iter(fitting), found[-1])

    def _lines(self, progress: "Progress", mark: str) -> list[str]:
        """A step's name and times, and what it waits for: beside it, or below where the terminal is too narrow."""
        state = "" if progress.state == _RUNNING else f": {progress.state}"
        head = f"{mark} {progress.title}{state} ({self._time(progress)})"
        if not progress.detail:
            return [head]
        one = f"{head}: {progress.detail}"
        return [one] if len(one) <= self._width else [head, f"    {progress.detail}"]


def span(estimate: "Estimate") -> str:
    """p50 to p95 of an estimate."""
    return f"{estimate.p50:.0f} to {estimate.p95:.0f} s"


def _text(lines: Sequence[str], width: int) -> Any:
    """Lines that are made to fit: names of steps plain, what is below them dim."""
    from rich.text import Text

    made = [part for line in lines for part in Style(width=width).folded(line)]
    return Text("\n").join(Text(each, style="dim" if each.startswith("    ") else "") for each in made)


def _screen(out: TextIO) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.spinner import Spinner

    style = style_for(out)
    return Console(file=out, width=style.width, no_color=not style.colour, highlight=False), Spinner("dots")


def _live(screen: Any, moving: Callable[[], Any]) -> Any:
    from rich.live import Live

    return Live(get_renderable=moving, console=screen, transient=True)
