"""Charts of a report as HTML boxes: their text keeps its size on a narrow page."""

import math
from collections.abc import Mapping, Sequence

from haven.plan.text import minutes
from haven.report.document import Bar, ComponentCost, Cost, TierPart
from haven.report.elements import Html, element, figure, keys, links, span
from haven.report.figures import united

_TICKS = 5
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 10080)
"""Minutes between ticks."""


def timeline(part: TierPart) -> Html:
    """The terms of a recovery, one below another: from median start to median end, and on to the term's own p95."""
    longest = max([each.end.value + _beyond(each) for each in part.timeline] + [1.0])
    goal = next((each.wanted.value * 60 for each in part.objectives if each.name == "RTO"), None)
    shown = goal if goal is not None and goal <= longest else None
    rows = (_term(each, longest, shown) for each in part.timeline)
    return element("div", _axis(part, longest, shown), element("ol", *rows), class_="gantt")


def _beyond(bar: Bar) -> float:
    return max(0.0, bar.p95.value - bar.p50.value)


def _axis(part: TierPart, longest: float, goal: float | None) -> Html:
    step = next((each for each in _STEPS if longest / 60 / each <= _TICKS), _STEPS[-1])
    places = [step * place for place in range(1, math.floor(longest / 60 / step) + 1)]
    ticks = [
        element("span", minutes(each), class_="tick", style=_left(each * 60, longest))
        for each in places
        if each * 60 < 0.97 * longest and (goal is None or abs(each * 60 - goal) > 0.15 * longest)
    ]
    if goal is not None:
        ticks.append(element("span", f"RTO {minutes(goal / 60)}", class_="tick good", style=_left(goal, longest)))
    sources = keys(united(each.end for each in part.timeline))
    return element(
        "div",
        element("span", "since the loss", class_="name"),
        element("span", *ticks, class_="track"),
        element("span", class_="took"),
        class_="axis",
        data_source=sources,
    )


def _term(bar: Bar, longest: float, goal: float | None) -> Html:
    start, end = bar.start.value, bar.end.value
    box = element("span", class_="box", style=f"{_left(start, longest)};width:{_share(end - start, longest)}")
    tail = element("span", class_="tail", style=f"{_left(end, longest)};width:{_share(_beyond(bar), longest)}")
    line = element("span", class_="goal", style=_left(goal, longest)) if goal else ""
    took = element("span", span(bar.p50, bar.p95), class_="took")
    track = element("span", tail, box, line, class_="track", aria_hidden="true")
    return element("li", element("span", bar.name, class_="name"), track, took)


def _left(value: float, whole: float) -> str:
    return f"left:{_share(value, whole)}"


def _share(value: float, whole: float) -> str:
    return f"{100 * value / whole:.2f}%" if whole else "0%"


def cost_bars(cost: Cost, regions: Sequence[str]) -> Html:
    """A bar for each component, with a part for each Region."""
    colours = {region: f"series{place}" for place, region in enumerate(regions)}
    most = max([each.total.value for each in cost.components] + [1.0])
    rows = (_component(each, most, colours) for each in cost.components if each.total.value > 0)
    legend = (
        element("li", element("span", class_=f"swatch {colour}"), region, " ", figure(cost.regions.get(region)))
        for region, colour in colours.items()
    )
    return element("div", element("ul", *legend, class_="legend"), element("ol", *rows), class_="bars")


def _component(cost: ComponentCost, most: float, colours: Mapping[str, str]) -> Html:
    parts = [
        element("span", class_=f"part {colour}", style=f"width:{_share(cost.regions[region].value, most)}")
        for region, colour in colours.items()
        if region in cost.regions
    ]
    return element(
        "li",
        element("span", cost.component, class_="name"),
        element("span", *parts, class_="track", aria_hidden="true"),
        element("span", figure(cost.total), " ", links(cost.total.sources), class_="took"),
    )
