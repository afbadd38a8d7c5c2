"""What the pods of a system's namespace may request together: the same in both Regions, at full scale."""

from collections.abc import Iterator
from math import ceil

from haven_components import NamespaceQuotaArgs
from haven_components.choices import ModelLoader
from haven_components.names import WEIGHTS_CLAIM_GIB
from infra.config.rules.nodes import fit
from infra.config.rules.nodes.rooms import Room
from infra.config.rules.systems import REGISTRY, SERVING, TRAINING, WORKFLOWS, pools_in
from infra.config.settings import Settings
from infra.config.system_models import System

SERVICES = 2
"""Background services of an orchestration."""
GENERATIONS = 2
"""Pods that end count until their grace period is over, those of a lost zone as well as those of an old version: the
pods that replace them must not wait for it, because controllers that a quota refuses try less and less often."""
CORES, MEMORY_GIB = 8, 64
"""[assumption] What each pod may take, unless it asks for more."""
PODS = 20
"""[assumption] Pods beside those that are declared: migrations, checks, and flow runs of a pool without a limit."""


def quota(settings: Settings, name: str) -> NamespaceQuotaArgs:
    """The quota of a system's namespace, in which pools of other systems may run as well."""
    system = settings.systems[name]
    accelerated = list(_accelerated(system))
    pods = sum(count for count, _ in accelerated) + _others(system) + _flow_runs(settings, name)
    all_pods = GENERATIONS * pods + PODS
    found: NamespaceQuotaArgs = {"cpu_cores": CORES * all_pods, "memory_gib": MEMORY_GIB * all_pods, "pods": all_pods}
    for each in fit.pods(settings.cluster, name, system):
        beyond = each.whole.less(Room(CORES * 1000, MEMORY_GIB * 1024))
        found["cpu_cores"] += GENERATIONS * each.count * max(ceil(beyond.millicores / 1000), 0)
        found["memory_gib"] += GENERATIONS * each.count * max(ceil(beyond.mib / 1024), 0)
    if gpus := GENERATIONS * sum(count * each for count, each in accelerated):
        found["gpus"] = gpus
    if claims := GENERATIONS * _claims(system):
        found["storage_gib"] = WEIGHTS_CLAIM_GIB * claims
    return found


def _claims(system: System) -> int:
    """Claims of weights: one for each version that is declared."""
    mounted = system.model is not None and system.model.loader == ModelLoader.MOUNTPOINT
    return len(system.model.versions) if system.model is not None and mounted else 0


def _most(system: System) -> int:
    return system.replicas.maximum or system.replicas.minimum


def _accelerated(system: System) -> Iterator[tuple[int, int]]:
    """Numbers of pods, and the GPUs of each."""
    if system.kind == SERVING:
        canary = system.model.canary if system.model is not None else None
        yield _most(system) + (canary.replicas if canary is not None else 0), system.gpus
    elif system.kind == TRAINING:
        yield from ((job.workers, job.gpus) for job in system.jobs.values())


def _others(system: System) -> int:
    """Pods without GPUs."""
    fallback = system.fallback.replicas if system.fallback is not None else 0
    return fallback + {REGISTRY: _most(system), WORKFLOWS: _most(system) + SERVICES}.get(system.kind, 0)


def _flow_runs(settings: Settings, name: str) -> int:
    """Workers and flow runs of the pools that run in the namespace."""
    return sum(pool.workers + (pool.concurrency or PODS) for _, pool in pools_in(settings.systems, name))
