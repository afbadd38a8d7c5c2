"""The report as one comment on a pull request.

Text from a stack file or a program is code: there, GitHub neither links, mentions nor renders it.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from haven.base.problems import Problem, one_line
from haven.base.terminal import plural
from haven.plan.difference import ChangedResource, RecordingDiff, by_component
from haven.plan.summary import ENVIRONMENT, Plan, kind
from haven.plan.text import CAPACITY_LABELS
from haven.program.recording import Resource
from haven.pull_request import dangers
from haven.pull_request.markdown_code import cell, code, fenced, link, listed
from haven.pull_request.report import ADDED, DELETED, Report, StackReport
from haven.pull_request.report_json import capacity_changes

MARKER = "<!-- haven pull request -->"
"""First line of the comment, by which the next run finds it."""
NO_CHANGES = "<!-- nothing to say -->"
"""Follows the marker where no stack is touched: that needs no new comment."""
LIMIT = 65_536
"""Maximum size of a comment in characters (GitHub's error: "Body is too long (maximum is 65536 characters)", read
2026-11-21). Here it limits the bytes, of which there are at least as many."""
_VALUES = 5
"""The number of values per resource in a shortened comment."""
_NAMES = 20
_LINES = (2_000, 400, 100, 30, 0)
"""Detail lines per stack, tried in this order until the comment fits."""


@dataclass(frozen=True)
class FullReport:
    """The location of the unshortened report."""

    run: str = ""
    """URL of the workflow run whose artifact contains the report; empty outside of a workflow."""


def comment(report: Report, full: FullReport) -> str:
    """The report, shortened until it fits in a comment."""
    whole = render(report, None)
    if _fits(whole):
        return whole
    rest = f"[this run's artifact]({full.run})" if full.run else "`report.md`, which `--save DIR` writes"
    note = f"\n_Cut to the {LIMIT:,} characters that a comment may have: the whole report is in {rest}._\n"
    for lines in _LINES:
        cut = render(report, lines) + note
        if _fits(cut):
            return cut
    return _first_stacks(report, note)


def render(report: Report, lines: int | None) -> str:
    """The report as Markdown.

    Args:
        report: the report.
        lines: the maximum number of detail lines per stack. None: no limit.
    """
    parts = [_head(report), *(_stack(each, report, lines) for each in report.stacks)]
    return "\n".join(line for part in parts for line in part) + "\n"


def _fits(text: str) -> bool:
    return len(text.encode()) <= LIMIT


def _first_stacks(report: Report, note: str) -> str:
    """As many stacks as fit, without details, and the number of those left out."""

    def cut(count: int) -> str:
        parts = [_head(report, count), *(_stack(each, report, 0) for each in report.stacks[:count])]
        left = f"\n{plural(len(report.stacks) - count, 'more stack')} left out.\n"
        return "\n".join(line for part in parts for line in part) + left + note

    too_many = bisect_left(range(len(report.stacks)), True, key=lambda count: not _fits(cut(count)))
    return cut(max(too_many - 1, 0))


def _head(report: Report, rows: int | None = None) -> list[str]:
    if not report.stacks:
        return [MARKER, NO_CHANGES, "## Haven", "", "No stack is touched by this change."]
    titles = ("stack", "policies", "tier", "added", "changed", "replaced", "removed")
    return [
        MARKER,
        "## Haven",
        "",
        _conclusion(report),
        *dangers.headline(report.stacks[:rows]),
        "",
        f"| {' | '.join(titles)} |",
        "|---|---|---|---:|---:|---:|---:|",
        *(_row(each) for each in report.stacks[:rows]),
        "",
        f"Planned offline against {code(report.base[:12])}.",
    ]


def _conclusion(report: Report) -> str:
    refused = [code(each.stack.name) for each in report.stacks if each.refused]
    unknown = [code(each.stack.name) for each in report.stacks if each.unknown]
    parts = []
    if refused:
        parts.append(f"**Not to be merged as it is:** {_names(refused)}.")
    if unknown:
        parts.append(f"**Not judged:** {_names(unknown)}.")
    confirmed = [code(each.stack.name) for each in report.stacks if not each.refused and _to_confirm(each)]
    if confirmed:
        parts.append(f"**To be confirmed by a reviewer:** {_names(confirmed)}.")
    newly = [each for each in report.stacks if each.headline.newly_missed]
    if newly:
        missed = [f"{code(each.stack.name)} ({dangers.missed(each.headline.newly_missed)})" for each in newly]
        parts.append(f"**Objectives newly missed:** {_names(missed)}.")
    replaced = [each for each in report.stacks if each.diff.replaced]
    if replaced:
        counts = [f"{code(each.stack.name)} ({code(dangers.replaced_kinds(each))})" for each in replaced]
        parts.append(f"**Replaced, so deleted and created:** {_names(counts)}.")
    return " ".join(parts) or f"{plural(len(report.stacks), 'stack')} touched; no objections."


def _to_confirm(report: StackReport) -> bool:
    """Whether there is something that a reviewer should know before the merge, though nothing forbids it."""
    predicted = report.headline.worsened or report.headline.failures or report.data
    return bool(report.warnings or report.diff.replaced or report.objectives or report.gate.accepted or predicted)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _row(report: StackReport) -> str:
    found = report.diff
    counts = (len(found.added), len(found.updated), len(found.replaced), len(found.removed))
    known = [str(each) for each in counts] if _compared(report) else ["?"] * len(counts)
    name = cell(report.stack.name) + (
        "" if report.stack.change not in (ADDED, DELETED) else f" ({report.stack.change})"
    )
    return f"| {' | '.join([name, _policies(report), _tier(report), *known])} |"


def _compared(report: StackReport) -> bool:
    """Whether the stack's program ran on every side on which the stack exists."""
    return (report.stack.change == ADDED or report.before is not None) and (
        report.stack.change == DELETED or report.after is not None
    )


