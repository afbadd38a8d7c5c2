"""KEDA itself with the ScaledObjects that `ModelServing` declares: what it makes of them, and what a failover does.

`tests/kubernetes/living/test_failover_scaling.py` has an autoscaler as KEDA makes it; here KEDA makes it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.base.missing_dependency import MissingDependency
from haven.program.recorder import record
from haven.runbooks.endpoints.kubernetes import FIELD_MANAGER
from haven.runbooks.manifest import Workload, WorkloadSizes
from haven.runbooks.serving.workloads import Scale
from haven_components import ModelServing, ModelServingArgs, kubernetes_provider
from haven_components.workloads._pods import WorkloadScaleArgs
from haven_components.workloads.serving._scaling import PAUSED, RUNNING, SHRINK_AFTER_SECONDS, WAITING
from tests.kubernetes import cluster
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.controllers.keda import Keda
from tests.kubernetes.controllers.prometheus import Prometheus
from tests.kubernetes.controllers.scaling import Watch, runbook
from tests.kubernetes.living.identity_webhook import IdentityWebhook
from tests.kubernetes.metrics import METRICS
from tests.kubernetes.objects import objects

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]

ZONES = ("a", "b")
NOTHING: WorkloadScaleArgs = {"minimum": 0, "maximum": 8}
SHARE: WorkloadScaleArgs = {"minimum": 2, "maximum": 8}
FULL: WorkloadScaleArgs = {"minimum": 4, "maximum": 8}
BY_NAME: WorkloadScaleArgs = {**NOTHING, "force": True}
PATIENCE = 90.0
WAITING_PER_REPLICA, RUNNING_PER_REPLICA = 5, 10
SCALED_OBJECT = ("keda.sh/v1alpha1", "ScaledObject", cluster.NAME)
AUTOSCALER = ("autoscaling/v2", "HorizontalPodAutoscaler")


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Prometheus]:
    with Prometheus() as served:
        yield served


@pytest.fixture(scope="module")
def keda(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keda]:
    try:
        made = Keda(control_plane, tmp_path_factory.mktemp("keda"))
    except MissingDependency as missing:
        pytest.skip(str(missing))
    with made:
        yield made


class Serving:
    """A model's servers in a namespace of their own, asked about as many requests as a test says."""

    def __init__(self, api: Api, keda: Keda, prometheus: Prometheus, pool: str) -> None:
        self.api, self.pool = api, pool
        self._keda, self._prometheus = keda, prometheus

    def load(self, *, waiting: float | None = 0, running: float | None = 0) -> None:
        """What Prometheus answers; None: it has no such series."""
        for metric, value in ((WAITING, waiting), (RUNNING, running)):
            self._prometheus.values.pop((self.pool, metric), None)
            if value is not None:
                self._prometheus.values[self.pool, metric] = value

    def up(self, scale: WorkloadScaleArgs) -> None:
        """What `pulumi up` does: server-side apply of what is declared, and what no longer is, goes."""
        declared = objects(record(lambda: self._program(scale), stack="test"))
        for each in declared:
            annotations = each.body["metadata"].get("annotations", {})
            self.api.apply(each.body, force=annotations.get("pulumi.com/patchForce") == "true")
        if "ScaledObject" not in {each.kind for each in declared} and self._scaled_objects():
            self.api.delete(*SCALED_OBJECT, self.pool)

    def _program(self, scale: WorkloadScaleArgs) -> None:
        prompt = {"prompt": "What is the capital of France?", "pattern": "(?i)paris", "within_seconds": 20}
        versions = {"v1": {"prefix": "v1", "weights_gib": 1, "golden_prompts": [prompt]}}
        args = {
            "region": "eu-west-1",
            "account_id": "123456789012",
            "cluster_name": "ai",
            "namespace": self.pool,
            "zones": list(ZONES),
            "scale": scale,
            "image": f"registry.example/vllm@sha256:{'0' * 64}",
            "tools_image": f"registry.example/python@sha256:{'0' * 64}",
            "model": {"name": "chat", "bucket": "models", "versions": versions, "version": "v1"},
            "gpus": 0,
            "node_labels": {cluster.POOL: self.pool},
            "prometheus": {"workspace_id": "ws-01234567", "endpoint": self._prometheus.endpoint},
            "autoscaling": {
                "waiting_per_replica": WAITING_PER_REPLICA,
                "running_per_replica": RUNNING_PER_REPLICA,
            },
        }
        providers = [aws.Provider("aws", region="eu-west-1"), kubernetes_provider("k8s", "{}", cluster_name="ai")]
        opts = pulumi.ResourceOptions(providers=providers)
        ModelServing(cluster.NAME, cast("ModelServingArgs", args), opts)

    def runbook(self, scale: Scale, standby: WorkloadScaleArgs) -> None:
        """What the runbooks do."""
        sizes = WorkloadSizes(full=_pair(FULL), standby=_pair(standby))
        runs = {f"{self.pool}/{cluster.NAME}": sizes}
        assert runbook(self.api, [Workload(system=self.pool, kind="model-serving", deployments=runs)], scale)

    def _scaled_objects(self) -> list[Any]:
        return self.api.all(*SCALED_OBJECT[:2], self.pool)

    def autoscalers(self) -> list[Any]:
        """What KEDA has made."""
        return self.api.all(*AUTOSCALER, self.pool)

    def settle(self, count: int) -> None:
        """Wait until as many replicas are asked for and ready."""
        self.until(lambda: (self.wanted(), len(cluster.ready(self.api, self.pool))) == (count, count))

    def until(self, holds: Any) -> None:
        """Wait until something holds."""
        until(holds, PATIENCE, lambda: (self.wanted(), self._scaled_objects(), self.autoscalers(), self._keda.log()))

    def wanted(self) -> int:
        """How many replicas are asked for."""
        return cluster.wanted(self.api, self.pool)

    def pause(self, annotations: Mapping[str, str | None]) -> None:
        """Annotate the ScaledObject, as an operator does."""
        self.api.change(self.api.get(*SCALED_OBJECT, self.pool), {"metadata": {"annotations": annotations}})


