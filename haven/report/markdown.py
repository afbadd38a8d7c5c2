"""A report as Markdown, for a pull request's comment: one table of the tiers, and the sources behind a fold."""

from collections.abc import Callable, Iterator, Sequence

from haven.plan.prediction_text import LESS_ANYWAY
from haven.report.document import BreakEven, Report, TierPart
from haven.report.figures import Figure, Kind, Statement

_SHORTENED = 3
"""How many terms are named to shorten first."""


def render(report: Report) -> str:
    """The report in short."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"## Stack {report.stack}: what tier {report.tier} buys"
    yield ""
    yield f"{' and '.join(report.regions)}; writes go to {report.active}. Planned offline on {report.planned.text}."
    yield "`[A]` rests on assumptions."
    yield ""
    yield from _table(["", *(f"**{each.tier}**" if each.own else each.tier for each in report.tiers)], _rows(report))
    yield ""
    yield from _own(report.own)
    for each in report.break_even:
        yield f"- {each.higher} instead of {each.lower} {_pays(each)}"
    yield ""
    if report.policy:
        yield f"Policies: {report.policy.summary}."
        yield from (f"- {each.rule} ({each.level}): {', '.join(each.resources)}" for each in report.policy.violations)
    else:
        yield f"Policies: not judged; `haven plan {report.stack} --policy --report FILE` adds the verdict."
    yield ""
    yield "<details><summary>Sources</summary>"
    yield ""
    yield from (f"- {'[A] ' if each.kind is Kind.ASSUMPTION else ''}{_escaped(each.text)}" for each in report.sources)
    yield ""
    yield "</details>"


def _pays(pair: BreakEven) -> str:
    if pair.anyway:
        return LESS_ANYWAY
    if isinstance(pair.usd, Statement):
        return f"pays from: {pair.usd.text}"
    return f"pays from {_text(pair.usd)} USD for an hour of outage" if pair.usd else "never pays"


def _rows(report: Report) -> Iterator[Sequence[str]]:
    cells: Sequence[tuple[str, Callable[[TierPart], str]]] = (
        ("RTO, p50 to p95", lambda part: _range(part.recovery[0].p50, part.recovery[0].p95)),
        ("inference", lambda part: _range(part.recovery[1].p50, part.recovery[1].p95)),
        ("writes", lambda part: _range(part.recovery[2].p50, part.recovery[2].p95)),
        ("RPO, p50 to p95", lambda part: _range(part.losses[0].p50, part.losses[0].p95) if part.losses else "-"),
        ("expected availability", lambda part: _text(part.availability[0].figure)),
        ("downtime a year", lambda part: _text(part.availability[2].figure)),
        ("USD a month", lambda part: _text(part.cost.total)),
        ("a failover: USD an hour more", lambda part: _text(part.cost.extra_an_hour)),
        ("a failover and failback: USD once", lambda part: _text(part.cost.once)),
        ("unknown prices", lambda part: str(len(part.cost.unknown))),
        ("objectives missed", lambda part: ", ".join(each.name for each in part.missed) or "none"),
    )
    return ([name, *(shown(part) for part in report.tiers)] for name, shown in cells)


def _own(part: TierPart) -> Iterator[str]:
    yield from (f"- measured: {_escaped(each.text)}" for each in part.measured)
    for each in part.objectives:
        words = f"met, {each.margin.text} to spare" if each.met else f"**missed by {each.margin.text}**"
        yield f"- {each.name} {each.wanted.text}: {words}"
    if part.slas:
        yield f"- {part.slas.text}"
    effects = sorted(
        (each for each in part.timeline if each.saves), key=lambda each: -each.saves.value if each.saves else 0
    )
    names = "; ".join(f"{each.name} ({_text(each.saves)} of p95)" for each in effects[:_SHORTENED])
    yield f"- RTO: shorten first {names}"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _range(first: Figure | None, second: Figure | None) -> str:
    return f"{first.text} to {_text(second)}" if first else "-"


def _text(figure: Figure | Statement | None) -> str:
    if isinstance(figure, Statement):
        return figure.text
    return f"{figure.text}{' [A]' if figure.assumed else ''}" if figure else "-"


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;")
