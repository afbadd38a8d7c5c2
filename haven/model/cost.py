"""Cost a month: quantities times list prices. What has no price is listed as unknown, never as zero."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from haven.model.prices import Price, PriceBook
from haven.model.sources import DATABASE_SIZE, REPLICATED_WRITES_A_MONTH

USAGE: Mapping[str, float] = {
    "aurora-storage": DATABASE_SIZE.value,  # GB of each member: haven:database.assumedSizeGb
    "aurora-io": 50_000_000,  # requests a month to each member
    "aurora-replicated-write": REPLICATED_WRITES_A_MONTH.value * 1e6,  # writes a month from the active Region
    "bucket-storage": 200,  # GB of each bucket
    "replication-time-control": 50,  # GB a month of each bucket
    "table-storage": 10,  # GB of each table and replica
    "table-write": 5_000_000,  # a month to each table
    "table-read": 20_000_000,  # a month from each table
    "function-gb-seconds": 1_226_400,  # a month of a function of 256 MB that runs 112 s and starts every minute
    "function-requests": 43_800,  # a month of a function that starts every minute
    "images": 20,  # GB of each repository and Region
    "load-balancer-lcu": 1,  # capacity units, all month
    "logs-ingestion": 20,  # GB a month of each Region with a cluster
    "nat-gateway-data": 100,  # GB a month of each gateway
    "interface-endpoint-data": 10,  # GB a month through each interface endpoint
    "vended-logs": 10,  # GB a month of each VPC's flow log and of each web ACL's log
    "web-acl-request": 5_000_000,  # a month to each web ACL
    "multi-region-access-point": 100,  # GB a month through each
    "prometheus-samples": 1_000_000_000,  # a month into each workspace
    "grafana-editor": 1,  # users of each workspace who edit
    "transfer-to-internet": 100,  # GB a month out of each Region that serves
    "transfer-between-zones": 100,  # GB a month in each Region with a cluster; charged at both ends
    "transfer-to-region": 200,  # GB a month out of the active Region
    "transfer-from-standby": 200,  # GB a month out of the standby Region, where it serves too (tier active-active)
}
"""What the program doesn't decide. Assumptions, shown as such."""
GLOBAL = frozenset(
    {"health-check", "health-check-feature", "hosted-zone", "multi-region-access-point", "region-switch-plan"}
)
"""What is no Region's, though a provider of one declares it: it costs the same whichever Region serves."""
SIZED_ELSEWHERE: Mapping[str, str] = {"aurora-storage": "haven:database.assumedSizeGb"}
"""Use that a key other than haven:cost.usage states."""

SHARED = "shared"
"""The system of what several systems use: so the systems' costs add up to the total."""

_INSTANCE = "instance:"
_DEARER = 2
"""How many times the dearest price that any Region has, an unknown one is taken to be at most: an assumption."""
_SURE = 0.05


@dataclass(frozen=True)
class Item:
    """A quantity of one thing that is priced."""

    what: str
    """Its name in the price book, such as `instance:g5.2xlarge`."""
    quantity: float
    """Units running all month, or used in a month."""
    region: str
    component: str
    system: str = SHARED
    assumed: bool = False
    """Whether the quantity is an assumption about use, and not one of the program's."""
    idle: bool = False
    """Whether it is reserved capacity that doesn't run: at full price, whatever Savings Plans there are."""
    to: str = ""
    """The Region to which transfer goes; empty: another one, at the dearest price."""


@dataclass(frozen=True)
class Line:
    """An item with its price."""

    item: Item
    price: Price | None
    discount: float = 0.0
    """Share of the list price that a Savings Plan takes off."""
    ceiling: float | None = None
    """USD of a unit and month that an unknown price is taken to be at most. None: no Region has one."""

    @property
    def monthly(self) -> float:
        """USD a month; 0 in sums where the price is unknown, and then the bill lists it."""
        return self.item.quantity * self.price.monthly * (1 - self.discount) if self.price else 0.0

    @property
    def thing(self) -> tuple[str, str, str]:
        """What is priced: equal ones have the same price, known or not."""
        return self.item.what, self.item.region, self.item.to


