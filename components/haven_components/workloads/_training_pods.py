"""The Job of one training run: where its workers run, what they get, and what counts as a failure."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from haven_components.choices import TrainingCapacity
from haven_components.cluster._node_groups import GPU_TOLERATION
from haven_components.names import POOL_LABEL
from haven_components.workloads._pods import (
    ZONE,
    labels,
    region_environment,
    restricted_container,
    restricted_pod,
    selecting,
    tolerations,
)
from haven_components.workloads._requests import default_cpu, default_memory, requests, scratch, shared_memory
from haven_components.workloads._traces import traces_environment
from haven_components.workloads._training_args import (
    DEFAULT_KEEP,
    DEFAULT_RETRIES,
    DEFAULT_SCRATCH,
    TrainingJobArgs,
    TrainingJobsArgs,
    job_name,
    job_pools,
)

CAPACITY = {"eks.amazonaws.com/capacityType": "SPOT", "karpenter.sh/capacity-type": "spot"}
"""Labels of spot nodes: of managed node groups, and of Karpenter's (EKS User Guide, managed node groups; Karpenter,
well-known labels; read 2026-11-26)."""
COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
MASTER_PORT = 29500
"""The port at which PyTorch's workers meet by default (torchrun; read 2026-11-26)."""

SPOT_NOTICE_SECONDS = 120
"""Between the notice and the end of a spot instance (EC2 User Guide, spot interruptions; read 2026-11-26)."""
GRACE_SECONDS = 100
"""Time after SIGTERM for a last checkpoint: [assumption] the notice reaches the pods within 20 s."""

PRIORITY = -1
"""Below the default, 0: whatever serves takes GPUs from training, which comes back from its checkpoint. Not below -10:
the Cluster Autoscaler adds no nodes for such pods (its FAQ, expendable pods; read 2026-11-26)."""

_STAY = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
"""No autoscaler moves a running worker to save a node; a drain does."""


