"""Programs that the demo starts: followed line by line while the caller watches, and ended with what they began."""

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
_PATIENCE = 3.0
"""Seconds that a program gets to end by itself."""
_TICK = 0.5


def follow(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    line: Callable[[str], None],
    tick: Callable[[], None],
) -> int:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: all of its environment.
        log: what it writes is added here, standard error included.
        line: called with each line of its standard output.
        tick: called at least twice a second; what it raises ends the program, and whatever that started.

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
            start_new_session=True,  # Ctrl-C reaches us alone; we end it in order
        )
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        try:
            _hand_on(lines, kept.write, line, tick)
            return process.wait()
        finally:
            end(process)
            reader.join()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()


def with_parent(command: Sequence[str]) -> list[str]:
    """A command that ends with this process, however that ends, if its standard input is a pipe of ours."""
    return [sys.executable, "-I", str(_RUN_WITH_PARENT), *command]


def _read(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str | None]") -> None:
    for each in process.stdout or ():
        lines.put(each)
    lines.put(None)


def _hand_on(
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


def end(process: "subprocess.Popen[str]") -> None:
    """End a program that leads a session of its own, and with it what it started; one that has ended is left alone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
