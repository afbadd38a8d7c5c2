"""Objects of two clusters under the Pulumi CLI, and what happens to them while one cluster doesn't answer.

Each test runs with the stub plugin and with pulumi-kubernetes itself, in front of a real API server.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from haven.runbooks.reconcile import deployment
from tests.engine.conftest import Engine
from tests.engine.relay import Relay, relay
from tests.kubernetes.api import Api
from tests.kubernetes.control_plane import ControlPlane, installable

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

PROGRAM = """
import pulumi
import pulumi_kubernetes as kubernetes
from haven_components import kubernetes_provider
from haven_components.workloads._objects import digest_name, kept_config_map

config = pulumi.Config()
for place in ("here", "there"):
    cluster = kubernetes_provider(place, config.require(f"kubeconfig-{place}"), cluster_name=place)
    options = pulumi.ResourceOptions(provider=cluster)
    settings, namespace = config.require_object(place), config.require(f"namespace-{place}")
    for name in settings["models"]:
        kubernetes.apps.v1.Deployment(
            f"{name}-{place}",
            metadata={"name": name, "namespace": namespace, "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={
                "replicas": settings["replicas"],
                "selector": {"match_labels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "server", "image": "example.com/server@sha256:" + "0" * 64}]},
                },
            },
            opts=options,
        )
    kubernetes.apiextensions.CustomResource(
        f"binding-{place}",
        api_version="elbv2.k8s.aws/v1beta1",
        kind="TargetGroupBinding",
        metadata={"name": "model", "namespace": namespace},
        spec={
            "serviceRef": {"name": "model", "port": 80},
            "targetGroupARN": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/model/0123456789abcdef",
        },
        opts=options,
    )
    for each in settings["documents"]:
        data = {"document": each}
        providers = pulumi.ResourceOptions(providers=[cluster])
        under = pulumi.ComponentResource("shop:index:Model", f"{each}-{place}", opts=providers)
        kept_config_map(under, {"name": digest_name(f"document-{place}", data), "namespace": namespace}, data)
    kubernetes.helm.v3.Release(
        f"controller-{place}", name="controller", namespace=namespace, chart="./chart", skip_await=True, opts=options
    )
