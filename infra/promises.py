"""What the tier promises, next to what the stack asks for: the part of the outputs that a plan shows."""

from collections.abc import Mapping
from typing import Any

from haven.model.objectives import as_output, judge
from haven.model.tiers import PROMISES, Promise
from infra.config.rules.systems import SERVING, TRAINING, gpus_available, serving_groups
from infra.config.settings import Settings
from infra.config.system_models import System
from infra.scale import Scale


def promised(settings: Settings, scales: Mapping[str, Scale]) -> dict[str, Any]:
    """The tier, its promises, the stack's objectives, and whether the tier meets them.

    Args:
        settings: the environment's.
        scales: Region -> its scale now.
    """
    objectives = settings.objectives.model_dump(by_alias=True, exclude_none=True)
    return {
        "tier": settings.tier.value,
        "objectives": objectives,
        "promises": {name: _promise(promise) for name, promise in PROMISES[settings.tier].items()},
        "judgements": [as_output(each) for each in judge(settings.tier, objectives)],
        "systems": {name: _system(settings, scales, name, system) for name, system in settings.systems.items()},
    }


def _system(settings: Settings, scales: Mapping[str, Scale], name: str, system: System) -> dict[str, Any]:
    """A system's kind and tier, and what of it runs in each Region that has a cluster."""
    found: dict[str, Any] = {"kind": system.kind, "tier": settings.system_tier(name).value}
    if not system.runs:
        return found
    return found | {
        "runs": {region: _runs(settings, name, system, each) for region, each in scales.items() if each.cluster}
    }


def _runs(settings: Settings, name: str, system: System, here: Scale) -> dict[str, int]:
    replicas = here.systems[name]
    if system.kind == TRAINING:
        jobs = len(system.jobs) if replicas.minimum else 0
        return {"minimum": jobs, "maximum": jobs}
    found = {"minimum": replicas.minimum, "maximum": replicas.maximum}
    if system.kind != SERVING or not system.gpus:
        return found
    nodes = {group: sizes.desired_size for group, sizes in here.gpu_nodes.items()}
    available = gpus_available(serving_groups(settings.cluster, name), nodes, system.gpus)
    return found | {"gpus": replicas.minimum * system.gpus, "gpusAvailable": available}


def _promise(promise: Promise) -> dict[str, Any]:
    worst = promise.worst_case
    return {
        "says": promise.description,
        "atBestMinutes": promise.best_case.value if promise.best_case else None,
        "atBestSource": promise.best_case.source if promise.best_case else None,
        "atMostMinutes": worst.value if worst else None,
        "atMostSource": getattr(worst, "source", None),
        "assumption": getattr(worst, "why", None),
    }
