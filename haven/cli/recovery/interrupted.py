"""What whoever interrupts a failover or failback has to know: what is left changed, and how to go on."""

from typing import TYPE_CHECKING

from haven.cli.recovery import arc
from haven.cli.recovery.failover_text import How
from haven.cli.recovery.progress import Board

if TYPE_CHECKING:
    from haven.runbooks.failover.run import Operator

_GO_ON = "The journal has every step. To go on, run the same command once more: the lease ends in a minute."


def going_on(made: "Operator | None", how: How, board: Board) -> str:
    """What a run that has begun leaves changed, and how to go on with it."""
    how_to = arc.goes_on(made, board) if how is How.ARC else ""
    return f"{_changed(made, how)}{how_to or _GO_ON}"


def nothing_done(made: "Operator | None", how: How) -> str:
    """That this run changed nothing; and what others have left open, which doesn't end by itself."""
    elsewhere = f"{made.left_open}, and stays so. " if made and made.left_open else ""
    left = _changed(made, how)
    if not elsewhere and not left:
        return "Nothing was changed."
    others = elsewhere or "an earlier one did. "
    return f"This run changed nothing, but {others}{left}{_GO_ON if left else ''}".strip()


def _changed(made: "Operator | None", how: How) -> str:
    """That clients and applications may be shut out, which doesn't end by itself, and how it is called off."""
    from haven.runbooks.failover.resuming import standing

    workflow = standing.open_in(made.journal.entries, made.found_notes) if made else None
    if made is None or workflow is None or not (found := standing.changed(made.site, workflow)):
        return ""
    called_off = "" if how is How.ARC else standing.calling_off(made.site, workflow)
    way_out = f"While {made.site.old} still writes, this calls it off: {called_off}. " if called_off else ""
    return f"{' '.join(found)} {way_out}"
