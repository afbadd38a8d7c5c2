"""The shape of `haven:systems`: what runs on the clusters."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from haven.config.base_model import Model, Name, form, refusal
from haven.model.tiers import Tier
from haven_components.choices import ModelLoader, TrainingCapacity

ImageByDigest = Annotated[
    str,
    form(
        r"^[a-z0-9]+([._/-][a-z0-9]+)*@sha256:[0-9a-f]{64}$",
        "a repository of haven:images and a digest: REPOSITORY@sha256:DIGEST",
        f"serving@sha256:{'0' * 64}",
    ),
]
VersionName = Annotated[
    str, form(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$", "1 to 40 letters, digits, dots and hyphens", "v1")
]
LongText = Annotated[str, Field(min_length=1, max_length=4096)]
Processors = Annotated[float, Field(gt=0, le=1000, examples=[8])]
MemoryGib = Annotated[float, Field(gt=0, le=32768, examples=[24])]
Argument = Annotated[str, Field(min_length=1, examples=["--max-model-len=8192"])]


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise refusal(
            f"a regular expression of Python ({error})", f"write {re.escape(text)} for the text itself"
        ) from error
    return text


class Chart(Model):
    """A Helm chart in a repository of haven:images, as `helm push` left it there."""

    repository: Annotated[
        str,
        form(
            r"^[a-z0-9]+([._/-][a-z0-9]+)*$",
            "a repository of haven:images, such as charts/keda",
            "charts/aws-load-balancer-controller",
        ),
    ]
    """The repository; its last part is the chart's name."""
    version: Annotated[str, form(r"^\d+\.\d+\.\d+$", "a version in full, such as 3.5.0", "3.5.0")]
    """Its version."""
    digest: Annotated[str, form(r"^sha256:[0-9a-f]{64}$", "sha256: and 64 hexadecimal digits", f"sha256:{'0' * 64}")]
    """What `helm push` printed (docs/charts-and-images.md)."""


class BalancerController(Model):
    """The AWS Load Balancer Controller, which registers pods in the load balancers' target groups."""

    chart: Chart
    """Its chart, 3.5.0 or newer."""
    image: ImageByDigest
    """Its image."""


class Keda(Model):
    """KEDA, which scales servers of models by their requests, waiting and running."""

    chart: Chart
    """Its chart, 2.21 or newer."""
    operator_image: ImageByDigest
    """Image of the operator."""
    metrics_image: ImageByDigest
    """Image of the metrics API server."""
    webhooks_image: ImageByDigest
    """Image of the admission webhooks."""


class Kueue(Model):
    """Kueue, which admits training jobs as a whole within a quota."""

    chart: Chart
    """Its chart, 0.17 or newer."""
    image: ImageByDigest
    """Its image."""


class Telemetry(Model):
    """What runs in each cluster for traces and GPU metrics, in the namespace observability."""

    collector_image: ImageByDigest
    """Image of the AWS Distro for OpenTelemetry, the collector of traces."""
    replicas: Annotated[int, Field(ge=1, le=100)] = 2
    """Replicas of the collector, in both Regions."""
    gpu_image: ImageByDigest | None = None
    """Image of NVIDIA's dcgm-exporter. Omitted: no metrics of GPUs in Prometheus."""


class Controllers(Model):
    """Controllers that EKS has no add-on for, installed from the own Region's charts and images."""

    load_balancer: BalancerController | None = None
    """The AWS Load Balancer Controller. Omitted: not installed, so somebody else has to."""
    keda: Keda | None = None
    """KEDA. Omitted: not installed."""
    kueue: Kueue | None = None
    """Kueue, for systems with `queue: true`. Omitted: not installed."""
    telemetry: Telemetry | None = None
    """A collector of traces and an exporter of GPU metrics. Omitted: none."""


