import json
from typing import Any, cast

import pulumi
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording
from haven_components import ClusterTelemetry, ClusterTelemetryArgs, kubernetes_provider
from haven_components.observability._exported import DCGM_EXPORTER

IMAGE, GPU_IMAGE = f"collector@sha256:{'0' * 64}", f"dcgm-exporter@sha256:{'1' * 64}"
NAME = "telemetry"


def _declare(**changes: Any) -> Recording:
    def program() -> None:
        args = {
            "region": "eu-west-1",
            "environment": "test",
            "cluster_name": "ai-euw1",
            "namespace": "observability",
            "zones": ["eu-west-1a", "eu-west-1b"],
            "scale": {"minimum": 2, "maximum": 2},
            "collector_image": IMAGE,
        }
        options = pulumi.ResourceOptions(providers=[kubernetes_provider("k8s", "{}", cluster_name="ai-euw1")])
        telemetry = ClusterTelemetry(NAME, cast("ClusterTelemetryArgs", args | changes), options)
        pulumi.export("endpoint", telemetry.otlp_endpoint)

    return record(program, stack="test")


def _one(recording: Recording, kind: str) -> dict[str, Any]:
    (found,) = (each.inputs for each in recording.real() if each.type.endswith(f":{kind}"))
    return cast("dict[str, Any]", found)


def _config(recording: Recording) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(_one(recording, "ConfigMap")["data"]["config.yaml"])
    return config


def test_traces_of_any_pod_go_to_x_ray_with_what_they_are_found_by() -> None:
    config = _config(_declare())
    (pipeline,) = config["service"]["pipelines"].values()
    assert pipeline == {
        "receivers": ["otlp"],
        "processors": ["memory_limiter", "resource", "batch"],
        "exporters": ["awsxray"],
    }
    attributes = {each["key"]: each["value"] for each in config["processors"]["resource"]["attributes"]}
    assert attributes == {
        "cloud.region": "eu-west-1",
        "deployment.environment": "test",
        "k8s.cluster.name": "ai-euw1",
    }
    assert "deployment.environment" in config["exporters"]["awsxray"]["indexed_attributes"]


def test_everything_that_the_collector_s_pipeline_names_is_configured() -> None:
    config = _config(_declare(otlp_endpoint="https://traces.example.com"))
    (pipeline,) = config["service"]["pipelines"].values()
    assert all(each in config[part] for part, names in pipeline.items() for each in names)
    assert set(config["service"]["extensions"]) == set(config["extensions"])
    assert config["exporters"]["otlphttp"]["endpoint"] == "https://traces.example.com"


def test_pods_reach_the_collector_at_the_component_s_output() -> None:
    recording = _declare()
    service = _one(recording, "Service")
    assert recording.outputs["endpoint"] == f"http://{service['metadata']['name']}.observability.svc:4317"
    assert {each["port"] for each in service["spec"]["ports"]} == {4317, 4318}
    template = _one(recording, "Deployment")["spec"]["template"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()


def test_the_collector_takes_the_role_of_its_service_account() -> None:
    recording = _declare(service_account="traces")
    assert _one(recording, "ServiceAccount")["metadata"]["name"] == "traces"
    assert _one(recording, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "traces"


def test_another_configuration_is_another_config_map_and_starts_other_pods_while_the_old_one_stays() -> None:
    mounted = []
    for environment in ("one", "two"):
        recording = _declare(environment=environment)
        (config,) = (each for each in recording.real() if each.type.endswith(":ConfigMap"))
        volumes = _one(recording, "Deployment")["spec"]["template"]["spec"]["volumes"]
        (name,) = (each["configMap"]["name"] for each in volumes if "configMap" in each)
        assert (config.inputs["metadata"]["name"], config.inputs["immutable"]) == (name, True)
        assert config.options.retain_on_delete
        mounted.append(name)
    assert len({*mounted}) == 2


def test_gpu_metrics_come_from_the_host_engine_of_the_node_and_are_found_by_the_scraper() -> None:
    template = _one(_declare(gpu_image=GPU_IMAGE), "DaemonSet")["spec"]["template"]
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == DCGM_EXPORTER.name
    (container,) = template["spec"]["containers"]
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert environment["DCGM_REMOTE_HOSTENGINE_INFO"] == "$(NODE_IP):5555"
    assert [each["containerPort"] for each in container["ports"]] == [9400]
    (term,) = template["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"] == [{"key": "haven.dev/gpu", "operator": "Exists"}]
    assert "privileged" not in container["securityContext"]


def test_without_an_image_nothing_exports_gpu_metrics() -> None:
    assert not any(each.type.endswith(":DaemonSet") for each in _declare().real())


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        _declare(
            collector_image="c:latest", gpu_image="g", zones=[], otlp_endpoint="x", scale={"minimum": 1, "maximum": 0}
        )
    assert {each["property_path"] for each in caught.value.errors or []} == {
        "collector_image",
        "gpu_image",
        "zones",
        "otlp_endpoint",
        "scale",
    }


def test_the_collector_starts_with_its_role_s_credentials_alone() -> None:
    """Its association is made elsewhere, perhaps later."""
    recording = _declare()
    (account,) = (each for each in recording.real() if each.type.endswith(":ServiceAccount"))
    before = {recording.by_urn[urn].inputs["metadata"]["name"] for urn in account.options.dependencies}
    assert before == {"observability.collector"}