def _pair(scale: WorkloadScaleArgs) -> tuple[int, int]:
    return scale["minimum"], scale["maximum"]


def _rest() -> None:
    """Longer than the autoscaler's period, 5 s here."""
    Event().wait(8)


@pytest.fixture
def serving(
    request: pytest.FixtureRequest, control_plane: ControlPlane, keda: Keda, prometheus: Prometheus
) -> Iterator[Serving]:
    """A namespace and its nodes."""
    pool = f"keda-{hashlib.sha256(request.node.name.encode()).hexdigest()[:8]}"
    made = Serving(control_plane.api, keda, prometheus, pool)
    cluster.open_namespace(made.api, pool)
    cluster.add_nodes(made.api, pool, ZONES, 1, 16)
    made.load()
    with IdentityWebhook(control_plane) as identities:
        identities.effective.add((pool, cluster.NAME))
        yield made
    for each in made.api.all(*SCALED_OBJECT[:2], pool):
        made.api.delete(*SCALED_OBJECT[:2], each["metadata"]["name"], pool)
    made.until(lambda: not made.api.all(*SCALED_OBJECT[:2], pool))
    made.api.ask("DELETE", made.api.path("v1", "Namespace", "", pool))


def test_it_makes_the_autoscaler_that_is_expected_and_both_queries_scale(
    serving: Serving, prometheus: Prometheus
) -> None:
    serving.up(SHARE)
    serving.settle(2)
    serving.until(lambda: len(serving.autoscalers()) == 1)
    (made,) = serving.autoscalers()
    spec = made["spec"]
    assert made["metadata"]["name"] == cluster.NAME
    assert (spec["minReplicas"], spec["maxReplicas"]) == _pair(SHARE)
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": cluster.NAME}
    found = [(each["external"]["metric"]["name"], each["external"]["target"]) for each in spec["metrics"]]
    targets = [
        {"type": "AverageValue", "averageValue": str(each)} for each in (WAITING_PER_REPLICA, RUNNING_PER_REPLICA)
    ]
    assert found == list(zip(METRICS, targets, strict=True))
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == SHRINK_AFTER_SECONDS
    serving.load(waiting=3 * WAITING_PER_REPLICA)
    serving.settle(3)
    serving.load(running=5 * RUNNING_PER_REPLICA)
    serving.settle(5)
    assert prometheus.unsigned == []


