"""Where there is a cluster, Prometheus collects from it without an agent."""

import json

import pytest

from haven.program import aws_types as aws
from infra.config import addons
from tests.environments import PRIMARY, RECOVERY, environment, of_type


@pytest.mark.parametrize(("tier", "regions"), [("backup", [PRIMARY]), ("warm", [PRIMARY, RECOVERY])])
def test_each_cluster_is_scraped_into_its_own_region_s_workspace(tier: str, regions: list[str]) -> None:
    recording = environment(tier, watch=json.dumps({"prometheus": True}))
    for region in (PRIMARY, RECOVERY):
        scrapers = of_type(recording, aws.AMP_SCRAPER, region)
        assert len(scrapers) == (region in regions)
        for each in scrapers:
            (workspace,) = of_type(recording, "aws:amp/workspace:Workspace", region)
            assert each.inputs["destination"]["amp"]["workspaceArn"] == f"@@{workspace.key}.arn@@"
            assert len(each.inputs["source"]["eks"]["subnetIds"]) >= 2


def test_a_plan_says_that_prometheus_sees_no_pods_without_their_add_on() -> None:
    def notes(**chosen: str) -> list[str]:
        found = addons.notes("1.35", {name.replace("_", "-"): each for name, each in chosen.items()}, prometheus=True)
        return [each for each in found if "kube-state-metrics" in each]

    assert notes()[0].startswith("haven:watch.prometheus without the add-on kube-state-metrics")
    assert notes(kube_state_metrics="v2.17.0-eksbuild.1") == []
    assert not any("kube-state-metrics" in each for each in addons.notes("1.35", {}))


def test_both_clusters_collect_traces_and_gpu_metrics_from_their_own_region_s_images() -> None:
    digest = f"sha256:{'a' * 64}"
    images = {"collectorImage": f"adot-collector@{digest}", "gpuImage": f"dcgm-exporter@{digest}"}
    repositories = ["serving", "python", "mlflow", "training", "adot-collector", "dcgm-exporter"]
    recording = environment(
        "warm",
        watch=json.dumps({"prometheus": True, "tracing": True}),
        images=json.dumps({"repositories": repositories}),
        controllers=json.dumps({"telemetry": images}),
    )
    for region in (PRIMARY, RECOVERY):
        (exporter,) = of_type(recording, "kubernetes:apps/v1:DaemonSet", region)
        (container,) = exporter.inputs["spec"]["template"]["spec"]["containers"]
        assert f".dkr.ecr.{region}.amazonaws.com/" in container["image"]
        assert container["image"].endswith(f"dcgm-exporter@{digest}")
        accounts = of_type(recording, "kubernetes:core/v1:ServiceAccount", region)
        assert ("observability", "collector") in {
            (each.inputs["metadata"]["namespace"], each.inputs["metadata"]["name"]) for each in accounts
        }