"""
CHART = {
    "Chart.yaml": "{apiVersion: v2, name: controller, version: 1.0.0}",
    "templates/settings.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {mode: quiet}}",
}
BINDINGS = "targetgroupbindings.elbv2.k8s.aws"
SKIPPED = "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping"


@dataclass
class Clusters:
    """A stack with objects in the clusters `here` and `there`."""

    engine: Engine
    project: Path
    kubeconfigs: Mapping[str, str]
    front: Relay | None
    """What is in front of the cluster `there`; None with the stub plugin."""
    api: Api | None = None
    """The API server of both; None with the stub plugin."""
    environment: dict[str, str] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(
        default_factory=lambda: {place: f"{place}-{secrets.token_hex(3)}" for place in ("here", "there")}
    )

    def declare(self, **places: Mapping[str, Any]) -> None:
        """Write the config. Omitted: one model with two replicas in each cluster."""
        usual = {"models": ["model"], "replicas": 2, "documents": []}
        values = {f"shop:{place}": {**usual, **places.get(place, {})} for place in ("here", "there")}
        given = {f"shop:kubeconfig-{place}": text for place, text in self.kubeconfigs.items()}
        spaces = {f"shop:namespace-{place}": name for place, name in self.namespaces.items()}
        (self.project / "Pulumi.dev.yaml").write_text(json.dumps({"config": {**values, **given, **spaces}}))

    def silence(self, *, swallowing: bool = False) -> None:
        """Let the cluster `there` answer no more: it refuses connections, or accepts them and keeps quiet."""
        if self.front is None:
            self.environment = {"STUB_PLUGIN_SILENT_CLUSTERS": "there"}
        elif swallowing:
            self.front.swallows = True
        else:
            self.front.stop()

    def answer(self) -> None:
        """Let the cluster answer."""
        self.environment = {}
        if self.front is not None:
            self.front.start()

    def up(self) -> str:
        """What a deployment that must succeed prints."""
        return self.engine.succeed(
            "up", "--stack", "dev", "--yes", "--skip-preview", cwd=self.project, environment=self.environment
        )

    def skipped(self, *words: str) -> list[str]:
        """The objects that a deployment or a preview left as they are, as `haven reconcile` reads its JSON."""
        shown = self.engine.succeed(*words, "--stack", "dev", "--json", cwd=self.project, environment=self.environment)
        return sorted(deployment.skipped(deployment.objects_of(shown.encode())))

    def refused(self) -> str:
        """What a deployment that must fail prints."""
        words = ("up", "--stack", "dev", "--yes", "--skip-preview")
        done = self.engine.run(*words, cwd=self.project, environment=self.environment)
        assert done.returncode
        return done.stdout + done.stderr

    def changes(self) -> dict[str, list[str]]:
        """Operation to the resources that a preview shows with it, but for those that stay the same."""
        shown = self.engine.succeed(
            "preview", "--stack", "dev", "--json", cwd=self.project, environment=self.environment
        )
        found: dict[str, list[str]] = {}
        for each in json.loads(shown)["steps"]:
            found.setdefault(each["op"], []).append(each["urn"].rpartition("::")[2])
        return {operation: sorted(names) for operation, names in found.items() if operation != "same"}

    def documents(self, place: str) -> set[str]:
        """Those that a cluster has, whatever the state knows."""
        assert self.api is not None
        found = self.api.all("v1", "ConfigMap", self.namespaces[place])
        return {each["data"]["document"] for each in found if "document" in each.get("data", {})}

    def replicas(self, place: str) -> int:
        """How many the state has in a cluster."""
        state = json.loads(self.engine.succeed("stack", "export", "--stack", "dev", cwd=self.project))
        [found] = [each for each in state["deployment"]["resources"] if each["urn"].endswith(f"::model-{place}")]
        return int(found["inputs"]["spec"]["replicas"])


@pytest.fixture(params=["stub plugin", "pulumi-kubernetes"])
def clusters(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Clusters]:
    """Both clusters answer and have their objects."""
    project = tmp_path / "shop"
    (project / "chart" / "templates").mkdir(parents=True)
    for name, text in CHART.items():
        (project / "chart" / name).write_text(text)
    (project / "__main__.py").write_text(PROGRAM)
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python, options: {toolchain: pip}}\n")
    if request.param == "stub plugin":
        yield _deployed(Clusters(engine, project, {"here": "{}", "there": "{}"}, None))
        return
    engine.use_pulumi_kubernetes()
    if BINDINGS not in installable():
        pytest.skip("no definition of TargetGroupBinding: HAVEN_KUBERNETES names a folder that has it in crds/")
    plane: ControlPlane = request.getfixturevalue("control_plane")
    plane.install(installable()[BINDINGS])
    with relay(int(plane.url.rpartition(":")[2])) as front:
        there = plane.kubeconfig.replace(plane.url, f"https://127.0.0.1:{front.port}")
        made = Clusters(engine, project, {"here": plane.kubeconfig, "there": there}, front, plane.api)
        for name in made.namespaces.values():
            plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        yield _deployed(made)
        for name in made.namespaces.values():
            plane.api.ask("DELETE", plane.api.path("v1", "Namespace", "", name))


def _deployed(clusters: Clusters) -> Clusters:
    clusters.declare()
    clusters.engine.succeed("stack", "init", "dev", cwd=clusters.project)
    clusters.up()
    return clusters


def test_the_other_cluster_is_deployed_while_one_does_not_answer(clusters: Clusters) -> None:
    clusters.silence()
    clusters.declare(here={"replicas": 3, "models": ["model", "canary"]})
    assert clusters.changes() == {"create": ["canary-here"], "update": ["model-here"]}
    assert SKIPPED in clusters.up()
    assert clusters.replicas("here") == 3
    assert clusters.changes() == {}


def test_a_change_in_a_cluster_that_does_not_answer_is_skipped_with_a_warning_and_shown_later(
    clusters: Clusters,
) -> None:
    clusters.silence(swallowing=True)
    clusters.declare(there={"replicas": 5})
    assert clusters.changes() == {}
    assert "model-there" in clusters.skipped("preview")
    assert "model-there" in clusters.skipped("up", "--yes", "--skip-preview")
    assert clusters.replicas("there") == 2
    clusters.answer()
    assert clusters.skipped("preview") == []
    assert clusters.changes() == {"update": ["model-there"]}


def test_an_object_is_neither_added_to_nor_removed_from_a_cluster_that_does_not_answer(clusters: Clusters) -> None:
    clusters.silence()
    clusters.declare(there={"models": ["model", "canary"]})
    assert clusters.changes() == {"create": ["canary-there"]}
    assert "cluster is unreachable" in clusters.refused()
    clusters.declare(there={"models": []})
    assert clusters.changes() == {"delete": ["model-there"]}
    assert "cluster is unreachable" in clusters.refused()


def test_documents_of_the_last_version_stay_and_no_cluster_has_to_answer_for_that(clusters: Clusters) -> None:
    """Pods of the last version may still start, an earlier version comes back, and a dead Region keeps no `up` away."""
    first: dict[str, list[str]] = {"documents": ["first"]}
    clusters.declare(here=first, there=first)
    clusters.up()
    clusters.silence()
    clusters.declare(here={"documents": ["second"]}, there={"documents": []})
    clusters.up()
    assert clusters.changes() == {}
    clusters.answer()
    if clusters.api is not None:
        assert (clusters.documents("here"), clusters.documents("there")) == ({"first", "second"}, {"first"})
    clusters.declare(here=first, there=first)
    clusters.up()
    assert clusters.changes() == {}
