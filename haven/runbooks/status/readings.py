"""One line of `haven status`, and the questions that lead to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from haven.runbooks.observation import Answer

Key = tuple[str, str]
"""What is asked and the Region that is asked."""
Questions = Mapping[Key, Callable[[], Any]]
Answers = Mapping[Key, Answer]


class State(StrEnum):
    """How something is, from the best to the worst."""

    OK = "ok"
    UNKNOWN = "unknown"
    """Nobody could find out, which is not fine."""
    WRONG = "wrong"


COLOURS = {State.OK: "green", State.UNKNOWN: "yellow", State.WRONG: "bold red"}


@dataclass(frozen=True)
class Reading:
    """One thing that was found out, or couldn't be."""

    area: str
    """Such as `database`."""
    region: str
    """The Region that it is about; empty: the environment."""
    state: State
    description: str
    """What was found, in one line."""
    age_seconds: float | None = None
    """How old the sample is, where it is one."""


def unknown(area: str, region: str, answer: Answer) -> Reading:
    """A reading of which nothing is known."""
    return Reading(area, region, State.UNKNOWN, answer.unknown)


def duration(seconds: float) -> str:
    """`250 ms`, `12 s`, `7 min`, `3 h`, `2 d`."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds)} s"
