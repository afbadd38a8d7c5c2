"""What a workflow is made of: steps that look at what is there, and name the next call where something is missing."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call


@dataclass(frozen=True)
class Done:
    """The goal is reached."""

    found: Mapping[str, Any] = field(default_factory=dict)
    """What later steps need to know; kept in the journal."""
    remark: str = ""
    """What isn't as it should be, though the goal counts as reached."""


@dataclass(frozen=True)
class Waiting:
    """It is under way."""

    reason: str


@dataclass(frozen=True)
class Missing:
    """This call brings it nearer."""

    call: Call
    before: Mapping[str, Any] = field(default_factory=dict)
    """What it changes, by name, as it is now: kept in the journal for whoever undoes it."""


@dataclass(frozen=True)
class Impossible:
    """It can't be reached, however long one waits."""

    why: str


Look = Done | Waiting | Missing | Impossible
Looking = Callable[[Workflow], Coroutine[Any, Any, Look]]


class Step(NamedTuple):
    """One goal, which a look recognises."""

    name: str
    """In the journal: never renamed."""
    title: str
    look: Looking
    after: tuple[str, ...] = ()
    deadline: float = 600.0
    """Seconds from its beginning, in each run."""
    every: float = 5.0
    """Seconds between two looks."""
    settle: float = 60.0
    """Seconds in which AWS may not show yet what a call did. An assumption."""
    hold: float = 0.0
    """Seconds for which the goal must be there before it counts: a call of a lost operator may still arrive."""
    essential: bool = True
    """Whether what comes after it needs it."""
    no_return: bool = False
    """Whether its call can't be undone."""
    repeatable: bool = False
    """Whether its call may be made again although AWS accepted it."""
    patient: bool = False
    """Whether a call of it that AWS refuses may be taken later: then its looks say how often it is made, until the
    deadline."""
    later: frozenset[str] = frozenset()
    """Error codes that mean "later" of this step's calls alone, beside the engine's own."""
    fresh: bool = False
    """Whether a resumed workflow looks again although the journal has it as done."""
    undo: "Step | None" = None
    """What an abort does about it."""


class Ending(StrEnum):
    """How a step ended in this run."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "not begun"
    """Something before it failed."""
    STOPPED = "stopped"
    """The workflow is undone."""


class Progress(NamedTuple):
    """What a step is doing."""

    step: str
    title: str
    state: str
    """`running`, or how it ended."""
    seconds: float
    deadline: float
    detail: str = ""


def check_graph(steps: Sequence[Step]) -> None:
    """Refuse a graph whose steps don't follow what is before them.

    Raises:
        ValueError: a name twice, or a step after one that isn't before it.
    """
    before: set[str] = set()
    for step in steps:
        if step.name in before:
            raise ValueError(f"two steps have the name {step.name}")
        unknown = set(step.after) - before
        if unknown:
            raise ValueError(f"{step.name} follows {', '.join(sorted(unknown))}, which isn't before it")
        before.add(step.name)
