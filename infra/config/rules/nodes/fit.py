"""What pods ask of nodes: what the stack file says, or their share of the smallest instance type that they may get."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from haven.base.problems import Problem
from haven.model import node_disks
from haven_components.choices import ModelLoader
from haven_components.names import STREAMER_BUFFER_GIB
from infra.config import models, system_models
from infra.config.node_models import GpuNodeGroup, SystemNodes
from infra.config.rules.instances import CATALOG, uses_instance_store
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

RULES = Rules()

FRONT = Room(250, 128)
"""Of the front beside each engine (`haven_components`, serving)."""
FIXED: Mapping[str, Room] = {REGISTRY: Room(500, 2048), WORKFLOWS: Room(1000, 2048)}
"""Kind of a system -> the largest of its pods, whose requests no key changes: MLflow's server, a flow run."""
UNKNOWN_GPU, UNKNOWN_CPU = Room(2000, 12 * 1024), Room(1000, 4 * 1024)
"""[assumption] For each GPU, and without GPUs, where nothing is known of the instance types."""
SYSTEM_SHARE = 0.5
"""[assumption] Of a system node: what one pod without GPUs takes, so that two and the cluster's own fit."""

Asks = system_models.System | system_models.Fallback | system_models.TrainingJob
Nodes = SystemNodes | GpuNodeGroup


@dataclass(frozen=True)
class Pods:
    """Pods of one kind that a system runs."""

    key: str
    """What the keys of `asks` follow in the stack file, below the system."""
    asks: Asks
    gpus: int
    """Of each."""
    count: int
    """How many of them run at most."""
    beside: Room
    """What another container of the pod asks for."""
    groups: Sequence[Nodes]
    """Where they run: groups with GPUs that take them, or the system nodes."""

    @property
    def whole(self) -> Room:
        """What a pod asks for, with all its containers."""
        own = self.own
        return Room(own.millicores + self.beside.millicores, own.mib + self.beside.mib)

    @property
    def own(self) -> Room:
        """What the container that computes asks for."""
        asked, derived = self.asks, self._derived
        cpu = derived.millicores if asked.cpu is None else round(asked.cpu * 1000)
        return Room(cpu, derived.mib if asked.memory_gib is None else round(asked.memory_gib * 1024))

    @property
    def _derived(self) -> Room:
        shares = [_share(each, self.gpus) for group in self.groups for each in _rooms(group)]
        found = smallest(shares)
        if found is None:
            return Room(UNKNOWN_GPU.millicores * self.gpus, UNKNOWN_GPU.mib * self.gpus) if self.gpus else UNKNOWN_CPU
        return found.less(self.beside).share(1)


def pods(cluster: models.Cluster, name: str, system: system_models.System) -> list[Pods]:
    """The pods of a system whose requests its keys decide."""
    nodes: Sequence[Nodes] = [cluster.system_nodes]
    if system.kind == SERVING and system.model is not None and system.runs:
        most = (system.replicas.maximum or system.replicas.minimum) + _canary(system)
        taking = _taking(serving_groups(cluster, name), system.gpus) if system.gpus else nodes
        found = [Pods("", system, system.gpus, most, FRONT, taking)]
        fallback = system.fallback
        if fallback is not None and fallback.image is not None:
            found.append(Pods("fallback", fallback, 0, fallback.replicas, FRONT, nodes))
        return found
    if system.kind != TRAINING or not system.runs:
        return []
    return [
        Pods(f"jobs.{each}", job, job.gpus, job.workers, Room(0, 0), _job_nodes(cluster, name, job))
        for each, job in system.jobs.items()
    ]


def _canary(system: system_models.System) -> int:
    """Replicas of the version that is tried."""
    return system.model.canary.replicas if system.model and system.model.canary else 0


def _job_nodes(cluster: models.Cluster, name: str, job: system_models.TrainingJob) -> Sequence[Nodes]:
    if not job.gpus:
        return [cluster.system_nodes]
    return _taking(training_groups(cluster, name, job) or groups_of(cluster, name), job.gpus)


def _taking(groups: Sequence[GpuNodeGroup], gpus: int) -> list[GpuNodeGroup]:
    """Those whose nodes have as many GPUs."""
    return [each for each in groups if gpus_of_node(each) >= gpus]


