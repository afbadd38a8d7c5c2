"""The gate's verdict: the findings in a change set, and which of them are accepted by name, with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from haven.base.problems import Problem, Problems, choices, nearest, shown
from haven.gate import failover as failovers
from haven.gate import findings as rules
from haven.gate.changes import Action, ChangeSet
from haven.gate.failover import Failover
from haven.gate.findings import GateFinding


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
        in_stack_file: name or identity of the resources that the stack file accepts to the reason; these need not
            match a finding.

    Raises:
        Problems: `accepted` has an entry that matches no finding or has no reason, or `active` is wrong.
    """
    failover = failovers.failover_in(change_set, active, where)
    found = rules.findings(change_set)
    if failover:
        found += failovers.findings(change_set, failover)
    order = {each.identity: place for place, each in enumerate(change_set.changes)}
    found.sort(key=lambda each: order[each.identity])
    reasons = {**_from_stack_file(in_stack_file or {}, found), **_from_command_line(accepted, found, where)}
    return GateVerdict(change_set, failover, found, reasons)


def _from_stack_file(accepted: Mapping[str, str], findings: Sequence[GateFinding]) -> dict[str, str]:
    """Identity to reason of the findings that the stack file accepts."""
    pairs = ((each.identity, accepted.get(each.identity) or accepted.get(each.name)) for each in findings)
    return {identity: reason for identity, reason in pairs if reason}


def _from_command_line(accepted: Sequence[str], findings: Sequence[GateFinding], where: str) -> dict[str, str]:
    reasons: dict[str, str] = {}
    problems = []
    identities = dict.fromkeys(each.identity for each in findings)
    for text in accepted:
        identity = next((each for each in identities if text == each or text.startswith(f"{each}=")), None)
        reason = text[len(identity) + 1 :].strip() if identity else ""
        if identity is None:
            problems.append(_no_finding(text, list(identities)))
        elif not reason:
            problems.append(Problem("--accept", shown(text), f"{identity}=REASON", "add the reason after the ="))
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
