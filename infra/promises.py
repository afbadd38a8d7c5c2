"""What the tier promises, next to what the stack asks for: the part of the outputs that a plan shows."""

from typing import Any

from haven.model.objectives import as_output, judge
from haven.model.tiers import PROMISES, Promise
from infra.config.settings import Settings


def promised(settings: Settings) -> dict[str, Any]:
    """The tier, its promises, the stack's objectives, and whether the tier meets them."""
    objectives = settings.objectives.model_dump(by_alias=True, exclude_none=True)
    return {
        "tier": settings.tier.value,
        "objectives": objectives,
        "promises": {name: _promise(promise) for name, promise in PROMISES[settings.tier].items()},
        "judgements": [as_output(each) for each in judge(settings.tier, objectives)],
        "systems": {
            name: {"kind": system.kind, "tier": settings.system_tier(name).value}
            for name, system in settings.systems.items()
        },
    }


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
