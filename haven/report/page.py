"""A report as one HTML page: no script, no request leaves it, everything is inside."""

from collections.abc import Iterator, Sequence

from haven.plan.costs import TERMS
from haven.report import sections
from haven.report.charts import cost_bars, timeline
from haven.report.document import ObjectiveRow, Report, Result, TierPart
from haven.report.elements import NONE, Html, element, figure, keys, references, span, statement, table, together
from haven.report.stylesheet import stylesheet
from haven.report.topology_svg import draw

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""The page's Content-Security-Policy: a browser refuses every request."""


def render(report: Report) -> str:
    """The whole page."""
    title = f"Stack {report.stack}: what tier {report.tier} buys"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        Html(f"<style>{stylesheet([each.tier for each in report.tiers])}</style>"),
    )
    body = element(
        "body",
        element("a", "Skip to the stack's own tier", href=f"#panel-{report.tier}", class_="skip"),
        _header(report, title),
        element(
            "main", _tabs(report), *(_panel(each, report) for each in report.tiers), *sections.of_the_stack(report)
        ),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _header(report: Report, title: str) -> Html:
    primary, recovery, active = (
        element("span", each, class_="figure") for each in (report.regions[0], report.regions[-1], report.active)
    )
    line = together(
        [primary, " is the primary Region, ", recovery, " the recovery Region; writes go to ", active, ". "]
    )
    return element(
        "header",
        element("h1", title),
        element("p", line, "Planned offline on ", statement(report.planned), ".", class_="soft"),
        element(
            "p",
            "Every figure has a source, by number at the end of its row. ",
            element("abbr", "[A]"),
            " marks what rests on an assumption.",
            class_="soft",
        ),
    )


def _tabs(report: Report) -> Html:
    """The tiers beside each other; a radio button each, so arrow keys go from one to the next."""
    cards = [
        element(
            "div",
            element("input", type="radio", name="tier", id=f"tier-{each.tier}", value=each.tier, checked=each.own),
            element("label", _card(each), for_=f"tier-{each.tier}"),
        )
        for each in report.tiers
    ]
    return element(
        "fieldset", element("legend", "Tiers: choose one to see it below"), element("div", *cards, class_="tabs")
    )


def _card(part: TierPart) -> Html:
    rows = [
        ("RTO, p95", figure(part.recovery[0].p95)),
        ("RPO, p95", figure(part.losses[0].p95) if part.losses else NONE),
        ("down a year", figure(part.availability[2].figure)),
        ("USD a month", figure(part.cost.total)),
    ]
    own = element("span", "this stack", class_="own") if part.own else ""
    pairs = (element("dt", name) + element("dd", value) for name, value in rows)
    return together([element("b", part.tier), own, element("dl", *map(Html, pairs)), _met(part)])


def _met(part: TierPart) -> Html:
    if not part.objectives:
        return element("span", "no objectives to compare", class_="verdict soft")
    if part.missed:
        names = ", ".join(each.name for each in part.missed)
        return element("span", f"misses {names}", class_="verdict bad")
    return element("span", "meets every objective", class_="verdict good")


def _panel(part: TierPart, report: Report) -> Html:
    own = " (this stack)" if part.own else ""
    return element(
        "section",
        element("h2", f"Tier {part.tier}{own}", id=f"title-{part.tier}"),
        *(element("p", each, class_="soft") for each in part.notes),
        _tiles(part),
        *_recovery(part),
        *_measured(part),
        *_regions(part),
        *_losses(part),
        *_availability(part),
        *_costs(part, report),
        *_capacity(part),
        *_moving(part),
        class_="panel",
        id=f"panel-{part.tier}",
        aria_labelledby=f"title-{part.tier}",
    )


def _tiles(part: TierPart) -> Html:
    wanted = {each.name: each for each in part.objectives}
    loss = part.losses[0] if part.losses else None
    return element(
        "div",
        _tile("RTO, p50 to p95", span(part.recovery[0].p50, part.recovery[0].p95), _margin(wanted.get("RTO"))),
        _tile("RPO, p50 to p95", span(loss.p50, loss.p95) if loss else NONE, _margin(wanted.get("RPO"))),
        _tile("expected availability", figure(part.availability[0].figure), _margin(wanted.get("availability"))),
        _tile(
            "USD a month, list prices",
            figure(part.cost.total),
            element(
                "span", f"{len(part.cost.unknown)} prices unknown, not in it", data_source=keys(part.cost.total.sources)
            )
            if part.cost.unknown
            else Html("every price known"),
        ),
        class_="tiles",
    )


def _tile(label: str, value: Html, under: Html) -> Html:
    return element(
        "div",
        element("div", label, class_="label"),
        element("div", value, class_="value"),
        element("div", under, class_="under"),
        class_="tile",
    )


def _margin(row: ObjectiveRow | None) -> Html:
    if row is None:
        return element("span", "no objective", class_="soft")
    words = ("met, ", " to spare") if row.met else ("missed by ", "")
    verdict = element("span", words[0], figure(row.margin), words[1], class_="good" if row.met else "bad")
    return together(["objective ", figure(row.wanted), ": ", verdict])


def _recovery(part: TierPart) -> Iterator[Html]:
    yield element("h3", "Recovery time, if the active Region is lost")
    yield element(
        "p",
        element("span", class_="mark box"),
        "median start to median end",
        element("span", class_="mark tail"),
        "on to the term's own p95",
        element("span", class_="mark goal"),
        "the RTO, where it is within the chart",
        class_="key soft",
    )
    yield timeline(part)
    yield _results("Results", part.recovery)
    if part.systems:
        yield _results("Until each system works again", part.systems)
    rows = [
        [
            each.name,
            span(each.start, each.end),
            figure(each.saves),
            each.shorten or NONE,
            statement(each.shorten_costs) if each.shorten_costs else NONE,
            each.basis,
            references([each.p50, each.start, *([each.shorten_costs] if each.shorten_costs else [])]),
        ]
        for each in part.timeline
    ]
    head = [
        "term",
        "median start to end",
        "RTO's p95, shorter without it by",
        "what shortens it",
        "what that costs",
        "rests on",
        "sources",
    ]
    yield table(head, rows, "Terms")


def _results(caption: str, results: Sequence[Result]) -> Html:
    rows = [
        [each.name, figure(each.p50), figure(each.p95), figure(each.p99), _note(each), _of(each)] for each in results
    ]
    return table(["", "p50", "p95", "p99", "note", "sources"], rows, caption)


def _note(result: Result) -> str:
    return statement(result.shorten) if result.shorten else result.note or NONE


def _of(result: Result) -> Html:
    return references([each for each in (result.p50, result.p95, result.p99) if each])


def _regions(part: TierPart) -> Iterator[Html]:
    shape, sources = part.topology.shape, keys(part.topology.sources)
    yield element("h3", "Topology")
    yield element("p", "What is on standby is dimmed; arrows are replication. ", "Resources: ", figure(part.resources))
    yield element("div", Html(draw(shape, f"{part.tier}-")), class_="topology-box", data_source=sources)
    cards = (
        element(
            "li",
            element("b", row.service),
            element(
                "dl",
                element("dt", shape.primary.region),
                element("dd", row.primary or "nothing"),
                element("dt", shape.recovery.region),
                element("dd", row.recovery or "nothing"),
            ),
            element("span", f"{row.mechanism}, {row.edge.value}", class_="edge") if row.mechanism else "",
        )
        for row in shape.rows
    )
    yield element("ul", *cards, class_="cards", data_source=sources)


def _losses(part: TierPart) -> Iterator[Html]:
    if part.losses:
        yield element("h3", "Data loss")
        yield _results("Age of the oldest acknowledged write that an unplanned failover may miss", part.losses)


def _availability(part: TierPart) -> Iterator[Html]:
    yield element("h3", "Availability")
    yield element(
        "p", "From losses of the active Region alone: own faults and losses of a zone come on top.", class_="soft"
    )
    rows = [[each.name, figure(each.figure), references([each.figure])] for each in part.availability]
    yield table(["", "figure", "sources"], rows, "Expected, a year")
    beside = [[each.name, figure(each.figure), references([each.figure])] for each in part.levels]
    yield table(["", "figure", "sources"], beside, "Objective, agreement and prediction")
    if part.slas:
        yield element("p", statement(part.slas), " ", references([part.slas]))


def _costs(part: TierPart, report: Report) -> Iterator[Html]:
    cost = part.cost
    yield element("h3", "Cost, USD a month")
    yield cost_bars(cost, report.regions)
    rows = [
        ["both Regions", figure(cost.total), references([cost.total])],
        *([f"  {region}", figure(shown), references([shown])] for region, shown in cost.regions.items()),
        ["the standby Region at full scale, during a failover", figure(cost.failover), references([cost.failover])],
        ["of the total: assumed use", figure(cost.usage), references([cost.usage])],
        *([f"system {each.name}", figure(each.figure), references([each.figure])] for each in cost.systems),
    ]
    yield table(["", "USD a month", "sources"], rows, "List prices")
    yield element("p", f"{TERMS}.", class_="soft", data_source=keys(cost.total.sources))
    yield table(["", "USD", "sources"], list(_failover(part)), "A failover's own bill")
    if cost.stale:
        yield element("p", statement(cost.stale), class_="soft")
    if cost.unknown:
        yield element("p", "Unknown prices, in no sum, and what depends on them:")
        items = (element("li", element("code", each)) for each in cost.unknown)
        yield element("ul", *items, data_source=keys(cost.total.sources))


def _failover(part: TierPart) -> Iterator[Sequence[str]]:
    cost = part.cost
    yield [
        "each hour at full scale, over what the standby Region costs anyway",
        figure(cost.extra_an_hour),
        references([cost.extra_an_hour]),
    ]
    yield ["once, for restoring and for the way back", figure(cost.once), references([cost.once])]
    for each in cost.once_items:
        yield [f"  {each.name}", figure(each.figure), references([each.figure])]
    if part.with_outages:
        shown = part.with_outages
        yield ["a year of this tier, with its expected outages", figure(shown), references([shown])]


def _moving(part: TierPart) -> Iterator[Html]:
    if part.move is None:
        return
    yield element("h3", "Moving here from the stack's own tier")
    yield element("p", "Resources: ", statement(part.move.counts), ".")
    if part.move.irreversible:
        yield element("p", "What moving back doesn't undo:")
        yield element("ul", *(element("li", statement(each)) for each in part.move.irreversible))
    else:
        yield element("p", "Moving back undoes all of it.")


def _measured(part: TierPart) -> Iterator[Html]:
    if part.measured:
        yield element("h3", "Measured in drills and failovers")
        yield element("ul", *(element("li", statement(each), " ", references([each])) for each in part.measured))


def _capacity(part: TierPart) -> Iterator[Html]:
    if part.capacity:
        yield element("h3", "GPU capacity of the standby Region at a failover")
        yield element("ul", *(element("li", statement(each), " ", references([each])) for each in part.capacity))
