"""What a change makes of a stack's predictions: RTO, RPO, cost, availability, objectives, and the data that goes.

Imports numpy: import it where it is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from haven.base.problems import Problems
from haven.gate.findings import GateRule
from haven.gate.verdict import GateVerdict
from haven.plan.difference import RecordingDiff
from haven.plan.headline import Headline, headline
from haven.plan.prediction import Outcome
from haven.plan.stated import stated
from haven.plan.summary import ENVIRONMENT
from haven.program.recording import Resource
from haven.program.stateful_types import stateful, token
from haven.pull_request.change_set import removed
from haven.pull_request.runs import Run

BASE, CHANGE = "base", "change"
_SAME = 0.005
"""Minutes below which two margins are the same."""
_LOSSES = frozenset({GateRule.DELETION, GateRule.REPLACEMENT})


@dataclass(frozen=True)
class HeadlineChange:
    """The predictions of one stack before and after a change, each compared with its own objectives."""

    before: Headline | None = None
    """None where the base has no such environment, or can't be predicted."""
    after: Headline | None = None
    failures: Mapping[str, str] = field(default_factory=dict)
    """Sides that can't be predicted, `base` or `change`, with the reason."""

    @property
    def unjudged(self) -> bool:
        """Whether the change can't be predicted: whether it misses an objective is unknown."""
        return CHANGE in self.failures

    @property
    def newly_missed(self) -> Sequence[Outcome]:
        """Objectives that the change makes the environment miss: met or not asked before, and missed now."""
        old = {each.objective for each in self.before.missed} if self.before else set()
        return [each for each in self.missed if each.objective not in old]

    @property
    def missed(self) -> Sequence[Outcome]:
        """Objectives that are missed after the change."""
        return self.after.missed if self.after else []

    @property
    def broken(self) -> Sequence[Outcome]:
        """Objectives that were asked for and met before, and that the change misses: the merge is refused."""
        asked = {each.objective for each in self.before.outcomes} if self.before else set()
        return [each for each in self.newly_missed if each.objective in asked]

    @property
    def worsened(self) -> bool:
        """Whether an objective is missed that the base met, did not have, or missed by less."""
        old = {each.objective: each.margin_minutes for each in self.before.missed} if self.before else {}
        return any(each.margin_minutes < old.get(each.objective, 0) - _SAME for each in self.missed)


def headline_change(before: Run, after: Run, project: Path | None) -> HeadlineChange:
    """The predictions on both sides, with the same price book.

    Args:
        before: the run of the base.
        after: the run of the change.
        project: whose `data/prices.csv` has prices. None: the shipped ones.
    """
    failures: dict[str, str] = {}
    return HeadlineChange(_side(BASE, before, project, failures), _side(CHANGE, after, project, failures), failures)


def _side(name: str, run: Run, project: Path | None, failures: dict[str, str]) -> Headline | None:
    recording = run.recording
    if recording is None or not _is_environment(recording.outputs):
        return None
    try:
        return headline(recording, project, stated(run.config))
    except Problems as error:
        failures[name] = f"no prediction of the {name}: {'; '.join(each.render() for each in error.problems)}"
        return None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # another version's program declares it
        failures[name] = f"no prediction of the {name}: {type(error).__name__}: {error}"
        return None


def _is_environment(outputs: Mapping[str, Any]) -> bool:
    return outputs.get("kind", ENVIRONMENT) == ENVIRONMENT and {"regions", "active", "tier"} <= outputs.keys()


class Fate(StrEnum):
    """What a deployment does to a resource that holds data."""

    DELETED = "deleted"
    REMOVED = "removed from the state"
    """It is retained: it stays in AWS, unmanaged."""
    REPLACED = "replaced"


@dataclass(frozen=True)
class DataChange:
    """A resource that holds data, and that a deployment of the change would delete or replace."""

    name: str
    fate: Fate
    accepted: bool
    """Whether the stack file accepts it by name."""


def data_changes(diff: RecordingDiff, gate: GateVerdict) -> list[DataChange]:
    """The stateful resources that a deployment would delete or replace, and whatever else the gate counts as lost.

    Args:
        diff: the difference of the two recordings.
        gate: the gate's verdict on it.
    """
    lost = {each.identity for each in gate.findings if each.rule in _LOSSES}
    going = [*((each, _end(each)) for each in removed(diff)), *((each.record, Fate.REPLACED) for each in diff.replaced)]
    return sorted(
        (
            DataChange(record.name, fate, record.urn in gate.reasons)
            for record, fate in going
            if record.urn in lost or stateful(token(record.type))
        ),
        key=lambda each: (list(Fate).index(each.fate), each.name),
    )


def _end(record: Resource) -> Fate:
    return Fate.REMOVED if record.options.retain_on_delete else Fate.DELETED
