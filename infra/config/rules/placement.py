"""What must hold between workloads and the GPU node groups on which their pods may run."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from haven.base.problems import Problem, choices, shown
from haven_components.choices import TrainingCapacity
from infra.config import models, system_models
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.systems import (
    SERVING,
    TRAINING,
    Systems,
    gpus_of_node,
    groups_of,
    running,
    serving_groups,
    training_groups,
)
from infra.config.rules.validators import Rules

RULES = Rules()


def stand_ins(systems: Systems, cluster: models.Cluster, group: GpuNodeGroup) -> Mapping[str, Fraction]:
    """The groups that a recovery may run in place of a group's nodes: name -> how many of those nodes one of its own
    replaces. Servers decide: training gives way to them, and waits. Every system of servers that runs on the group has
    to be able to run there too."""
    users = [
        system
        for name, system in running(systems, SERVING).items()
        if system.gpus and group in serving_groups(cluster, name)
    ]
    if not users:
        return {}
    return {
        other.name: min(_replaces(other, group, each.gpus) for each in users)
        for other in cluster.gpu_node_groups
        if all(other.name in each.other_node_groups for each in users)
    }


def _replaces(other: GpuNodeGroup, group: GpuNodeGroup, gpus: int) -> Fraction:
    """Whole replicas on a node of one group, for each on a node of the other."""
    return Fraction(gpus_of_node(other) // gpus, gpus_of_node(group) // gpus)


@RULES.on("systems", "cluster")
def _other_groups(systems: Systems, cluster: models.Cluster) -> Iterable[Problem]:
    for name, system in running(systems, SERVING).items():
        what = f"haven:systems.{name}.otherNodeGroups"
        named = system.other_node_groups
        if named and not system.gpus:
            allowed = "nothing with gpus: 0: servers without GPUs run on the system nodes"
            yield Problem(what, shown(named), allowed, "delete otherNodeGroups, or write gpus")
            continue
        own = serving_groups(cluster, name)
        fitting = [
            group.name
            for group in cluster.gpu_node_groups
            if group not in own and not group.spot and gpus_of_node(group) >= system.gpus
        ]
        for each in named:
            if each not in fitting:
                allowed = choices(fitting) or "nothing: no other group of on-demand nodes has as many GPUs on each"
                reason = "on-demand nodes that aren't the system's own, with the GPUs of a replica on each"
                yield Problem(what, shown(each), allowed, f"delete {each}, or name a group of {reason}")


@RULES.on("systems", "cluster")
def _capacity(systems: Systems, cluster: models.Cluster) -> Iterable[Problem]:
    """A job's nodes are there: pods that ask for spot nodes where none are wait for ever."""
    for name, system in systems.items():
        for job, chosen in system.jobs.items() if system.kind == TRAINING else ():
            yield from _of_job(f"haven:systems.{name}.jobs.{job}.capacity", name, chosen, cluster)


def _of_job(what: str, name: str, job: system_models.TrainingJob, cluster: models.Cluster) -> Iterator[Problem]:
    got = shown(str(job.capacity))
    if not job.gpus:
        if job.capacity == TrainingCapacity.SPOT:
            fix = "delete capacity, or write gpus"
            yield Problem(what, got, "on-demand or spot-first with gpus: 0: the system nodes are on-demand", fix)
        return
    if training_groups(cluster, name, job) or not groups_of(cluster, name):
        return
    spot = job.capacity == TrainingCapacity.SPOT
    others = [each for each in TrainingCapacity if each != job.capacity]
    allowed = f"{choices([str(each) for each in others])}: the system's GPU node groups have no such nodes"
    add = f"a group with system: {name} {'and' if spot else 'without'} spot: true"
    fix = f"write one of them, or add {add} to haven:cluster.gpuNodeGroups"
    yield Problem(what, got, allowed, fix)
