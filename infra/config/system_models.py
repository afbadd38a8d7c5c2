"""The shape of `haven:systems`: what runs on the clusters."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from haven.config.base_model import Model, Name, form, refusal
from haven.model.tiers import Tier

IMAGE_BY_DIGEST = r"^[a-z0-9]+([._/-][a-z0-9]+)*@sha256:[0-9a-f]{64}$"
LongText = Annotated[str, Field(min_length=1, max_length=4096)]


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise refusal(
            f"a regular expression of Python ({error})", f"write {re.escape(text)} for the text itself"
        ) from error
    return text


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


class Weights(Model):
    """A model's weights in one of the environment's buckets."""

    name: Annotated[
        str, form(r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$", "a model's name, such as llama-3.1-8b", "llama-3.1-8b")
    ]
    """The name by which clients ask for the model."""
    bucket: Name = "models"
    """The bucket of haven:storage.buckets."""
    path: Annotated[str, form(r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", "a prefix such as llama-3.1-8b", "llama-3.1-8b")]
    """Prefix of all versions of the weights."""
    version: Annotated[str, form(r"^[A-Za-z0-9._-]+$", "a folder below path, such as v2", "v2")]
    """The version that serves: the folder below `path`. The one before is one edit of this value away."""
    weights_gib: Annotated[float, Field(gt=0, le=10000, examples=[15.0])]
    """Size of the weights, GiB: how long a start may take follows from it."""
    golden_prompts: Annotated[list[GoldenPrompt], Field(min_length=1)] = [
        GoldenPrompt(prompt="What is the capital of France?", expect="(?i)paris")
    ]
    """Requests with the pattern of a right answer. Replace the default where your model can't answer it."""


class Fallback(Model):
    """What answers while GPUs are refused: a smaller model on the system nodes."""

    image: Annotated[str, form(IMAGE_BY_DIGEST, "REPOSITORY@sha256:DIGEST", f"fallback@sha256:{'0' * 64}")]
    """Image of a server with the same API that runs on CPU."""
    model: Annotated[str, Field(min_length=1, max_length=128, examples=["qwen2.5-0.5b"])]
    """The model's name there."""
    replicas: Replicas = Replicas()
    """How many of them run in a Region that serves."""


class WorkPool(Model):
    """A Prefect work pool, and the workers that take runs from it."""

    system: Annotated[str, Field(examples=["training"])] | None = None
    """The system in whose namespace its runs are. Omitted: the orchestration's own."""
    workers: Annotated[int, Field(ge=1, le=100)] = 2
    """Workers in the Region that serves."""
    concurrency: Annotated[int, Field(ge=1, le=10000)] | None = None
    """Runs at a time. Omitted: no limit."""


class System(Model):
    """An AI system of the environment."""

    kind: Annotated[
        str, form(r"^[a-z][a-z0-9-]*$", "lower-case letters, digits and hyphens, the first a letter", "model-serving")
    ]
    """model-serving, workflow-orchestration, training, model-registry, feature-store, or a name of your own. Haven runs
    the first four where `image` is given."""
    tier: Annotated[Tier, Field(strict=False)] | None = None
    """At or below the environment's. Omitted: the environment's."""
    image: Annotated[str, form(IMAGE_BY_DIGEST, "REPOSITORY@sha256:DIGEST", f"serving@sha256:{'0' * 64}")] | None = None
    """Image by digest, in a repository of haven:images. Omitted: nothing of the system runs on the clusters."""
    replicas: Replicas = Replicas()
    """Replicas of its servers; of training, jobs that run at a time."""
    gpus: Annotated[int, Field(ge=0, le=16)] = 1
    """GPUs of each replica, for model-serving and training."""
    model: Weights | None = None
    """What a system of kind model-serving serves."""
    fallback: Fallback | None = None
    """What answers while GPUs are refused. Omitted: nothing does."""
    pools: Mapping[Name, WorkPool] = {}
    """Work pools of a system of kind workflow-orchestration."""
    checkpoints: Name = "checkpoints"
    """The bucket of haven:storage.buckets that training writes checkpoints to."""
    checkpoint_minutes: Annotated[float, Field(gt=0, le=1440)] | None = None
    """Minutes between checkpoints. Omitted: half of haven:objectives.rpoMinutes, or 15."""
    command: list[Annotated[str, Field(min_length=1)]] = []
    """Command of a training job. Omitted: the image's own."""
