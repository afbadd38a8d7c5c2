import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import ModelRegistry, ModelRegistryArgs, kubernetes_provider

REGION, ACCOUNT, NAME = "eu-west-1", "123456789012", "models"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"


def _declare(**changes: Any) -> Recording:
    args: dict[str, Any] = {
        "region": REGION,
        "account_id": ACCOUNT,
        "cluster_name": "ai",
        "namespace": "registry",
        "zones": ["eu-west-1a", "eu-west-1b"],
        "scale": {"minimum": 2, "maximum": 2},
        "image": f"registry/mlflow@sha256:{'a' * 64}",
        "database": {"host": "writer.internal", "name": "mlflow", "secret_name": "database"},
        "bucket": {"name": "artifacts-euw1", "kms_key_arn": KEY},
        "network_cidrs": ["10.20.0.0/16"],
    }

    def program() -> None:
        providers = [aws.Provider(REGION, region=REGION), kubernetes_provider("k8s", "{}", cluster_name="ai")]
        made = ModelRegistry(
            NAME, cast("ModelRegistryArgs", args | changes), pulumi.ResourceOptions(providers=providers)
        )
        pulumi.export("url", made.url)
        pulumi.export("deployment", made.deployment_name)

    return record(program, stack="test")


@pytest.fixture(scope="module")
def recording() -> Recording:
    return _declare()


def _one(recording: Recording, kind: str, name: str = "") -> Resource:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}") and each.name.startswith(name))
    return found


def _container(recording: Recording, kind: str = "Deployment", part: str = "containers") -> dict[str, Any]:
    (container,) = _one(recording, kind).inputs["spec"]["template"]["spec"][part]
    found: dict[str, Any] = container
    return found


def _after(command: list[str], option: str) -> str:
    return command[command.index(option) + 1]


def test_servers_keep_runs_in_the_database_and_artifacts_in_the_region_s_bucket(recording: Recording) -> None:
    command = _container(recording)["command"]
    assert _after(command, "--backend-store-uri") == "postgresql+psycopg2://writer.internal:5432/mlflow"
    assert _after(command, "--artifacts-destination") == "s3://artifacts-euw1/mlflow"
    assert "--serve-artifacts" in command


def test_servers_answer_under_the_service_s_names_and_those_that_are_given() -> None:
    recording = _declare(service_name="mlflow", allowed_hosts=["models.example.internal"])
    hosts = _after(_container(recording)["command"], "--allowed-hosts").split(",")
    assert "mlflow.registry.svc.cluster.local:5000" in hosts
    assert {"mlflow:5000", "localhost:5000", "models.example.internal"} <= set(hosts)
    assert recording.outputs["url"] == "http://mlflow.registry.svc.cluster.local:5000"
    assert _one(recording, "Service").inputs["metadata"]["name"] == "mlflow"


def test_the_server_runs_no_jobs_of_its_own_and_gets_its_password_from_a_secret(recording: Recording) -> None:
    variables = {each["name"]: each.get("value", each.get("valueFrom")) for each in _container(recording)["env"]}
    assert variables["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert variables["PGPASSWORD"] == {"secretKeyRef": {"name": "database", "key": "password"}}
    assert (variables["PGSSLMODE"], variables["AWS_REGION"]) == ("verify-full", REGION)
    assert variables["PGSSLROOTCERT"] == "/opt/haven/database-certificates.pem"


def test_a_standby_reads_from_the_reader_and_migrates_nothing(recording: Recording) -> None:
    standby = _declare(reader_host="reader.internal")
    command = _container(standby)["command"]
    assert _after(command, "--backend-store-uri") == "postgresql+psycopg2://reader.internal:5432/mlflow"
    assert _container(standby, part="initContainers")["command"][-1] == "wait-readable"
    assert _container(recording, part="initContainers")["command"][-1] == "wait"
    there, here = _one(standby, "Job"), _one(recording, "Job")
    assert (there.inputs["spec"]["suspend"], here.inputs["spec"]["suspend"]) == (True, False)
    assert there.name == here.name
    assert there.inputs["spec"]["template"] == here.inputs["spec"]["template"]


def test_the_role_reaches_artifacts_below_the_prefix_and_the_key(recording: Recording) -> None:
    statements = {each["Sid"]: each for each in json.loads(_one(recording, "RolePolicy").inputs["policy"])["Statement"]}
    assert statements["Artifacts"]["Resource"] == "arn:aws:s3:::artifacts-euw1/mlflow/*"
    assert statements["List"]["Condition"] == {"StringLike": {"s3:prefix": ["mlflow", "mlflow/*"]}}
    assert statements["Key"]["Resource"] == KEY
    assert statements.keys() == {"Artifacts", "List", "Key"}


def test_two_replicas_over_two_zones_are_drained_one_at_a_time(recording: Recording) -> None:
    assert _one(recording, "Deployment").inputs["spec"]["replicas"] == 2
    assert _one(recording, "PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == "50%"


def test_with_room_to_scale_the_autoscaler_alone_decides() -> None:
    recording = _declare(scale={"minimum": 2, "maximum": 6})
    assert "replicas" not in _one(recording, "Deployment").inputs["spec"]
    assert _one(recording, "HorizontalPodAutoscaler").inputs["spec"]["maxReplicas"] == 6


def test_every_probe_asks_the_server_and_not_its_database(recording: Recording) -> None:
    server = _container(recording)
    probes = ("startupProbe", "readinessProbe", "livenessProbe")
    assert {server[each]["httpGet"]["path"] for each in probes} == {"/health"}


def test_only_known_namespaces_reach_the_servers() -> None:
    policy = _one(_declare(client_namespaces=["chat"]), "NetworkPolicy", f"{NAME}-server").inputs["spec"]
    (ingress,) = policy["ingress"]
    callers = [each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in ingress["from"]]
    assert callers == ["chat", "registry"]


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            account_id="1",
            image="mlflow",
            zones=["a", "a"],
            database={"host": "h", "name": "ml-flow", "secret_name": "database"},
            bucket={"name": "b", "kms_key_arn": KEY, "prefix": "/mlflow"},
        )
    assert re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE) == [
        "account_id",
        "zones",
        "image",
        "database.name",
        "bucket.prefix",
    ]