def engine(cluster: models.Cluster, name: str, system: system_models.System, key: str = "") -> Room:
    """What the container of a system's pods asks for.

    Args:
        cluster: the stack's.
        name: of the system.
        system: the system.
        key: `fallback`, or `jobs.NAME`. Omitted: its servers.
    """
    return next(each.own for each in pods(cluster, name, system) if each.key == key)


def scratch_gib(cluster: models.Cluster, name: str, job: system_models.TrainingJob) -> int:
    """What a worker may write to its node's disk: its share of what images leave, GiB."""
    return max(1, min((_disk(each, job.gpus) for each in _job_nodes(cluster, name, job)), default=1))


def _disk(group: Nodes, gpus: int) -> int:
    usable = group.disk_gib * SYSTEM_SHARE
    if not isinstance(group, GpuNodeGroup):
        return int(usable)
    types = _types(group)
    stores = [found.nvme_gb * 1e9 / 2**30 for each in types if (found := CATALOG.instance(each))]
    disk = min(stores, default=0.0) if uses_instance_store(group, types) else group.disk_gib
    return int(max(disk * node_disks.FILLED.value - group.image_gib, 1) * gpus / max(gpus_of_node(group), 1))


def per_node(group: Nodes, each: Pods) -> int:
    """How many of these pods fit onto the group's smallest node; a type that the data doesn't know counts by GPUs."""
    by_gpus = gpus_of_node(group) // each.gpus if each.gpus and isinstance(group, GpuNodeGroup) else None
    found = smallest(space for _, space in _rooms(group))
    by_room = found.holds(each.whole) if found is not None else None
    return min(count for count in (by_gpus, by_room, 1000) if count is not None)


def quota(group: GpuNodeGroup, count: int) -> Room:
    """What nodes of a group have together for pods, each of its smallest type."""
    found = smallest(space for _, space in _rooms(group)) or Room(0, 0)
    return Room(count * found.millicores, count * found.mib)


def _types(group: Nodes) -> list[str]:
    """Instance types of a group, those of its reservations among them."""
    reserved = group.capacity_reservations.values() if isinstance(group, GpuNodeGroup) else ()
    return list(dict.fromkeys([*group.instance_types, *(each.instance_type for each in reserved)]))


def _rooms(group: Nodes) -> list[tuple[float, Room]]:
    """GPUs and room of each type of a group that the data knows."""
    known = [CATALOG.instance(name) for name in _types(group)]
    return [(each.gpus, room(each)) for each in known if each is not None]


def _share(node: tuple[float, Room], gpus: int) -> Room:
    have, space = node
    if not gpus:
        return Room(int(space.millicores * SYSTEM_SHARE), int(space.mib * SYSTEM_SHARE))
    return Room(int(space.millicores * gpus / have), int(space.mib * gpus / have))


@RULES.on("systems", "cluster")
def _fits(systems: Systems, cluster: models.Cluster) -> Iterable[Problem]:
    for name, system in systems.items():
        what = f"haven:systems.{name}"
        for each in pods(cluster, name, system):
            if each.groups:
                key = f"{what}.{each.key}" if each.key else what
                problems = list(_onto_a_node(key, each))
                yield from problems or _together(what, system, each)


