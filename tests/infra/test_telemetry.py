"""Where there is a cluster, Prometheus collects from it without an agent."""

import json

import pytest

from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recording import Recording
from infra.config import addons
from tests.environments import PRIMARY, RECOVERY, ROOT, environment, of_type
from tests.infra.test_workloads import FLOWS
from tests.kubernetes.objects import objects, pods
from tests.kubernetes.requests import flow_run_jobs
from tests.kubernetes.sources import of_kind


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


def _traced() -> Recording:
    digest = f"sha256:{'a' * 64}"
    systems = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    systems["workflows"] = FLOWS | {"pools": {"nightly": {"system": "training"}}}
    repositories = ["serving", "python", "mlflow", "training", "prefect", "adot-collector"]
    return environment(
        "warm",
        watch=json.dumps({"prometheus": True, "tracing": True}),
        images=json.dumps({"repositories": repositories}),
        controllers=json.dumps({"telemetry": {"collectorImage": f"adot-collector@{digest}"}}),
        systems=json.dumps(systems),
    )


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_pods_of_models_jobs_and_flow_runs_send_traces_to_their_own_cluster_s_collector(region: str) -> None:
    sent = objects(_traced(), region)
    (service,) = (each for each in of_kind(sent, "Service") if each.namespace == "observability")
    endpoint = f"http://{service.name}.observability.svc:4317"
    assert 4317 in [each["port"] for each in service.body["spec"]["ports"]]
    runs = [job for job, _ in flow_run_jobs(sent)]
    found = {}
    for each, pod in pods([*sent, *runs]):
        for container in pod["spec"]["containers"]:
            known = {one["name"]: one.get("value") for one in container.get("env", ())}
            if "OTEL_SERVICE_NAME" in known:
                assert known["OTEL_EXPORTER_OTLP_ENDPOINT"] == endpoint, each
                found[each.kind, container["name"]] = known["OTEL_SERVICE_NAME"]
                if container["name"] == "engine":
                    assert f"--otlp-traces-endpoint={endpoint}" in container["command"]
    assert found == {
        ("Deployment", "engine"): "warm-serving",
        ("Job", "worker"): "warm-training",
        ("Job", "prefect-job"): "warm-training",
    }


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_every_system_s_pods_reach_the_collector_and_nothing_else_of_its_namespace(region: str) -> None:
    sent = objects(_traced(), region)
    for system in ("serving", "training", "registry", "workflows"):
        rules = [
            (rule, each.body["spec"]["podSelector"])
            for each in of_kind(sent, "NetworkPolicy")
            if each.namespace == system
            for rule in each.body["spec"].get("egress", ())
            if "observability" in json.dumps(rule)
        ]
        ports = [{"port": port, "protocol": "TCP"} for port in (4317, 4318)]
        collector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observability"}}}
        assert rules == [({"to": [collector], "ports": ports}, {})], system
    assert "observability" not in json.dumps(
        [each.body for each in of_kind(objects(environment("warm"), region), "NetworkPolicy")]
    )


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
