"""Secrets that Prefect's and MLflow's pods mount from the own Region."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import ModelRegistry, WorkflowOrchestrator, WorkloadSecretArgs, kubernetes_provider

REGION, ACCOUNT = "eu-west-1", "123456789012"
PLACE: dict[str, Any] = {
    "cluster_name": "test",
    "zones": ["eu-west-1a", "eu-west-1b"],
    "scale": {"minimum": 2, "maximum": 2},
    "image": f"registry/test@sha256:{'a' * 64}",
    "database": {
        "host": "database.internal",
        "name": "test",
        "secret_name": "database",
        "administrator_secret_name": "administrator",
    },
    "network_cidrs": ["10.20.0.0/16"],
}


def secret(name: str) -> WorkloadSecretArgs:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
    return {"provider_class": name, "secret": f"haven-test-{name}", "kms_key_arn": key}


def recorded() -> Recording:
    def program() -> None:
        cluster = kubernetes_provider("cluster", "{}", cluster_name="test")
        options = pulumi.ResourceOptions(providers=[cluster, aws.Provider("aws", region=REGION)])
        registry: Any = {
            **PLACE,
            "region": REGION,
            "account_id": ACCOUNT,
            "namespace": "models",
            "bucket": {"name": "artifacts", "kms_key_arn": secret("x")["kms_key_arn"]},
            "secrets": [secret("database")],
            "administrator_secrets": [secret("administrator")],
        }
        flows: Any = {
            **PLACE,
            "namespace": "flows",
            "messaging": {"host": "cache.internal", "secret_name": "cache"},
            "auth_secret_name": "api",
            "pools": {"nightly": {"namespace": "training", "image": PLACE["image"], "service_account": "training"}},
            "secrets": {
                "region": REGION,
                "account_id": ACCOUNT,
                "servers": [secret("database"), secret("cache"), secret("api")],
                "administrator": [secret("administrator")],
                "workers": [secret("api")],
            },
        }
        ModelRegistry("registry", registry, options)
        WorkflowOrchestrator("flows", flows, options)

    return record(program, stack="test")


def mounted(workload: Resource) -> list[str]:
    """The SecretProviderClasses that the pods of a Deployment or a Job mount, each of them in every container."""
    pod = workload.inputs["spec"]["template"]["spec"]
    volumes = {each["name"]: each["csi"]["volumeAttributes"] for each in pod["volumes"] if "csi" in each}
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        assert set(volumes) <= {each["name"] for each in container["volumeMounts"]}
    return sorted(each["secretProviderClass"] for each in volumes.values())


def test_pods_mount_the_classes_whose_secrets_they_use_and_no_others() -> None:
    found = {each.name: each for each in recorded().real() if each.type.rpartition(":")[2] in ("Deployment", "Job")}
    assert mounted(found["registry-server"]) == ["database"]
    assert mounted(found["flows-server"]) == ["api", "cache", "database"]
    assert mounted(found["flows-nightly"]) == ["api"]
    jobs = {name.rpartition("-")[0]: each for name, each in found.items() if each.type.endswith(":Job")}
    assert mounted(jobs["registry-migration"]) == ["administrator", "database"]
    assert mounted(jobs["flows-migration"]) == ["administrator", "api", "cache", "database"]
    assert mounted(jobs["flows-settings"]) == ["api", "cache", "database"]


def test_the_administrators_secret_is_in_the_environment_of_what_creates_the_user_alone() -> None:
    for each in recorded().real():
        pod = each.inputs.get("spec", {}).get("template", {}).get("spec", {})
        for container in [*pod.get("containers", []), *pod.get("initContainers", [])]:
            secrets = {one["valueFrom"]["secretKeyRef"]["name"] for one in container["env"] if "valueFrom" in one}
            assert ("administrator" in secrets) == (container["name"] == "user"), each


def test_each_service_account_reads_its_own_secrets_in_its_own_region() -> None:
    policies = {each.name: each.inputs["policy"] for each in recorded().real() if "RolePolicy" in each.type}
    read = {
        name: {
            arn for each in json.loads(text)["Statement"] if each.get("Sid") == "Secrets" for arn in each["Resource"]
        }
        for name, text in policies.items()
    }
    prefix = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:haven-test"
    assert sorted(map(sorted, read.values())) == sorted(
        [
            [f"{prefix}-database-??????"],
            sorted(f"{prefix}-{each}-??????" for each in ("database", "administrator")),
            sorted(f"{prefix}-{each}-??????" for each in ("database", "cache", "api", "administrator")),
            sorted(f"{prefix}-{each}-??????" for each in ("database", "cache", "api")),
            [f"{prefix}-api-??????"],
        ]
    )


def test_pods_that_mount_secrets_come_after_the_role_with_which_they_read_them() -> None:
    recording = recorded()
    for each in recording.real():
        if each.type.rpartition(":")[2] in ("Deployment", "Job"):
            account = each.inputs["spec"]["template"]["spec"]["serviceAccountName"]
            before = [recording.by_urn[urn] for urn in each.options.dependencies if urn in recording.by_urn]
            roles = [one.inputs.get("serviceAccount") for one in before if "PodIdentityAssociation" in one.type]
            assert account in roles, each.name
            assert any(one.type.endswith(":ValidatingAdmissionPolicyBinding") for one in before), each.name
