"""Programs that are followed, and ended with everything they began."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from haven.base import processes

ROOT = Path(__file__).parents[3]
FAMILY = (
    "import pathlib, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "pathlib.Path(sys.argv[1]).write_text(f'{child.pid} ')\n"
    "time.sleep(60)"
)
"""A program that starts another one, says which, and waits."""


class StopError(Exception):
    pass


def _follow(
    command: Sequence[str],
    folder: Path,
    tick: Callable[[], None] = lambda: None,
    patience: float = processes.PATIENCE,
) -> tuple[int, list[str]]:
    lines: list[str] = []
    log = folder / "log"
    code = processes.follow(
        command, folder=folder, environment={}, log=log, line=lines.append, tick=tick, patience=patience
    )
    return code, lines


def _python(*arguments: str) -> list[str]:
    return [sys.executable, "-c", *arguments]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _until_gone(pid: int) -> None:
    last = time.monotonic() + 30
    while _runs(pid):
        assert time.monotonic() < last, f"{pid} still runs"
        time.sleep(0.05)


def test_each_line_is_handed_on_and_everything_is_logged(tmp_path: Path) -> None:
    code, lines = _follow(_python("import sys; print(1); print(2); print('oh', file=sys.stderr)"), tmp_path)
    assert (code, lines) == (0, ["1", "2"])
    assert sorted((tmp_path / "log").read_text().split()) == ["1", "2", "oh"]


@pytest.mark.parametrize(("ends", "code"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", 137)])
def test_the_exit_code_is_the_program_s(tmp_path: Path, ends: str, code: int) -> None:
    assert _follow(_python(f"import os, sys; {ends}"), tmp_path)[0] == code


def test_it_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    _, lines = _follow(_python("import os; print(os.environ.get('AWS_PROFILE'))"), tmp_path)
    assert lines == ["None"]


def test_what_the_watcher_raises_ends_the_program_and_what_that_started(tmp_path: Path) -> None:
    report = tmp_path / "report"

    def tick() -> None:
        if report.exists() and report.read_text().endswith(" "):
            raise StopError

    with pytest.raises(StopError):
        _follow(_python(FAMILY, str(report)), tmp_path, tick)
    _until_gone(int(report.read_text()))


def test_one_that_won_t_end_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import os, pathlib, signal, sys, time\n"
        "for each in (signal.SIGINT, signal.SIGTERM): signal.signal(each, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()} '); time.sleep(60)"
    )
    report = tmp_path / "report"

    def tick() -> None:
        if report.exists() and report.read_text().endswith(" "):
            raise StopError

    with pytest.raises(StopError):
        _follow(_python(stubborn, str(report)), tmp_path, tick)
    _until_gone(int(report.read_text()))


def test_one_that_needs_its_time_gets_it(tmp_path: Path) -> None:
    slow = (
        "import pathlib, signal, sys, time\n"
        "report = pathlib.Path(sys.argv[1])\n"
        "def finish(*_): time.sleep(4); report.write_text('finished'); sys.exit()\n"
        "signal.signal(signal.SIGINT, finish); report.write_text('begun'); time.sleep(60)"
    )
    report = tmp_path / "report"

    def tick() -> None:
        if report.exists() and report.read_text():
            raise StopError

    with pytest.raises(StopError):
        _follow(_python(slow, str(report)), tmp_path, tick, patience=60)
    assert report.read_text() == "finished"


def test_everything_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    report = tmp_path / "report"
    starter = (
        "import sys; from pathlib import Path; from haven.base import processes\n"
        "folder = Path(sys.argv[1])\n"
        "processes.follow([sys.executable, '-c', sys.argv[2], sys.argv[3]], folder=folder, environment={},"
        " log=folder / 'log', line=print, tick=lambda: None)"
    )
    with subprocess.Popen(_python(starter, str(tmp_path), FAMILY, str(report)), cwd=ROOT) as process:
        last = time.monotonic() + 30
        while not (report.exists() and report.read_text().endswith(" ")):
            assert time.monotonic() < last
            time.sleep(0.05)
        process.kill()
    _until_gone(int(report.read_text()))
