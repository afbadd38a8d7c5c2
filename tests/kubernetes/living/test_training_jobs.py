"""TrainingJobs on real controllers and a real scheduler: what counts as failed, what suspends, which nodes are used."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.kubernetes import cluster
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.living.identity_webhook import IdentityWebhook

pytestmark = pytest.mark.exhaustive

NAME, NAMESPACE, ZONE = "loop", "training-loop", "eu-west-1a"
JOB = ("batch/v1", "Job", f"{NAME}-run", NAMESPACE)
NODES = {"on-demand": "ON_DEMAND", "spot": "SPOT"}
WITHIN = 60.0


@pytest.fixture
def loop(api: Api, identities: IdentityWebhook) -> Iterator[Api]:
    """A namespace, and a GPU node of each kind; both go afterwards."""
    identities.effective.add((NAMESPACE, NAME))
    cluster.open_namespace(api, NAMESPACE)
    for name, kind in NODES.items():
        labels = {cluster.ZONE: ZONE, "eks.amazonaws.com/capacityType": kind}
        room = {"cpu": "96", "memory": "1Ti", "pods": "100", cluster.GPU: "8"}
        cluster.add_node(api, f"loop-{name}", labels, room)
    cluster.await_nodes(api, [f"loop-{name}" for name in NODES])
    yield api
    with suppress(ApiError):
        api.delete(*JOB)
    for name in NODES:
        api.delete("v1", "Node", f"loop-{name}")
    for pod in api.all("v1", "Pod", NAMESPACE):
        with suppress(ApiError):
            api.delete("v1", "Pod", pod["metadata"]["name"], NAMESPACE)
    until(lambda: not api.all("v1", "Pod", NAMESPACE), WITHIN)


def _apply(api: Api, workers: int, **job: Any) -> None:
    scale, jobs = {"minimum": workers, "maximum": 2}, [{"name": "run", **job}]
    for each in cluster.training(NAME, NAMESPACE, ZONE, scale=scale, jobs=jobs):
        api.apply(each.body)


def _running(api: Api) -> list[Any]:
    return [each for each in api.all("v1", "Pod", NAMESPACE) if each["status"].get("phase") == "Running"]


def _wait(api: Api, workers: int) -> list[Any]:
    until(lambda: len(_running(api)) == workers, WITHIN, lambda: api.all("v1", "Pod", NAMESPACE))
    return _running(api)


def _fails(api: Api, pod: Any, *conditions: dict[str, str]) -> None:
    state = {"exitCode": 137, "reason": "Error"}
    containers = [{"name": "worker", "ready": False, "restartCount": 0, "image": "", "imageID": ""}]
    statuses = [{**each, "state": {"terminated": state}} for each in containers]
    kept = [each for each in pod["status"]["conditions"] if each["type"] != "Ready"]
    api.change(
        pod,
        {"status": {"phase": "Failed", "conditions": [*kept, *conditions], "containerStatuses": statuses}},
        "status",
    )


def test_a_resumed_job_runs_and_a_suspended_one_leaves_nothing_behind(loop: Api) -> None:
    _apply(loop, workers=0)
    until(lambda: bool(loop.get(*JOB)["status"].get("conditions")), WITHIN)
    assert loop.all("v1", "Pod", NAMESPACE) == []
    _apply(loop, workers=2)
    _wait(loop, 2)
    _apply(loop, workers=0)
    until(lambda: loop.all("v1", "Pod", NAMESPACE) == [], WITHIN)
    assert not loop.get(*JOB)["status"].get("failed")


def test_a_disrupted_worker_starts_anew_and_counts_as_no_failure(loop: Api) -> None:
    _apply(loop, workers=2, retries=0)
    gone, _ = _wait(loop, 2)
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
    _fails(loop, gone, {**disrupted, "lastTransitionTime": "2026-11-26T00:00:00Z"})
    names = {each["metadata"]["name"] for each in _wait(loop, 2)}
    assert gone["metadata"]["name"] not in names
    assert not loop.get(*JOB)["status"].get("failed")


def test_a_worker_that_fails_by_itself_uses_up_the_retries(loop: Api) -> None:
    """Where this passes, the test above can fail."""
    _apply(loop, workers=2, retries=0)
    gone, _ = _wait(loop, 2)
    _fails(loop, gone)

    def failed() -> bool:
        conditions = loop.get(*JOB)["status"].get("conditions", [])
        return {"Failed": "True"}.items() <= {each["type"]: each["status"] for each in conditions}.items()

    until(failed, WITHIN, lambda: loop.get(*JOB)["status"])


@pytest.mark.parametrize(("capacity", "node"), [("on-demand", "on-demand"), ("spot", "spot"), ("spot-first", "spot")])
def test_workers_run_on_the_nodes_that_their_capacity_names(loop: Api, capacity: str, node: str) -> None:
    _apply(loop, workers=2, capacity=capacity)
    assert {each["spec"]["nodeName"] for each in _wait(loop, 2)} == {f"loop-{node}"}


def test_spot_first_takes_on_demand_nodes_where_there_is_no_spot(loop: Api) -> None:
    loop.delete("v1", "Node", "loop-spot")
    _apply(loop, workers=2, capacity="spot-first")
    assert {each["spec"]["nodeName"] for each in _wait(loop, 2)} == {"loop-on-demand"}
    loop.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "loop-spot"}})