def _policies(report: StackReport) -> str:
    verdict = report.verdict
    if verdict is None:
        return "" if report.stack.change == DELETED else "**no verdict**"
    counts = [f"**{verdict.mandatory} mandatory**"] if verdict.mandatory else []
    counts += [
        f"{number} {word}" for number, word in ((verdict.advisory, "advisory"), (verdict.waived, "waived")) if number
    ]
    return ", ".join(counts) or "no violations"


def _tier(report: StackReport) -> str:
    before, after = _tier_of(report.before), _tier_of(report.after)
    if before and after and before != after:
        return f"{before} → **{after}**"
    return after or before


def _tier_of(plan: Plan | None) -> str:
    if plan is None:
        return ""
    return cell(plan.tier if plan.kind == ENVIRONMENT else plan.kind)


def _stack(report: StackReport, whole: Report, lines: int | None) -> list[str]:
    """A section on one stack; empty if the summary table says everything."""
    section = list(_section(report, whole, lines))
    return ["", f"### {code(report.stack.name)}", *section] if section else []


def _section(report: StackReport, whole: Report, lines: int | None) -> Iterator[str]:
    if report.stack.change == DELETED:
        yield from (
            "",
            "This deletes the stack's file, not its resources in AWS: run `pulumi destroy` first to delete them.",
        )
    yield from listed("Errors", [_problem(each) for each in report.errors])
    yield from listed(f"Problems in {code(report.stack.file)}", [_problem(each) for each in report.problems])
    yield from listed("Failures", [code(each) for each in report.failures])
    yield from dangers.objectives(report)
    yield from dangers.findings(report, lines)
    yield from dangers.replaced(report, lines)
    yield from listed("To confirm", [code(each) for each in report.warnings])
    yield from _violations(report, lines)
    yield from _waivers(report, whole)
    yield from _capacity(report)
    yield from _resources(report.diff, lines)


