"""What copying an Aurora database into the other Region costs, and what a replicated member costs instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from haven.model import sources
from haven.model.prices import HOURS_A_MONTH, PriceBook

REFERENCE = "eu-west-1"
"""Its price is taken where the book has none of a Region: an assumption, which is named with the result."""
_MINUTES_A_DAY, _MINUTES_AN_HOUR = 1440, 60
_WRITES_A_MILLION = 1_000_000
_ASSUMED_WRITES = sources.REPLICATED_WRITES_A_MONTH.value


@dataclass(frozen=True)
class CopyPrices:
    """List prices in USD of what copies and replicas of a database cost."""

    transfer: float
    """A GB to another Region."""
    snapshot: float
    """A GB and month."""
    storage: float
    """A GB and month."""
    writes: float
    """A million replicated writes."""
    assumed: Sequence[str]
    """Which of them are the reference Region's."""


def copy_prices(region: str, book: PriceBook, to: str = "") -> CopyPrices:
    """The prices of a Region, and the reference Region's where the book has none.

    Args:
        region: where the database is.
        book: the price book.
        to: where the copies go. Omitted: transfer has the dearest destination's price.
    """
    assumed = []

    def usd(what: str) -> float:
        price = book.price(what, region, to)
        if price is None or price.assumed:
            assumed.append(what)
            price = book.known(what, REFERENCE)
        return price.usd

    found = usd("transfer-to-region"), usd("aurora-snapshot"), usd("aurora-storage"), usd("aurora-replicated-write")
    return CopyPrices(*found[:3], found[3] * _WRITES_A_MILLION, tuple(assumed))


@dataclass(frozen=True)
class CopyCost:
    """A month of copies of one backup rule, in USD at list prices. A copy of an Aurora snapshot into another Region is
    always full (AWS Backup Developer Guide, feature availability by resource; read 2026-11-26)."""

    copies: int
    """Copies a month."""
    transfer: float
    storage: float
    """Of all copies that are kept at a time."""

    @property
    def total(self) -> float:
        """Transfer and storage."""
        return self.transfer + self.storage


def copy_cost(prices: CopyPrices, *, size_gb: float, interval_minutes: int, kept_days: int) -> CopyCost:
    """What the copies of a rule cost a month.

    Args:
        prices: of the Region that copies.
        size_gb: the database's size.
        interval_minutes: from one copy to the next.
        kept_days: for how many days a copy is kept.
    """
    copies = HOURS_A_MONTH * _MINUTES_AN_HOUR / interval_minutes
    kept = kept_days * _MINUTES_A_DAY / interval_minutes
    return CopyCost(round(copies), copies * size_gb * prices.transfer, kept * size_gb * prices.snapshot)


def headless_member_cost(prices: CopyPrices, size_gb: float, million_writes: float = _ASSUMED_WRITES) -> float:
    """What a member without instances in the other Region costs a month: storage, and the writes that it repeats.

    Args:
        prices: of the Region that replicates.
        size_gb: the database's size.
        million_writes: replicated writes a month. Omitted: assumed.
    """
    return size_gb * prices.storage + million_writes * prices.writes


def break_even_gb(
    prices: CopyPrices, *, interval_minutes: int, kept_days: int, million_writes: float = _ASSUMED_WRITES
) -> int | None:
    """The size, in whole GB, from which a rule's copies cost more than a headless member; None where they never do."""
    per_gb = copy_cost(prices, size_gb=1, interval_minutes=interval_minutes, kept_days=kept_days).total
    more = per_gb - prices.storage
    return ceil(headless_member_cost(prices, 0, million_writes) / more) if more > 0 else None
