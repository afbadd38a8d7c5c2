"""The costs of a report: each sum with the price lists and the assumptions that are in it."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from haven.model.cost import Bill, Difference, Line, break_even, difference, with_outages
from haven.plan.costs import Costs, lacking, stale
from haven.plan.prediction_text import saved_minutes
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
        extra_an_hour=_extra(costs, prices),
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
        unknown=costs.unknown,
        stale=Statement(old, [program, *prices.of(lines)]) if old else None,
    )


def _extra(costs: Costs, prices: "_Prices") -> Figure | Statement:
    lines = [*costs.failover.lines, *costs.now.lines]
    if costs.extra_an_hour is None:
        return Statement(lacking(costs.failover_more.unknown), prices.sources_of(lines))
    return prices.sure(costs.extra_an_hour, lines)


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
        more = difference(higher.predicted.costs.now, lower.predicted.costs.now)
        shorter, dearer = saved_minutes(lower.predicted, higher.predicted), 12 * more.known
        usd = break_even(more.known, shorter)

        def known(value: float, more: Difference = more) -> Figure | Statement:
            sure = more.is_sure
            return Figure(value, _dollars(value), rests) if sure else Statement(lacking(more.unknown), rests)

        yield BreakEven(
            lower.tier,
            higher.tier,
            known(dearer),
            Figure(shorter, minutes(shorter), rests),
            None if usd is None else known(usd),
            more.costs_less and usd is not None,
        )


def collect_with_outages(predicted: "Predicted", rests: Sequence[Source]) -> Figure | None:
    """What an environment costs a year with its expected downtime; None without a cost of an outage."""
    outage = predicted.costs.stated.outage_usd_per_hour
    if outage is None:
        return None
    usd = with_outages(predicted.costs.now.total, predicted.availability.downtime_minutes, outage)
    return Figure(usd, _at_least(usd, predicted.costs.now.lines), rests)


def _at_least(usd: float, lines: Sequence[Line]) -> str:
    """An amount of some lines: at least so much, where one of them has no price."""
    return f"at least {_dollars(usd)}" if Bill(lines).unknown else _dollars(usd)


def _dollars(usd: float) -> str:
    return f"{usd:,.0f}" if abs(usd) >= _WHOLE or usd == 0 else f"{usd:.2f}"


class _Prices:
    def __init__(self, sources: Sources, program: Source) -> None:
        self._sources, self._program = sources, program

    def total(self, lines: Sequence[Line]) -> Figure:
        """USD a month of some lines."""
        return self.figure(sum(each.monthly for each in lines), lines)

    def figure(self, usd: float, lines: Sequence[Line]) -> Figure:
        """A sum of some lines: at least so much, where one of them has no price."""
        return Figure(usd, _at_least(usd, lines), self.sources_of(lines))

    def sure(self, usd: float, lines: Sequence[Line]) -> Figure:
        """An amount that is computed from some lines, and that unknown prices hardly change."""
        return Figure(usd, _dollars(usd), self.sources_of(lines))

    def sources_of(self, lines: Sequence[Line]) -> list[Source]:
        """What an amount of some lines rests on."""
        return [self._program, *self.of(lines)]

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
