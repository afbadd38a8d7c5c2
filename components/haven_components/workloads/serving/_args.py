"""Arguments of a model's serving."""

from typing import NotRequired, TypedDict

import pulumi

from haven_components.choices import ModelLoader
from haven_components.workloads._pods import WorkloadScaleArgs
from haven_components.workloads._traces import TracesArgs
from haven_components.workloads.access._access_args import PodUsesArgs
from haven_components.workloads.serving._names import PRIORITY

READINESS_PATH = "/readyz"
PORT = 8080
DEREGISTRATION_DELAY_SECONDS = 120
STALL_SECONDS = 120
"""How long work may make no progress before the engine counts as frozen."""
LOAD_GIB_PER_SECOND = 0.5
"""[assumption] Speed at which weights reach the GPU, from S3 or from a volume."""
ANSWER_TOKENS = 32
WAITING_PER_REPLICA = 5
"""[assumption] Requests in the queue of one replica that are worth another one."""
MAX_NUM_SEQS = 256
"""Requests that one vLLM computes at a time at most, on GPUs with less than 70 GiB; 1024 on most larger ones (vLLM,
arg_utils.py, defaults of the OpenAI server; read 2026-11-26)."""
RUNNING_SHARE = 2 / 3
"""[assumption] How full a replica is meant to be: when one of three zones is lost, the others are full and none waits.
"""
SCRATCH_LIMIT = "10Gi"
"""[assumption] What an engine may keep in its cache, compiled graphs above all, and in `/tmp`."""
API_PATH = "/v1/chat/completions"


class GoldenPromptArgs(TypedDict):
    prompt: str
    """What is asked."""
    pattern: str
    """Regular expression (Python's) that a coherent answer contains."""
    within_seconds: float
    """How long the answer may take, in seconds."""
    max_tokens: NotRequired[int]
    """Length of the answer, in tokens. Omitted: 32."""


class ModelVersionArgs(TypedDict):
    prefix: str
    """Where the version's weights are in the bucket, such as `chat/v2`. It never changes what it holds: another version
    has another prefix."""
    weights_gib: float
    """Size of the weights, in GiB: how long a start may take follows from it."""
    golden_prompts: list[GoldenPromptArgs]
    """Questions whose answers show that this version works: one at least. The start of a pod, the check every minute
    and the runbooks ask them."""
    warmup_prompts: NotRequired[list[str]]
    """What is asked before a pod gets traffic, so that caches of common beginnings are filled. Omitted: nothing."""


class ServedModelArgs(TypedDict):
    name: str
    """By which clients ask for it: `model` of a request."""
    bucket: pulumi.Input[str]
    """Name of the bucket with the weights, in the own Region."""
    versions: dict[str, ModelVersionArgs]
    """Versions by name: at most 40 letters, digits, hyphens, underscores and dots. Keep the last known-good one."""
    version: str
    """The version that serves: a rollback changes this value and no other."""
    loader: NotRequired[ModelLoader]
    """How weights get to the engine. Omitted: streamed from S3."""
    load_gib_per_second: NotRequired[float]
    """Speed at which weights load, in GiB a second: the slowest of network, bucket and volume. Omitted: 0.5."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key, in the own Region, that encrypts the bucket. Omitted: S3's own keys."""


class EngineMetricsArgs(TypedDict):
    running: str
    """Gauge of the requests being computed."""
    waiting: str
    """Gauge of the requests in the queue."""
    progress: list[str]
    """Counters of which one grows whenever the engine gets on with its work."""


