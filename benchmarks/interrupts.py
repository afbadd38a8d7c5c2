"""Measures how long the tool goes on after a Ctrl-C, at several moments of real processes. Prints; asserts nothing."""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from run import ROOT, RUNS

sys.path.insert(0, str(ROOT))

from tests.simulation.model import R
from tests.simulation.operators import manifest_document

INTERRUPTED = 130
BUDGET = 2.0
"""Seconds that a command may go on after a Ctrl-C."""
WAITS_LONG = 60.0
_HEED = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.executable, sys.argv[1:])"
"""Begins a process that takes a Ctrl-C, though a shell may have started this one to ignore it."""


@contextmanager
def silent() -> Iterator[tuple[str, threading.Event]]:
    """An endpoint that takes every request and answers none; the event is set when it has the first one."""
    asked = threading.Event()
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):
                while True:
                    kept.append(server.accept()[0])
                    asked.set()

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
    for each in kept:
        each.close()


def started(arguments: Sequence[str], folder: str, **variables: str) -> "subprocess.Popen[str]":
    """The tool as a process of its own."""
    command = [sys.executable, "-c", _HEED, sys.executable, "-m", "haven", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: "subprocess.Popen[str]") -> float:
    """Interrupt it; seconds until it has ended."""
    begin = time.perf_counter()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=WAITS_LONG)
    seconds = time.perf_counter() - begin
    if process.returncode != INTERRUPTED:
        raise SystemExit(f"it had ended before, with exit code {process.returncode}: {error}")
    return seconds


def waiting(command: Sequence[str], after: float) -> float:
    """Interrupt a command which waits for an AWS that is silent, some seconds after its first request."""
    with tempfile.TemporaryDirectory() as folder, silent() as (url, asked):
        manifest = Path(folder, "manifest.json")
        manifest.write_text(json.dumps(manifest_document()))
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        with started([*command, "--manifest", str(manifest)], folder, AWS_ENDPOINT_URL=url, **keys) as process:
            if not asked.wait(WAITS_LONG):
                raise SystemExit(f"haven {' '.join(command)} asked nothing")
            time.sleep(after)
            return ended(process)


def computing(after: float) -> float:
    """Interrupt a plan, some seconds after its start."""
    with started(["plan", "demo"], str(ROOT)) as process:
        time.sleep(after)
        return ended(process)


def report(name: str, seconds: Sequence[float]) -> None:
    """One line: least, middle and most, beside the budget."""
    least, middle, most = min(seconds), statistics.median(seconds), max(seconds)
    kept = "within" if most <= BUDGET else "OVER"
    print(f"{name:<62} min {least:5.2f} s   median {middle:5.2f} s   max {most:5.2f} s   {kept} {BUDGET:.2f} s")


def main() -> None:
    """Every moment."""
    print(f"From Ctrl-C to the end of the process, {RUNS} runs each")
    failover = ("failover", "sim", "--to", R, "--confirm", "sim")
    for what, after in (
        ("the first look, which nothing answers", 0.5),
        ("the pause before its repetition", 5.2),
        ("the repetition", 7.5),
    ):
        report(f"haven failover: {what}", [waiting(failover, after) for _ in range(RUNS)])
    report("haven status: a Region that is silent", [waiting(("status", "sim"), 0.5) for _ in range(RUNS)])
    for after in (1.0, 2.5):
        report(f"haven plan: {after} s after its start", [computing(after) for _ in range(RUNS)])


if __name__ == "__main__":
    main()
