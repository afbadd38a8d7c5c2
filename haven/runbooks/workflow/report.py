"""How one run of a workflow ended, for whoever started it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from haven.model.drills import DrillRecord
from haven.runbooks.workflow.steps import Ending


class State(StrEnum):
    """How a run ended."""

    NOTHING = "nothing to do"
    """The Region is the writing one, and nothing is open."""
    REFUSED = "refused"
    """Nothing was changed."""
    DONE = "done"
    UNDONE = "undone"
    """A step failed before the point of no return; what was changed is changed back."""
    INCOMPLETE = "incomplete"
    """It goes on from here when it is run once more."""


@dataclass(frozen=True)
class Report:
    """What came of it."""

    state: State
    why: Sequence[str] = ()
    workflow: str = ""
    endings: Mapping[str, Ending] = field(default_factory=dict)
    divergence: str = ""
    """Empty: both sides were never open to clients together."""
    pending_audit: int = 0
    """Records that only this machine has."""
    losses: Sequence[str] = ()
    """What may be lost, store by store, as it was judged before the promotion."""
    record: DrillRecord | None = None
    """What it took, where it is done."""
