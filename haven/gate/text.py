"""The gate's verdict as text and as JSON."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from haven.base.terminal import Style, plural
from haven.gate.changes import ResourceChange
from haven.gate.findings import GateFinding
from haven.gate.verdict import GateVerdict


def render(verdict: GateVerdict, style: Style) -> str:
    """The verdict as text: each finding with what happens, why that is dangerous, and the fix."""
    lines = [style.paint(_headline(verdict), "bold"), *style.wrapped(_summary(verdict), 0)]
    lines += _group("Findings", "red", verdict.refused, verdict, style)
    lines += _group("Accepted", "yellow", verdict.accepted, verdict, style)
    lines += _not_judged(verdict, style)
    if verdict.refused:
        lines += ["", *style.wrapped("To accept a finding, give a reason that others can read:", 0)]
        lines += [f"  --accept {shlex.quote(f'{identity}=WHY')}" for identity in _identities(verdict.refused)]
    return "\n".join(lines) + "\n"


def as_json(verdict: GateVerdict) -> dict[str, Any]:
    """The verdict as JSON.

    `verdict` is `passed` or `refused`; `document` names the kind of document, `engine` the engine; `changes` has the
    number of resources for each action; `failover` has `before` (null if the document does not contain it) and
    `after`, or is null; each of `findings` has `rule`, `identity`, `name`, `region`, `what`, `why`, `fix`, and
    `accepted`: the reason, or null; each of `notJudged` has `identity`, `type`, `name`, `region`, `actions` and `why`.
    """
    failover = verdict.failover
    return {
        "verdict": "refused" if verdict.refused else "passed",
        "document": verdict.change_set.source,
        "engine": verdict.change_set.engine.value,
        "changes": {action.value: count for action, count in verdict.counts.items()},
        "failover": {"before": failover.before, "after": failover.after} if failover else None,
        "findings": [_finding_json(each, verdict) for each in verdict.findings],
        "notJudged": [_not_judged_json(change, why) for change, why in verdict.not_judged],
    }


def _not_judged_json(change: ResourceChange, why: str) -> dict[str, Any]:
    return {
        "identity": change.identity,
        "type": change.type,
        "name": change.name,
        "region": change.region,
        "actions": sorted(each.value for each in change.actions),
        "why": why,
    }


def _not_judged(verdict: GateVerdict, style: Style) -> Iterator[str]:
    """One line for each type, with all of its resources."""
    if verdict.not_judged:
        yield ""
        yield style.paint("Not judged", "bold")
    types: dict[str, list[str]] = {}
    for change, why in verdict.not_judged:
        actions = ", ".join(sorted(each.value for each in change.actions))
        types.setdefault(f"{change.type} ({why})", []).append(f"{change.name}: {actions}")
    for heading, resources in types.items():
        yield from style.wrapped(heading, 2)
        yield from (line for each in resources for line in style.wrapped(each, 4))


def _finding_json(finding: GateFinding, verdict: GateVerdict) -> dict[str, Any]:
    return {
        "rule": finding.rule.value,
        "identity": finding.identity,
        "name": finding.name,
        "region": finding.region,
        "what": finding.what,
        "why": finding.why,
        "fix": finding.fix,
        "accepted": verdict.reasons.get(finding.identity),
    }


def _headline(verdict: GateVerdict) -> str:
    if verdict.refused:
        return f"Refused: {plural(len(verdict.refused), 'finding')}"
    return "Passed" + (f": {plural(len(verdict.accepted), 'finding')} accepted" if verdict.accepted else "")


def _summary(verdict: GateVerdict) -> str:
    counts = ", ".join(f"{count} to {action.value.replace('-', ' ')}" for action, count in verdict.counts.items())
    summary = f"Read from {verdict.change_set.source}: {counts or 'no changes'}."
    failover = verdict.failover
    if failover:
        origin = f" from {failover.before}" if failover.before else ""
        summary += f" Failover{origin} to {failover.after}: only additions and growth in that Region are allowed."
    return summary


def _group(
    title: str, colour: str, findings: Sequence[GateFinding], verdict: GateVerdict, style: Style
) -> Iterator[str]:
    if findings:
        yield ""
        yield style.paint(title, "bold")
    for identity in _identities(findings):
        members = [each for each in findings if each.identity == identity]
        yield from _resource(members, colour, verdict.reasons.get(identity), style)


def _resource(members: Sequence[GateFinding], colour: str, reason: str | None, style: Style) -> Iterator[str]:
    """One resource with all its findings; the identity has a line of its own, so that it can be copied."""
    first = members[0]
    yield style.paint(f"  {first.name}{f' in {first.region}' if first.region else ''}", colour)
    if first.identity != first.name:
        yield style.paint(f"    {first.identity}", "dim")
    if reason:
        yield from style.wrapped(f"accepted: {reason}", 4)
    for each in members:
        yield from style.wrapped(f"{each.rule.value}: {each.what}", 4)
        yield from style.wrapped(f"why: {each.why}", 6)
        yield from style.wrapped(f"fix: {each.fix}", 6)


def _identities(findings: Sequence[GateFinding]) -> list[str]:
    return list(dict.fromkeys(each.identity for each in findings))
