"""A language model on GPUs behind a target group, with a canary and a fallback without GPUs."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from haven_components import GoldenPromptArgs, ModelServing

account = pulumi.Config().get("account") or "123456789012"
region = "eu-west-1"
registry = f"{account}.dkr.ecr.{region}.amazonaws.com"
targets = f"arn:aws:elasticloadbalancing:{region}:{account}:targetgroup"

provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
cluster = kubernetes.Provider(
    "cluster", kubeconfig=json.dumps({"apiVersion": "v1", "kind": "Config"}), enable_server_side_apply=True
)

capital: GoldenPromptArgs = {
    "prompt": "What is the capital of France?",
    "pattern": "(?i)paris",
    "within_seconds": 20,
}
serving = ModelServing(
    "example-chat",
    {
        "region": region,
        "account_id": account,
        "cluster_name": "example",
        "namespace": "chat",
        "zones": [f"{region}a", f"{region}b", f"{region}c"],
        "scale": {"minimum": 3, "maximum": 9},
        "image": f"{registry}/vllm@sha256:{'a' * 64}",
        "tools_image": f"{registry}/python@sha256:{'b' * 64}",
        "model": {
            "name": "chat",
            "bucket": f"example-models-{account}-euw1",
            "versions": {
                "v1": {"prefix": "chat/v1", "weights_gib": 15, "golden_prompts": [capital]},
                "v2": {"prefix": "chat/v2", "weights_gib": 16, "golden_prompts": [capital]},
            },
            "version": "v1",  # a rollback, or the step after a good canary, changes this value and no other
        },
        "gpus": 1,
        "client_cidrs": ["10.20.192.0/21", "10.20.200.0/21", "10.20.208.0/21"],  # the load balancer's subnets
        "metrics_cidrs": ["10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18"],  # the scraper's
        "target": {"target_group_arn": f"{targets}/example-tg/0123456789abcdef", "vpc_id": "vpc-0123456789abcdef0"},
        "prometheus": {
            "workspace_id": "ws-01234567",
            "endpoint": f"https://aps-workspaces.{region}.amazonaws.com/workspaces/ws-01234567",
        },
        "canary": {
            "version": "v2",
            "scale": {"minimum": 1, "maximum": 1},
            "target_group_arn": f"{targets}/example-canary/0123456789abcdef",
        },
        "fallback": {
            "scale": {"minimum": 2, "maximum": 2},
            "image": f"{registry}/small@sha256:{'c' * 64}",
            "model_name": "small-chat",
            "answers": [{"pattern": "(?i)^help$", "answer": "We answer shortly. Please try again."}],
        },
    },
    pulumi.ResourceOptions(providers=[provider, cluster]),
)

pulumi.export("ask", serving.url)
pulumi.export("scale", serving.deployment_name)
pulumi.export("golden prompts", serving.golden_config_map)
