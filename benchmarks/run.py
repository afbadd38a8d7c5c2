"""Measures the tool from a cold start, each run in a process of its own. Prints; asserts nothing."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = int(os.environ.get("RUNS", "5"))
HELP_BUDGET = 0.6
IMPORTS_BUDGET = 4.0
RESOURCE_BUDGET = 0.010
"""Seconds: for the help, for a plan's imports, and for each resource in it."""


def timed(*arguments: str) -> tuple[float, str]:
    """Seconds of wall time that one run of the tool takes, and what it printed."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "haven", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return time.perf_counter() - started, done.stdout


def measure(*arguments: str) -> tuple[list[float], str]:
    """The times of `RUNS` runs, and what the last one printed."""
    runs = []
    for number in range(1, RUNS + 1):
        print(f"\r  haven {' '.join(arguments)}: run {number} of {RUNS}", end="", file=sys.stderr, flush=True)
        runs.append(timed(*arguments))
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    return [seconds for seconds, _ in runs], runs[-1][1]


def report(name: str, seconds: list[float], budget: float) -> None:
    """One line: least, middle and most, beside the budget."""
    least, middle, most = min(seconds), statistics.median(seconds), max(seconds)
    kept = "within" if middle <= budget else "OVER"
    print(f"{name:<28} min {least:6.2f} s   median {middle:6.2f} s   max {most:6.2f} s   {kept} {budget:.2f} s")


def main() -> None:
    """Measure the help and a plan."""
    kept = "may not be kept" if sys.dont_write_bytecode else "is kept"
    print(f"{RUNS} runs each (RUNS=n), {os.cpu_count()} cores, Python {sys.version.split()[0]}, whose bytecode {kept}")
    seconds, _ = measure("--help")
    report("haven --help", seconds, HELP_BUDGET)
    seconds, printed = measure("plan", "warm", "--json")
    resources = len(json.loads(printed)["resources"])
    report(f"haven plan warm, {resources} res.", seconds, IMPORTS_BUDGET + RESOURCE_BUDGET * resources)


if __name__ == "__main__":
    main()