def _problem(problem: Problem) -> str:
    words = (("got", problem.got), ("allowed", problem.allowed), ("fix", problem.fix))
    return f"{code(problem.what)}: " + "; ".join(f"{name} {code(text)}" for name, text in words)


def _violations(report: StackReport, lines: int | None) -> Iterator[str]:
    found = report.verdict.violations if report.verdict else ()
    first = sorted(found, key=lambda each: (each.level != "mandatory", each.rule, each.resource))
    items = [
        f"{each.level} {code(each.rule)}: {code(f'{each.resource} {each.path}')}: got {code(each.got)};"
        f" allowed {code(each.allowed)}; fix {code(each.fix)} ({link(each.page)})"
        for each in first[: None if lines is None else max(lines // 10, 5)]
    ]
    if len(items) < len(first):
        items.append(f"and {len(first) - len(items)} more")
    yield from listed("Violations", items)


def _waivers(report: StackReport, whole: Report) -> Iterator[str]:
    ending = report.verdict.ending(whole.day) if report.verdict else ()
    items = [
        f"{code(each.rule)} on {code(each.resource)} ends {each.until}: the violation counts again from then on"
        f" ({code(each.reason)})"
        for each in ending
    ]
    yield from listed("Waivers about to end", items)


def _capacity(report: StackReport) -> Iterator[str]:
    if not (report.before and report.after):
        return
    items = [
        f"{code(region)}: "
        + ", ".join(
            f"{CAPACITY_LABELS.get(name, name)} {each['before']} → {each['after']}" for name, each in found.items()
        )
        for region, found in capacity_changes(report.before, report.after).items()
    ]
    yield from listed("Capacity", items)


def _resources(diff: RecordingDiff, lines: int | None) -> Iterator[str]:
    if not diff:
        return
    changed = {each.record.urn: each for each in diff.changed}
    groups = (
        by_component(diff.added),
        by_component(each.record for each in diff.updated),
        by_component(each.record for each in diff.replaced),
        by_component(diff.removed),
    )
    places = sorted({place for group in groups for place in group})
    yield from ("", "| Region | component | added | changed | replaced | removed |", "|---|---|---:|---:|---:|---:|")
    for place in places:
        counts = (len(group.get(place, ())) for group in groups)
        yield f"| {_place(place)} | {' | '.join(str(each) for each in counts)} |"
    values = None if lines is None else _VALUES
    detail = [line for place in places for line in _details(place, groups, changed, values)]
    shown = detail if lines is None else detail[:lines]
    if len(shown) < len(detail):
        shown = [*shown, f"# and {len(detail) - len(shown)} more lines"]
    total = len(diff.added) + len(diff.changed) + len(diff.removed)
    yield from ("", f"<details><summary>{plural(total, 'resource')}, one by one</summary>", "")
    yield from (*fenced(shown, "diff"), "", "</details>")


def _place(place: tuple[str, str, str]) -> str:
    region, component, name = place
    return f"{cell(region or 'no Region')} | {cell(f'{component} {name}'.strip() or 'the stack itself')}"


def _details(
    place: tuple[str, str, str],
    groups: Sequence[dict[tuple[str, str, str], list[Resource]]],
    changed: dict[str, ChangedResource],
    values: int | None,
) -> Iterator[str]:
    added, edited, replaced, removed = (group.get(place, []) for group in groups)
    yield f"@@ {one_line(' '.join(place))} @@"
    yield from (f"+ {_named(each)}" for each in added)
    for each in [*replaced, *edited]:
        yield f"! {_named(each)}{' (replaced)' if each in replaced else ''}"
        properties = changed[each.urn].properties
        yield from (f"!     {one.path}: {_value(one.before)} -> {_value(one.after)}" for one in properties[:values])
        if values is not None and len(properties) > values:
            yield f"!     and {plural(len(properties) - values, 'more value')}"
    yield from (f"- {_named(each)}" for each in removed)


def _value(text: str | None) -> str:
    return "(nothing)" if text is None else text


def _named(record: Resource) -> str:
    return f"{kind(record.type)} {record.name}"
