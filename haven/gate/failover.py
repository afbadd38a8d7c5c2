"""A flip of the active Region: what it may do is add and enlarge, and only in the Region that becomes active."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base.problems import Problem, Problems, shown
from haven.base.regions import REGION
from haven.gate.changes import STASH, Action, Change, Document
from haven.gate.findings import Danger, Rule, made
from haven.gate.safeguards import at
from haven.program.diff import ABSENT, differences

_PAGE = "docs/promotion.md"
_APART = f"take it out of this deployment: a failover changes haven:active and nothing else ({_PAGE})"


@dataclass(frozen=True)
class Flip:
    """Writes move to another Region."""

    before: str | None
    """None: the document doesn't tell."""
    after: str


def flip(document: Document, active: str | None, where: str) -> Flip | None:
    """The flip that a document is about, if any: what the environment remembers in its state, or its outputs, says so.

    Args:
        document: what would be done.
        active: the Region that becomes active, for a document that doesn't tell. None: as the document has it.
        where: what to call the document in problems.

    Raises:
        Problems: that is no Region, or the document names another one.
    """
    if active is not None and not re.match(REGION, active):
        problem = Problem("--active", shown(active), "a Region, such as eu-central-1", "name the one that takes over")
        raise Problems([problem], where)
    found = next(_told(document), None)
    if found and active and found.after != active:
        allowed = shown(found.after)
        fix = "leave --active out: the document itself tells which Region becomes active"
        raise Problems([Problem("--active", shown(active), allowed, fix)], where)
    return found or (Flip(None, active) if active else None)


def _told(document: Document) -> Iterator[Flip]:
    for each in document.changes:
        if each.type == STASH:
            yield from _between(at(each.before, "input.active"), at(each.after, "input.active"))
    if "active" in document.outputs:
        yield from _between(*document.outputs["active"])


def _between(before: Any, after: Any) -> Iterator[Flip]:
    if isinstance(before, str) and isinstance(after, str) and before != after:
        yield Flip(before, after)


def dangers(document: Document, flipped: Flip) -> list[Danger]:
    """What a flip must not do, and this one does."""
    return [danger for each in document.changes if not each.type.startswith("pulumi:") for danger in _of(each, flipped)]


def _of(change: Change, flipped: Flip) -> Iterator[Danger]:
    done = sorted(change.actions & {Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.FORGET})
    if not done:
        return
    doing = " and ".join(done) + (f" of {', '.join(change.changed)}" if change.changed else "")
    if change.region is None:
        if done != [Action.CREATE]:
            why = "the document doesn't tell where it stands; it may be in the Region that is left"
            yield made(Rule.FLIP, change, f"{doing} in a flip to {flipped.after}", why, _APART)
    elif change.region != flipped.after:
        why = "the Region that writes leave may be lost: nothing there is to be touched, and nothing waited for"
        fix = f"{_APART}; bringing the old side down is haven:demote, once that Region answers again"
        yield made(Rule.FLIP, change, f"{doing} in {change.region}, in a flip to {flipped.after}", why, fix)
    elif done != [Action.CREATE]:
        for what in _beyond_growth(change, done):
            why = f"{flipped.after} is to carry everything from now on: a flip only adds and enlarges there"
            yield made(Rule.FLIP, change, what, why, _APART)


def _beyond_growth(change: Change, done: Sequence[Action]) -> Iterator[str]:
    """What of a change in the newly active Region neither adds nor enlarges."""
    if done != [Action.UPDATE]:
        yield f"{' and '.join(done)} in the Region that becomes active"
        return
    found = list(differences(change.before, change.after))
    shrunk = [
        f"{path} {before} -> {after}" for path, before, after in found if _number(before, after) and after < before
    ]
    if shrunk:
        yield f"shrinks in the Region that becomes active: {', '.join(shrunk)}"
    others = [path for path, before, after in found if not _grows(before, after)]
    if others or not found:
        paths = ", ".join(others or change.changed) or "nothing that the document names"
        yield f"is changed in the Region that becomes active: {paths}"


def _number(*values: Any) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def _grows(before: Any, after: Any) -> bool:
    """Whether a value is added, or a number; a smaller one has been told of."""
    return before is ABSENT or _number(before, after)
