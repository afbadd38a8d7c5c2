"""Measures the rules of the policy pack over the largest stack that is measured. Prints; asserts nothing."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from run import ROOT, RUNS, SYSTEMS, stack_file

from haven.config.stack_file import load_stack
from haven.program.run import run_program
from haven_policies.judge import judge
from haven_policies.rules import RULES
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts

BUDGET = 2.0
"""Seconds for all rules over the largest stack."""
SLOWEST = 5


def timed(what: Callable[[], object]) -> float:
    """The middle of `RUNS` runs, in seconds."""
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    """Measure all rules together, and name the slowest."""
    with tempfile.TemporaryDirectory() as folder:
        stack = load_stack(str(stack_file(Path(folder), max(SYSTEMS))), ROOT)
        recording = run_program(stack)
    facts, today = read_stack_facts(stack.name, stack.config), date.today()
    together = timed(lambda: judge(ResourceGraph(recording, facts), today))
    kept = "within" if together <= BUDGET else "OVER"
    count = sum(1 for _ in recording.real())
    print(f"{len(RULES)} rules over {count} resources: median of {RUNS} runs {together:.3f} s, {kept} {BUDGET:.2f} s")
    alone = {
        rule.name: timed(lambda rule=rule: judge(ResourceGraph(recording, facts), today, (rule,))) for rule in RULES
    }
    for name, seconds in sorted(alone.items(), key=lambda each: -each[1])[:SLOWEST]:
        print(f"  {name:<50} {seconds:.3f} s by itself")


if __name__ == "__main__":
    main()
