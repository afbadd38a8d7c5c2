"""The gate's verdict: the findings in a change set, and which of them are accepted by name, with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from haven.base.problems import Problem, Problems, choices, nearest, shown
from haven.base.reasons import SHORTEST_REASON
from haven.gate import failover as failovers
from haven.gate import findings as rules
from haven.gate.changes import Action, ChangeSet, ResourceChange
from haven.gate.failover import Failover
from haven.gate.findings import GateFinding
from haven.gate.unjudged import why_not_judged

_READING = {Action.REFRESH, Action.IMPORT}


@dataclass(frozen=True)
class GateVerdict:
    """All findings in a change set, and the reasons for those that are accepted."""

    change_set: ChangeSet
    failover: Failover | None
    findings: Sequence[GateFinding]
    """Accepted or not, in the order of the changes."""
    reasons: Mapping[str, str]
    """Identity of each resource whose findings are accepted to the reason."""

    @property
    def refused(self) -> Sequence[GateFinding]:
        """The findings that are not accepted."""
        return [each for each in self.findings if each.identity not in self.reasons]

    @property
    def accepted(self) -> Sequence[GateFinding]:
        """The findings that are accepted."""
        return [each for each in self.findings if each.identity in self.reasons]

    @property
    def not_judged(self) -> Sequence[tuple[ResourceChange, str]]:
        """The resources that change and whose type the gate can't judge, with the reason."""
        reasons = ((each, why_not_judged(each.type)) for each in self.change_set.changes if each.actions - _READING)
        return [(each, why) for each, why in reasons if why]

    @property
    def counts(self) -> Mapping[Action, int]:
        """The number of resources for each action; actions of no resource are left out."""
        counts = {action: sum(action in each.actions for each in self.change_set.changes) for action in Action}
        return {action: count for action, count in counts.items() if count}


def judge(
    change_set: ChangeSet,
    accepted: Sequence[str],
    active: str | None,
    where: str,
    in_stack_file: Mapping[str, str] | None = None,
) -> GateVerdict:
    """Judge a change set.

    Args:
        change_set: the preview or plan.
        accepted: `IDENTITY=REASON` for each resource whose findings are accepted; each must match a finding.
        active: the newly active Region, for a document that does not contain it. None: the document's, if any.
        where: the document's name in error messages.
        in_stack_file: identity, `TYPE::NAME` or name of each resource that the stack file accepts to the reason; these
            need not match a finding.

    Raises:
        Problems: `accepted` has an entry that matches no finding or whose reason is too short, `in_stack_file` has a
            name that several resources of the change set have, or `active` is wrong.
    """
    failover = failovers.failover_in(change_set, active, where)
    found = rules.findings(change_set)
    if failover:
        found += failovers.findings(change_set, failover)
    order = {each.identity: place for place, each in enumerate(change_set.changes)}
    found.sort(key=lambda each: order[each.identity])
    in_file = _from_stack_file(in_stack_file or {}, change_set, where)
    reasons = {**in_file, **_from_command_line(accepted, found, where)}
    reasons = {each.identity: reasons[each.identity] for each in found if each.identity in reasons}
    return GateVerdict(change_set, failover, found, reasons)


def _from_stack_file(accepted: Mapping[str, str], change_set: ChangeSet, where: str) -> dict[str, str]:
    """Identity to reason of the resources that the stack file accepts.

    Raises:
        Problems: an entry is a name, or `TYPE::NAME`, of several resources.
    """
    reasons: dict[str, str] = {}
    problems = []
    for named, reason in accepted.items():
        meant = [each for each in change_set.changes if named == each.identity] or _called(named, change_set)
        if len(meant) > 1:
            problems.append(_ambiguous(named, meant))
        else:
            reasons |= {each.identity: reason for each in meant}
    if problems:
        raise Problems(problems, where)
    return reasons


def _called(named: str, change_set: ChangeSet) -> Sequence[ResourceChange]:
    """The resources with this `TYPE::NAME` or name."""
    return [each for each in change_set.changes if named in (f"{each.type}::{each.name}", each.name)]


def _ambiguous(named: str, meant: Sequence[ResourceChange]) -> Problem:
    got = f"{shown(named)}, the name of {len(meant)} resources"
    types = {each.type for each in meant}
    several = [f"{each.type}::{each.name}" if len(types) == len(meant) else each.identity for each in meant]
    fix = "name the one that is meant; the others are judged"
    return Problem("haven:policy.accepted", got, choices(several), fix)


def _from_command_line(accepted: Sequence[str], findings: Sequence[GateFinding], where: str) -> dict[str, str]:
    reasons: dict[str, str] = {}
    problems = []
    identities = dict.fromkeys(each.identity for each in findings)
    for text in accepted:
        identity = next((each for each in identities if text == each or text.startswith(f"{each}=")), None)
        reason = text[len(identity) + 1 :].strip() if identity else ""
        if identity is None:
            problems.append(_no_finding(text, list(identities)))
        elif len(reason) < SHORTEST_REASON:
            allowed = f"{identity}=REASON, with a reason of at least {SHORTEST_REASON} characters"
            problems.append(Problem("--accept", shown(text), allowed, "write the reason after the =, for a reviewer"))
        elif identity in reasons:
            problems.append(Problem("--accept", shown(text), "each resource once", "leave one of them out"))
        else:
            reasons[identity] = reason
    if problems:
        raise Problems(problems, where)
    return reasons


def _no_finding(text: str, identities: Sequence[str]) -> Problem:
    near = nearest(text.partition("=")[0], identities)
    fix = f"did you mean {near}?" if near else "leave it out: it would accept a finding that nobody has seen"
    allowed = choices(identities) if identities else "none, because there are no findings"
    return Problem("--accept", shown(text), allowed, fix)
