"""Measured starts, each predicted from the data without its own source."""

import math
from dataclasses import dataclass, replace
from statistics import median

import pytest

from haven.model.durations.gpu import GpuGroup, gpu_path
from haven.model.durations.simulation import Simulation
from haven.model.durations.terms import Row, Terms


@dataclass(frozen=True)
class Case:
    """A start that somebody measured."""

    name: str
    seconds: float
    group: GpuGroup
    own_source: str
    own_date: str = ""

    def leaves_out(self, row: Row) -> bool:
        return row.source.startswith(self.own_source) and (not self.own_date or row.date == self.own_date)


_WORKSHOP, _WORKSHOP_DATE = "a public repository, name not recorded", "2026-09-17"
COLD = GpuGroup("a", 1, 0, image_gb=9, weights_gb=3.09, volume_gb_s=0.5, loader="hub", storage="network")
BENCHMARK = GpuGroup("a", 1, 1, running=False, image_gb=0, weights_gb=15, volume_gb_s=math.inf, compiled=False)
_BENCHMARK_SOURCE = "run-ai/"
GP3, IO2, S3 = (
    replace(BENCHMARK, storage="ebs", storage_gb_s=1000 * 1.048576 / 1000),
    replace(BENCHMARK, storage="ebs", storage_gb_s=4000 * 1.048576 / 1000),
    replace(BENCHMARK, storage="s3", storage_gb_s=5.0),
)
CASES = [
    Case("cold EKS node, 3 GB model", 540, COLD, _WORKSHOP, _WORKSHOP_DATE),
    Case("warm EKS node, 3 GB model", 240, replace(COLD, standby=1, running=False), _WORKSHOP, _WORKSHOP_DATE),
    Case("27B model from nothing", 966, replace(COLD, weights_gb=54), "kaito-project/"),
    Case("vLLM, S3, Run:ai streamer", 23.18, replace(S3, loader="runai"), _BENCHMARK_SOURCE),
    Case("vLLM, S3, Tensorizer", 65.18, replace(S3, loader="tensorizer"), _BENCHMARK_SOURCE),
    Case("vLLM, gp3, Run:ai streamer", 35.08, replace(GP3, loader="runai"), _BENCHMARK_SOURCE),
    Case("vLLM, gp3, safetensors", 66.13, GP3, _BENCHMARK_SOURCE),
    Case("vLLM, io2, Run:ai streamer", 28.28, replace(IO2, loader="runai"), _BENCHMARK_SOURCE),
    Case("vLLM, io2, safetensors", 62.69, IO2, _BENCHMARK_SOURCE),
]
SIMULATION = Simulation()


def predicted(case: Case) -> tuple[float, float, float]:
    """p5, p50 and p95 in seconds."""
    terms = Terms(case.leaves_out)
    drawn = sorted(SIMULATION.total(gpu_path(case.group, terms, 1)))
    low, middle, high = (drawn[int(len(drawn) * share)] for share in (0.05, 0.5, 0.95))
    return low, middle, high


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_measured_start_is_within_what_the_other_sources_predict(case: Case) -> None:
    low, _, high = predicted(case)
    assert low <= case.seconds <= high


def test_the_median_error_of_the_measured_starts_is_the_documented_one() -> None:
    errors = [abs(predicted(case)[1] - case.seconds) / case.seconds for case in CASES]
    assert median(errors) == pytest.approx(0.42, abs=0.01)
