import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import ModelServing, ModelServingArgs

REGION, ACCOUNT = "eu-west-1", "123456789012"
NAME, NAMESPACE = "haven-test-chat", "chat"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/vllm@sha256:{'a' * 64}"
TOOLS = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/python@sha256:{'b' * 64}"
PROMPT: dict[str, Any] = {"prompt": "What is the capital of France?", "pattern": "(?i)paris", "within_seconds": 20}
VERSIONS: dict[str, Any] = {
    "v1": {"prefix": "chat/v1", "weights_gib": 15.0, "golden_prompts": [PROMPT]},
    "v2": {"prefix": "chat/v2", "weights_gib": 140.0, "golden_prompts": [PROMPT], "warmup_prompts": ["You are"]},
}
MODEL: dict[str, Any] = {"name": "chat", "bucket": "haven-test-models-euw1", "versions": VERSIONS, "version": "v1"}
TARGET = {
    "target_group_arn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/haven-test-tg/0123456789abcdef",
    "vpc_id": "vpc-0123456789abcdef0",
}
PROMETHEUS = {
    "workspace_id": "ws-1",
    "endpoint": f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/ws-1/",
}
KUBECONFIG = json.dumps({"apiVersion": "v1", "kind": "Config"})
BASE: dict[str, Any] = {
    "region": REGION,
    "account_id": ACCOUNT,
    "cluster_name": "haven-test",
    "namespace": NAMESPACE,
    "zones": [f"{REGION}a", f"{REGION}b", f"{REGION}c"],
    "scale": {"minimum": 3, "maximum": 3},
    "image": IMAGE,
    "tools_image": TOOLS,
    "model": MODEL,
    "gpus": 2,
    "client_cidrs": ["10.20.0.0/16"],
}


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        providers = [aws.Provider(REGION, region=REGION), kubernetes.Provider("cluster", kubeconfig=KUBECONFIG)]
        args = cast("ModelServingArgs", BASE | changes)
        made = ModelServing(name, args, pulumi.ResourceOptions(providers=providers))
        for each in ("deployment_name", "service_name", "url", "golden_config_map", "start_seconds"):
            pulumi.export(each, getattr(made, each))

    return record(program, stack="test")


@pytest.fixture(scope="module")
def everything() -> Recording:
    """All that there is: autoscaled servers on a target group, a canary, a fallback with a model and cached answers."""
    canary = {"version": "v2", "scale": {"minimum": 1, "maximum": 1}, "target_group_arn": TARGET["target_group_arn"]}
    fallback = {
        "scale": {"minimum": 2, "maximum": 2},
        "image": IMAGE,
        "model_name": "small",
        "answers": [{"pattern": "(?i)help", "answer": "Try later."}],
    }
    scale = {"minimum": 3, "maximum": 9}
    return _declare(target=TARGET, prometheus=PROMETHEUS, scale=scale, canary=canary, fallback=fallback)


def _kind(recording: Recording, kind: str) -> dict[str, Resource]:
    """Objects of one kind by their names in the cluster."""
    found = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return {each.inputs["metadata"]["name"]: each for each in found}


def _spec(recording: Recording, kind: str, name: str = NAME) -> Any:
    return _kind(recording, kind)[name].inputs["spec"]


def _pod(recording: Recording, name: str = NAME) -> Any:
    return _spec(recording, "Deployment", name)["template"]["spec"]


def test_a_server_loads_the_version_that_serves_from_the_regions_own_bucket(everything: Recording) -> None:
    (engine,) = _pod(everything)["containers"]
    assert engine["command"][:4] == [
        "vllm",
        "serve",
        "s3://haven-test-models-euw1/chat/v1",
        "--load-format=runai_streamer",
    ]
    environment = {each["name"]: each["value"] for each in engine["env"]}
    assert (environment["HF_HUB_OFFLINE"], environment["AWS_REGION"]) == ("1", REGION)