class Replicas(Model):
    """Replicas of a system in the Region that serves."""

    minimum: Annotated[int, Field(ge=1, le=1000)] = 2
    """Replicas that always run."""
    maximum: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Replicas to which autoscaling may go. Omitted: `minimum`, so no autoscaling."""


class GoldenPrompt(Model):
    """A request whose answer shows that the model works: at its start, every minute, and after a failover."""

    prompt: Annotated[LongText, Field(examples=["What is the capital of France?"])]
    """What the model is asked."""
    expect: Annotated[LongText, AfterValidator(_regular_expression), Field(examples=["(?i)paris"])]
    """Regular expression that a coherent answer contains."""
    within_seconds: Annotated[float, Field(gt=0, le=600)] = 20
    """How long the answer may take, seconds."""


class ModelVersion(Model):
    """One version of a model's weights, under a prefix whose objects never change."""

    prefix: Annotated[
        str, form(r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", "a prefix such as llama-3.1-8b/v1", "llama-3.1-8b/v1")
    ]
    """Where the version's weights are in the bucket."""
    weights_gib: Annotated[float, Field(gt=0, le=10000, examples=[15.0])]
    """Size of the weights, GiB: how long a start may take follows from it."""
    golden_prompts: Annotated[list[GoldenPrompt], Field(min_length=1)]
    """Requests with the pattern of a right answer."""


class Canary(Model):
    """A second version that answers a small share of the requests."""

    version: VersionName
    """One of `versions`."""
    percent: Annotated[int, Field(ge=1, le=50)] = 5
    """Share of the requests that the load balancer sends to it."""
    replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    """Its replicas in the Region that serves."""


class ServedModel(Model):
    """What a system serves: weights in one of the environment's buckets."""

    name: Annotated[
        str, form(r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$", "a model's name, such as llama-3.1-8b", "llama-3.1-8b")
    ]
    """The name by which clients ask for the model."""
    bucket: Name = "models"
    """The bucket of haven:storage.buckets."""
    versions: Annotated[Mapping[VersionName, ModelVersion], Field(min_length=1)]
    """Versions by name. Keep the last known-good one."""
    version: VersionName
    """The version that serves, one of `versions`: a rollback changes this value and no other."""
    canary: Canary | None = None
    """A second version that is tried. Omitted: none."""
    loader: Annotated[ModelLoader, Field(strict=False)] = ModelLoader.STREAMER
    """How weights get to the GPU."""
    running_per_replica: Annotated[int, Field(ge=1, le=100_000, examples=[64])] | None = None
    """Requests that a replica computes at a time, above which autoscaling adds another one. Omitted: 170, two thirds of
    what vLLM computes at most on GPUs below 70 GiB (an assumption): measure it, with a long context it is less."""


class CachedAnswer(Model):
    """An answer that needs no model."""

    question: Annotated[LongText, AfterValidator(_regular_expression), Field(examples=["(?i)^help$"])]
    """Regular expression that the question contains."""
    answer: LongText
    """What is answered."""


class Fallback(Model):
    """What answers while GPUs are refused: a smaller model on the system nodes."""

    image: ImageByDigest | None = None
    """Image of a server with the same API that runs on CPU and has its model. Omitted: cached answers alone."""
    model: Annotated[str, Field(min_length=1, max_length=128, examples=["qwen2.5-0.5b"])] | None = None
    """The model's name there. Omitted: the same name."""
    answers: list[CachedAnswer] = []
    """Answers for when no model answers; the first that fits is given."""
    replicas: Annotated[int, Field(ge=1, le=1000)] = 2
    """How many of them run in a Region that serves."""
    cpu: Processors | None = None
    """Processors that each asks for, with `image`. Omitted: half of what a system node has for pods, without the front
    beside it (docs/workloads.md has the arithmetic)."""
    memory_gib: MemoryGib | None = None
    """Memory that each asks for and may take, GiB, with `image`. Omitted: as `cpu`."""
    engine_arguments: list[Argument] = []
    """Arguments of the image's own command. Omitted: none."""


class Uses(Model):
    """What the pods of a system may use of the environment, in their own Region."""

    buckets: Mapping[Name, Literal["read", "write"]] = {}
    """Bucket -> read, or write and read."""
    tables: Mapping[Name, Literal["read", "write"]] = {}
    """Table -> read, or write and read."""
    queues: Mapping[Name, Literal["send", "receive", "both"]] = {}
    """Queue -> send, receive, or both."""
    secrets: list[Name] = []
    """Secrets of haven:secrets that they read."""
    systems: Annotated[list[Name], Field(examples=[["registry"]])] = []
    """Other systems that they call inside the cluster (docs/workloads.md has the addresses)."""


class WorkPool(Model):
    """A Prefect work pool, and the workers that take runs from it."""

    system: Annotated[str, Field(examples=["training"])] | None = None
    """The system in whose namespace its runs are. Omitted: the orchestration's own."""
    image: ImageByDigest | None = None
    """Image of the runs, by digest. Omitted: the image of `system`, or of the orchestration."""
    workers: Annotated[int, Field(ge=1, le=10)] = 2
    """Workers in the Region that serves."""
    concurrency: Annotated[int, Field(ge=1, le=10000)] | None = None
    """Runs at a time. Omitted: no limit."""

    def namespace(self, orchestration: str) -> str:
        """The system in whose namespace workers and flow runs are: its own, or the orchestration that declares it."""
        return self.system or orchestration


class TrainingJob(Model):
    """A training run."""

    command: list[Annotated[str, Field(min_length=1)]] = []
    """What each worker runs. Omitted: the image's entry point."""
    workers: Annotated[int, Field(ge=1, le=1000)] = 1
    """Pods that run together."""
    gpus: Annotated[int, Field(ge=0, le=16)] = 1
    """GPUs of each worker."""
    capacity: Annotated[TrainingCapacity, Field(strict=False)] = TrainingCapacity.ON_DEMAND
    """Which nodes it takes."""
    cpu: Processors | None = None
    """Processors that each worker asks for. Omitted: the share of its GPUs in what the smallest node that it may get
    has for pods; without GPUs half of a system node."""
    memory_gib: MemoryGib | None = None
    """Memory that each worker asks for and may take, `/dev/shm` included, GiB. Omitted: as `cpu`."""


class System(Model):
    """An AI system of the environment."""

    kind: Annotated[
        str,
        form(
            r"^[a-z][a-z0-9-]*$",
            "lower-case letters, digits and hyphens, the first a letter",
            "model-serving",
            others=("training", "workflow-orchestration", "model-registry", "feature-store"),
        ),
    ]
    """model-serving, workflow-orchestration, training, model-registry, feature-store, or a name of your own. Haven runs
    the first four where `image` is given."""
    tier: Annotated[Tier, Field(strict=False)] | None = None
    """At or below the environment's. Omitted: the environment's."""
    image: ImageByDigest | None = None
    """Image by digest, in a repository of haven:images. Omitted: nothing of the system runs on the clusters."""
    replicas: Replicas = Replicas()
    """Replicas of its servers."""
    gpus: Annotated[int, Field(ge=0, le=16)] = 1
    """GPUs of each replica, for model-serving."""
    cpu: Processors | None = None
    """Processors that the server of each replica asks for, for model-serving. Omitted: the share of its GPUs in what
    the smallest node that it may get has for pods, without the front beside it; without GPUs half of a system node."""
    memory_gib: MemoryGib | None = None
    """Memory that the server of each replica asks for and may take, `/dev/shm` included, GiB, for model-serving.
    Omitted: as `cpu`."""
    engine_arguments: list[Argument] = []
    """Further arguments of vLLM, for model-serving. Omitted: none."""
    other_node_groups: Annotated[list[Name], Field(examples=[["training"]])] = []
    """GPU node groups of other systems on which servers of kind model-serving run where their own groups have no room;
    training gives way to them there. A failover starts nodes of these groups in place of those that don't come.
    Omitted: none."""
    tools_image: ImageByDigest | None = None
    """Image with Python 3.11 or newer, by digest: what runs beside each server of kind model-serving."""
    model: ServedModel | None = None
    """What a system of kind model-serving serves."""
    exposed: bool | None = None
    """Whether the load balancer sends its requests to this system of kind model-serving. Omitted: it does where there
    is one such system."""
    fallback: Fallback | None = None
    """What answers while GPUs are refused. Omitted: nothing does."""
    uses: Uses = Uses()
    """What its pods may use: servers of models and registries, training jobs, flow runs, and pods of your own under the
    service account that is called like the system. Omitted: nothing beside what its kind needs."""
    pools: Mapping[Name, WorkPool] = {}
    """Work pools of a system of kind workflow-orchestration."""
    password_version: Annotated[int, Field(ge=1, le=100)] = 1
    """Of the password of a system's database user: raise it by one, and `up` gives the user another one
    (docs/workloads.md). It never goes down."""
    artifacts: Name = "artifacts"
    """The bucket of haven:storage.buckets that a system of kind model-registry keeps artifacts in."""
    jobs: Mapping[Name, TrainingJob] = {}
    """Training runs of a system of kind training. Omitted: none; its namespace, identity and quota are there."""
    queue: bool = False
    """Whether the jobs of a system of kind training wait in a queue of Kueue until all workers of one fit into what the
    system's GPU node groups have."""
    checkpoints: Name = "checkpoints"
    """The bucket of haven:storage.buckets that training writes checkpoints to."""
    checkpoint_minutes: Annotated[float, Field(gt=0, le=1440, examples=[10])] | None = None
    """Minutes between checkpoints. Omitted: a third of haven:objectives.rpoMinutes, or 10 without one: what remains is
    for saving and replicating."""

    @property
    def runs(self) -> bool:
        """Whether it runs on the clusters."""
        return self.image is not None
