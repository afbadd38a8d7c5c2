"""Controllers of other projects, from charts in the own Region."""

import hashlib
import json
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.workloads.controllers._controller_args import ClusterControllersArgs
from haven_components.workloads.controllers.cluster_controllers import ClusterControllers
from haven_components.workloads.kubernetes_provider import kubernetes_provider

REGION, ACCOUNT = "eu-west-1", "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DIGEST = f"sha256:{'ab' * 32}"
ZONES = ["eu-west-1a", "eu-west-1b"]
BALANCER: dict[str, Any] = {
    "chart": {"location": f"oci://{HOST}/haven-images/charts/lbc", "version": "3.5.0", "digest": DIGEST},
    "image": f"{HOST}/haven-images/lbc@{DIGEST}",
    "vpc_id": "vpc-1",
}
KEDA: dict[str, Any] = {
    "chart": {"location": f"oci://{HOST}/haven-images/charts/keda", "version": "2.21.0", "digest": DIGEST},
    "operator_image": f"{HOST}/haven-images/keda@{DIGEST}",
    "metrics_image": f"{HOST}/haven-images/keda-metrics-apiserver@{DIGEST}",
    "webhooks_image": f"{HOST}/haven-images/keda-admission-webhooks@{DIGEST}",
    "workspace_arn": f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/ws-1",
}


KUEUE: dict[str, Any] = {
    "chart": {"location": f"oci://{HOST}/haven-images/charts/kueue", "version": "0.17.8", "digest": DIGEST},
    "image": f"{HOST}/haven-images/kueue@{DIGEST}",
    "job_namespaces": ["training", "research"],
}


def _declare(**changes: Any) -> Recording:
    def program() -> None:
        providers = [aws.Provider(REGION, region=REGION), kubernetes_provider("k8s", "{}", cluster_name="ai-euw1")]
        args = {"region": REGION, "account_id": ACCOUNT, "cluster_name": "ai-euw1", "zones": ZONES} | changes
        controllers = ClusterControllers(
            "ai-euw1", cast("ClusterControllersArgs", args), pulumi.ResourceOptions(providers=providers)
        )
        pulumi.export("releases", [controllers.load_balancer_release, controllers.keda_release])

    return record(program, stack="test")


def _releases(recording: Recording) -> dict[str, Resource]:
    return {each.inputs["name"]: each for each in recording.real() if each.type.endswith(":Release")}


def _balancer(**changes: Any) -> dict[str, Any]:
    recording = _declare(load_balancer=BALANCER | changes)
    return cast("dict[str, Any]", _releases(recording)["aws-load-balancer-controller"].inputs)


def _with_chart(**changes: Any) -> dict[str, Any]:
    return BALANCER | {"chart": BALANCER["chart"] | changes}


def test_charts_come_from_the_regions_own_registry_by_version_and_digest_and_nothing_looks_them_up() -> None:
    # The recorder has no network: a chart is loaded by the engine's provider alone.
    release = _balancer()
    assert release["chart"] == f"oci://{HOST}/haven-images/charts/lbc@{DIGEST}"
    assert (release["version"], release["namespace"], release["atomic"]) == ("3.5.0", "kube-system", True)
    assert "repositoryOpts" not in release


def test_the_balancer_controller_asks_no_instance_metadata_and_stands_in_nobodys_way() -> None:
    values = _balancer()["values"]
    assert (values["region"], values["vpcId"], values["clusterName"]) == (REGION, "vpc-1", "ai-euw1")
    assert values["serviceAccount"] == {"create": True, "name": "aws-load-balancer-controller"}
    assert values["enableServiceMutatorWebhook"] is False
    assert (values["replicaCount"], values["podDisruptionBudget"]) == (2, {"maxUnavailable": 1})


def test_a_charts_colon_between_repository_and_tag_gives_the_image_by_digest() -> None:
    image = _balancer()["values"]["image"]
    assert f"{image['repository']}:{image['tag']}" == BALANCER["image"]
    keda = _releases(_declare(keda=KEDA))["keda"].inputs["values"]["image"]["metricsApiServer"]
    assert f"{keda['registry']}/{keda['repository']}:{keda['tag']}" == KEDA["metrics_image"]


@pytest.mark.parametrize("zones", [ZONES, ZONES[:1]])
def test_two_of_each_controller_are_spread_and_follow_a_lost_zone(zones: list[str]) -> None:
    values = _releases(_declare(keda=KEDA, zones=zones))["keda"].inputs["values"]
    parts = {"operator", "metricsServer", "webhooks"}
    assert {values[part]["replicaCount"] for part in parts} == {2}
    for part in parts:
        keys = [each["topologyKey"] for each in values["topologySpreadConstraints"][part]]
        assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"][-len(zones) :]
        assert all(each["nodeTaintsPolicy"] == "Honor" for each in values["topologySpreadConstraints"][part])
    assert {each["tolerationSeconds"] for each in values["tolerations"]} == {30}