def test_without_an_answer_from_prometheus_as_many_stay_as_there_are(serving: Serving) -> None:
    serving.load(waiting=6 * WAITING_PER_REPLICA)
    serving.up(SHARE)
    serving.settle(6)

    def falls_back() -> bool:
        conditions = serving.api.get(*SCALED_OBJECT, serving.pool)["status"]["conditions"]
        return ("Fallback", "True") in {(each["type"], each["status"]) for each in conditions}

    with Watch(serving.api, serving.pool) as seen:
        serving.load(waiting=None, running=None)
        serving.until(falls_back)
        _rest()
    assert (seen.wanted, seen.ready) == (6, 6)


def test_a_failover_a_flip_and_a_demotion_lose_no_replica(serving: Serving) -> None:
    serving.load(waiting=6 * WAITING_PER_REPLICA)
    serving.up(SHARE)
    serving.settle(6)
    with Watch(serving.api, serving.pool) as seen:
        serving.runbook(Scale.FULL, SHARE)
        serving.until(lambda: serving.autoscalers()[0]["spec"]["minReplicas"] == FULL["minimum"])
        with pytest.raises(ApiError, match=f'conflict with "{FIELD_MANAGER}"'):
            serving.up(SHARE)
        serving.up(FULL)
        _rest()
        serving.up({**SHARE, "force": True})
        serving.until(lambda: serving.autoscalers()[0]["spec"]["minReplicas"] == SHARE["minimum"])
        _rest()
    assert (seen.wanted, seen.ready) == (6, 6)


def test_a_failover_from_nothing_keeps_what_the_runbook_scaled(serving: Serving) -> None:
    """At 0 there is no ScaledObject, and so no autoscaler."""
    serving.load(waiting=4 * WAITING_PER_REPLICA)
    serving.up(NOTHING)
    _rest()
    assert (serving.wanted(), serving.autoscalers()) == (0, [])
    serving.runbook(Scale.FULL, NOTHING)
    serving.settle(4)
    with Watch(serving.api, serving.pool) as seen:
        serving.up(FULL)
        serving.until(lambda: len(serving.autoscalers()) == 1)
        _rest()
    assert (seen.wanted, seen.ready) == (4, 4)


def test_a_region_that_is_brought_to_nothing_by_name_rests_under_load_and_is_woken_by_the_runbook(
    serving: Serving,
) -> None:
    serving.load(waiting=7 * WAITING_PER_REPLICA)
    serving.up(FULL)
    serving.settle(7)
    serving.up(BY_NAME)
    serving.settle(0)
    serving.until(lambda: serving.autoscalers() == [])
    _rest()
    assert serving.wanted() == 0
    serving.up(BY_NAME)
    serving.runbook(Scale.FULL, NOTHING)
    serving.settle(7)
    with Watch(serving.api, serving.pool) as seen:
        serving.up(FULL)
        _rest()
    assert (seen.wanted, seen.ready) == (7, 7)
    serving.runbook(Scale.STANDBY, NOTHING)
    serving.settle(0)


@pytest.mark.parametrize("annotations", [{"autoscaling.keda.sh/paused": "true"}, PAUSED])
def test_a_paused_one_has_no_autoscaler_until_the_runbook_wakes_it(
    annotations: Mapping[str, str], serving: Serving
) -> None:
    """With `paused` the replicas stay as they are, with `paused-replicas` they become as many."""
    serving.up(SHARE)
    serving.settle(2)
    serving.pause(annotations)
    serving.until(lambda: serving.autoscalers() == [])
    serving.load(waiting=6 * WAITING_PER_REPLICA)
    left = int(annotations.get("autoscaling.keda.sh/paused-replicas", 2))
    _rest()
    assert serving.wanted() == left
    serving.runbook(Scale.FULL, SHARE)
    serving.settle(6)
