"""Compares a stack's objectives (RTO, RPO, availability) with the promises of its tier."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import floor, inf
from typing import Any

from haven.model.sources import Assumption
from haven.model.tiers import PROMISES, Promise, Tier

MINUTES_A_YEAR = 365 * 24 * 60


class Feasibility(StrEnum):
    """Whether a tier can meet an objective."""

    PROMISED = "within what the tier promises"
    ASSUMED = "within reach, if the assumption holds"
    OPEN = "possible, but not promised: measure it in drills"
    IMPOSSIBLE = "out of the tier's reach"


@dataclass(frozen=True)
class Judgement:
    """One objective, compared with one promise."""

    objective: str
    """`rtoMinutes`, `rpoMinutes` or `availabilityPercent`."""
    wanted: float
    promise: str
    """The promise's name in `haven.model.tiers.PROMISES`."""
    verdict: Feasibility
    because: str
    """The figure that decides the verdict, in words."""


def as_output(judgement: Judgement) -> dict[str, Any]:
    """A judgement as the stack's export `judgements` and a plan's JSON contain it."""
    return {
        "objective": judgement.objective,
        "wanted": judgement.wanted,
        "promise": judgement.promise,
        "verdict": judgement.verdict.value,
        "because": judgement.because,
    }


def judge(tier: Tier, objectives: Mapping[str, float]) -> list[Judgement]:
    """Compare every objective with every promise that it concerns, in a fixed order.

    Args:
        tier: the environment's tier.
        objectives: `rtoMinutes`, `rpoMinutes` (minutes) and `availabilityPercent`; those left out are not compared.
    """
    promises = PROMISES[tier]
    judged: list[Judgement] = []
    for name, promise in promises.items():
        objective = "rtoMinutes" if name == "rto" else "rpoMinutes"
        if objective in objectives:
            judged.append(_in_minutes(objective, objectives[objective], name, promise))
    if "availabilityPercent" in objectives:
        judged.append(_availability(tier, objectives["availabilityPercent"]))
    return judged


def impossible(tier: Tier, objectives: Mapping[str, float]) -> list[Judgement]:
    """The objectives that the tier cannot meet by definition."""
    return [each for each in judge(tier, objectives) if each.verdict is Feasibility.IMPOSSIBLE]


def within_reach(tier: Tier, objectives: Mapping[str, float], job_and_copy_minutes: float) -> dict[str, float]:
    """The objectives, each as it is, or the strictest that the tier can meet where that is less strict.

    Args:
        tier: the tier.
        objectives: `rtoMinutes`, `rpoMinutes` (minutes) and `availabilityPercent`.
        job_and_copy_minutes: what a backup and its copy take: a recovery point is that much older where there is no
            replica.
    """
    promises = PROMISES[tier]
    rto = promises["rto"].best_case
    rpo = max(each.best_case.value for name, each in promises.items() if name.startswith("rpo.") and each.best_case)
    least = {"rtoMinutes": rto.value if rto else 0.0, "rpoMinutes": rpo}
    if tier is Tier.BACKUP:
        least["rpoMinutes"] += job_and_copy_minutes
    most = {"availabilityPercent": floor((1 - least["rtoMinutes"] / MINUTES_A_YEAR) * 10_000) / 100}
    return {
        name: min(wanted, most[name]) if name in most else max(wanted, least.get(name, wanted))
        for name, wanted in objectives.items()
    }


def _in_minutes(objective: str, wanted: float, name: str, promise: Promise) -> Judgement:
    if promise.best_case is None:
        return Judgement(objective, wanted, name, Feasibility.OPEN, promise.description)
    if wanted < promise.best_case.value:
        return Judgement(objective, wanted, name, Feasibility.IMPOSSIBLE, promise.best_case.description)
    if promise.worst_case is None or wanted < promise.worst_case.value:
        because = promise.worst_case.description if promise.worst_case else "nothing is promised here"
        return Judgement(objective, wanted, name, Feasibility.OPEN, because)
    assumed = isinstance(promise.worst_case, Assumption)
    return Judgement(
        objective,
        wanted,
        name,
        Feasibility.ASSUMED if assumed else Feasibility.PROMISED,
        promise.worst_case.description,
    )


def _short(minutes: float) -> str:
    """Minutes, or seconds of less than one tenth of a minute."""
    return f"{minutes:.1f} min" if minutes >= 0.1 else f"{minutes * 60:.2g} s"


def _availability(tier: Tier, percent: float) -> Judgement:
    allowance = (1 - percent / 100) * MINUTES_A_YEAR
    best_case = PROMISES[tier]["rto"].best_case
    failover = best_case.value if best_case else inf
    spent = f"{percent:.12g} % leaves {_short(allowance)} a year; one recovery takes {failover:g} min in the best case"
    verdict = Feasibility.IMPOSSIBLE if allowance < failover else Feasibility.OPEN
    return Judgement("availabilityPercent", percent, "rto", verdict, spent)
