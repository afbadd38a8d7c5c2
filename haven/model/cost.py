"""Cost a month: quantities times list prices. What has no price is listed as unknown, never as zero."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from haven.model.prices import Price, PriceBook

SHARED = "shared"
"""The system of what several systems use: so the systems' costs add up to the total."""


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


@dataclass(frozen=True)
class Line:
    """An item with its price."""

    item: Item
    price: Price | None

    @property
    def monthly(self) -> float:
        """USD a month; 0 in sums where the price is unknown, and then the bill lists it."""
        return self.item.quantity * self.price.monthly if self.price else 0.0


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


def bill(items: Iterable[Item], book: PriceBook) -> Bill:
    """What the items cost a month."""
    return Bill([Line(each, book.price(each.what, each.region)) for each in items])


def moved(items: Iterable[Item], region: str) -> list[Item]:
    """The same items in another Region: what it must run during a failover."""
    return [replace(each, region=region) for each in items]
