"""A real model, small and trained on the spot, behind the very probes that a pod has."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.program.recording import Recording
from tests.components.workloads.serving import tiny_model
from tests.components.workloads.serving.declaration import FALLBACK, MODEL, NAME, VERSIONS, declare, spec
from tests.components.workloads.serving.kubelet import Pod
from tests.components.workloads.serving.processes import Later, chat, eventually
from tests.ports import HOST, free_port

pytestmark = pytest.mark.exhaustive

QUESTION = "What is the capital of Norway?"
ANSWER = "The capital is Oslo ."
ENGINE = {"command": [sys.executable, str(Path(tiny_model.__file__)), "$(MODEL_URI)/weights.npz", "--port=8001"]}
RunPod = Callable[..., Pod]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bucket with two versions: the second one's weights are noise."""
    folder = tmp_path_factory.mktemp("bucket")
    tiny_model.train(folder / "chat" / "v1" / "weights.npz")
    tiny_model.train(folder / "chat" / "v2" / "weights.npz", noise=True)
    return folder


def _serving(version: str = "v1", **more: Any) -> Recording:
    return declare(model=MODEL | {"version": version}, engine=ENGINE, gpus=0, **more)


@pytest.fixture(scope="module")
def v1() -> Recording:
    fallback = {**FALLBACK, "version": "v1", "engine": ENGINE, "model_name": "chat"}
    return _serving(fallback=fallback)


@pytest.fixture
def run(tmp_path: Path, bucket: Path) -> Iterator[RunPod]:
    pods: list[Pod] = []

    def make(recording: Recording, deployment: str = NAME, **more: Any) -> Pod:
        pods.append(Pod(recording, deployment, tmp_path / str(len(pods)), bucket, **more))
        return pods[-1]

    yield make
    for each in pods:
        each.stop()


def _ready(pod: Pod) -> Pod:
    eventually(lambda: pod.ready, "the pod is ready")
    return pod


def test_a_ready_pod_gives_right_answers(v1: Recording, run: RunPod) -> None:
    answer = chat(_ready(run(v1)).port, QUESTION)
    assert (answer.status, answer.text) == (200, ANSWER)


def test_a_frozen_engine_is_restarted_and_answers(v1: Recording, run: RunPod) -> None:
    pod = _ready(run(v1))
    pod.freeze()
    waiting = Later(lambda: chat(pod.port, QUESTION))
    eventually(lambda: pod.restarts == 1, "the liveness probe failed")
    assert waiting.answer().status == 503
    assert waiting.answer().headers["retry-after"] == "1"
    assert chat(_ready(pod).port, QUESTION).text == ANSWER


def test_a_killed_engine_is_restarted_and_answers(v1: Recording, run: RunPod) -> None:
    pod = _ready(run(v1))
    pod.engine.kill()
    eventually(lambda: pod.restarts == 1, "the kubelet saw it end")
    assert chat(_ready(pod).port, QUESTION).text == ANSWER


def test_a_saturated_pod_stays_ready_and_is_not_restarted(run: RunPod) -> None:
    slow = {"command": [*ENGINE["command"], "--step-seconds=0.05"]}
    pod = _ready(run(declare(engine=slow, gpus=0)))
    requests = [Later(lambda: chat(pod.port, QUESTION)) for _ in range(80)]
    seen: list[bool] = []

    def done() -> bool:
        seen.append(pod.ready)
        return sum(len(each.answers) for each in requests) == len(requests)

    eventually(done, "all answers are there")
    assert {each.answer().text for each in requests} == {ANSWER}
    assert (all(seen), pod.restarts) == (True, 0)


def test_while_no_gpu_is_to_be_had_the_fallback_answers_and_then_passes_requests_on(v1: Recording, run: RunPod) -> None:
    fallback = _ready(run(v1, f"{NAME}-fallback", servers=f"http://{HOST}:{free_port()}"))
    degraded = chat(fallback.port, QUESTION)
    assert (degraded.text, degraded.headers["x-haven-degraded"]) == (ANSWER, "model")
    assert chat(fallback.port, "help").status == 200
    server = _ready(run(v1))
    beside = _ready(run(v1, f"{NAME}-fallback", servers=f"http://{HOST}:{server.port}"))
    answer = chat(beside.port, QUESTION)
    assert (answer.text, "x-haven-degraded" in answer.headers) == (ANSWER, False)
    server.freeze()
    eventually(lambda: not server.ready, "the server is frozen")
    assert chat(beside.port, QUESTION).headers["x-haven-degraded"] == "model"


def test_a_bad_version_never_gets_traffic_and_one_value_rolls_back(v1: Recording, run: RunPod) -> None:
    good = _ready(run(v1))
    bad = run(_serving("v2"))
    failed = eventually(lambda: [each for each in bad.log() if "problems" in each], "golden prompts failed")
    assert "expected a match of '(?i)paris'" in failed[0]["problems"][0]
    assert (bad.started, bad.ready) == (False, False)
    # maxUnavailable 0: until the new pod is ready, the old one stays.
    strategy = spec(v1, "Deployment")["strategy"]["rollingUpdate"]
    assert strategy["maxUnavailable"] == 0
    assert chat(good.port, QUESTION).text == ANSWER
    assert spec(_serving("v1"), "Deployment") == spec(v1, "Deployment")
    assert set(VERSIONS) == {"v1", "v2"}
