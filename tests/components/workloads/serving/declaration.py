"""A declaration of ModelServing that several tests change."""

import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

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
TARGETS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup"
TARGET = {"target_group_arn": f"{TARGETS}/haven-test-tg/0123456789abcdef", "vpc_id": "vpc-0123456789abcdef0"}
PROMETHEUS = {
    "workspace_id": "ws-1",
    "endpoint": f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/ws-1/",
}
CANARY = {
    "version": "v2",
    "scale": {"minimum": 1, "maximum": 1},
    "target_group_arn": f"{TARGETS}/haven-test-canary/0123456789abcdef",
}
FALLBACK = {
    "scale": {"minimum": 2, "maximum": 2},
    "image": IMAGE,
    "model_name": "small",
    "answers": [{"pattern": "(?i)help", "answer": "Try later."}],
}
ONE_COUNT, ROOM = {"minimum": 3, "maximum": 3}, {"minimum": 3, "maximum": 9}
BASE: dict[str, Any] = {
    "region": REGION,
    "account_id": ACCOUNT,
    "cluster_name": "haven-test",
    "namespace": NAMESPACE,
    "zones": [f"{REGION}a", f"{REGION}b", f"{REGION}c"],
    "scale": ONE_COUNT,
    "image": IMAGE,
    "tools_image": TOOLS,
    "model": MODEL,
    "gpus": 2,
    "client_cidrs": ["10.20.224.0/21"],
    "metrics_cidrs": ["10.20.0.0/18"],
}
EVERYTHING: dict[str, Any] = {
    "target": TARGET,
    "prometheus": PROMETHEUS,
    "scale": ROOM,
    "canary": CANARY,
    "fallback": FALLBACK,
}


def declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        kubeconfig = json.dumps({"apiVersion": "v1", "kind": "Config"})
        providers: list[pulumi.ProviderResource] = [
            aws.Provider(REGION, region=REGION),
            kubernetes.Provider("cluster", kubeconfig=kubeconfig),
        ]
        args = cast("ModelServingArgs", BASE | changes)
        made = ModelServing(name, args, pulumi.ResourceOptions(providers=providers))
        for each in ("deployment_name", "service_name", "url", "golden_config_map", "start_seconds"):
            pulumi.export(each, getattr(made, each))

    return record(program, stack="test")


def kind(recording: Recording, wanted: str) -> dict[str, Resource]:
    """Objects of one kind by their names in the cluster."""
    found = (each for each in recording.real() if each.type.endswith(f":{wanted}"))
    return {each.inputs["metadata"]["name"]: each for each in found}


def spec(recording: Recording, wanted: str, name: str = NAME) -> Any:
    return kind(recording, wanted)[name].inputs["spec"]


def pod(recording: Recording, name: str = NAME) -> Any:
    return spec(recording, "Deployment", name)["template"]["spec"]
