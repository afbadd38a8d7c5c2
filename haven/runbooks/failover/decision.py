"""Whether a failover may go on: who says that the writing Region is lost, and how soon the last failover was.

A plain function of what was observed; `docs/runbooks/failover.md` has its table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

LEAST_WITNESSES = 2
"""Independent observations that the Region is lost; that this machine can't reach it is none of them."""
ANTI_FLAP_SECONDS = 3600.0
"""Within this time a second failover needs an acknowledgement."""


class Seen(StrEnum):
    """The writing Region as this machine sees it."""

    UP = "up"
    DOWN = "down"
    """RDS there answers that the database can't serve."""
    UNREACHABLE = "unreachable from here"
    """Neither RDS nor EC2 there answers; a refusal is an answer, and the silence of another service isn't theirs."""
    READ_ONLY = "read-only"
    """It answers, and takes no writes."""
    FLAPPING = "flapping"
    """Several looks contradict each other."""
    UNKNOWN = "not known"
    """AWS answers there, and doesn't let this machine ask."""
    PARTLY = "answering in part"
    """EC2 there answers and RDS doesn't, or RDS refuses whoever asks: the token, the Region, the signature."""


UNUSABLE = (Seen.UNREACHABLE, Seen.PARTLY)
"""Whoever sees it so can't rely on a change that RDS or EC2 would have to make there."""


class Needs(StrEnum):
    """What a refusal asks of the operator."""

    FORCE = "a reason, given with --force, for taking the Region for lost"
    PLANNED = "--planned: both Regions answer"
    UNPLANNED = "leaving --planned out: the writing Region isn't up"


class Fence(StrEnum):
    """What must be known about the old writer before the new one is promoted."""

    CONFIRMED = "confirmed"
    """It is closed to clients: read back, or nothing is promoted."""
    TRIED = "tried"
    """It is closed to clients if AWS there does that within seconds: its cache and readers may be open. What isn't read
    back counts as open, and that is recorded."""
    UNCONFIRMED = "unconfirmed"
    """It can't be reached, so it can't be closed from outside: both sides may be written, and that is recorded."""


STRENGTH = {Fence.UNCONFIRMED: 0, Fence.TRIED: 1, Fence.CONFIRMED: 2}
"""The more is known about the old writer, the higher."""


@dataclass(frozen=True)
class Request:
    """What the operator wants."""

    planned: bool
    force: str = ""
    """The reason for taking the old Region for lost, which is recorded; empty: nothing is forced."""
    accept_loss: str = ""
    """What may be lost, in the words of `--accept-loss`, which are recorded; empty: what the objective allows."""
    acknowledged: bool = False
    """Whether another failover so soon after the last one is wanted."""

    def going_on(self, goal: Mapping[str, Any]) -> "Request":
        """The same with what a workflow that is open was given before."""
        force = self.force or str(goal["force"])
        return replace(self, force=force, accept_loss=self.accept_loss or str(goal.get("acceptLoss", "")))


class Through(StrEnum):
    """What an observation rests on: two that rest on the same thing are one, for its failure makes both."""

    HEARTBEATS = "heartbeats that don't come by the database's replication"
    DATABASE = "the database's replication"


@dataclass(frozen=True)
class Witness:
    """One observation of the writing Region."""

    name: str
    lost: bool | None
    """None: it doesn't know."""
    detail: str = ""
    through: Through = Through.HEARTBEATS


@dataclass(frozen=True)
class Decision:
    """Whether to go on, and how."""

    allowed: bool
    why: str
    fence: Fence = Fence.CONFIRMED
    forced: bool = False
    """Whether it is allowed only because somebody gave a reason."""
    needs: "Needs | None" = None
    """What would allow it; None: it is allowed, or nothing would."""


def witnesses_of_loss(witnesses: Sequence[Witness]) -> int:
    """How many independent observations agree that the Region is lost; none, where one of them contradicts.

    Those that rest on the same thing count once: where the database's replication is cut off, RDS reports it, and the
    database's heartbeat doesn't arrive either, although the Region may be well.
    """
    if any(each.lost is False for each in witnesses):
        return 0
    return len({each.through for each in witnesses if each.lost})


def decide(seen: Seen, witnesses: int, *, planned: bool, force: str = "") -> Decision:
    """Whether the writer may be promoted in the other Region.

    Args:
        seen: the writing Region as this machine sees it.
        witnesses: independent observations that it is lost.
        planned: whether nothing is to be lost: a switchover.
        force: the reason that somebody typed; empty: none.
    """
    if planned:
        return _planned(seen)
    how, refusal = fence(seen), _refusal(seen, witnesses)
    if not refusal:
        return Decision(True, f"{witnesses} independent observations agree that it is lost ({seen})", how)
    if force:
        return Decision(True, f"forced ({force}) although {refusal}", how, forced=True)
    return Decision(False, refusal, how, needs=Needs.PLANNED if seen is Seen.UP else Needs.FORCE)


def fence(seen: Seen) -> Fence:
    """What must be known about the old writer: what serves is closed, what only answers is tried to be closed, and
    nothing depends on what doesn't answer."""
    if seen is Seen.UNREACHABLE:
        return Fence.UNCONFIRMED
    return Fence.TRIED if seen in (Seen.DOWN, Seen.PARTLY) else Fence.CONFIRMED


def _planned(seen: Seen) -> Decision:
    if seen is Seen.UP:
        return Decision(True, "both Regions answer")
    why = f"a planned failover loses nothing and needs both Regions; the writing one is {seen}"
    return Decision(False, why, needs=None if seen in (Seen.UNKNOWN, Seen.PARTLY) else Needs.UNPLANNED)


def stops(seen: Seen, decided: Decision, *, closed: bool, accepted: bool) -> bool:
    """Whether a workflow that somebody else began is undone, rather than gone on with.

    Args:
        seen: the writing Region as this machine sees it now.
        decided: what would be decided now.
        closed: whether the old writer may have been closed by it: since then it is neither up nor lost.
        accepted: whether a promotion may have been made: then there is no way back.
    """
    if decided.allowed or accepted:
        return False
    return seen is Seen.UP or not closed


def _refusal(seen: Seen, witnesses: int) -> str:
    if seen is Seen.UP:
        return "the writing Region is up: a planned failover loses nothing"
    if witnesses < LEAST_WITNESSES:
        return f"{witnesses} of {LEAST_WITNESSES} independent observations report its loss; this machine sees it {seen}"
    return ""


def too_soon(since_last: float | None, *, acknowledged: bool) -> str:
    """Why a failover is refused so soon after the last one; empty: it isn't.

    Args:
        since_last: seconds since the last failover ended. None: there was none.
        acknowledged: whether somebody acknowledged it.
    """
    if since_last is None or since_last >= ANTI_FLAP_SECONDS or acknowledged:
        return ""
    return (
        f"the last failover ended {max(0.0, since_last):.0f} s ago; a second one within {ANTI_FLAP_SECONDS:.0f} s needs"
        " an acknowledgement"
    )
