"""One thing that is held against what it should be, and the commands that mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

from haven.runbooks.observation import Answer
from haven.runbooks.status.readings import State

EVERY_ROW_SECONDS = 12 * 3600.0
"""[assumption] In which one run compares every row and item: a person's shift."""


@dataclass(frozen=True)
class Check:
    """One line of `haven reconcile`."""

    area: str
    """Such as `config`."""
    region: str
    """The Region that it is about; empty: the environment."""
    state: State
    description: str
    commands: Sequence[str] = ()
    """What to run, in this order. Empty: nothing, or nothing that a command can do."""
    names: Sequence[str] = ()
    """All that the description counts and names a few of, for a person to look at: primary keys of rows."""


def unknown(area: str, region: str, what: str, answer: Answer) -> Check:
    """A check that couldn't be made."""
    return Check(area, region, State.UNKNOWN, f"{what}: {answer.unknown}")