class EngineArgs(TypedDict):
    command: NotRequired[list[str]]
    """Command and arguments of a server with OpenAI's API, on 127.0.0.1 and port 8001; `$(MODEL_URI)` is where the
    version's weights are, `$(MODEL_NAME)` the model's name. Omitted: vLLM's, of the image's `vllm` command."""
    arguments: NotRequired[list[str]]
    """Further arguments of the command, such as `--max-model-len=8192`; where the image's own command runs, its
    arguments. Omitted: none."""
    environment: NotRequired[dict[str, str]]
    """Further environment variables. Omitted: none."""
    metrics: NotRequired[EngineMetricsArgs]
    """What of its `/metrics` tells that it works. Omitted: vLLM's."""
    api_path: NotRequired[str]
    """Path that golden prompts are posted to, of OpenAI's API. Omitted: `/v1/chat/completions`; a model without a chat
    template has `/v1/completions`."""
    cpu: NotRequired[str]
    """Processors that a replica asks for, as a Kubernetes quantity. Omitted: 2 for each GPU, 1 without GPUs
    (assumptions)."""
    memory: NotRequired[str]
    """Memory that a replica asks for and may take, `/dev/shm` included, as a Kubernetes quantity. With vLLM and weights
    that are streamed, the process of each GPU buffers 4 GiB of them. Omitted: 12Gi for each GPU, 4Gi without GPUs
    (assumptions)."""
    user_id: NotRequired[int]
    """The user as whom the image runs; not 0. Omitted: 1000."""


class ServingTargetArgs(TypedDict):
    target_group_arn: pulumi.Input[str]
    """ARN of the target group: `target_group_arn` of an `EdgeBalancer`."""
    vpc_id: pulumi.Input[str]
    """Id of the VPC of that target group."""


class ServingPrometheusArgs(TypedDict):
    workspace_id: pulumi.Input[str]
    """Id of the own Region's workspace of Amazon Managed Service for Prometheus: alerts are added to it."""
    endpoint: pulumi.Input[str]
    """Its endpoint, `https://aps-workspaces.<region>.amazonaws.com/workspaces/<id>`, with or without a slash at the
    end: KEDA asks it."""


class ServingAutoscalingArgs(TypedDict):
    waiting_per_replica: NotRequired[int]
    """Waiting requests per replica above which another one starts. Omitted: 5."""
    running_per_replica: NotRequired[int]
    """Requests that one replica computes at a time, above which another one starts: below what it computes at most, or
    a full fleet whose queue is empty shrinks. Omitted: two thirds of `--max-num-seqs` of `engine.arguments`, or of 256,
    vLLM's own on GPUs below 70 GiB (an assumption). A long context fills the KV cache with fewer: lower it then."""
    external_metric: NotRequired[str]
    """Name of a metric of the external metrics API with the number of waiting requests, for a plain
    HorizontalPodAutoscaler. Omitted: KEDA asks Prometheus, and `prometheus` is needed."""
    external_running_metric: NotRequired[str]
    """Name of the metric there with the number of requests being computed. Needed with `external_metric`, and only
    there."""


class ServingCanaryArgs(TypedDict):
    version: str
    """The version that is tried: one of `model.versions`."""
    scale: WorkloadScaleArgs
    """How many replicas it has: the share of `canary_weight` of the `EdgeBalancer` needs as large a share of them."""
    target_group_arn: NotRequired[pulumi.Input[str]]
    """ARN of its target group: `canary_target_group_arn` of an `EdgeBalancer`. Needed with `target`."""


class CachedAnswerArgs(TypedDict):
    pattern: str
    """Regular expression (Python's) that the last message, or the prompt, contains."""
    answer: str
    """What is answered."""


class ServingFallbackArgs(TypedDict):
    scale: WorkloadScaleArgs
    """How many replicas it has; no autoscaler moves them, so both numbers are the same."""
    image: NotRequired[str]
    """Image of the fallback's engine, by digest, which runs without GPUs. Omitted: no model, cached answers alone."""
    model_name: NotRequired[str]
    """By which its engine knows the smaller model: requests are rewritten. Omitted: `model.name`."""
    version: NotRequired[str]
    """The smaller model's weights: one of `model.versions`. Omitted: the image has them."""
    golden_prompts: NotRequired[list[GoldenPromptArgs]]
    """Questions that show that the image's model works. Omitted: those of `version`, or any answer within a minute."""
    engine: NotRequired[EngineArgs]
    """How the smaller model is run. Omitted: as vLLM with `version`, by the image's own command without, which gets
    `HOST` and `PORT`."""
    answers: NotRequired[list[CachedAnswerArgs]]
    """Answers for when no model answers; the first that fits is given. Omitted: none."""
    always: NotRequired[bool]
    """Whether the fallback answers everything, without asking the servers. Omitted: false, it passes requests on to
    them and answers only what they don't."""


