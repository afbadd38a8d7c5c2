"""Arguments of `TrainingJobs`."""

import re
from typing import NotRequired, TypedDict

import pulumi

from haven_components.choices import TrainingCapacity
from haven_components.limits import Range
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._pods import WorkloadScaleArgs, require_image, require_scale
from haven_components.workloads._traces import TracesArgs
from haven_components.workloads.access._access_args import PodUsesArgs
from haven_components.workloads.access._access_checks import check_uses

MOST_NAME_CHARACTERS = 52
"""Of a Job: its pods' host names append an index, and have at most 63 characters (Kubernetes documentation, Indexed
Jobs; read 2026-11-26)."""
GPUS, WORKERS, RETRIES, KEEP = Range(0, 16), Range(1, 1000), Range(0, 100), Range(1, 1000)
"""GPUS: as many as the largest instance types have; the others are bounds against slips, no limits of Kubernetes."""
INTERVAL_MINUTES = (0, 1440)
DEFAULT_KEEP, DEFAULT_RETRIES, DEFAULT_SCRATCH = 3, 3, "100Gi"


class TrainingCheckpointsArgs(TypedDict):
    bucket: pulumi.Input[str]
    """Name of the bucket in the own Region, a side of a `ReplicatedBucket`: jobs write and read there alone."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in the same Region, that encrypts the bucket."""
    interval_minutes: float
    """Minutes between two checkpoints, more than 0 and at most 1,440: what a killed job computes a second time. A lost
    Region costs the time to save and to replicate too (docs/checkpoints.md)."""
    prefix: NotRequired[str]
    """What the keys of all checkpoints begin with, the same in both Regions. Omitted: the component's name."""
    keep: NotRequired[int]
    """How many complete checkpoints of a job are kept, 1 to 1,000. Omitted: 3, an assumption."""


class TrainingJobArgs(TypedDict):
    name: str
    """Names the job within the component: the Job is called `<component>-<name>`, and its checkpoints are below
    `<prefix>/<name>/`."""
    command: NotRequired[list[str]]
    """What each worker runs. Omitted: the image's entry point."""
    arguments: NotRequired[list[str]]
    """Its arguments. Omitted: the image's own."""
    environment: NotRequired[dict[str, str]]
    """Environment variables. Omitted: the convention's alone."""
    workers: NotRequired[int]
    """Pods that run together, 1 to 1,000, as an Indexed Job. With more than one, each gets `PET_NNODES`,
    `PET_NODE_RANK`, `PET_MASTER_ADDR` and `PET_MASTER_PORT`, which torchrun reads. Omitted: `scale.maximum`."""
    gpus: NotRequired[int]
    """GPUs of each worker, 0 to 16. Omitted: 1."""
    capacity: NotRequired[TrainingCapacity]
    """Which nodes it takes. Omitted: `on-demand`."""
    pools: NotRequired[list[str]]
    """Names of the node groups that it may run on, as `haven.dev/pool` has them. Omitted: all, with a queue all of the
    queue. With a queue only those that have the job's `capacity`."""
    cpu: NotRequired[str]
    """Processors of each worker, a Kubernetes quantity. Omitted: 2 for each GPU, 1 without GPUs (assumptions)."""
    memory: NotRequired[str]
    """Memory of each worker, shared memory included, a Kubernetes quantity. Omitted: 12Gi for each GPU, 4Gi without
    GPUs (assumptions)."""
    scratch: NotRequired[str]
    """What each worker may write to `/tmp` on its node's disk, a Kubernetes quantity; beyond it the worker ends.
    Omitted: 100Gi, an assumption."""
    retries: NotRequired[int]
    """How often each worker may fail by itself before the job counts as failed, 0 to 100. A lost, drained or reclaimed
    node isn't a failure. Omitted: 3, an assumption."""


class TrainingPoolQuotaArgs(TypedDict):
    pool: str
    """Name of the node group, as `haven.dev/pool` has it."""
    spot: NotRequired[bool]
    """Whether its nodes are spot instances: Kueue doesn't see which nodes a job's `capacity` names, and would admit it
    into a group where its pods find none. Omitted: false."""
    gpus: int
    """GPUs of the group that the jobs may take together."""
    cpu: str
    """Processors of the group that they may take together, a Kubernetes quantity."""
    memory: str
    """Memory of the group that they may take together, a Kubernetes quantity."""


class TrainingQueueArgs(TypedDict):
    pools: list[TrainingPoolQuotaArgs]
    """What of which node group the jobs may take, the preferred group first; spot groups come before the others. All
    workers of a job start together, in one group, or wait."""


