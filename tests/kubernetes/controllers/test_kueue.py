"""Kueue itself with the queues and Jobs of `TrainingJobs`: what it admits, where, and what a failover does."""

from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any

import pytest

from haven.base.missing_dependency import MissingDependency
from haven.runbooks.endpoints.kubernetes import FIELD_MANAGER
from haven.runbooks.manifest import Workload
from haven.runbooks.serving.workloads import Scale
from haven_components.names import POOL_LABEL
from haven_components.workloads.training_jobs import KUEUE
from tests.kubernetes import cluster
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.controllers.kueue import Kueue
from tests.kubernetes.controllers.scaling import runbook
from tests.kubernetes.living.identity_webhook import IdentityWebhook

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]

NAMESPACE, NAME, ZONE = "queued", "queued", "eu-west-1a"
POOLS = {"steady": "ON_DEMAND", "cheap": "SPOT"}
"""Node group -> its capacity; each has eight GPUs."""
WITHIN = 60.0


@pytest.fixture(scope="module")
def kueue(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kueue]:
    try:
        made = Kueue(control_plane, tmp_path_factory.mktemp("kueue"), [NAMESPACE])
    except MissingDependency as missing:
        pytest.skip(str(missing))
    with made:
        yield made


class Training:
    """A namespace whose Jobs Kueue admits."""

    def __init__(self, api: Api, kueue: Kueue) -> None:
        self.api, self._kueue = api, kueue

    def up(self, jobs: Sequence[dict[str, Any]], *, workers: int = 1, force: bool = False) -> None:
        """What `pulumi up` does with the component."""
        quota = {"gpus": 8, "cpu": "64", "memory": "512Gi"}
        made = cluster.training(
            NAME,
            NAMESPACE,
            ZONE,
            scale={"minimum": workers, "maximum": 1, "force": force},
            jobs=[{"gpus": 8, "capacity": "spot-first", **each} for each in jobs],
            queue={"pools": [{"pool": pool, "spot": kind == "SPOT", **quota} for pool, kind in POOLS.items()]},
        )
        for each in made:
            annotations = each.body["metadata"].get("annotations", {})
            self.api.apply(each.body, force=annotations.get("pulumi.com/patchForce") == "true")

    def runbook(self, jobs: Sequence[str], scale: Scale) -> None:
        """What the runbooks do."""
        places = [f"{NAMESPACE}/{NAME}-{each}" for each in jobs]
        assert runbook(self.api, [Workload(system=NAME, kind="training", jobs=places)], scale)

    def state(self) -> dict[str, str | None]:
        """Job -> the node group on which it runs; None: it waits."""
        found = {each["metadata"]["name"]: each["spec"] for each in self.api.all("batch/v1", "Job", NAMESPACE)}
        return {
            name.removeprefix(f"{NAME}-"): None
            if spec["suspend"]
            else spec["template"]["spec"].get("nodeSelector", {}).get(POOL_LABEL)
            for name, spec in found.items()
        }

    def running(self) -> list[str]:
        """The nodes of the pods that run."""
        pods = self.api.all("v1", "Pod", NAMESPACE)
        return sorted(each["spec"]["nodeName"] for each in pods if each["status"].get("phase") == "Running")

    def until(self, holds: Any) -> None:
        """Wait until something holds."""
        until(holds, WITHIN, lambda: (self.state(), self.running(), self._queues(), self._kueue.log()))

    def _queues(self) -> list[Any]:
        return [each.get("status") for kind in ("ClusterQueue", "LocalQueue") for each in self.api.all(KUEUE, kind)]

    def active(self, kind: str) -> list[str]:
        """Whether each queue of a kind is active."""
        found = [each for each in self.api.all(KUEUE, kind) if each["metadata"]["name"] == NAME]
        return [
            one["status"]
            for each in found
            for one in each.get("status", {}).get("conditions", ())
            if one["type"] == "Active"
        ]


