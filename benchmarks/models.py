"""Measures the simulation of every tier at 100,000 draws. Prints; asserts nothing."""

import os
import statistics
import time

from run import ROOT, RUNS

from haven.config.stack_file import load_stack
from haven.model.durations.simulation import Simulation
from haven.model.recovery_time import graphs, predict
from haven.model.tiers import Tier
from haven.plan.model_inputs import model_inputs
from haven.program.run import run_program, with_tier

DRAWS = 100_000
STACK = "warm"
BUDGET = 2.0
"""Seconds of a processor for all four tiers."""


def main() -> None:
    """Measure the recovery times of a stack under every tier, without the runs of its program."""
    stack = load_stack(STACK, ROOT)
    inputs = [model_inputs(run_program(with_tier(stack, tier).stack)).recovery for tier in Tier]
    walls, busy = [], []
    for seed in range(RUNS):  # another one each time: a seed's draws are kept
        started, used = time.perf_counter(), time.process_time()
        for each in inputs:
            predict(graphs(each), Simulation(DRAWS, seed))
        walls.append(time.perf_counter() - started)
        busy.append(time.process_time() - used)
    middle, used = statistics.median(walls), statistics.median(busy)
    kept = "within" if used <= BUDGET else "OVER"
    print(f"{DRAWS:,} draws x {len(inputs)} tiers of stack {STACK}, {RUNS} runs, {os.cpu_count()} cores")
    print(f"median {middle:.2f} s   busy {used:.2f} s   {kept} {BUDGET:.2f} s")


if __name__ == "__main__":
    main()
