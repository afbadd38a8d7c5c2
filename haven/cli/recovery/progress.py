"""Shows the steps of a workflow while they run: on a terminal a line for each, elsewhere a line when one changes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from haven.base.terminal import style_for

if TYPE_CHECKING:
    from haven.runbooks.failover.times.predicted import Estimate
    from haven.runbooks.workflow.steps import Progress

_RUNNING = "running"
_EVERY = 15.0
"""Seconds between two lines about one step where the output is no terminal."""


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
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Board":
        if self._out.isatty():
            self._live = _bars(self._out)
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
            self._move(progress)
        elif before is None or before.state != progress.state or self._is_due(progress):
            self._shown[progress.step] = progress.seconds
            self._write(progress)

    @property
    def running(self) -> list[str]:
        """What each step that hasn't ended was doing."""
        return [f"{each.title}: {each.detail or _RUNNING}" for each in self.last.values() if each.state == _RUNNING]

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

    def _move(self, progress: "Progress") -> None:
        fields: Mapping[str, str] = {
            "time": self._time(progress),
            "detail": progress.detail if progress.state == _RUNNING else f"{progress.state} {progress.detail}".strip(),
        }
        if progress.step not in self._tasks:
            self._tasks[progress.step] = self._live.add_task(progress.title, total=1, **fields)
        ended = progress.state != _RUNNING
        self._live.update(self._tasks[progress.step], completed=int(ended), **fields)


def span(estimate: "Estimate") -> str:
    """p50 to p95 of an estimate."""
    return f"{estimate.p50:.0f} to {estimate.p95:.0f} s"


def _bars(out: TextIO) -> Any:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    style = style_for(out)
    columns = (
        SpinnerColumn(finished_text="-"),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[time]}", markup=False),
        TextColumn("{task.fields[detail]}", markup=False, style="dim"),
    )
    return Progress(*columns, console=Console(file=out, width=style.width, no_color=not style.colour, highlight=False))
