"""What a change makes of a stack's objectives: each promise of the tier before and after, and what is missed now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven.model.objectives import Feasibility
from haven.plan.summary import Plan
from haven.plan.text import asked_for, best_case, in_order, promise_name, worst_case

_ORDER = list(Feasibility)
"""From the best to the worst."""


@dataclass(frozen=True)
class ObjectiveChange:
    """One promise of the tier beside one objective, on both sides."""

    promise: str
    """In words, such as `lost: writes to the database`."""
    best_case: tuple[str, str]
    worst_case: tuple[str, str]
    asked: tuple[str, str]
    """The objective, such as `RTO 15 min`; `-` where there is none."""
    verdict: tuple[str, str]
    """Whether the tier meets it, in words; `-` where nothing is asked."""
    missed: bool
    """Whether the change is what makes the tier miss the objective."""

    @property
    def differs(self) -> bool:
        """Whether promise or objective aren't what they were; the verdict follows from them."""
        return any(old != new for old, new in (self.best_case, self.worst_case, self.asked))


def objective_changes(before: Plan | None, after: Plan | None) -> list[ObjectiveChange]:
    """The promises and objectives that differ; none unless both sides are environments."""
    if before is None or after is None or not (before.tier and after.tier):
        return []
    return [each for each in _rows(before, after) if each.differs]


def _rows(before: Plan, after: Plan) -> Iterator[ObjectiveChange]:
    for name, promise in in_order({**before.promises, **after.promises}):
        old, new = before.promises.get(name, {}), after.promises.get(name, {})
        then, now = _judged(before, name), _judged(after, name)
        for objective in sorted({*then, *now}) or [""]:
            first, second = then.get(objective), now.get(objective)
            yield ObjectiveChange(
                promise_name(name, promise),
                (best_case(old), best_case(new)),
                (worst_case(old), worst_case(new)),
                (_asked(first), _asked(second)),
                (_verdict(first), _verdict(second)),
                _missed(first, second),
            )


def _judged(plan: Plan, promise: str) -> Mapping[str, Mapping[str, Any]]:
    return {str(each["objective"]): each for each in plan.judgements if each["promise"] == promise}


def _asked(judgement: Mapping[str, Any] | None) -> str:
    return asked_for(judgement) if judgement else "-"


def _verdict(judgement: Mapping[str, Any] | None) -> str:
    return str(judgement["verdict"]) if judgement else "-"


def _missed(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """Whether an objective of both sides is met less certainly than before, and no longer for certain."""
    if after is None or before is None:
        return False
    rank = _ORDER.index(Feasibility(after["verdict"]))
    return rank >= _ORDER.index(Feasibility.OPEN) and rank > _ORDER.index(Feasibility(before["verdict"]))