@pytest.fixture
def training(control_plane: ControlPlane, kueue: Kueue) -> Iterator[Training]:
    """A namespace, and a GPU node of each group; all goes afterwards."""
    api = control_plane.api
    cluster.open_namespace(api, NAMESPACE)
    for pool, kind in POOLS.items():
        labels = {cluster.ZONE: ZONE, POOL_LABEL: pool, "eks.amazonaws.com/capacityType": kind}
        cluster.add_node(api, pool, labels, {"cpu": "96", "memory": "1Ti", "pods": "100", cluster.GPU: "8"})
    cluster.await_nodes(api, list(POOLS))
    made = Training(api, kueue)
    with IdentityWebhook(control_plane) as identities:
        identities.effective.add((NAMESPACE, NAME))
        yield made
    for each in api.all("batch/v1", "Job", NAMESPACE):
        path = api.path("batch/v1", "Job", NAMESPACE, each["metadata"]["name"])
        api.ask("DELETE", path, {"propagationPolicy": "Foreground", "gracePeriodSeconds": 0})
    made.until(lambda: not api.all("v1", "Pod", NAMESPACE) and not api.all(KUEUE, "Workload", NAMESPACE))
    for pool in POOLS:
        api.delete("v1", "Node", pool)


def _rest() -> None:
    Event().wait(5)


def test_queues_are_active_and_whole_jobs_are_admitted_within_the_quota_spot_groups_first(training: Training) -> None:
    training.up([{"name": "first"}])
    training.until(lambda: training.state() == {"first": "cheap"})
    training.until(lambda: (training.active("ClusterQueue"), training.active("LocalQueue")) == (["True"], ["True"]))
    training.up([{"name": "first"}, {"name": "second"}])
    training.until(lambda: training.state() == {"first": "cheap", "second": "steady"})
    training.up([{"name": "first"}, {"name": "second"}, {"name": "third"}])
    training.until(lambda: training.running() == ["cheap", "steady"])
    _rest()
    assert training.state() == {"first": "cheap", "second": "steady", "third": None}
    training.api.ask(
        "DELETE", training.api.path("batch/v1", "Job", NAMESPACE, f"{NAME}-first"), {"propagationPolicy": "Foreground"}
    )
    training.until(lambda: training.state() == {"second": "steady", "third": "cheap"})
    training.until(lambda: training.running() == ["cheap", "steady"])


def test_a_job_of_one_capacity_waits_for_a_group_of_that_capacity(training: Training) -> None:
    jobs = [{"name": "spot", "capacity": "spot"}, {"name": "steady", "capacity": "on-demand"}]
    training.up(jobs)
    training.until(lambda: training.state() == {"spot": "cheap", "steady": "steady"})
    training.until(lambda: training.running() == ["cheap", "steady"])
    training.up([*jobs, {"name": "later", "capacity": "on-demand"}])
    _rest()
    assert training.state()["later"] is None


def test_on_standby_nothing_is_admitted_and_a_failover_admits(training: Training) -> None:
    jobs = [{"name": "first"}]
    training.up(jobs, workers=0)
    _rest()
    assert (training.state(), training.running()) == ({"first": None}, [])
    training.runbook(["first"], Scale.FULL)
    training.until(lambda: (training.state(), training.running()) == ({"first": "cheap"}, ["cheap"]))
    with pytest.raises(ApiError, match=f'conflict with "{FIELD_MANAGER}"'):
        training.up(jobs, workers=0)
    training.up(jobs)
    _rest()
    assert training.running() == ["cheap"]
    training.up(jobs, workers=0, force=True)
    training.until(lambda: (training.state(), training.running()) == ({"first": None}, []))
    training.runbook(["first"], Scale.FULL)
    training.until(lambda: training.running() == ["cheap"])
    training.runbook(["first"], Scale.STANDBY)
    training.until(lambda: training.running() == [])
