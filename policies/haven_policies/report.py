"""A verdict for people, for programs, and for tools that read SARIF."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from haven.base.problems import one_line
from haven.base.terminal import Style, plural
from haven.config.policy import Level, Waiver
from haven.config.presets import preset
from haven_policies.judge import Verdict, Violation

_COUNTED = (Level.MANDATORY, Level.ADVISORY)


def render(verdict: Verdict, today: date, style: Style, *, detail: bool = False) -> str:
    """The verdict as text: one block for each rule that is violated, then what is waived.

    Args:
        verdict: the verdict.
        today: the day for which waivers count.
        style: how to draw.
        detail: whether to print what the presets of the data classes claim, with its sources, and not only their names.
    """
    lines = [style.paint(_headline(verdict), "bold")]
    for _, group in groupby(verdict.violations, key=lambda each: each.rule.name):
        lines += _block(list(group), style)
    if verdict.waived:
        lines.append(f"  Waived ({len(verdict.waived)}):")
        for violation in verdict.waived:
            lines += style.wrapped(one_line(f"{violation.rule.name}: {violation.resource}, {until(violation)}"), 4)
    if detail:
        lines += [line for name in verdict.presets for line in _preset(name, style)]
    elif verdict.presets:
        presets = f"{'Preset' if len(verdict.presets) == 1 else 'Presets'} {', '.join(verdict.presets)}"
        lines += style.wrapped(f"{presets}: haven plan --policy --detail has what is claimed, and the sources.", 2)
    for each in verdict.idle:
        lines += style.wrapped(idle(each, today), 2)
    if len(lines) > _SCREEN and verdict.violations:
        lines.append(style.paint(_headline(verdict), "bold"))
    return "\n".join(lines) + "\n"


_SCREEN = 24
"""Lines after which the first one has scrolled away, and is repeated at the end."""


def _headline(verdict: Verdict) -> str:
    headline = f"Policies of stack {verdict.stack}: {len(verdict.rules)} rules"
    if not verdict.violations:
        return f"{headline}, no violations"
    violated = len({each.rule.name for each in verdict.violations})
    mandatory, advisory = (verdict.count(each) for each in _COUNTED)
    return f"{headline}, {violated} violated: {plural(mandatory, 'mandatory violation')}, {advisory} advisory"


def _block(violations: Sequence[Violation], style: Style) -> Iterator[str]:
    """The same violation of several resources is reported once, after their names."""
    rule, level = violations[0].rule, violations[0].level
    count = plural(len(violations), "violation")
    yield f"  {style.paint(rule.name, 'bold')} ({level}, {rule.severity}): {count}"
    yield from style.wrapped(rule.description, 4, hanging=0)
    alike: dict[tuple[str, ...], list[Violation]] = {}
    for each in violations:
        alike.setdefault(_words(each), []).append(each)
    for (place, got, allowed, fix), group in alike.items():
        yield from style.wrapped(f"- {', '.join(dict.fromkeys(map(_named, group)))}", 4)
        yield from style.wrapped(one_line(f"{place}got {got}; allowed: {allowed}"), 6)
        yield from style.wrapped(one_line(f"fix: {fix}"), 6)
    yield f"    {style.paint(rule.page, 'dim')}"


def _words(violation: Violation) -> tuple[str, ...]:
    found = violation.finding
    return f"{found.path}: " if found.path else "", found.got, found.allowed, found.fix


def _named(violation: Violation) -> str:
    ended = f" (its waiver ended on {violation.waiver.until})" if violation.waiver else ""
    return one_line(f"{violation.resource}{ended}")


def _preset(name: str, style: Style) -> Iterator[str]:
    used = preset(name)
    yield from style.wrapped(f"Preset {name}: {used.title}", 2)
    for word, sentences in (("claims", used.claims), ("does not claim", used.does_not_claim)):
        yield f"    It {word}:"
        for each in sentences:
            yield from style.wrapped(f"- {each}", 6)
    yield "    Sources:"
    for source in used.statements:
        yield from style.wrapped(f"- {source.source} ({source.reading})", 6)


def until(violation: Violation) -> str:
    """How long a violation is waived, and why."""
    waiver = violation.waiver
    return f"until {waiver.until}: {waiver.reason}" if waiver else ""


def idle(waiver: Waiver, today: date) -> str:
    """What to do with a waiver that lets nothing pass."""
    what = f"The waiver of {waiver.rule} for {waiver.resource}"
    if not waiver.counts(today):
        return f"{what} ended on {waiver.until}; remove it, or give it a new date and reason."
    return f"{what} lets nothing pass; take it out."


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs. Keys are only ever added.

    - `rules`: how many were asked. `counts`: `mandatory`, `advisory`, `waived`.
    - `violations` and `waived`: `rule`, `family`, `severity`, `level`, `resource`, `urn` (null for the environment as a
      whole), `path`, `got`, `allowed`, `fix`, `page`, and `waiver` (`reason`, `until`) where there is or was one.
    - `presets`: those of data classes that were used: `name`, `title`, `regions` (Region to place), `claims`,
      `doesNotClaim`, `statements` (`description`, `source`, `checked`: `whole`, `excerpt`, `second hand` or `not read`,
      `seenAt`: where it was seen second hand, `read`: the day).
    - `idleWaivers`: those that let nothing pass: `rule`, `resource`, `reason`, `until`.
    """
    return {
        "rules": len(verdict.rules),
        "counts": {**{str(each): verdict.count(each) for each in _COUNTED}, "waived": len(verdict.waived)},
        "violations": [_violation_json(each) for each in verdict.violations],
        "waived": [_violation_json(each) for each in verdict.waived],
        "presets": [{"name": each, **preset(each).model_dump(by_alias=True)} for each in verdict.presets],
        "idleWaivers": [each.model_dump() for each in verdict.idle],
    }


def _violation_json(violation: Violation) -> dict[str, Any]:
    rule, finding = violation.rule, violation.finding
    waiver = violation.waiver
    return {
        "rule": rule.name,
        "family": rule.family,
        "severity": str(rule.severity),
        "level": str(violation.level),
        "resource": violation.resource,
        "urn": violation.urn or None,
        "path": finding.path,
        "got": finding.got,
        "allowed": finding.allowed,
        "fix": finding.fix,
        "page": rule.page,
        **({"waiver": {"reason": waiver.reason, "until": waiver.until}} if waiver else {}),
    }
