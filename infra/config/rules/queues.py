"""What must hold between GPU node groups, the nodes that may be added to them, and the queues of training jobs."""

from collections.abc import Iterable, Iterator

from haven.base.problems import Problem, choices, shown
from infra.config import models, system_models
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.instances import CATALOG
from infra.config.rules.systems import Systems, gpus_of_node, groups_of, queued, training_groups
from infra.config.rules.validators import Rules

RULES = Rules()


def nodes(group: GpuNodeGroup) -> int:
    """The nodes of a group that a queue counts on: those of the Region that serves, one at least."""
    return max(group.desired_size, 1)


@RULES.on("cluster")
def _headroom(cluster: models.Cluster) -> Iterable[Problem]:
    groups = {group.name: group for group in cluster.gpu_node_groups}
    for name in cluster.headroom.gpus if cluster.headroom is not None else ():
        what = f"haven:cluster.headroom.gpus.{name}"
        if name not in groups:
            allowed = choices(groups) or "a group of haven:cluster.gpuNodeGroups"
            yield Problem(what, shown(name), allowed, f"add {name} to haven:cluster.gpuNodeGroups, or delete it here")
        elif groups[name].spot:
            allowed = "a group without spot: true: Karpenter adds on-demand nodes"
            yield Problem(what, shown(name), allowed, f"delete {name} here, and raise maxSize of the group")


@RULES.on("systems", "cluster")
def _queued(systems: Systems, cluster: models.Cluster) -> Iterable[Problem]:
    """A queue's quota is what the node groups have, and a job that doesn't fit into one group never starts."""
    for name in queued(systems):
        groups = groups_of(cluster, name)
        unknown = [
            f"{each} of group {group.name}"
            for group in groups
            for each in group.instance_types
            if CATALOG.instance(each) is None
        ]
        if unknown:
            got = f"true, with {', '.join(unknown)}"
            allowed = "GPU node groups of instance types that the data knows: the quota is what they have"
            yield Problem(f"haven:systems.{name}.queue", got, allowed, "delete queue, or write other instanceTypes")
        else:
            yield from _jobs(name, systems[name], cluster)


def _jobs(system: str, declared: system_models.System, cluster: models.Cluster) -> Iterator[Problem]:
    what = f"haven:systems.{system}.jobs"
    for name, job in declared.jobs.items():
        together = job.workers * job.gpus
        groups = training_groups(cluster, system, job)
        most = max((nodes(group) * gpus_of_node(group) for group in groups), default=None)
        if not together:
            allowed = "1 or more with queue: true, whose quotas are those of GPU node groups"
            yield Problem(f"{what}.{name}.gpus", "0", allowed, f"write gpus, or delete queue from the system of {name}")
        elif most is not None and together > most:
            allowed = (
                f"at most {most} GPUs together with queue: true, which the largest of the system's node groups has"
            )
            fix = "write a larger desiredSize in haven:cluster.gpuNodeGroups, or fewer workers"
            yield Problem(f"{what}.{name}", f"{job.workers} workers with {job.gpus} GPUs each", allowed, fix)


def notes(cluster: models.Cluster) -> Iterator[str]:
    """What a plan says of headroom, whose controller somebody else installs."""
    if cluster.headroom is not None:
        yield (
            "nothing here installs Karpenter, which haven:cluster.headroom needs in both clusters before `up`: install"
            " 1.15 (docs/headroom.md), or delete haven:cluster.headroom"
        )
