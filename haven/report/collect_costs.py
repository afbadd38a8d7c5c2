"""The costs of a report: each sum with the price lists and the assumptions that are in it."""

from collections.abc import Sequence
from datetime import date

from haven.model.cost import Line
from haven.plan.costs import Costs, stale, unknown
from haven.report.document import ComponentCost, Cost, Named
from haven.report.figures import Figure, Kind, Source, Sources, Statement


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
        usage=prices.total([each for each in lines if each.item.assumed]),
        systems=[
            Named(name, prices.total([each for each in lines if each.item.system == name]))
            for name in costs.now.by(lambda item: item.system)
        ],
        components=[
            _component(name, [each for each in lines if each.item.component == name], regions, prices)
            for name in costs.now.by(lambda item: item.component)
        ],
        unknown=unknown(costs.now),
        stale=Statement(old, [program, *prices.of(lines)]) if old else None,
    )


def _component(name: str, lines: Sequence[Line], regions: Sequence[str], prices: "_Prices") -> ComponentCost:
    by_region = {region: [each for each in lines if each.item.region == region] for region in regions}
    return ComponentCost(
        name, prices.total(lines), {region: prices.total(own) for region, own in by_region.items() if own}
    )


class _Prices:
    def __init__(self, sources: Sources, program: Source) -> None:
        self._sources, self._program = sources, program

    def total(self, lines: Sequence[Line]) -> Figure:
        """USD a month of some lines."""
        usd = sum(each.monthly for each in lines)
        text = f"{usd:,.0f}" if usd >= 10 or usd == 0 else f"{usd:.2f}"
        return Figure(usd, text, [self._program, *self.of(lines)])

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


_USE = "use that a program doesn't decide (storage, requests, transfer, logs): defaults of haven plan --detail"
_FLAT = "a price of us-east-1 where the Region has none"
