"""Whether a Region's replicas may be given up: a plain function; `docs/runbooks/rebuild.md` has its table."""

from collections.abc import Sequence
from enum import StrEnum

from haven.runbooks.failover.decision import LEAST_WITNESSES, Decision, Needs, Witness, witnesses_of_loss


class Contents(StrEnum):
    """What the lost Region has of the environment."""

    THERE = "there"
    """It answers, and something is there."""
    EMPTY = "empty"
    """It answers, and nothing is there."""
    UNKNOWN = "unknown"
    """It doesn't answer, or not about everything."""


def decide(
    contents: Contents, there: Sequence[str], witnesses: Sequence[Witness], *, region: str, force: str = ""
) -> Decision:
    """Whether a Region's replicas may be given up.

    Args:
        contents: what the Region has of the environment.
        there: the names of that.
        witnesses: independent observations of the Region, for one that doesn't answer.
        region: its name.
        force: the reason that somebody typed; empty: none. It doesn't count against a Region that answers.
    """
    if contents is Contents.THERE:
        why = (
            f"{region} isn't lost: it has {', '.join(there)}; AWS resynchronizes it, and haven failback goes back to it"
        )
        return Decision(False, why)
    if contents is Contents.EMPTY:
        return Decision(True, f"{region} answers and has nothing of the environment")
    count = witnesses_of_loss(witnesses)
    if count >= LEAST_WITNESSES:
        return Decision(True, f"{region} doesn't answer, and {count} independent observations agree that it is lost")
    refusal = f"{count} of {LEAST_WITNESSES} independent observations report the loss of {region}, which doesn't answer"
    if force:
        return Decision(True, f"forced ({force}) although {refusal}", forced=True)
    return Decision(False, refusal, needs=Needs.FORCE)
