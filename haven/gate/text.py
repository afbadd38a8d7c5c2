"""The gate's verdict, for people and for programs."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from haven.base.terminal import Style, plural, wrapped
from haven.gate.findings import Danger
from haven.gate.verdict import Verdict


def render(verdict: Verdict, style: Style) -> str:
    """Everything that is dangerous, at once: what, why, and the way out of each."""
    lines = [style.paint(_headline(verdict), "bold"), *wrapped(_summary(verdict), 0)]
    lines += _group("Dangerous", "red", verdict.refused, verdict, style)
    lines += _group("Accepted", "yellow", verdict.accepted, verdict, style)
    if verdict.refused:
        lines += ["", *wrapped("If one of them is meant, say so, with a reason that others can read:", 0)]
        lines += [f"  --accept {shlex.quote(f'{identity}=WHY')}" for identity in _identities(verdict.refused)]
    return "\n".join(lines) + "\n"


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs.

    `verdict` is `passed` or `refused`; `document` says what was read, `changes` how many resources each action is for;
    `flip` has `before` (null where the document doesn't tell) and `after`, or is null; each of `dangers` has `rule`,
    `identity`, `name`, `region`, `what`, `why`, `fix`, and `accepted`: the reason, or null.
    """
    flip = verdict.flip
    return {
        "verdict": "refused" if verdict.refused else "passed",
        "document": verdict.document.form,
        "engine": verdict.document.engine.value,
        "changes": {action.value: count for action, count in verdict.counts.items()},
        "flip": {"before": flip.before, "after": flip.after} if flip else None,
        "dangers": [_danger_json(each, verdict) for each in verdict.dangers],
    }


def _danger_json(danger: Danger, verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": danger.rule.value,
        "identity": danger.identity,
        "name": danger.name,
        "region": danger.region,
        "what": danger.what,
        "why": danger.why,
        "fix": danger.fix,
        "accepted": verdict.reasons.get(danger.identity),
    }


def _headline(verdict: Verdict) -> str:
    if verdict.refused:
        return f"Refused: {plural(len(verdict.refused), 'dangerous change')}"
    return "Passed" + (f": {plural(len(verdict.accepted), 'dangerous change')} accepted" if verdict.accepted else "")


def _summary(verdict: Verdict) -> str:
    counts = ", ".join(f"{count} to {action.value}" for action, count in verdict.counts.items()) or "nothing to do"
    told = f"Read from {verdict.document.form}: {counts}."
    flip = verdict.flip
    if flip:
        origin = f" from {flip.before}" if flip.before else ""
        told += f" Writes move{origin} to {flip.after}: nothing may happen but additions and growth there."
    return told


def _group(title: str, colour: str, found: Sequence[Danger], verdict: Verdict, style: Style) -> Iterator[str]:
    if found:
        yield ""
        yield style.paint(title, "bold")
    for identity in _identities(found):
        members = [each for each in found if each.identity == identity]
        yield from _resource(members, colour, verdict.reasons.get(identity), style)


def _resource(members: Sequence[Danger], colour: str, reason: str | None, style: Style) -> Iterator[str]:
    """One resource with everything that is dangerous about it; its identity stands alone, to be copied."""
    first = members[0]
    yield style.paint(f"  {first.name}{f' in {first.region}' if first.region else ''}", colour)
    if first.identity != first.name:
        yield style.paint(f"    {first.identity}", "dim")
    if reason:
        yield from wrapped(f"accepted: {reason}", 4)
    for each in members:
        yield from wrapped(f"{each.rule.value}: {each.what}", 4)
        yield from wrapped(f"why: {each.why}", 6)
        yield from wrapped(f"way out: {each.fix}", 6)


def _identities(found: Sequence[Danger]) -> list[str]:
    return list(dict.fromkeys(each.identity for each in found))