@dataclass(frozen=True)
class Bill:
    """What items cost a month."""

    lines: Sequence[Line]

    @property
    def total(self) -> float:
        """USD a month of everything with a price."""
        return sum(each.monthly for each in self.lines)

    @property
    def unknown(self) -> Sequence[Line]:
        """What has no price, and isn't in the total."""
        return [each for each in self.lines if each.price is None and each.item.quantity]

    def stale(self, today: date) -> Sequence[Line]:
        """What has a price of more than 180 days ago, or of an unknown day."""
        return [each for each in self.lines if each.price and each.price.is_stale(today)]

    def by(self, key: Callable[[Item], str]) -> dict[str, float]:
        """The total by Region, by component or by system, the most expensive first."""
        sums: dict[str, float] = {}
        for each in self.lines:
            sums[key(each.item)] = sums.get(key(each.item), 0.0) + each.monthly
        return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(frozen=True)
class Difference:
    """How much more one bill is than another, USD a month."""

    known: float
    """Of what has a price."""
    least: float
    most: float
    """With the unknown prices of what is in one bill more than in the other: from nothing to their ceiling."""
    unknown: int
    """How many prices these are."""

    def plus(self, usd: float) -> "Difference":
        """The same with an amount that doesn't rest on prices."""
        return replace(self, known=self.known + usd, least=self.least + usd, most=self.most + usd)

    @property
    def is_sure(self) -> bool:
        """Whether unknown prices change it by less than a twentieth."""
        return self.most - self.least <= _SURE * abs(self.known)

    @property
    def is_decided(self) -> bool:
        """Whether it is clear which bill is the higher one: unknown prices can't turn it, nor change it by half."""
        sign = self.least > 0 or self.most < 0 or self.least == self.most
        return sign and self.most - self.least <= abs(self.known) / 2

    @property
    def costs_less(self) -> bool:
        """Whether the bill is lower than the other one, whatever the unknown prices are."""
        return self.is_decided and self.known <= 0


def difference(bill: Bill, other: Bill) -> Difference:
    """How much more `bill` is than `other`. What has an unknown price in both alike doesn't count."""
    more: dict[tuple[str, str, str], float] = {}
    ceilings: dict[tuple[str, str, str], float] = {}
    for lines, sign in ((bill.unknown, 1), (other.unknown, -1)):
        for each in lines:
            more[each.thing] = more.get(each.thing, 0.0) + sign * each.item.quantity * (1 - each.discount)
            ceilings[each.thing] = math.inf if each.ceiling is None else each.ceiling
    open_ = {thing: quantity for thing, quantity in more.items() if not math.isclose(quantity, 0, abs_tol=1e-9)}
    known = bill.total - other.total
    least = known + sum(quantity * ceilings[thing] for thing, quantity in open_.items() if quantity < 0)
    most = known + sum(quantity * ceilings[thing] for thing, quantity in open_.items() if quantity > 0)
    return Difference(known, least, most, len(open_))


def bill(items: Iterable[Item], book: PriceBook, savings_plan_percent: float = 0) -> Bill:
    """What the items cost a month.

    Args:
        items: what is priced.
        book: the prices.
        savings_plan_percent: what a Savings Plan takes off the list price of instances, except reserved ones that don't
            run.
    """

    def discount(item: Item) -> float:
        return savings_plan_percent / 100 if item.what.startswith(_INSTANCE) and not item.idle else 0.0

    def line(item: Item) -> Line:
        price = book.price(item.what, item.region, item.to)
        dearest = None if price else book.dearest(item.what)
        return Line(item, price, discount(item), None if dearest is None else _DEARER * dearest)

    return Bill([line(each) for each in items])


def with_outages(monthly: float, downtime_minutes: float, outage_usd_per_hour: float) -> float:
    """USD a year of an environment and of its expected downtime.

    Args:
        monthly: what it costs a month.
        downtime_minutes: expected downtime a year.
        outage_usd_per_hour: what an hour of downtime costs.
    """
    return 12 * monthly + downtime_minutes / 60 * outage_usd_per_hour


def break_even(dearer: float, saved_minutes: float) -> float | None:
    """The USD of an hour of downtime from which a higher tier costs less than a lower one; None where it never does.

    Args:
        dearer: USD a month that the higher tier costs more.
        saved_minutes: minutes of downtime a year that it has less.
    """
    return max(0.0, 12 * dearer / (saved_minutes / 60)) if saved_minutes > 0 else None


def moved(items: Iterable[Item], region: str) -> list[Item]:
    """The same items in another Region: what it must run during a failover. Transfer goes the other way then."""
    return [replace(each, region=region, to=each.region if each.to == region else each.to) for each in items]
