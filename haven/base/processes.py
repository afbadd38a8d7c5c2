"""Runs child processes: passes on their output line by line, and stops them with their own children."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_RUN_WITH_PARENT = Path(__file__).with_name("run_with_parent.py")
PATIENCE = 3.0
"""Seconds that a program has to end after each signal."""
_TICK = 0.5


def follow(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    line: Callable[[str], None],
    tick: Callable[[], None],
    patience: float = PATIENCE,
) -> int:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: its whole environment.
        log: a file to which its output is appended, including standard error.
        line: called with each line of its standard output.
        tick: called at least twice a second; an exception that it raises stops the program and its children.
        patience: seconds that it has to end by itself when it is stopped.

    Returns:
        Its exit code.
    """
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    with log.open("a") as kept:
        process = subprocess.Popen(
            with_parent(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=kept,
            text=True,
            start_new_session=True,  # Ctrl-C must not reach it: this process stops it in order
        )
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        try:
            _pass_on(lines, kept.write, line, tick)
            return process.wait()
        finally:
            end(process, patience)
            reader.join()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()


def with_parent(command: Sequence[str]) -> list[str]:
    """A command that stops when this process ends for whatever reason; its standard input must be a pipe of ours."""
    return [sys.executable, "-I", str(_RUN_WITH_PARENT), *command]


def _read(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str | None]") -> None:
    for each in process.stdout or ():
        lines.put(each)
    lines.put(None)


def _pass_on(
    lines: "queue.SimpleQueue[str | None]",
    keep: Callable[[str], object],
    line: Callable[[str], None],
    tick: Callable[[], None],
) -> None:
    while True:
        tick()
        try:
            each = lines.get(timeout=_TICK)
        except queue.Empty:
            continue
        if each is None:
            return
        keep(each)
        line(each.rstrip("\n"))


def end(process: "subprocess.Popen[str]", patience: float = PATIENCE) -> None:
    """Stop a program that leads a session of its own, with its children. Does nothing if it has ended.

    Args:
        process: the program.
        patience: seconds between SIGINT and SIGTERM.
    """
    for number, seconds in ((signal.SIGINT, patience), (signal.SIGTERM, PATIENCE), (signal.SIGKILL, PATIENCE)):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
