"""Training: jobs that resume from their checkpoints in either Region."""

import pulumi

from haven_components import TrainingJobArgs, TrainingJobs, TrainingJobsArgs, TrainingPoolQuotaArgs
from haven_components.choices import TrainingCapacity
from haven_components.names import bucket_name
from infra.config.models import Cluster
from infra.config.node_models import GpuNodeGroup
from infra.config.rules import queues
from infra.config.rules.nodes import fit
from infra.config.rules.systems import gpus_of_node, groups_of
from infra.config.system_models import System
from infra.parts.workloads import namespaces, telemetry
from infra.parts.workloads.platform import Place, SystemStores

CHECKPOINT_MINUTES = 10
"""Between checkpoints where the stack has no recovery point objective. An assumption."""


def declare(place: Place, system: System, used: SystemStores, after: pulumi.Resource) -> None:
    """Declare the jobs of a training system in a Region: suspended where it is on standby."""
    if not system.jobs:
        return
    settings = place.environment.settings
    pools = [group.name for group in groups_of(settings.cluster, place.system)]
    args: TrainingJobsArgs = {
        "region": place.region,
        "account_id": place.account,
        "cluster_name": place.cluster_name,
        "namespace": place.system,
        "zones": place.zones,
        "scale": place.scale,
        "image": place.image(system.image),
        "checkpoints": {
            "bucket": bucket_name(place.environment.bucket_base(system.checkpoints), place.region),
            "kms_key_arn": place.key,
            "interval_minutes": _interval(system, settings.objectives.rpo_minutes),
            "prefix": place.system,
        },
        "jobs": [_job(settings.cluster, place.system, system, each, pools) for each in system.jobs],
    }
    if allowed := namespaces.uses(place, system, used.stores):
        args["uses"] = allowed
    if (traces := telemetry.traces(place.environment, place.region, place.system)) is not None:
        args["traces"] = traces
    if system.queue:
        args["queue"] = {"pools": [_quota(group) for group in groups_of(settings.cluster, place.system)]}
    TrainingJobs(place.name, args, place.options(after))


def _quota(group: GpuNodeGroup) -> TrainingPoolQuotaArgs:
    """What the nodes of a group have together for pods in the Region that serves, each of its smallest type; the same
    in both Regions, so that a failover edits no quota."""
    count = queues.nodes(group)
    together = fit.quota(group, count)
    return {
        "pool": group.name,
        "spot": group.spot,
        "gpus": count * gpus_of_node(group),
        "cpu": together.cpu,
        "memory": together.memory,
    }


def _interval(system: System, rpo_minutes: float | None) -> float:
    if system.checkpoint_minutes is not None:
        return system.checkpoint_minutes
    return CHECKPOINT_MINUTES if rpo_minutes is None else rpo_minutes / 3


def _job(cluster: Cluster, owner: str, system: System, name: str, pools: list[str]) -> TrainingJobArgs:
    job = system.jobs[name]
    asked = fit.engine(cluster, owner, system, f"jobs.{name}")
    args: TrainingJobArgs = {
        "name": name,
        "workers": job.workers,
        "gpus": job.gpus,
        "capacity": TrainingCapacity(job.capacity),
        "cpu": asked.cpu,
        "memory": asked.memory,
        "scratch": f"{fit.scratch_gib(cluster, owner, job)}Gi",
    }
    if job.gpus:
        args["pools"] = pools
    if job.command:
        args["command"] = list(job.command)
    return args
