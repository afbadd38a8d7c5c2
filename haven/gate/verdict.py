"""The gate: what is dangerous in a document, less what is accepted by name and with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from haven.base.problems import Problem, Problems, choices, nearest, shown
from haven.gate import failover, findings
from haven.gate.changes import Action, Document
from haven.gate.failover import Flip
from haven.gate.findings import Danger


@dataclass(frozen=True)
class Verdict:
    """What becomes of a document."""

    document: Document
    flip: Flip | None
    dangers: Sequence[Danger]
    """What is dangerous, accepted or not, in the document's order."""
    reasons: Mapping[str, str]
    """Identity of each resource whose dangers are accepted -> why."""

    @property
    def refused(self) -> Sequence[Danger]:
        """What nobody has accepted."""
        return [each for each in self.dangers if each.identity not in self.reasons]

    @property
    def accepted(self) -> Sequence[Danger]:
        """What somebody has."""
        return [each for each in self.dangers if each.identity in self.reasons]

    @property
    def counts(self) -> Mapping[Action, int]:
        """How many resources each action is for; nothing for actions that none is for."""
        found = {action: sum(action in each.actions for each in self.document.changes) for action in Action}
        return {action: count for action, count in found.items() if count}


def judge(
    document: Document,
    accepted: Sequence[str],
    active: str | None,
    where: str,
    lasting: Mapping[str, str] | None = None,
) -> Verdict:
    """The verdict on a document.

    Args:
        document: what would be done.
        accepted: `IDENTITY=REASON` for each resource whose dangers are meant.
        active: the Region that becomes active, where the document doesn't tell.
        where: what to call the document in problems.
        lasting: name or identity of what the stack's file accepts -> why; it may name what isn't dangerous here.

    Raises:
        Problems: something is accepted that isn't dangerous, or without a reason.
    """
    flipped = failover.flip(document, active, where)
    found = findings.dangers(document)
    if flipped:
        found += failover.dangers(document, flipped)
    order = {each.identity: place for place, each in enumerate(document.changes)}
    found.sort(key=lambda each: order[each.identity])
    return Verdict(document, flipped, found, {**_lasting(lasting or {}, found), **_reasons(accepted, found, where)})


def _lasting(accepted: Mapping[str, str], found: Sequence[Danger]) -> dict[str, str]:
    """Identity of what the stack's file accepts -> why."""
    told = ((each.identity, accepted.get(each.identity) or accepted.get(each.name)) for each in found)
    return {identity: reason for identity, reason in told if reason}


def _reasons(accepted: Sequence[str], found: Sequence[Danger], where: str) -> dict[str, str]:
    reasons: dict[str, str] = {}
    problems = []
    identities = dict.fromkeys(each.identity for each in found)
    for text in accepted:
        identity = next((each for each in identities if text == each or text.startswith(f"{each}=")), None)
        reason = text[len(identity) + 1 :].strip() if identity else ""
        if identity is None:
            problems.append(_nothing_dangerous(text, list(identities)))
        elif not reason:
            problems.append(Problem("--accept", shown(text), f"{identity}=REASON", "say why it is meant"))
        elif identity in reasons:
            problems.append(Problem("--accept", shown(text), "each resource once", "leave one of them out"))
        else:
            reasons[identity] = reason
    if problems:
        raise Problems(problems, where)
    return reasons


def _nothing_dangerous(text: str, identities: Sequence[str]) -> Problem:
    near = nearest(text.partition("=")[0], identities)
    fix = f"did you mean {near}?" if near else "leave it out: it would let through what nobody has seen"
    allowed = choices(identities) if identities else "nothing, for nothing here is dangerous"
    return Problem("--accept", shown(text), allowed, fix)
