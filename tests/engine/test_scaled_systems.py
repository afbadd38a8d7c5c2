"""A system's objects that the Pulumi CLI and pulumi-kubernetes deploy, and what a runbook and an autoscaler change.

The API server, its controllers and the scheduler are real; the AWS provider is the stub. What pulumi-kubernetes sends,
and when, is tried here; `tests/kubernetes/living/test_failover_scaling.py` says what the API server makes of it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from haven.runbooks.endpoints.kubernetes import FIELD_MANAGER
from haven.runbooks.manifest import Workload, WorkloadSizes
from haven.runbooks.serving.workloads import Scale
from tests.engine.conftest import Engine
from tests.kubernetes import cluster
from tests.kubernetes.api import MERGE, Api, until
from tests.kubernetes.control_plane import ControlPlane, installable
from tests.kubernetes.controllers.scaling import Watch, runbook
from tests.kubernetes.living.identity_webhook import IdentityWebhook
from tests.kubernetes.metrics import METRICS, Metrics

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive, pytest.mark.timeout(900)]

PROGRAM = """
import pulumi
import pulumi_aws as aws
from haven_components import ModelServing, TrainingJobs, kubernetes_provider

config = pulumi.Config()
settings = config.require_object("settings")
region, account = "eu-west-1", "123456789012"
registry = f"{account}.dkr.ecr.{region}.amazonaws.com"
providers = [
    aws.Provider("aws", region=region),
    kubernetes_provider("cluster", config.require("kubeconfig"), cluster_name="here"),
]
where = {"region": region, "account_id": account, "cluster_name": "here", "zones": ["a", "b"]}
for system, given in settings["serving"].items():
    prompt = {"prompt": "What is the capital of France?", "pattern": "(?i)paris", "within_seconds": 20}
    args = {
        **where,
        "namespace": system,
        "scale": given["scale"],
        "image": f"{registry}/vllm@sha256:{'a' * 64}",
        "tools_image": f"{registry}/python@sha256:{'b' * 64}",
        "model": {
            "name": "chat",
            "bucket": "models",
            "versions": {"v1": {"prefix": "v1", "weights_gib": 1, "golden_prompts": [prompt]}},
            "version": "v1",
        },
        "gpus": 0,
        "node_labels": {"haven.dev/test-pool": system},
        "labels": {"haven.dev/revision": settings["revision"]},
    }
    if given["scaler"] == "hpa":
        waiting, running = settings["metrics"]
        numbers = {"waiting_per_replica": 10, "running_per_replica": 10}
        args["autoscaling"] = {"external_metric": waiting, "external_running_metric": running, **numbers}
    if given["scaler"] == "keda":
        args["prometheus"] = {"workspace_id": "ws-01234567", "endpoint": "https://example.com/workspaces/ws-01234567"}
    ModelServing(system, args, pulumi.ResourceOptions(providers=providers))
