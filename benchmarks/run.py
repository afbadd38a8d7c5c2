"""Measures the tool from a cold start, each run in a process of its own. Prints; asserts nothing."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = (1, 2, 4, 8)
RUNS = int(os.environ.get("RUNS", "5"))
HELP_BUDGET = 0.6
IMPORTS_BUDGET = 4.0
RESOURCE_BUDGET = 0.010
TIERS_BUDGET = 12.0
REPORT_BUDGET = 3.0
"""Seconds: for the help, for a plan's imports, for each resource in it, for all tiers, and for a report after them."""


@dataclass(frozen=True)
class Run:
    """One run of the tool, in seconds."""

    wall: float
    busy: float
    """Of a processor: what would be left on a machine with nothing else to do."""
    printed: str


def timed(*arguments: str) -> Run:
    """Run the tool once."""
    started, busy = time.perf_counter(), _busy()
    done = subprocess.run(
        [sys.executable, "-m", "haven", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return Run(time.perf_counter() - started, _busy() - busy, done.stdout)


def _busy() -> float:
    """Processor time of the runs so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(*arguments: str) -> list[Run]:
    """Run the tool `RUNS` times."""
    runs = []
    for number in range(1, RUNS + 1):
        print(f"\r  haven {' '.join(arguments)}: run {number} of {RUNS}", end="", file=sys.stderr, flush=True)
        runs.append(timed(*arguments))
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    return runs


def report(name: str, runs: Sequence[Run], budget: float) -> None:
    """One line: least, middle and most, beside the budget."""
    seconds = [each.wall for each in runs]
    least, middle, most = min(seconds), statistics.median(seconds), max(seconds)
    busy = statistics.median(each.busy for each in runs)
    kept = "within" if middle <= budget else "OVER"
    times = f"min {least:6.2f} s   median {middle:6.2f} s   max {most:6.2f} s   busy {busy:6.2f} s"
    print(f"{name:<34} {times}   {kept} {budget:.2f} s")


def stack_file(folder: Path, systems: int) -> Path:
    """A stack in which each system has a node group, a table, a queue, a secret and a repository of its own."""
    names = [f"system-{number}" for number in range(1, systems + 1)]
    gpus = ["g5.2xlarge", "g5.4xlarge"]
    config: dict[str, object] = {
        "account": "111122223333",
        "tier": "warm",
        "regions": {"primary": "eu-west-1", "recovery": "eu-central-1"},
        "domain": "bench.example.com",
        "systems": {name: {"kind": "model-serving"} for name in names},
        "cluster": {"gpuNodeGroups": [{"name": name, "instanceTypes": gpus, "system": name} for name in names]},
        "tables": {name: {"hashKey": {"name": "entity"}, "system": name} for name in names},
        "queues": {name: {} for name in names},
        "secrets": {name: {"description": f"Token of {name}"} for name in names},
        "images": {"repositories": names},
    }
    file = folder / f"Pulumi.systems-{systems}.yaml"
    file.write_text(json.dumps({"config": {f"haven:{name}": value for name, value in config.items()}}))
    return file


def measure_plan(name: str, stack: str) -> None:
    """Measure one plan and print it beside its budget."""
    runs = measure("plan", stack, "--json")
    resources = len(json.loads(runs[-1].printed)["resources"])
    report(f"haven plan {name}, {resources} res.", runs, IMPORTS_BUDGET + RESOURCE_BUDGET * resources)


def main() -> None:
    """Measure the help, a plan, and how plans grow with the number of systems."""
    kept = "may not be kept" if sys.dont_write_bytecode else "is kept"
    print(f"{RUNS} runs each (RUNS=n), {os.cpu_count()} cores, Python {sys.version.split()[0]}, whose bytecode {kept}")
    report("haven --help", measure("--help"), HELP_BUDGET)
    report("haven failover --help", measure("failover", "--help"), HELP_BUDGET)
    measure_plan("warm", "warm")
    tiers = measure("plan", "active-active", "--all-tiers", "--json")
    report("haven plan --all-tiers", tiers, TIERS_BUDGET)
    with tempfile.TemporaryDirectory() as folder:
        whole = measure("plan", "active-active", "--report", str(Path(folder) / "report.html"))
        budget = statistics.median(each.wall for each in tiers) + REPORT_BUDGET
        report("haven plan active-active --report", whole, budget)
        for systems in SYSTEMS:
            measure_plan(f"{systems} system{'s' * (systems > 1)}", str(stack_file(Path(folder), systems)))


if __name__ == "__main__":
    main()
