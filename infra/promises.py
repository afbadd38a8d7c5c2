"""What the tier promises, next to what the stack asks for: the part of the outputs that a plan shows."""

from typing import Any

from haven.model.objectives import as_output, judge
from haven.model.tiers import PROMISES, Promise
from infra import scale
from infra.config.rules.systems import SERVING, TRAINING, gpu_room, serving_groups
from infra.config.settings import Settings
from infra.config.system_models import System
from infra.scale import Scale


def promised(settings: Settings) -> dict[str, Any]:
    """The tier, its promises, the stack's objectives, and whether the tier meets them."""
    objectives = settings.objectives.model_dump(by_alias=True, exclude_none=True)
    return {
        "tier": settings.tier.value,
        "objectives": objectives,
        "promises": {name: _promise(promise) for name, promise in PROMISES[settings.tier].items()},
        "judgements": [as_output(each) for each in judge(settings.tier, objectives)],
        "systems": {name: _system(settings, name, system) for name, system in settings.systems.items()},
    }


def _system(settings: Settings, name: str, system: System) -> dict[str, Any]:
    """A system's kind and tier, and what of it runs in each Region that has a cluster."""
    found: dict[str, Any] = {"kind": system.kind, "tier": settings.system_tier(name).value}
    if system.image is None:
        return found
    scales = scale.scales(settings)
    return found | {
        "runs": {
            region: _runs(settings, name, system, each)
            for region, each in scales.items()
            if each.cluster and name in each.systems
        }
    }


def _runs(settings: Settings, name: str, system: System, here: Scale) -> dict[str, int]:
    replicas = here.systems[name]
    if system.kind == TRAINING:
        jobs = len(system.jobs) if replicas.minimum else 0
        return {"minimum": jobs, "maximum": jobs}
    found = {"minimum": replicas.minimum, "maximum": replicas.maximum}
    if system.kind != SERVING or not system.gpus:
        return found
    nodes = {each.name: here.gpu_nodes[each.name].desired_size for each in serving_groups(settings.cluster, name)}
    room = gpu_room(settings.cluster, name, system, nodes)
    return found | {"gpus": replicas.minimum * system.gpus, "gpusAvailable": room.available}


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