training = settings["training"]
TrainingJobs(
    training["name"],
    {
        **where,
        "namespace": training["namespace"],
        "scale": training["scale"],
        "image": f"{registry}/training@sha256:{'c' * 64}",
        "checkpoints": {
            "bucket": "checkpoints",
            "kms_key_arn": f"arn:aws:kms:{region}:{account}:key/1",
            "interval_minutes": 5,
        },
        "jobs": [{"name": "run", "gpus": 0}],
        "labels": {"haven.dev/lasts": "true"},
    },
    pulumi.ResourceOptions(providers=providers),
)
"""
DEFINITIONS = ("scaledobjects.keda.sh", "triggerauthentications.keda.sh")
SERVING: Mapping[str, tuple[str, tuple[int, int]]] = {
    "scaled-share": ("hpa", (2, 8)),
    "scaled-nothing": ("hpa", (0, 8)),
    "fixed-share": ("", (2, 2)),
    "fixed-nothing": ("", (0, 0)),
    "keda-share": ("keda", (2, 8)),
    "keda-nothing": ("keda", (0, 8)),
}
"""System -> what scales it, and its least and most replicas on standby."""
FULL = 4
TRAINING = "scaled-training"
"""Namespace of the jobs, and their name."""
LOADED = "scaled-share"
"""The system whose autoscaler has asked for more than any minimum."""
LOAD = 6


@dataclass
class Systems:
    """Systems of one Region, and a stack that declares them."""

    engine: Engine
    project: Path
    kubeconfig: str
    api: Api

    def declare(self, *, full: bool, force: bool = False, revision: str = "1") -> None:
        """Write the config.

        Args:
            full: whether the Region is active; otherwise it is on standby.
            force: whether `haven:demote` names it.
            revision: a label of everything that serves.
        """
        serving = {}
        for system, (scaler, (least, most)) in SERVING.items():
            numbers = (FULL, max(FULL, most)) if full else (least, max(most, 1))
            scale = {"minimum": numbers[0], "maximum": numbers[1], "force": force}
            serving[system] = {"scaler": scaler, "scale": scale}
        training = {
            "name": TRAINING,
            "namespace": TRAINING,
            "scale": {"minimum": 2 if full else 0, "maximum": 2, "force": force},
        }
        settings = {"serving": serving, "training": training, "revision": revision, "metrics": METRICS}
        given = {"shop:settings": settings, "shop:kubeconfig": self.kubeconfig}
        (self.project / "Pulumi.dev.yaml").write_text(json.dumps({"config": given}))

    def up(self, *words: str) -> str:
        """What a deployment that must succeed prints."""
        return self.engine.succeed("up", "--stack", "dev", "--yes", "--skip-preview", *words, cwd=self.project)

    def refused(self, *words: str) -> str:
        """What a deployment that must fail prints."""
        given = ("up", "--stack", "dev", "--yes", "--skip-preview", "--continue-on-error", *words)
        done = self.engine.run(*given, cwd=self.project)
        assert done.returncode, done.stdout
        return done.stdout + done.stderr

    def wanted(self) -> dict[str, int]:
        """Replicas of each system."""
        return {system: cluster.wanted(self.api, system, system) for system in SERVING}

    def ready(self) -> dict[str, int]:
        """Replicas of each system that are ready."""
        return {system: len(cluster.ready(self.api, system)) for system in SERVING}

    def suspended(self) -> bool:
        """Whether the jobs wait."""
        return bool(self.api.get("batch/v1", "Job", f"{TRAINING}-run", TRAINING)["spec"].get("suspend"))


WORKLOADS = [
    *(
        Workload(
            system=system,
            kind="model-serving",
            deployments={
                f"{system}/{system}": WorkloadSizes(full=(FULL, max(FULL, most)), standby=(least, most)),
            },
        )
        for system, (_, (least, most)) in SERVING.items()
    ),
    Workload(system=TRAINING, kind="training", jobs=[f"{TRAINING}/{TRAINING}-run"]),
]
"""As the manifest has them."""


@pytest.fixture
def systems(engine: Engine, control_plane: ControlPlane, tmp_path: Path) -> Iterator[Systems]:
    """A standby Region with nodes; one system has more load than its share is for."""
    engine.use_pulumi_kubernetes()
    if missing := [each for each in DEFINITIONS if each not in installable()]:
        pytest.skip(f"no {', '.join(missing)}: make kubernetes writes them (needs Go)")
    for each in DEFINITIONS:
        control_plane.install(installable()[each])
    project = tmp_path / "shop"
    project.mkdir()
    (project / "__main__.py").write_text(PROGRAM)
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python, options: {toolchain: pip}}\n")
    made = Systems(engine, project, control_plane.kubeconfig, control_plane.api)
    with IdentityWebhook(control_plane) as identities, Metrics(control_plane) as metrics:
        identities.effective |= {(system, system) for system in SERVING} | {(TRAINING, TRAINING)}
        for system in (*SERVING, TRAINING):
            cluster.open_namespace(made.api, system)
            cluster.add_nodes(made.api, system, ("a", "b"), 1, 16)
        made.declare(full=False)
        engine.succeed("stack", "init", "dev", cwd=project)
        made.up()
        metrics.values[LOADED] = 10 * LOAD
        until(lambda: len(cluster.ready(made.api, LOADED)) == LOAD, 120)
        yield made
    for system in (*SERVING, TRAINING):
        made.api.ask("DELETE", made.api.path("v1", "Namespace", "", system))


def _rest() -> None:
    """Longer than the autoscaler's period, 5 s here."""
    Event().wait(8)


