"""What must hold between the systems and what they run on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from haven.base.problems import Problem, choices, nearest, shown
from haven.model.tiers import Tier
from infra.config import models, part_models, system_models
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.instances import CATALOG
from infra.config.rules.validators import Rules

RULES = Rules()

SERVING, WORKFLOWS, TRAINING, REGISTRY = "model-serving", "workflow-orchestration", "training", "model-registry"
RUN_BY_HAVEN = (SERVING, WORKFLOWS, TRAINING, REGISTRY)
"""The kinds that have a component on the clusters."""
_KINDS = tuple(sorted((*RUN_BY_HAVEN, "feature-store")))
"""The kinds of systems that Haven has a name for; a stack may have others."""
_ON_GPUS = (SERVING, TRAINING)
_MISSPELT = 0.93
"""From this likeness on, a kind counts as one of Haven's own, misspelt."""
_FIELDS: Mapping[str, str] = {
    "model": SERVING,
    "fallback": SERVING,
    "pools": WORKFLOWS,
    "checkpoints": TRAINING,
    "checkpoint_minutes": TRAINING,
    "command": TRAINING,
}
"""Field of a system -> the one kind that has it."""
_RESERVED = ("default", "haven")
"""Namespaces that every cluster has, or Haven's own; so are those that begin with kube-."""

Systems = Mapping[str, system_models.System]


@dataclass(frozen=True)
class GpuRoom:
    """GPUs that a system asks for, and those that its node groups have, at full scale."""

    asked: int
    """Of all replicas that always run."""
    available: int
    """Of the groups' desired nodes, as far as whole replicas fit on a node."""
    groups: tuple[str, ...]


def groups_of(cluster: models.Cluster, system: str) -> list[GpuNodeGroup]:
    """The GPU node groups of a system: its own, or where it has none those of no system."""
    own = [group for group in cluster.gpu_node_groups if group.system == system]
    return own or [group for group in cluster.gpu_node_groups if group.system is None]