def test_kedas_operator_queries_one_workspace_with_an_identity_that_is_there_first() -> None:
    recording = _declare(keda=KEDA)
    (policy,) = (each for each in recording.real() if each.type.endswith(":RolePolicy"))
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement == {"Effect": "Allow", "Action": ["aps:QueryMetrics"], "Resource": KEDA["workspace_arn"]}
    release = _releases(recording)["keda"]
    before = {recording.by_urn[urn].type.rpartition(":")[2] for urn in release.options.dependencies}
    assert before == {"Namespace", "RolePolicy", "PodIdentityAssociation", "ValidatingAdmissionPolicyBinding"}
    without = {key: value for key, value in KEDA.items() if key != "workspace_arn"}
    assert not [each for each in _declare(keda=without).real() if each.type.startswith("aws:")]


def test_kueue_is_asked_about_jobs_of_training_alone() -> None:
    recording = _declare(kueue=KUEUE)
    release = _releases(recording)["kueue"]
    assert release.inputs["namespace"] == "kueue-system"
    (before,) = (recording.by_urn[urn] for urn in release.options.dependencies)
    assert before.type.endswith(":Namespace")
    values = release.inputs["values"]
    config = json.loads(values["managerConfig"]["controllerManagerConfigYaml"])
    assert config["integrations"] == {"frameworks": ["batch/job"]}
    (selected,) = config["managedJobsNamespaceSelector"]["matchExpressions"]
    assert (selected["operator"], selected["values"]) == ("In", ["research", "training"])
    manager = values["controllerManager"]
    assert (manager["replicas"], manager["podDisruptionBudget"]["enabled"]) == (2, True)
    assert f"{manager['manager']['image']['repository']}:{manager['manager']['image']['tag']}" == KUEUE["image"]


def test_a_packaged_chart_is_one_whose_content_was_pinned(tmp_path: Path) -> None:
    package = tmp_path / "chart-3.5.0.tgz"
    package.write_bytes(b"a chart")
    digest = f"sha256:{hashlib.sha256(b'a chart').hexdigest()}"
    here = {"location": str(package), "digest": digest}
    recording = _declare(load_balancer=_with_chart(**here))
    assert _releases(recording)["aws-load-balancer-controller"].inputs["chart"] == str(package)
    package.write_bytes(b"another chart")
    with pytest.raises(pulumi.InputPropertiesError, match=r"load_balancer\.chart\.digest: got"):
        _declare(load_balancer=_with_chart(**here))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, "load_balancer"),
        ({"load_balancer": _with_chart(location="oci://public.ecr.aws/eks/lbc")}, "load_balancer.chart.location"),
        ({"load_balancer": _with_chart(location="https://aws.github.io/lbc.tgz")}, "load_balancer.chart.location"),
        (
            {"load_balancer": _with_chart(location=f"oci://{HOST.replace(REGION, 'eu-central-1')}/lbc")},
            "load_balancer.chart.location",
        ),
        ({"load_balancer": _with_chart(location="gone.tgz")}, "load_balancer.chart.location"),
        ({"load_balancer": _with_chart(version="3.4.1")}, "load_balancer.chart.version"),
        ({"load_balancer": _with_chart(version=">=3.5")}, "load_balancer.chart.version"),
        ({"load_balancer": _with_chart(digest="3.5.0")}, "load_balancer.chart.digest"),
        ({"load_balancer": BALANCER | {"image": f"{HOST}/lbc:v3.5.0"}}, "load_balancer.image"),
        ({"keda": KEDA | {"webhooks_image": "keda:2.21.0"}}, "keda.webhooks_image"),
        ({"keda": KEDA | {"namespace": "Keda"}}, "keda.namespace"),
        ({"keda": KEDA, "zones": []}, "zones"),
        ({"kueue": KUEUE | {"image": "kueue:v0.17.8"}}, "kueue.image"),
        ({"kueue": KUEUE | {"job_namespaces": []}}, "kueue.job_namespaces"),
        ({"kueue": KUEUE | {"chart": KUEUE["chart"] | {"version": "0.16.9"}}}, "kueue.chart.version"),
        ({"keda": KEDA, "cluster_name": "a" * 59}, "cluster_name"),
    ],
)
def test_what_would_not_be_the_pinned_controller_is_refused(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    assert f"  {path}: got" in str(refused.value)
