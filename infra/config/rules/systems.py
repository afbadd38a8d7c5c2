"""What must hold between the systems and what they run on."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from haven.base.problems import Problem, choices, nearest, shown
from haven.model.tiers import Tier
from haven_components.choices import TrainingCapacity
from infra.config import models, part_models, system_models
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.instances import CATALOG
from infra.config.rules.validators import Rules

RULES = Rules()

SERVING, WORKFLOWS, TRAINING, REGISTRY = "model-serving", "workflow-orchestration", "training", "model-registry"
RUN_BY_HAVEN = (SERVING, WORKFLOWS, TRAINING, REGISTRY)
"""The kinds that have a component on the clusters."""
_SERVERS = (SERVING, WORKFLOWS, REGISTRY)
"""The kinds that answer requests inside the cluster."""
_KINDS = tuple(sorted((*RUN_BY_HAVEN, "feature-store")))
"""The kinds of systems that Haven has a name for; a stack may have others."""
_MISSPELT = 0.93
"""From this likeness on, a kind counts as one of Haven's own, misspelt."""
_FIELDS: Mapping[str, str] = {
    "model": SERVING,
    "tools_image": SERVING,
    "fallback": SERVING,
    "exposed": SERVING,
    "cpu": SERVING,
    "memory_gib": SERVING,
    "engine_arguments": SERVING,
    "other_node_groups": SERVING,
    "pools": WORKFLOWS,
    "checkpoints": TRAINING,
    "checkpoint_minutes": TRAINING,
    "jobs": TRAINING,
    "queue": TRAINING,
    "artifacts": REGISTRY,
}
"""Field of a system -> the one kind that has it."""
_MOST_PROMPT_CHARACTERS = 1500
"""Of a version's golden prompts, as JSON: both Regions' are in the manifest, a parameter of at most 8 KB."""
_MOST_USED = 30
"""Stores that a system uses: with the longest names its role's policies stay within IAM's 10,240 characters (IAM
quotas, read 2026-11-26)."""
_RESERVED = ("default", "haven", "karpenter", "keda", "kueue-system", "observability")
"""Namespaces that every cluster has, or Haven's own; so are those that begin with kube-."""

Systems = Mapping[str, system_models.System]


def running(systems: Systems, kind: str) -> dict[str, system_models.System]:
    """The systems of a kind that run on the clusters, by name."""
    return {name: system for name, system in systems.items() if system.kind == kind and system.runs}


def queued(systems: Systems) -> list[str]:
    """The systems whose jobs wait in a queue of Kueue."""
    return sorted(name for name, system in running(systems, TRAINING).items() if system.queue and system.jobs)


def callers(systems: Systems, called: str) -> list[str]:
    """The systems whose pods call a system."""
    return sorted(name for name, system in systems.items() if called in system.uses.systems)


def pools_in(systems: Systems, namespace: str) -> list[tuple[str, system_models.WorkPool]]:
    """The work pools that run in a system's namespace, each with the orchestration that declares it."""
    pools = ((owner, pool) for owner, system in systems.items() for pool in system.pools.values())
    return [(owner, pool) for owner, pool in pools if pool.namespace(owner) == namespace]


def groups_of(cluster: models.Cluster, system: str) -> list[GpuNodeGroup]:
    """The GPU node groups of a system: its own, or where it has none those of no system."""
    own = [group for group in cluster.gpu_node_groups if group.system == system]
    return own or [group for group in cluster.gpu_node_groups if group.system is None]


def serving_groups(cluster: models.Cluster, system: str) -> list[GpuNodeGroup]:
    """The groups on which servers of a model run: none of spot instances."""
    return [group for group in groups_of(cluster, system) if not group.spot]


def training_groups(cluster: models.Cluster, system: str, job: system_models.TrainingJob) -> list[GpuNodeGroup]:
    """The groups on which a job's workers run: those with its capacity."""
    capacity = TrainingCapacity(job.capacity)
    return [group for group in groups_of(cluster, system) if capacity.takes(spot=group.spot)]