def gpu_room(cluster: models.Cluster, name: str, system: system_models.System) -> GpuRoom:
    """Whether the GPUs of a system's groups take the replicas that always run."""
    groups = groups_of(cluster, name)
    fits = sum(group.desired_size * (gpus_of_node(group) // system.gpus) * system.gpus for group in groups)
    return GpuRoom(system.replicas.minimum * system.gpus, fits, tuple(group.name for group in groups))


def gpus_of_node(group: GpuNodeGroup) -> int:
    """The GPUs of the group's smallest instance type; 1 for one that the data doesn't know."""
    known = [CATALOG.instance(name) for name in group.instance_types]
    return min((int(each.gpus) if each else 1 for each in known), default=1)


@RULES.on("systems")
def _kinds(systems: Systems) -> Iterable[Problem]:
    for name, system in systems.items():
        plain = system.kind.replace("-", "")
        near = nearest(system.kind, _KINDS) if system.kind not in _KINDS else None
        if near and (SequenceMatcher(None, plain, near.replace("-", "")).ratio() > _MISSPELT):
            yield Problem(
                f"haven:systems.{name}.kind",
                shown(system.kind),
                f"{choices(_KINDS)}, or a name that is none of these misspelt",
                f"write kind: {near}",
            )


@RULES.on("tier", "systems")
def _tiers(tier: Tier, systems: Systems) -> Iterable[Problem]:
    for name, system in systems.items():
        if system.tier is not None and system.tier.rank > tier.rank:
            yield Problem(
                f"haven:systems.{name}.tier",
                shown(system.tier),
                choices([each for each in Tier if each.rank <= tier.rank]),
                f"write tier: {tier}, or raise haven:tier to {system.tier}: a system can't be above its environment",
            )


@RULES.on("systems")
def _namespaces(systems: Systems) -> Iterable[Problem]:
    for name in systems:
        if name in _RESERVED or name.startswith("kube-"):
            allowed = f"another name than {', '.join(_RESERVED)} and kube-...: it is the system's namespace"
            yield Problem(f"haven:systems.{name}", shown(name), allowed, f"rename the system, for example to ai-{name}")


@RULES.on("systems")
def _fields(systems: Systems) -> Iterable[Problem]:
    for name, system in systems.items():
        what = f"haven:systems.{name}"
        for field in sorted(system.model_fields_set & _FIELDS.keys()):
            key = str(type(system).model_fields[field].alias)
            if system.kind != _FIELDS[field]:
                allowed = f"nothing: only systems of kind {_FIELDS[field]} have it"
                yield Problem(f"{what}.{key}", "a value", allowed, f"delete {key}, or write kind: {_FIELDS[field]}")
        if system.image is not None and system.kind not in RUN_BY_HAVEN:
            allowed = f"nothing: Haven runs {choices(RUN_BY_HAVEN)}"
            yield Problem(f"{what}.image", shown(system.image), allowed, "delete image, and deploy the system yourself")
        if system.image is not None and system.kind == SERVING and system.model is None:
            fix = "write model: {name: ..., path: ..., version: ..., weightsGib: ...}"
            yield Problem(f"{what}.model", "nothing", "the weights that the system serves", fix)
        most = system.replicas.maximum
        if most is not None and most < system.replicas.minimum:
            allowed = f"at least minimum, {system.replicas.minimum}"
            fix = f"write maximum: {system.replicas.minimum}"
            yield Problem(f"{what}.replicas.maximum", str(most), allowed, fix)


@RULES.on("systems", "images", "storage")
def _stores(systems: Systems, images: part_models.Images, storage: models.Storage) -> Iterable[Problem]:
    for name, system in systems.items():
        what = f"haven:systems.{name}"
        named = {"image": system.image, "fallback.image": system.fallback and system.fallback.image}
        for key, image in named.items():
            repository = (image or "").partition("@")[0]
            if image and repository not in images.repositories:
                fix = f"add {repository} to haven:images.repositories, and push the image there"
                yield Problem(f"{what}.{key}", shown(repository), f"one of {choices(images.repositories)}", fix)
        buckets = {"model.bucket": system.model and system.model.bucket}
        if system.kind == TRAINING:
            buckets["checkpoints"] = system.checkpoints
        for key, bucket in buckets.items():
            if bucket is not None and bucket not in storage.buckets:
                fix = f"add {bucket} to haven:storage.buckets, or name one that is there"
                yield Problem(f"{what}.{key}", shown(bucket), choices(storage.buckets), fix)


@RULES.on("systems")
def _pools(systems: Systems) -> Iterable[Problem]:
    for name, system in systems.items():
        for pool, chosen in system.pools.items():
            if chosen.system is not None and chosen.system not in systems:
                fix = f"add {chosen.system} to haven:systems, or delete system"
                yield Problem(f"haven:systems.{name}.pools.{pool}.system", shown(chosen.system), choices(systems), fix)


@RULES.on("systems", "cluster")
def _gpus(systems: Systems, cluster: models.Cluster) -> Iterable[Problem]:
    for name, system in systems.items():
        if system.image is not None and system.gpus and system.kind in _ON_GPUS:
            yield from _room(name, system, cluster)


def _room(name: str, system: system_models.System, cluster: models.Cluster) -> Iterator[Problem]:
    what, groups = f"haven:systems.{name}", groups_of(cluster, name)
    if not groups:
        allowed = f"a GPU node group with system: {name}, or one of no system"
        fix = f"add one to haven:cluster.gpuNodeGroups with system: {name}, or write gpus: 0"
        yield Problem(f"{what}.gpus", str(system.gpus), allowed, fix)
        return
    most = max(gpus_of_node(group) for group in groups)
    if system.gpus > most:
        allowed = f"at most {most}, the GPUs of a node of {', '.join(group.name for group in groups)}"
        yield Problem(f"{what}.gpus", str(system.gpus), allowed, f"write gpus: {most}, or larger instance types")
        return
    room = gpu_room(cluster, name, system)
    if system.kind == SERVING and room.asked > room.available:
        nodes = sum(group.desired_size for group in groups)
        allowed = f"at most {room.available // system.gpus}: {nodes} nodes of {', '.join(room.groups)} take no more"
        fix = f"write minimum: {room.available // system.gpus}, or raise desiredSize of {room.groups[0]}"
        if not nodes:
            fix = f"raise desiredSize of {room.groups[0]}"
        yield Problem(f"{what}.replicas.minimum", str(system.replicas.minimum), allowed, fix)
