"""The costs of a report: each sum with the price lists and the assumptions that are in it."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from haven.model.cost import Line, break_even, with_outages
from haven.plan.costs import Costs, stale, unknown
from haven.plan.text import minutes
from haven.report.document import BreakEven, ComponentCost, Cost, Named
from haven.report.figures import Figure, Kind, Source, Sources, Statement

if TYPE_CHECKING:
    from haven.plan.prediction import Predicted, TierPrediction


def collect_cost(costs: Costs, sources: Sources, program: Source, today: date) -> Cost:
    """What an environment costs a month.

    Args:
        costs: its bill.
        sources: of the report.
        program: the source of quantities.
        today: the day of the plan.
    """
    lines = costs.now.lines
    prices = _Prices(sources, program)
    regions = sorted({each.item.region for each in lines}, key=lambda each: (each != costs.active, each))
    old = stale(costs.now, today)
    return Cost(
        total=prices.total(lines),
        regions={region: prices.total([each for each in lines if each.item.region == region]) for region in regions},
        failover=prices.total(costs.failover.lines),
        extra_an_hour=prices.figure(costs.extra_an_hour, [*costs.failover.lines, *lines]),
        once=prices.total(costs.once.lines),
        once_items=[Named(each.item.component, prices.total([each])) for each in costs.once.lines if each.price],
        usage=prices.total([each for each in lines if each.item.assumed]),
        systems=[
            Named(name, prices.total([each for each in lines if each.item.system == name]))
            for name in costs.now.by(lambda item: item.system)
        ],
        components=[
            _component(name, [each for each in lines if each.item.component == name], regions, prices)
            for name in costs.now.by(lambda item: item.component)
        ],
        unknown=sorted({*unknown(costs.now), *unknown(costs.once)}),
        stale=Statement(old, [program, *prices.of(lines)]) if old else None,
    )


def prices_of(lines: Sequence[Line], sources: Sources, program: Source) -> list[Source]:
    """What an amount of some lines rests on.

    Args:
        lines: whose prices these are.
        sources: of the report.
        program: the source of quantities.
    """
    return [program, *_Prices(sources, program).of(lines)]


def _component(name: str, lines: Sequence[Line], regions: Sequence[str], prices: "_Prices") -> ComponentCost:
    by_region = {region: [each for each in lines if each.item.region == region] for region in regions}
    return ComponentCost(
        name, prices.total(lines), {region: prices.total(own) for region, own in by_region.items() if own}
    )


def collect_break_even(tiers: "Sequence[TierPrediction]", rests: Sequence[Source]) -> Iterator[BreakEven]:
    """Each tier beside the one below: from what cost of an outage on it pays.

    Args:
        tiers: from the least to the most.
        rests: what the models and the prices rest on.
    """
    for lower, higher in pairwise(tiers):
        below, above = _month_and_downtime(lower.predicted), _month_and_downtime(higher.predicted)
        usd, dearer, shorter = break_even(below, above), 12 * (above[0] - below[0]), below[1] - above[1]
        yield BreakEven(
            lower.tier,
            higher.tier,
            Figure(dearer, _dollars(dearer), rests),
            Figure(shorter, minutes(shorter), rests),
            None if usd is None else Figure(usd, _dollars(usd), rests),
        )


def collect_with_outages(predicted: "Predicted", rests: Sequence[Source]) -> Figure | None:
    """What an environment costs a year with its expected downtime; None without a cost of an outage."""
    outage = predicted.costs.stated.outage_usd_per_hour
    if outage is None:
        return None
    usd = with_outages(*_month_and_downtime(predicted), outage)
    return Figure(usd, _dollars(usd), rests)


def _month_and_downtime(predicted: "Predicted") -> tuple[float, float]:
    return predicted.costs.now.total, predicted.availability.downtime_minutes


def _dollars(usd: float) -> str:
    return f"{usd:,.0f}" if abs(usd) >= _WHOLE or usd == 0 else f"{usd:.2f}"


class _Prices:
    def __init__(self, sources: Sources, program: Source) -> None:
        self._sources, self._program = sources, program

    def total(self, lines: Sequence[Line]) -> Figure:
        """USD a month of some lines."""
        return self.figure(sum(each.monthly for each in lines), lines)

    def figure(self, usd: float, lines: Sequence[Line]) -> Figure:
        """An amount that is computed from some lines."""
        return Figure(usd, _dollars(usd), [self._program, *self.of(lines)])

    def of(self, lines: Sequence[Line]) -> list[Source]:
        """Price lists, and assumptions about use and about other Regions' prices."""
        found: dict[Source, None] = {}
        for each in lines:
            if each.price:
                found[self._sources.add(Kind.PUBLISHED, f"{each.price.source}, {each.price.as_of}")] = None
            if each.item.assumed:
                found[self._sources.add(Kind.ASSUMPTION, _USE)] = None
            if each.price and each.price.assumed:
                found[self._sources.add(Kind.ASSUMPTION, _FLAT)] = None
        return list(found)


_WHOLE = 10
"""USD from which cents are left out."""
_USE = "use that a program doesn't decide (storage, requests, transfer, logs): defaults of haven plan --detail"
_FLAT = "a price of us-east-1 where the Region has none"
