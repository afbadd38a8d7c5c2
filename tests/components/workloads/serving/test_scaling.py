"""What the servers' autoscaler follows."""

import math
import re
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.program.recording import Recording
from haven_components.observability._exported import MODEL_SERVER
from haven_components.workloads.serving import _scaling
from haven_components.workloads.serving._args import MAX_NUM_SEQS
from tests.components.workloads.serving.declaration import EVERYTHING, PROMETHEUS, ROOM, declare, kind, spec

BOTH = {"external_metric": "requests_waiting", "external_running_metric": "requests_running"}


def _triggers(**changes: Any) -> list[dict[str, Any]]:
    everything: dict[str, Any] = {**EVERYTHING, **changes}
    return [each["metadata"] for each in spec(declare(**everything), "ScaledObject")["triggers"]]


def _running(**changes: Any) -> str:
    return str(_triggers(**changes)[1]["threshold"])


def _external(recording: Recording) -> dict[str, str]:
    metrics = spec(recording, "HorizontalPodAutoscaler")["metrics"]
    return {each["external"]["metric"]["name"]: each["external"]["target"]["averageValue"] for each in metrics}


def test_servers_follow_what_waits_and_what_runs_by_metrics_that_they_export() -> None:
    queries = [each["query"] for each in _triggers()]
    names = [re.findall(r'__name__="([^"]+)"', each) for each in queries]
    assert names == [["vllm:num_requests_waiting"], ["vllm:num_requests_running"]]
    assert {name for each in names for name in each} <= MODEL_SERVER.metrics
    pods = {each.partition(",")[2] for each in queries}
    assert len(pods) == 1


def test_an_engine_of_another_kind_is_asked_for_its_own_metrics() -> None:
    metrics = {"running": "it_running", "waiting": "it_waiting", "progress": ["it_tokens_total"]}
    queries = [each["query"] for each in _triggers(engine={"metrics": metrics})]
    assert ['"it_waiting"' in queries[0], '"it_running"' in queries[1]] == [True, True]


def test_a_replica_is_meant_to_be_two_thirds_full() -> None:
    assert _running() == "170"
    assert _running(engine={"arguments": ["--max-num-seqs=64"]}) == "42"
    assert _running(engine={"arguments": ["--max-num-seqs", "1024"]}) == "682"
    assert _running(engine={"arguments": ["--max-num-seqs=1"]}) == "1"
    assert _running(autoscaling={"running_per_replica": 40}, engine={"arguments": ["--max-num-seqs=64"]}) == "40"


@given(replicas=st.integers(1, 1000), most=st.integers(1, 4096))
def test_a_full_fleet_whose_queue_is_empty_never_shrinks(replicas: int, most: int) -> None:
    """Kubernetes asks for as many replicas as the sum has targets, rounded up, and takes the most of all metrics."""
    args: Any = {**EVERYTHING, "engine": {"arguments": [f"--max-num-seqs={most}"]}}
    waiting, running = _scaling.signals(args)
    sums = {waiting.metric: 0, running.metric: replicas * most}
    wanted = max(math.ceil(sums[each.metric] / each.per_replica) for each in (waiting, running))
    assert wanted >= replicas


def test_a_fleet_of_three_zones_has_room_for_the_requests_of_one_that_is_lost() -> None:
    args: Any = EVERYTHING
    (_, running) = _scaling.signals(args)
    assert running.per_replica * 3 <= MAX_NUM_SEQS * 2


def test_a_plain_autoscaler_follows_both_external_metrics() -> None:
    plain = declare(scale=ROOM, autoscaling={**BOTH, "waiting_per_replica": 3, "running_per_replica": 7})
    assert _external(plain) == {"requests_waiting": "3", "requests_running": "7"}
    assert "replicas" not in spec(plain, "Deployment")
    assert not kind(plain, "ScaledObject")


@pytest.mark.parametrize(
    ("autoscaling", "path"),
    [
        ({"external_metric": "requests_waiting"}, "autoscaling.external_running_metric"),
        ({"external_running_metric": "requests_running"}, "autoscaling.external_running_metric"),
        ({"running_per_replica": 0}, "autoscaling.running_per_replica"),
        ({"waiting_per_replica": 0}, "autoscaling.waiting_per_replica"),
    ],
)
def test_what_lets_a_full_fleet_shrink_is_refused_by_name(autoscaling: dict[str, Any], path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=path):
        declare(**{**EVERYTHING, "autoscaling": autoscaling})


BY_NAME = {"minimum": 0, "maximum": 9, "force": True}


def test_keda_rests_while_a_region_is_brought_down_by_name_and_has_nothing_elsewhere_at_0() -> None:
    """It would raise what Pulumi brings to 0: what is no longer declared is deleted after everything else."""
    (paused,) = kind(declare(**{**EVERYTHING, "scale": BY_NAME}), "ScaledObject").values()
    annotations = paused.inputs["metadata"]["annotations"]
    assert annotations == {"pulumi.com/patchForce": "true", "autoscaling.keda.sh/paused-replicas": "0"}
    for changes in ({"force": False}, {"maximum": 1}):
        assert kind(declare(**{**EVERYTHING, "scale": BY_NAME | changes}), "ScaledObject") == {}
    plain: dict[str, Any] = {"prometheus": PROMETHEUS, "scale": BY_NAME, "autoscaling": BOTH}
    assert kind(declare(**plain), "HorizontalPodAutoscaler") == {}


def test_what_scales_takes_back_what_others_set_only_where_a_region_is_brought_down_by_name() -> None:
    for force in (True, False):
        recording = declare(**{**EVERYTHING, "scale": ROOM | {"force": force}})
        found = [*kind(recording, "Deployment").values(), *kind(recording, "ScaledObject").values()]
        forced = ["pulumi.com/patchForce" in each.inputs["metadata"].get("annotations", {}) for each in found]
        assert forced == [force] * 4
