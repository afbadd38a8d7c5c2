"""The part of the comment that a reviewer reads first: predictions, objectives, lost data, what is replaced."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from haven.base.terminal import plural
from haven.gate.findings import GateFinding
from haven.model.durations.simulation import Summary
from haven.plan.headline import Headline
from haven.plan.prediction import Outcome
from haven.plan.prediction_text import wanted
from haven.plan.summary import kind
from haven.plan.text import ASSUMED, OBJECTIVE_NAMES, minutes
from haven.pull_request.headlines import DataChange
from haven.pull_request.markdown_code import cell, code, listed
from haven.pull_request.report import StackReport

_FEWEST = 10
"""The number of findings of a stack that even the shortest comment shows."""
_KINDS = 3
"""The number of kinds that the comment's first line names for a stack."""

_DATA = 3
"""The number of resources with data that a row names."""
_TITLES = ("stack", "RTO", "RPO", "USD a month", "availability", "objectives newly missed", "data deleted or replaced")
_NOTE = (
    f"RTO and RPO at p95, cost at list prices, availability from losses of a Region: predicted {ASSUMED}; "
    "`haven plan STACK --detail` has terms and sources."
)


def headline(reports: Sequence[StackReport]) -> Iterator[str]:
    """One row for each environment that has a prediction, or whose data goes; nothing without any."""
    rows = [_row(each) for each in reports if each.headline.after or each.data]
    if rows:
        yield from ("", f"| {' | '.join(_TITLES)} |", "|---|---:|---:|---:|---:|---|---|", *rows, "", _NOTE)


def missed(outcomes: Sequence[Outcome]) -> str:
    """Objectives and by how much they are missed: `RTO 30 min by 14 min`."""
    return ", ".join(f"{_asked(each)} by {minutes(-each.margin_minutes)}" for each in outcomes)


def _asked(outcome: Outcome) -> str:
    return f"{OBJECTIVE_NAMES[outcome.objective]} {wanted(outcome)}"


def _row(report: StackReport) -> str:
    change = report.headline
    figures: Sequence[Callable[[Headline], str]] = (
        lambda side: _time(side.rto),
        lambda side: _time(side.rpo),
        lambda side: f"{side.costs.now.total:,.0f}{_unknown(side)}",
        lambda side: f"{side.availability.expected_percent:.3f} %",
    )
    pairs = [_figure(change.before, change.after, each) for each in figures]
    return f"| {' | '.join([cell(report.stack.name), *pairs, _objectives(report), _data(report.data)])} |"


def _time(summary: Summary | None) -> str:
    return minutes(summary.p95 / 60) if summary else "-"


def _unknown(side: Headline) -> str:
    """How many prices are in no sum."""
    count = len({(each.item.what, each.item.region) for each in side.costs.now.unknown})
    return f" and {plural(count, 'unknown price')}" if count else ""


def _figure(before: Headline | None, after: Headline | None, figure: Callable[[Headline], str]) -> str:
    old, new = (figure(each) if each else "" for each in (before, after))
    return f"{old} → {new}" if old and new and old != new else new or old


def _objectives(report: StackReport) -> str:
    newly, every = report.headline.newly_missed, report.headline.missed
    if newly:
        return f"**{missed(newly)}**"
    return f"none; missed before and after: {missed(every)}" if every else "none"


def _data(changes: Sequence[DataChange]) -> str:
    named = [f"{cell(each.name)} {each.fate}{' (accepted)' if each.accepted else ''}" for each in changes[:_DATA]]
    more = [f"{len(changes) - _DATA} more"] if len(changes) > _DATA else []
    return ", ".join([*named, *more]) or "none"


def objectives(report: StackReport) -> Iterator[str]:
    """The promises of the tier and the objectives that differ, before and after; those that are missed now first."""
    if not report.objectives:
        return
    if report.missed:
        missed = ", ".join(dict.fromkeys(code(f"{each.asked[1]} ({each.promise})") for each in report.missed))
        fix = "keep the tier, or change haven:objectives in the same change, so that whoever merges it agrees"
        yield from ("", f"**Objectives that the tier no longer meets:** {missed}: {fix}")
    titles = ("promise", "best case", "worst case", "asked for", "verdict")
    yield from ("", "**Objectives, before → after**", "", f"| {' | '.join(titles)} |", "|---|---|---|---|---|")
    for each in sorted(report.objectives, key=lambda one: not one.missed):
        pairs = (each.best_case, each.worst_case, each.asked, each.verdict)
        yield f"| {' | '.join([cell(each.promise), *map(_pair, pairs)])} |"


def _pair(pair: tuple[str, str]) -> str:
    before, after = pair
    return cell(after) if before == after else f"{cell(before)} → {cell(after)}"


def findings(report: StackReport, lines: int | None) -> Iterator[str]:
    """What a deployment of the change would endanger, as the gate finds it; accepted findings with their reason."""
    refused, accepted = report.gate.refused, report.gate.accepted
    yield from listed("Dangerous: data, copies, safeguards", _first([_finding(each) for each in refused], lines))
    if refused:
        yield from (
            "",
            "To accept one on purpose, name its resource in `haven:policy`, `accepted` in the stack file, with a"
            " reason and a last day.",
        )
    reasons = [f"{_finding(each)}; accepted: {code(report.gate.reasons[each.identity])}" for each in accepted]
    yield from listed("Accepted by the stack file", _first(reasons, lines))


def _finding(finding: GateFinding) -> str:
    where = f" in {code(finding.region)}" if finding.region else ""
    return f"{finding.rule.value}: {code(finding.name)}{where} {code(finding.what)}: {code(finding.why)}"


def replaced(report: StackReport, lines: int | None) -> Iterator[str]:
    """The resources that are deleted and created, except those with a finding."""
    found = {each.identity for each in report.gate.findings}
    items = [
        f"{code(f'{kind(each.record.type)} {each.record.name}')} in {code(each.record.region or 'no Region')}:"
        f" {code(', '.join(each.replacing))} can't change in place"
        for each in report.diff.replaced
        if each.record.urn not in found
    ]
    yield from listed("Replaced: deleted and created", _first(items, lines))


def replaced_kinds(report: StackReport) -> str:
    """What is replaced, by kind: `2 eks node groups, 1 rds cluster`."""
    counts = Counter(kind(each.record.type) for each in report.diff.replaced).most_common()
    parts = [plural(count, name) for name, count in counts[:_KINDS]]
    rest = sum(count for _, count in counts[_KINDS:])
    return ", ".join([*parts, *([f"{rest} of other kinds"] if rest else [])])


def _first(items: Sequence[str], lines: int | None) -> list[str]:
    """As many as the length of the comment allows, and how many more there are."""
    most = len(items) if lines is None else max(lines // 10, _FEWEST)
    return [*items[:most], *([f"and {len(items) - most} more"] if len(items) > most else [])]