def _onto_a_node(what: str, each: Pods) -> Iterator[Problem]:
    """A pod that no node takes: each of its requests that the roomiest of the groups hasn't got."""
    spaces = [found for group in each.groups if (found := smallest(space for _, space in _rooms(group))) is not None]
    if isinstance(each.asks, system_models.System) and each.asks.memory_gib is not None:
        yield from _buffered(f"{what}.memoryGib", each, each.asks)
    if len(spaces) < len(each.groups) or any(space.holds(each.whole) for space in spaces):
        return
    most = max(spaces, key=lambda space: (space.mib, space.millicores)).less(each.beside)
    where = f"nodes of {', '.join(dict.fromkeys(name for group in each.groups for name in _types(group)))}"
    larger = f"larger instanceTypes in haven:cluster.{'gpuNodeGroups' if each.gpus else 'systemNodes'}"
    own, asks = each.own, each.asks
    for key, written, got, allowed in (
        ("cpu", asks.cpu, own.millicores / 1000, most.millicores // 100 / 10),
        ("memoryGib", asks.memory_gib, own.mib / 1024, most.mib // 256 / 4),
    ):
        if 0 < got <= allowed:
            continue
        given = "nothing" if written is None else f"{got:g}"
        if allowed > 0:
            yield Problem(
                f"{what}.{key}",
                given,
                f"at most {allowed:g}, which the smallest of the {where} has for it",
                f"write {key}: {allowed:g}, or {larger}",
            )
        else:
            yield Problem(
                f"{what}.{key}",
                given,
                f"larger nodes: the smallest of the {where} has no room for it",
                f"write {larger}",
            )


def _buffered(what: str, each: Pods, system: system_models.System) -> Iterator[Problem]:
    streamed = system.model is not None and system.model.loader == ModelLoader.STREAMER
    least = (each.gpus + 1) * STREAMER_BUFFER_GIB * 1024
    if streamed and each.gpus and each.own.mib < least:
        allowed = f"at least {least / 1024:g}: the process of each GPU buffers {STREAMER_BUFFER_GIB} GiB of the weights"
        yield Problem(what, f"{each.own.mib / 1024:g}", allowed, f"write memoryGib: {least / 1024:g}, or delete it")


def _together(what: str, system: system_models.System, each: Pods) -> Iterator[Problem]:
    """Servers that run always need GPUs and room at once; workers of a queue's job too, in one group."""
    groups = [group for group in each.groups if isinstance(group, GpuNodeGroup)]
    if not groups:
        return
    held = {group.name: group.desired_size * per_node(group, each) for group in groups}
    raised = f"raise desiredSize of {groups[0].name}"
    if system.kind == SERVING:
        most = sum(held.values())
        if system.replicas.minimum + _canary(system) > most:
            nodes = sum(group.desired_size for group in groups)
            allowed = f"at most {most}: {nodes} nodes of {', '.join(held)} take no more"
            fix = f"write minimum: {most}, or {raised}" if most else raised
            yield Problem(f"{what}.replicas.minimum", str(system.replicas.minimum), allowed, fix)
    elif system.queue and _fewer_than_gpus(groups, each):
        own = each.own
        got = f"{each.count} workers with {own.millicores / 1000:g} processors and {own.mib / 1024:g} GiB each"
        allowed = f"workers that fit into one of {', '.join(held)} together with queue: true"
        yield Problem(f"{what}.{each.key}", got, allowed, f"write smaller cpu or memoryGib, or {raised}")


def _fewer_than_gpus(groups: Sequence[GpuNodeGroup], each: Pods) -> bool:
    """Whether workers fit into one of the groups by their GPUs, and into none by what else they ask for."""
    nodes = {group.name: max(group.desired_size, 1) for group in groups}
    by_gpus = max(nodes[group.name] * (gpus_of_node(group) // each.gpus) for group in groups)
    return max(nodes[group.name] * per_node(group, each) for group in groups) < each.count <= by_gpus


@RULES.on("systems", "cluster")
def _fixed(systems: Systems, cluster: models.Cluster) -> Iterable[Problem]:
    """Pods whose requests are fixed, on the system nodes."""
    space = smallest(found for _, found in _rooms(cluster.system_nodes))
    for kind, needed in FIXED.items():
        for name in running(systems, kind):
            if space is not None and not space.holds(needed):
                types = cluster.system_nodes.instance_types
                allowed = (
                    f"types that leave a pod of {name} {needed.millicores / 1000:g} processors and"
                    f" {needed.mib / 1024:g} GiB"
                )
                fix = "write larger types, such as m6i.large"
                yield Problem("haven:cluster.systemNodes.instanceTypes", ", ".join(types), allowed, fix)
                return


def notes(systems: Systems, cluster: models.Cluster) -> Iterator[str]:
    """Systems whose next version finds no GPU free: a rollout starts a pod before it ends one."""
    for name, system in running(systems, SERVING).items():
        for each in pods(cluster, name, system)[:1]:
            groups = [group for group in each.groups if isinstance(group, GpuNodeGroup)]
            room = sum(group.desired_size * per_node(group, each) for group in groups)
            if groups and room - system.replicas.minimum - _canary(system) < 1:
                needed = f"{each.gpus} more GPU" + ("s" if each.gpus > 1 else "")
                raised = f"raise desiredSize of {groups[0].name}"
                yield f"a rollout of {name} starts a pod first: it waits for {needed}; {raised}"