def test_a_failover_a_flip_and_a_demotion_by_the_real_engine_lose_no_replica(systems: Systems) -> None:
    api = systems.api
    assert runbook(api, WORKLOADS, Scale.FULL)
    served = dict.fromkeys(SERVING, FULL) | {LOADED: LOAD}
    until(lambda: systems.ready() == served, 120, lambda: (systems.wanted(), systems.ready()))
    with ExitStack() as watching:
        seen = {system: watching.enter_context(Watch(api, system, system)) for system in SERVING}
        _the_old_configuration(systems)
        systems.declare(full=True, revision="2")
        systems.up()
        _rest()
        assert (systems.wanted(), systems.suspended()) == (served, False)
        assert runbook(api, WORKLOADS, Scale.FULL) == []
        systems.declare(full=False, revision="2")
        _refused(systems)
        _rest()
    assert {system: (each.wanted, each.ready) for system, each in seen.items()} == {
        system: (count, count) for system, count in served.items()
    }
    _by_name(systems)
    _by_hand(systems)


def _the_old_configuration(systems: Systems) -> None:
    """Unchanged objects stay. With a refresh, or where something else of them changes, what would go is refused."""
    systems.up()
    _refused(systems, "--refresh")
    systems.declare(full=False, revision="2")
    _refused(systems)


def _refused(systems: Systems, *words: str) -> None:
    text = systems.refused(*words)
    assert f'conflict with "{FIELD_MANAGER}"' in text, text


def _by_name(systems: Systems) -> None:
    """What the runbook set is taken back; the load keeps what it asks for."""
    with Watch(systems.api, LOADED, LOADED) as seen:
        systems.declare(full=False, force=True, revision="2")
        systems.up()
        _rest()
        lowered = {system: least for system, (_, (least, _)) in SERVING.items()} | {LOADED: LOAD}
        # Nothing scales down what KEDA would: its operator doesn't run here.
        assert systems.wanted() == lowered | {"keda-share": FULL}
    assert (seen.wanted, seen.ready, systems.suspended()) == (LOAD, LOAD, True)
    paused: Any = systems.api.get("keda.sh/v1alpha1", "ScaledObject", "keda-nothing", "keda-nothing")
    assert paused["metadata"]["annotations"]["autoscaling.keda.sh/paused-replicas"] == "0"
    preview = ("preview", "--stack", "dev", "--expect-no-changes")
    systems.engine.succeed(*preview, cwd=systems.project)


def _by_hand(systems: Systems) -> None:
    """`kubectl scale` is refused like the runbook's changes. What `kubectl edit` and `kubectl patch` set,
    pulumi-kubernetes takes for its own: it is overwritten."""
    fixed = cluster.deployment(systems.api, "fixed-share", "fixed-share")
    _kubectl(systems.api, fixed, "kubectl", "/scale")
    _kubectl(systems.api, cluster.deployment(systems.api, "fixed-nothing", "fixed-nothing"), "kubectl-edit")
    systems.declare(full=False, revision="3")
    text = systems.refused()
    assert 'conflict with "kubectl" with subresource "scale"' in text, text
    assert (systems.wanted()["fixed-share"], systems.wanted()["fixed-nothing"]) == (3, 0)


def _kubectl(api: Api, found: Any, manager: str, part: str = "") -> None:
    metadata = found["metadata"]
    path = api.path("apps/v1", "Deployment", metadata["namespace"], metadata["name"])
    api.ask("PATCH", f"{path}{part}?fieldManager={manager}", {"spec": {"replicas": 3}}, MERGE)
