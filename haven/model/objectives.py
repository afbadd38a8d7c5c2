"""Holds a stack's objectives against what its tier can promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from haven.model.sources import Assumption
from haven.model.tiers import PROMISES, Promise, Tier

MINUTES_A_YEAR = 365 * 24 * 60


class Verdict(StrEnum):
    """How an objective stands to a promise."""

    PROMISED = "within what the tier promises"
    ASSUMED = "within reach, if the assumption holds"
    OPEN = "possible, but not promised: measure it in drills"
    IMPOSSIBLE = "out of the tier's reach"


@dataclass(frozen=True)
class Judgement:
    """One objective beside one promise."""

    objective: str
    """`rtoMinutes`, `rpoMinutes` or `availabilityPercent`."""
    wanted: float
    promise: str
    """The promise's name in `haven.model.tiers.PROMISES`."""
    verdict: Verdict
    because: str


def judge(tier: Tier, objectives: Mapping[str, float]) -> list[Judgement]:
    """Every objective given, beside every promise that it touches, in a fixed order."""
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
    return [each for each in judge(tier, objectives) if each.verdict is Verdict.IMPOSSIBLE]


def _in_minutes(objective: str, wanted: float, name: str, promise: Promise) -> Judgement:
    if wanted < promise.at_best.value:
        return Judgement(objective, wanted, name, Verdict.IMPOSSIBLE, promise.at_best.says)
    if promise.at_most is None or wanted < promise.at_most.value:
        because = promise.at_most.says if promise.at_most else "nothing is promised here"
        return Judgement(objective, wanted, name, Verdict.OPEN, because)
    assumed = isinstance(promise.at_most, Assumption)
    return Judgement(objective, wanted, name, Verdict.ASSUMED if assumed else Verdict.PROMISED, promise.at_most.says)


def _availability(tier: Tier, percent: float) -> Judgement:
    allowance = (1 - percent / 100) * MINUTES_A_YEAR
    failover = PROMISES[tier]["rto"].at_best.value
    spent = f"{percent:g} % leaves {allowance:.1f} min a year; one recovery at its best takes {failover:g} min"
    verdict = Verdict.IMPOSSIBLE if allowance < failover else Verdict.OPEN
    return Judgement("availabilityPercent", percent, "rto", verdict, spent)