def gpus_available(groups: Iterable[GpuNodeGroup], nodes: Mapping[str, int], gpus: int) -> int:
    """The GPUs of node groups, as far as whole replicas fit on a node.

    Args:
        groups: the groups.
        nodes: name of a group -> its nodes.
        gpus: of each replica.
    """
    return sum(nodes[group.name] * (gpus_of_node(group) // gpus) * gpus for group in groups)


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
        if system.runs and system.kind == SERVING:
            yield from _served(what, system)
        most = system.replicas.maximum
        if most is not None and most < system.replicas.minimum:
            allowed = f"at least minimum, {system.replicas.minimum}"
            fix = f"write maximum: {system.replicas.minimum}"
            yield Problem(f"{what}.replicas.maximum", str(most), allowed, fix)


def _served(what: str, system: system_models.System) -> Iterator[Problem]:
    if system.tools_image is None:
        allowed = "an image with Python 3.11 or newer, by digest: it runs beside each server"
        yield Problem(f"{what}.toolsImage", "nothing", allowed, "write toolsImage: REPOSITORY@sha256:DIGEST")
    if system.model is None:
        version = "{prefix: ..., weightsGib: ..., goldenPrompts: [...]}"
        fix = f"write model: {{name: ..., versions: {{v1: {version}}}, version: v1}}"
        yield Problem(f"{what}.model", "nothing", "the model that the system serves", fix)
        return
    canary = system.model.canary
    for name, weights in system.model.versions.items():
        prompts = json.dumps([each.model_dump(by_alias=True) for each in weights.golden_prompts])
        if len(prompts) > _MOST_PROMPT_CHARACTERS:
            allowed = f"at most {_MOST_PROMPT_CHARACTERS} characters in all: the recovery manifest holds them"
            what_prompts = f"{what}.model.versions.{name}.goldenPrompts"
            yield Problem(what_prompts, f"{len(prompts)} characters", allowed, "name fewer or shorter prompts")
    for key, chosen in {"version": system.model.version, "canary.version": canary and canary.version}.items():
        if chosen is not None and chosen not in system.model.versions:
            known = choices(system.model.versions)
            yield Problem(
                f"{what}.model.{key}", shown(chosen), known, f"write one of them, or add it to {what}.model.versions"
            )


def exposed(systems: Systems) -> str | None:
    """The system to which the load balancers send their requests; None without one."""
    served = running(systems, SERVING)
    named = [name for name, system in served.items() if system.exposed]
    undecided = [name for name, system in served.items() if system.exposed is None]
    return next(iter(named or (undecided if len(served) == 1 else [])), None)


@RULES.on("systems")
def _exposed(systems: Systems) -> Iterable[Problem]:
    served = running(systems, SERVING)
    named = [name for name, system in served.items() if system.exposed]
    undecided = [name for name, system in served.items() if system.exposed is None]
    if len(named) > 1:
        allowed = "one system: a load balancer has one target group"
        fix = f"write exposed: false for {', '.join(named[1:])}"
        yield Problem("haven:systems", f"exposed: true for {', '.join(named)}", allowed, fix)
    elif not named and len(served) > 1 and undecided:
        allowed = f"exposed: true for one of {', '.join(served)}, or exposed: false for all"
        yield Problem(
            "haven:systems",
            f"{len(served)} systems of kind {SERVING}",
            allowed,
            f"write exposed: true for {undecided[0]}",
        )


def notes(systems: Systems, controllers: system_models.Controllers, domain: str | None, *, mesh: bool) -> Iterator[str]:
    """What the plan has to say of systems that can't be ready as the stack is."""
    public = exposed(systems)
    if public is not None and domain is not None and controllers.load_balancer is None:
        yield (
            f"nothing here installs the AWS Load Balancer Controller, which registers the pods of {public}: set"
            " haven:controllers.loadBalancer (docs/charts-and-images.md), or install it yourself before `up`"
        )
    scaled = [name for name, each in running(systems, SERVING).items() if _has_room(each)]
    if scaled and controllers.keda is None:
        yield f"nothing here installs KEDA, which scales {', '.join(scaled)}: set haven:controllers.keda"
    queued_systems = ", ".join(queued(systems))
    if queued_systems and controllers.kueue is None:
        yield (
            f"nothing here installs Kueue, in whose queues the jobs of {queued_systems} wait: set"
            " haven:controllers.kueue (docs/charts-and-images.md), or install it yourself before `up`"
        )
    if mesh and any(each.runs for each in systems.values()):
        yield (
            "nothing here installs Istio in ambient mode and the definitions of the Gateway API, which haven:mesh needs"
            " in both clusters before `up`: install them (docs/service-mesh.md), or delete haven:mesh"
        )


def _has_room(system: system_models.System) -> bool:
    return system.replicas.maximum is not None and system.replicas.maximum > system.replicas.minimum


@RULES.on("systems", "watch")
def _autoscaled(systems: Systems, watch: part_models.Watch) -> Iterable[Problem]:
    """Servers of models are scaled by the length of their queues, which Prometheus has."""
    for name, system in running(systems, SERVING).items():
        if _has_room(system) and not watch.prometheus:
            allowed = "minimum, or nothing: KEDA asks the Region's Prometheus workspace"
            fix = "delete maximum, or write haven:watch: {prometheus: true}"
            yield Problem(f"haven:systems.{name}.replicas.maximum", str(system.replicas.maximum), allowed, fix)


@RULES.on("controllers", "images")
def _controllers(controllers: system_models.Controllers, images: part_models.Images) -> Iterable[Problem]:
    chosen = {
        "loadBalancer": controllers.load_balancer,
        "keda": controllers.keda,
        "kueue": controllers.kueue,
        "telemetry": controllers.telemetry,
    }
    for name, controller in chosen.items():
        if controller is None:
            continue
        named: dict[str, str] = {}
        if not isinstance(controller, system_models.Telemetry):
            named["chart.repository"] = controller.chart.repository
        for field, value in controller:
            if isinstance(value, str):
                named[str(type(controller).model_fields[field].alias)] = value.partition("@")[0]
        yield from _repositories(f"haven:controllers.{name}", named, images)


@RULES.on("controllers", "watch")
def _telemetry(controllers: system_models.Controllers, watch: part_models.Watch) -> Iterable[Problem]:
    """The collector's role comes with tracing, and GPU metrics are read by Prometheus."""
    telemetry = controllers.telemetry
    if telemetry is not None and not watch.tracing:
        yield Problem("haven:watch.tracing", "false", "true with haven:controllers.telemetry", "write tracing: true")
    if telemetry is not None and telemetry.gpu_image is not None and not watch.prometheus:
        allowed = "true with haven:controllers.telemetry.gpuImage"
        yield Problem("haven:watch.prometheus", "false", allowed, "write prometheus: true, or leave gpuImage out")


def _repositories(what: str, named: Mapping[str, str], images: part_models.Images) -> Iterator[Problem]:
    for key, repository in named.items():
        if repository not in images.repositories:
            fix = f"add {repository} to haven:images.repositories, and push there"
            yield Problem(f"{what}.{key}", shown(repository), f"one of {choices(images.repositories)}", fix)


@RULES.on("systems", "images", "storage")
def _stores(systems: Systems, images: part_models.Images, storage: models.Storage) -> Iterable[Problem]:
    for name, system in systems.items():
        what = f"haven:systems.{name}"
        named = {
            "image": system.image,
            "toolsImage": system.tools_image,
            "fallback.image": system.fallback and system.fallback.image,
            **{f"pools.{pool}.image": chosen.image for pool, chosen in system.pools.items()},
        }
        yield from _repositories(what, {key: each.partition("@")[0] for key, each in named.items() if each}, images)
        buckets = {"model.bucket": system.model.bucket} if system.model else {}
        if system.kind == TRAINING and system.jobs:
            buckets["checkpoints"] = system.checkpoints
        if system.kind == REGISTRY and system.runs:
            buckets["artifacts"] = system.artifacts
        for key, bucket in buckets.items():
            if bucket not in storage.buckets:
                fix = f"add {bucket} to haven:storage.buckets, or name one that is there"
                yield Problem(f"{what}.{key}", shown(bucket), choices(storage.buckets), fix)


@RULES.on("systems", "storage", "tables", "queues", "secrets")
def _uses(
    systems: Systems,
    storage: models.Storage,
    tables: Mapping[str, part_models.Table],
    queues: Mapping[str, part_models.Queue],
    secrets: Mapping[str, part_models.Secret],
) -> Iterable[Problem]:
    there = {"storage.buckets": storage.buckets, "tables": tables, "queues": queues, "secrets": secrets}
    for name, system in systems.items():
        used = system.uses
        count = sum(map(len, (used.buckets, used.tables, used.queues, used.secrets)))
        if count > _MOST_USED:
            allowed = f"at most {_MOST_USED} buckets, tables, queues and secrets in all: IAM limits a role's policies"
            fix = "name fewer, or make two systems of it"
            yield Problem(f"haven:systems.{name}.uses", f"{count} of them", allowed, fix)
        for key, names in {
            "storage.buckets": used.buckets, "tables": used.tables, "queues": used.queues, "secrets": used.secrets
        }.items():  # fmt: skip
            for each in names:
                if each not in there[key]:
                    what = f"haven:systems.{name}.uses.{key.rpartition('.')[2]}"
                    fix = f"add {each} to haven:{key}, or name one that is there"
                    yield Problem(what, shown(each), choices(there[key]) or f"nothing: haven:{key} is empty", fix)


@RULES.on("systems")
def _called(systems: Systems) -> Iterable[Problem]:
    for name, system in systems.items():
        others = [each for each, one in systems.items() if each != name and one.runs and one.kind in _SERVERS]
        for each in system.uses.systems:
            if each not in others:
                allowed = choices(others) or f"nothing: no other system of kind {choices(_SERVERS)} has an image"
                fix = f"delete {each}, or give haven:systems.{each} such a kind and an image"
                yield Problem(f"haven:systems.{name}.uses.systems", shown(each), allowed, fix)


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
        what = f"haven:systems.{name}"
        if system.runs and system.kind == SERVING and system.gpus:
            groups = serving_groups(cluster, name)
            yield from _on_nodes(name, f"{what}.gpus", system.gpus, groups)
        for job, chosen in system.jobs.items():
            if system.kind == TRAINING and chosen.gpus:
                groups = training_groups(cluster, name, chosen) or groups_of(cluster, name)
                yield from _on_nodes(name, f"{what}.jobs.{job}.gpus", chosen.gpus, groups)


def _on_nodes(name: str, what: str, gpus: int, groups: Sequence[GpuNodeGroup]) -> Iterator[Problem]:
    if not groups:
        allowed = f"a GPU node group with system: {name}, or one of no system"
        fix = f"add one to haven:cluster.gpuNodeGroups with system: {name}, or write gpus: 0"
        yield Problem(what, str(gpus), allowed, fix)
        return
    most = max(gpus_of_node(group) for group in groups)
    if gpus > most:
        allowed = f"at most {most}, the GPUs of a node of {', '.join(group.name for group in groups)}"
        yield Problem(what, str(gpus), allowed, f"write gpus: {most}, or larger instance types")
