"""What must hold between workloads and the GPU node groups on which their pods may run."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import ceil

from haven.base.problems import Problem, choices, shown
from haven_components.choices import TrainingCapacity
from infra.config import models, system_models
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.instances import CATALOG
from infra.config.rules.nodes.fit import FIXED, FRONT
from infra.config.rules.nodes.rooms import Room, room, smallest
from infra.config.rules.systems import (
    REGISTRY,
    SERVING,
    TRAINING,
    WORKFLOWS,
    Systems,
    gpus_of_node,
    groups_of,
    running,
    serving_groups,
    training_groups,
)
from infra.config.rules.validators import Rules
from infra.config.settings import Settings

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


SYSTEM_PODS: Mapping[str, Room] = {
    "registry": FIXED[REGISTRY],
    "orchestration": Room(500, 1024),
    "worker": Room(100, 512),
    "front": FRONT,
    "collector": Room(200, 512),
    "controller": Room(100, 200),
    "keda": Room(300, 300),
    "kueue": Room(100, 512),
    "addons": Room(260, 510),
}
"""What a pod without GPUs asks for: of systems and the collector as `haven_components` declares it, of charts by
[assumption], and of one replica of each of EKS's own Deployments (DNS, metrics, volumes) together, [assumption] too."""
_TWICE = 2
"""Replicas of what isn't a system's."""


def system_pods(settings: Settings) -> Room:
    """What all pods without GPUs ask for together in the Region that serves, at the fewest replicas. What runs a model
    without GPUs, jobs and flow runs aren't counted: they wait."""
    controllers = settings.controllers
    counts = dict.fromkeys(SYSTEM_PODS, 0)
    counts["addons"] = _TWICE
    counts["controller"] = _TWICE if controllers.load_balancer is not None else 0
    counts["keda"] = _TWICE if controllers.keda is not None else 0
    counts["kueue"] = _TWICE if controllers.kueue is not None else 0
    counts["collector"] = controllers.telemetry.replicas if controllers.telemetry is not None else 0
    for system in settings.systems.values():
        if not system.runs:
            continue
        if system.kind == REGISTRY:
            counts["registry"] += system.replicas.minimum
        elif system.kind == WORKFLOWS:
            counts["orchestration"] += system.replicas.minimum + _TWICE
            counts["worker"] += sum(pool.workers for pool in system.pools.values())
        elif system.fallback is not None:
            counts["front"] += system.fallback.replicas
    asked = [(SYSTEM_PODS[name], count) for name, count in counts.items()]
    return Room(sum(each.millicores * count for each, count in asked), sum(each.mib * count for each, count in asked))


def notes(settings: Settings) -> Iterator[str]:
    """What a plan says where the system nodes, or those that a lost zone leaves, don't carry the pods without GPUs:
    a managed node group starts no node because pods wait."""
    group = settings.cluster.system_nodes
    zones = min(len(each) for each in settings.zones.values())
    known = [found for name in group.instance_types if (found := CATALOG.instance(name)) is not None]
    node = smallest(map(room, known))
    if node is None or len(known) < len(group.instance_types):
        return
    asked = system_pods(settings)
    left = _left(group.desired_size, zones)
    if node.holds(Room(1, 1)) and not _carries(node, left, asked):
        enough = next((size for size in range(1, 1001) if _carries(node, _left(size, zones), asked)), None)
        larger = "larger instanceTypes"
        fix = f"desiredSize: {enough} and as large a maxSize, or {larger}" if enough else larger
        never = not _carries(node, group.desired_size, asked)
        nodes = (
            f"{group.desired_size} system nodes have"
            if never
            else f"after the loss of a zone {left} of {group.desired_size} system nodes are left, with"
        )
        count = group.desired_size if never else left
        yield (
            f"{nodes} {count * node.millicores / 1000:.1f} processors and {count * node.mib / 1024:.1f} GiB for pods,"
            f" and the pods without GPUs ask for {asked.millicores / 1000:.1f} and {asked.mib / 1024:.1f}:"
            f" some {'never start' if never else 'wait until EKS has started nodes in the other zones'};"
            f" write {fix} in haven:cluster.systemNodes"
        )


def _left(nodes: int, zones: int) -> int:
    """What the loss of the fullest zone leaves."""
    return nodes - ceil(nodes / zones)


def _carries(node: Room, count: int, asked: Room) -> bool:
    return count * node.millicores >= asked.millicores and count * node.mib >= asked.mib