def job_spec(name: str, args: TrainingJobsArgs, job: TrainingJobArgs) -> dict[str, Any]:
    """The specification of a Job.

    Args:
        name: the component's.
        args: the component's.
        job: which of its jobs.
    """
    workers = worker_count(args, job)
    spec: dict[str, Any] = {
        "completion_mode": "Indexed",
        "completions": workers,
        "parallelism": workers,
        "backoff_limit": int(job.get("retries", DEFAULT_RETRIES)) * workers,
        # Two pods of one index would write checkpoints of one run side by side.
        "pod_replacement_policy": "Failed",
        "pod_failure_policy": {
            "rules": [{"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "template": {
            "metadata": {"labels": worker_labels(name, args, job), "annotations": _STAY},
            "spec": _pod(name, args, job, workers),
        },
    }
    # Kueue suspends and resumes its jobs itself: a declared value would be taken back by each deployment.
    return spec if "queue" in args else {"suspend": is_suspended(args), **spec}


def is_suspended(args: TrainingJobsArgs) -> bool:
    """Whether nothing runs."""
    return args["scale"]["minimum"] == 0


def worker_count(args: TrainingJobsArgs, job: TrainingJobArgs) -> int:
    """Pods of a job."""
    return int(job.get("workers", args["scale"]["maximum"]))


def worker_labels(name: str, args: TrainingJobsArgs, job: TrainingJobArgs) -> dict[str, str]:
    """Labels of a job's pods."""
    return {**args.get("labels", {}), **labels(name, job["name"])}


def _pod(name: str, args: TrainingJobsArgs, job: TrainingJobArgs, workers: int) -> dict[str, Any]:
    gpus = int(job.get("gpus", 1))
    pod: dict[str, Any] = {
        "restart_policy": "Never",
        "service_account_name": name,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": name,
        "termination_grace_period_seconds": GRACE_SECONDS,
        "security_context": restricted_pod(),
        "affinity": _affinity(name, args, job, workers),
        "tolerations": tolerations(*([GPU_TOLERATION] if gpus else [])),
        "containers": [_container(name, args, job, workers, gpus)],
        "volumes": [
            scratch("scratch", job.get("scratch", DEFAULT_SCRATCH)),
            shared_memory(_memory(job, gpus)),
        ],
    }
    return pod | ({"subdomain": job_name(name, job)} if workers > 1 else {})


def _container(name: str, args: TrainingJobsArgs, job: TrainingJobArgs, workers: int, gpus: int) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "worker",
        "image": args["image"],
        "command": job.get("command"),
        "args": job.get("arguments"),
        "env": _environment(name, args, job, workers),
        "resources": requests(job.get("cpu", default_cpu(gpus)), _memory(job, gpus), gpus),
        "security_context": restricted_container(),
        "volume_mounts": [
            {"name": "scratch", "mount_path": "/tmp"},  # noqa: S108  the pod's own volume
            {"name": "shared-memory", "mount_path": "/dev/shm"},  # noqa: S108
        ],
    }
    return {key: value for key, value in container.items() if value is not None}


def _memory(job: TrainingJobArgs, gpus: int) -> str:
    return job.get("memory", default_memory(gpus))


def _environment(name: str, args: TrainingJobsArgs, job: TrainingJobArgs, workers: int) -> list[dict[str, Any]]:
    checkpoints = args["checkpoints"]
    convention: dict[str, pulumi.Input[str]] = {
        "HOME": "/tmp",  # noqa: S108  the root file system is read-only
        "USER": "haven",  # torch ends where the user's number has no name (vLLM issue 44548; read 2026-11-26)
        **region_environment(args["region"]),
        **(traces_environment(args["traces"]) if "traces" in args else {}),
        "HAVEN_CHECKPOINT_LOCATION": pulumi.Output.concat(
            "s3://", checkpoints["bucket"], f"/{checkpoint_prefix(name, args)}/{job['name']}"
        ),
        "HAVEN_CHECKPOINT_INTERVAL_SECONDS": f"{checkpoints['interval_minutes'] * 60:g}",
        "HAVEN_CHECKPOINT_KEEP": str(int(checkpoints.get("keep", DEFAULT_KEEP))),
    }
    meeting = _meeting(job_name(name, job), workers) if workers > 1 else []
    given = convention | job.get("environment", {})
    return [*({"name": key, "value": value} for key, value in given.items()), *meeting]


def _meeting(job: str, workers: int) -> list[dict[str, Any]]:
    """Where the workers meet, as torchrun reads it."""
    rank = {"field_ref": {"field_path": f"metadata.annotations['{COMPLETION_INDEX}']"}}
    return [
        {"name": "PET_NNODES", "value": str(workers)},
        {"name": "PET_MASTER_ADDR", "value": f"{job}-0.{job}"},
        {"name": "PET_MASTER_PORT", "value": str(MASTER_PORT)},
        {"name": "PET_NODE_RANK", "value_from": rank},
    ]


def checkpoint_prefix(name: str, args: TrainingJobsArgs) -> str:
    """What the keys of all checkpoints begin with."""
    return args["checkpoints"].get("prefix", name)


def _affinity(name: str, args: TrainingJobsArgs, job: TrainingJobArgs, workers: int) -> dict[str, Any]:
    """The right nodes, and workers of one job in one zone if there is room: they exchange gradients."""
    affinity: dict[str, Any] = {"node_affinity": _node_affinity(args, job)}
    if workers > 1:
        together = {
            "label_selector": {"match_labels": selecting(worker_labels(name, args, job))},
            "topology_key": ZONE,
        }
        affinity["pod_affinity"] = {
            "preferred_during_scheduling_ignored_during_execution": [{"weight": 100, "pod_affinity_term": together}]
        }
    return affinity


def _node_affinity(args: TrainingJobsArgs, job: TrainingJobArgs) -> dict[str, Any]:
    everywhere = [_in(ZONE, args["zones"])]
    if pools := job_pools(args, job):
        everywhere.append(_in(POOL_LABEL, pools))
    capacity = TrainingCapacity(job.get("capacity", TrainingCapacity.ON_DEMAND))
    spot = [_in(label, [value]) for label, value in CAPACITY.items()]
    terms: Sequence[Mapping[str, Any]] = [{"match_expressions": everywhere}]
    if capacity == TrainingCapacity.ON_DEMAND:
        terms = [{"match_expressions": [*everywhere, *({**each, "operator": "NotIn"} for each in spot)]}]
    elif capacity == TrainingCapacity.SPOT:
        terms = [{"match_expressions": [*everywhere, each]} for each in spot]
    affinity: dict[str, Any] = {"required_during_scheduling_ignored_during_execution": {"node_selector_terms": terms}}
    if capacity == TrainingCapacity.SPOT_FIRST:
        affinity["preferred_during_scheduling_ignored_during_execution"] = [
            {"weight": 50, "preference": {"match_expressions": [each]}} for each in spot
        ]
    return affinity


def _in(label: str, values: Sequence[str]) -> dict[str, Any]:
    return {"key": label, "operator": "In", "values": list(values)}