class TrainingJobsArgs(TypedDict):
    region: str
    """The cluster's Region, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits."""
    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster."""
    namespace: str
    """The Kubernetes namespace, which exists."""
    zones: list[str]
    """The zones that the workers may run in, one at least."""
    scale: WorkloadScaleArgs
    """`minimum` 0 suspends the jobs, as where nothing runs on standby: their pods go, and come back from the newest
    checkpoint. `maximum` is the number of workers of each job that names none."""
    image: pulumi.Input[str]
    """Image of the workers by digest, in the own Region's registry."""
    checkpoints: TrainingCheckpointsArgs
    """Where the jobs leave checkpoints, and how often."""
    jobs: list[TrainingJobArgs]
    """The jobs, one at least."""
    read_buckets: NotRequired[list[pulumi.Input[str]]]
    """Names of buckets in the own Region, encrypted with the same key, that the jobs read, such as training data.
    Omitted: none."""
    uses: NotRequired[PodUsesArgs]
    """What the workers use in AWS beside checkpoints and `read_buckets`. Omitted: nothing."""
    queue: NotRequired[TrainingQueueArgs]
    """A queue of Kueue 0.17, whose controller runs in the cluster: it admits whole jobs within a quota. Omitted: the
    jobs start at once, each pod as soon as it finds a node."""
    traces: NotRequired[TracesArgs]
    """Where the jobs send traces, as far as their code makes any. Omitted: nowhere."""
    labels: NotRequired[dict[str, str]]
    """Labels of all pods, beside the component's own. Omitted: none."""


def job_name(name: str, job: TrainingJobArgs) -> str:
    """What a job's objects are called."""
    return f"{name}-{job['name']}"


def job_pools(args: TrainingJobsArgs, job: TrainingJobArgs) -> list[str]:
    """The node groups that a job is limited to; none: it isn't."""
    if "queue" not in args:
        return job.get("pools", [])
    capacity = TrainingCapacity(job.get("capacity", TrainingCapacity.ON_DEMAND))
    found = [each["pool"] for each in args["queue"]["pools"] if capacity.takes(spot=each.get("spot", False))]
    return [each for each in found if each in job.get("pools", found)]


def validate(name: str, args: TrainingJobsArgs) -> None:
    """Raise every problem with the arguments."""
    checks = Checks("TrainingJobs", name, TrainingJobsArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS - 2),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: require_scale(checks, args["scale"]),
        lambda: require_image(checks, args["image"]),
        lambda: _checks.require_some(checks, "zones", args["zones"]),
        lambda: _require_checkpoints(checks, args["checkpoints"]),
        lambda: _require_jobs(checks, name, args["jobs"]),
        lambda: _require_queue(checks, args),
        lambda: check_uses(checks, "uses", args.get("uses", {})),
    )


def _require_checkpoints(checks: Checks, checkpoints: TrainingCheckpointsArgs) -> None:
    interval, (least, most) = checkpoints["interval_minutes"], INTERVAL_MINUTES
    checks.require(
        least < interval <= most,
        "checkpoints.interval_minutes",
        got=interval,
        allowed=f"more than {least}, at most {most}",
        fix="take what remains of the RPO after saving and replicating",
    )
    if "prefix" in checkpoints:
        _checks.require_key_prefix(checks, "checkpoints.prefix", checkpoints["prefix"])
    _checks.require_between(
        checks,
        "checkpoints.keep",
        checkpoints.get("keep", DEFAULT_KEEP),
        KEEP,
        fix=f"leave it out for {DEFAULT_KEEP}",
    )


def _require_jobs(checks: Checks, name: str, jobs: list[TrainingJobArgs]) -> None:
    _checks.require_some(checks, "jobs", [each["name"] for each in jobs])
    for index, job in enumerate(jobs):
        _require_job(checks, name, f"jobs[{index}]", job)


def _require_job(checks: Checks, name: str, path: str, job: TrainingJobArgs) -> None:
    full = job_name(name, job)
    checks.require(
        re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", job["name"]) is not None and len(full) <= MOST_NAME_CHARACTERS,
        f"{path}.name",
        got=job["name"],
        allowed="lower-case letters, digits and hyphens in between; "
        f"{MOST_NAME_CHARACTERS} characters with the component's name",
        fix="choose a shorter name: the Job and its pods are called after it",
    )
    for field, got, allowed in (
        ("workers", job.get("workers", 1), WORKERS),
        ("gpus", job.get("gpus", 1), GPUS),
        ("retries", job.get("retries", DEFAULT_RETRIES), RETRIES),
    ):
        _checks.require_between(checks, f"{path}.{field}", got, allowed, fix="leave it out for the default")
    if "capacity" in job:
        _checks.require_choice(checks, f"{path}.capacity", job["capacity"], TrainingCapacity)
    if "pools" in job:
        _checks.require_some(checks, f"{path}.pools", job["pools"])


def _require_queue(checks: Checks, args: TrainingJobsArgs) -> None:
    """Jobs find their pools in the queue."""
    if "queue" not in args:
        return
    pools = [each["pool"] for each in args["queue"]["pools"]]
    _checks.require_some(checks, "queue.pools", pools)
    for index, job in enumerate(args["jobs"]):
        checks.require(
            bool(job_pools(args, job)),
            f"jobs[{index}].pools",
            got=job.get("pools", pools),
            allowed=f"one of queue.pools at least, with the job's capacity: {', '.join(pools)}",
            fix="add the node group to queue.pools, leave jobs[].pools out, or name another capacity",
        )
