"""What steps of a failover are expected to take, from the manifest alone, and in the words of the plan."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from haven.model.durations.gpu import GpuGroup, gpu_path
from haven.model.durations.graph import parallel, serial, steps
from haven.model.durations.sampling import Samples, quantile
from haven.model.durations.simulation import Simulation
from haven.model.durations.terms import Terms
from haven.runbooks.failover import plan
from haven.runbooks.failover.decision import Fence
from haven.runbooks.failover.site import Site
from haven.runbooks.failover.times.predicted import estimates, known_terms, until_served
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.workflow.threads import MachineClock
from tests.simulation.model import R
from tests.simulation.operators import manifest_document


def manifest(*, standby: int = 1, **group: Any) -> RecoveryManifest:
    document: dict[str, Any] = json.loads(json.dumps(manifest_document(standby=standby)))
    sizes: Mapping[str, Any] = {"full": [3, 3, 4], "standby": [1, 1, 4], "gpu": True, "pool": "serving", **group}
    document["sides"][R]["cluster"]["nodeGroups"] = {f"{R}-gpu": sizes}
    return parse(json.dumps(document), "a test")


def goals(found: RecoveryManifest) -> list[Any]:
    return plan.steps(Site(found, R, MachineClock()), Fence.CONFIRMED, planned=False)


@pytest.mark.parametrize("standby", [0, 1])
def test_every_estimate_is_of_a_step_of_the_runbook(standby: int) -> None:
    found = manifest(standby=standby)
    expected = estimates(known_terms(found, R))
    assert set(expected) <= {each.name for each in goals(found)}
    assert ("create-instance" in expected) == (standby == 0)
    assert all(0 < each.p50 < each.p95 for each in expected.values())


def test_a_step_of_one_term_is_expected_to_take_what_the_plan_says() -> None:
    expected = estimates(known_terms(manifest(), R))["promote-database"]
    term = Terms()["database_promotion"].duration
    assert (expected.p50, expected.p95) == (term.quantile(0.5), term.quantile(0.95))
    assert (expected.term, expected.basis) == ("promote database", "assumed")


def test_more_missing_nodes_and_larger_weights_take_longer() -> None:
    few, many = (estimates(known_terms(manifest(standby=1, full=[each, each, 9]), R)) for each in (2, 9))
    assert few[f"scale:{R}-gpu"].p95 < many[f"scale:{R}-gpu"].p95
    small, large = (estimates(known_terms(manifest(weightsGib=each), R))["await-workloads"] for each in (5, 500))
    assert small.p50 < large.p50


def test_the_whole_takes_as_long_as_its_slowest_steps_one_behind_another() -> None:
    found = manifest()
    whole, each = until_served(goals(found), known_terms(found, R)), estimates(known_terms(found, R))
    assert whole.p50 >= each[f"scale:{R}-gpu"].p50 + each["await-workloads"].p50
    assert whole.p95 < sum(one.p95 for one in each.values())


def test_draws_without_numpy_have_the_quantiles_of_the_simulation() -> None:
    terms = Terms()
    nodes = [gpu_path(GpuGroup(name, full=3, standby=1), terms, 3) for name in ("a", "b")]
    graph = serial(parallel(*nodes), *steps(nodes[0]))
    draws, exact = Samples().total(graph), Simulation(100_000).total(graph)
    for share in (0.5, 0.95):
        assert quantile(draws, share) == pytest.approx(float(np.quantile(exact, share)), rel=0.05)


def test_neither_numpy_nor_pulumi_is_loaded_for_it() -> None:
    code = (
        "import sys; from haven.runbooks.failover.times import measured, predicted; import haven.cli.recovery.failover;"
        "print(sorted({'numpy', 'pulumi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
