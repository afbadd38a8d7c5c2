"""Runs the tests as `make check` and `make check-all` do: what waits beside what computes, and says how long it took.

Tests of the mark `emulator` deploy with the AWS provider, which mostly waits for the fixed delays of its own. They run
in a lane of their own, with more workers than it needs processors, while the other tests and mypy compute. Those make
room for it: it is the longest, and whatever it waits for shall not be a processor.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.environments import ROOT, SHARED

BIN = Path(sys.executable).parent
LOGS = ROOT / ".haven" / "check"
SLOWEST_SHOWN = 10

LIVING = (
    "tests/conformance",
    "tests/haven/emulator",
    "tests/haven/terraform",
    "tests/haven/runbooks/arc",
    "tests/haven/runbooks/failover",
    "tests/haven/runbooks/reconcile",
    "tests/kubernetes/living",
)
"""Where tests of the mark `emulator` are."""
LONGEST_FIRST = (
    "tests/conformance/test_living_path.py",
    "tests/haven/emulator/test_demo.py",
    "tests/conformance/test_moves_up.py",
    "tests/conformance/test_moves_down.py",
    "tests/conformance/test_changes_in_place.py",
    "tests/conformance/promotion/test_promotion.py",
    "tests/conformance/promotion/test_promotion_from_headless.py",
)
"""A file is one worker's: its tests share an environment."""
WORKERS = 4
"""Of a living lane. Each has a Terraform at most, with two or three AWS providers: 2 GiB."""
_MARK = "pytest.mark.emulator"
_MAKING_ROOM = ("nice", "-n", "10")
_SLOW = re.compile(r"^([\d.]+)s (call|setup|teardown) +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Lane:
    """A command that runs beside others."""

    name: str
    command: Sequence[str]


def _pytest(marks: str, *arguments: str) -> list[str]:
    shown = ("--durations=40", "--durations-min=0.5", "--color=no", "-q")
    return [str(BIN / "pytest"), "-m", marks, *shown, *arguments]


def _computing(name: str, marks: str) -> Lane:
    return Lane(name, [*_MAKING_ROOM, *_pytest(marks)])


def _living(name: str, marks: str) -> Lane:
    order = (f"--numprocesses={WORKERS}", "--no-loadscope-reorder")
    return Lane(name, _pytest(marks, *order, *living_files()))


def living_files() -> Sequence[str]:
    """The files with tests of the mark `emulator`, the longest first; a worker imports none of the others."""
    files = (file for folder in LIVING for file in (ROOT / folder).rglob("test_*.py"))
    found = sorted(str(file.relative_to(ROOT)) for file in files if _MARK in file.read_text(encoding="utf-8"))
    return [*LONGEST_FIRST, *(each for each in found if each not in LONGEST_FIRST)]


TYPES = Lane("types", [*_MAKING_ROOM, str(BIN / "mypy")])
COMPUTING = _computing("tests that compute", "not emulator and not exhaustive")
ALIVE = _living("tests in the emulator", "emulator and not exhaustive")
SUITES = {
    "check": (COMPUTING, ALIVE, TYPES),
    "test": (COMPUTING, ALIVE),
    "check-all": (
        _living("exhaustive tests in the emulator", "emulator and exhaustive"),
        _computing("exhaustive tests that compute", "exhaustive and not emulator"),
    ),
}


def main() -> int:
    """Run a suite; the exit code is 1 where one of its lanes fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=SUITES)
    name = parser.parse_args().suite
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="haven-recordings-") as recordings:
        codes, outputs = _run(SUITES[name], {**_environment(), SHARED: recordings})
    for seconds, test in sorted(durations(outputs), reverse=True)[:SLOWEST_SHOWN]:
        print(f"  {seconds:7.1f} s  {test}")
    minutes, seconds = divmod(round(time.monotonic() - begin), 60)
    failed = ", ".join(lane for lane, code in codes.items() if code)
    print(f"{name}: {f'FAILED ({failed})' if failed else 'passed'} in {minutes} min {seconds:02} s")
    return 1 if failed else 0


def _environment() -> Mapping[str, str]:
    """This process's, but modules stay compiled: each worker and each command that a test runs would compile them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _run(lanes: Sequence[Lane], environment: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """Run lanes beside each other; each one's output is shown in one piece, once it ends."""
    LOGS.mkdir(parents=True, exist_ok=True)
    logs = {lane.name: LOGS / f"{lane.name.replace(' ', '-')}.log" for lane in lanes}
    running: dict[str, subprocess.Popen[bytes]] = {}
    for lane in lanes:
        with logs[lane.name].open("wb") as log:
            running[lane.name] = subprocess.Popen(
                lane.command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
    print(f"{len(lanes)} lanes, each with its log in {LOGS.relative_to(ROOT)}: {', '.join(running)}", flush=True)
    codes: dict[str, int] = {}
    while running:
        for name in [each for each, process in running.items() if process.poll() is not None]:
            codes[name] = running.pop(name).returncode
            print(f"\n== {name}\n{logs[name].read_text(errors='replace')}", flush=True)
        time.sleep(0.2)
    return codes, [log.read_text(errors="replace") for log in logs.values()]


def durations(outputs: Sequence[str]) -> Iterator[tuple[float, str]]:
    """Seconds and name of each slow test that pytest lists."""
    for output in outputs:
        for seconds, phase, test in _SLOW.findall(output):
            yield float(seconds), test if phase == "call" else f"{test} ({phase})"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # the lanes got it too, and end by themselves
        sys.exit(130)