class ModelServingArgs(TypedDict):
    region: str
    """The Region of the component's AWS provider and of the cluster, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits."""
    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster."""
    namespace: str
    """Namespace of everything, which exists."""
    zones: list[str]
    """Availability Zones of the nodes."""
    scale: WorkloadScaleArgs
    """How many replicas serve."""
    image: str
    """Image of the server, by digest: vLLM's OpenAI server, or another one with `engine`."""
    tools_image: str
    """Image with Python 3.11 or newer, by digest: what runs beside each server and in the check every minute."""
    model: ServedModelArgs
    """The model, and its versions."""
    engine: NotRequired[EngineArgs]
    """How the server is run. Omitted: as vLLM."""
    gpus: int
    """GPUs of one replica; 0 for a model that runs on processors."""
    node_labels: NotRequired[dict[str, str]]
    """Labels of the nodes that it runs on, such as `haven.dev/pool`. Omitted: any GPU node; without GPUs any node."""
    pools: NotRequired[list[str]]
    """Names of the node groups that it runs on, as `haven.dev/pool` has them. Omitted: as `node_labels` has it."""
    other_pools: NotRequired[list[str]]
    """Names of further node groups, which its pods take where `pools` have no room. Omitted: none."""
    target: NotRequired[ServingTargetArgs]
    """The target group that its pods join. Omitted: it is reached inside the cluster alone."""
    client_cidrs: NotRequired[list[str]]
    """IPv4 blocks whose clients reach its port: the subnets of the load balancer. Needed with `target`. Omitted: pods
    of its namespace alone, and whoever a policy of the namespace lets in."""
    metrics_cidrs: NotRequired[list[str]]
    """IPv4 blocks from which metrics are scraped: the subnets of a managed scraper. Omitted: none."""
    port: NotRequired[int]
    """Port on which pods and Services take requests: `target_port` of the `EdgeBalancer`. Omitted: 8080."""
    readiness_path: NotRequired[str]
    """Path of the load balancer's health check. Omitted: `/readyz`."""
    deregistration_delay_seconds: NotRequired[int]
    """That of the target group, in seconds: how long a pod that ends may finish its answers. Omitted: 120."""
    stall_seconds: NotRequired[int]
    """After how many seconds with work and without progress the engine counts as frozen. Omitted: 120."""
    priority: NotRequired[int]
    """Of the pods, above those of lower numbers when there isn't room for all. Omitted: 100,000."""
    autoscaling: NotRequired[ServingAutoscalingArgs]
    """By what replicas are added. Omitted: by five waiting requests per replica and by those being computed, whichever
    asks for more, where `scale` has room."""
    prometheus: NotRequired[ServingPrometheusArgs]
    """Where the metrics of the pods are. Omitted: no alerts, and without `autoscaling.external_metric` no
    autoscaler."""
    traces: NotRequired[TracesArgs]
    """Where vLLM, or another engine, sends traces. Omitted: it sends none."""
    canary: NotRequired[ServingCanaryArgs]
    """A second version beside the first, on a target group of its own. Omitted: none."""
    fallback: NotRequired[ServingFallbackArgs]
    """What answers while no GPU does. Omitted: nothing."""
    uses: NotRequired[PodUsesArgs]
    """What the engines of servers, canary and fallback use in AWS beside their weights. Omitted: nothing."""
    service_name: NotRequired[str]
    """Name of the Service in front, such as one that both Regions share. Omitted: the component's name."""
    labels: NotRequired[dict[str, str]]
    """Further labels of every object. Omitted: none."""


def traffic_port(args: ModelServingArgs) -> int:
    """Where pods and Services take requests."""
    return int(args.get("port", PORT))


def priority(args: ModelServingArgs) -> int:
    """Of the pods."""
    return int(args.get("priority", PRIORITY))
