"""What to do while nodes don't come: wait, open traffic with what there is, or not at all."""

from dataclasses import dataclass
from enum import StrEnum


class Choice(StrEnum):
    """What follows."""

    FULL = "full"
    """Everything is there."""
    WAIT = "wait"
    DEGRADED = "degraded"
    """The least that opens traffic is there: open it; EKS goes on asking for the rest."""
    SHORT = "short"
    """Less than that, and no time left."""


@dataclass(frozen=True)
class Group:
    """One node group."""

    running: int
    wanted: int
    least: int
    """What opens traffic."""


def choose(group: Group, *, waited: float, patience: float) -> Choice:
    """What to do about a group.

    Args:
        group: how much of it there is.
        waited: seconds since it was asked for.
        patience: seconds after which the least is enough.
    """
    if group.running >= group.wanted:
        return Choice.FULL
    if waited < patience:
        return Choice.WAIT
    return Choice.DEGRADED if group.running >= max(1, group.least) else Choice.SHORT
