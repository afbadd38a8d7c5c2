"""The price book: dated list prices with their sources (`data/prices.csv`), without taxes, discounts and free tiers.

A project can carry a newer book in its own `data/prices.csv`.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from haven.model.catalog import Catalog

FILE = "prices.csv"
HOURS_A_MONTH = 730
"""8,760 hours a year by 12 months, as AWS's pricing calculator has it."""
STALE_DAYS = 180
FLAT = frozenset({"images", "secret"})
"""What costs the same in every commercial Region, as far as it was seen (2026-11-25): us-east-1's price is used where a
Region has none. An assumption."""
_GLOBAL, _REFERENCE = "global", "us-east-1"


@dataclass(frozen=True)
class Price:
    """One list price."""

    usd: float
    unit: str
    """`hour`, or what is priced by the month or by use."""
    source: str
    as_of: str
    """The day, or what is known of it."""
    assumed: bool = False
    """Whether it is another Region's."""

    @property
    def monthly(self) -> float:
        """USD a month of 730 hours, for one unit."""
        return self.usd * HOURS_A_MONTH if self.unit == "hour" else self.usd

    def is_stale(self, today: date) -> bool:
        """Whether it is older than 180 days, or of an unknown day."""
        try:
            return (today - date.fromisoformat(self.as_of)).days > STALE_DAYS
        except ValueError:
            return True


class PriceBook:
    """Prices by what is priced and by Region.

    Args:
        project: a project's root, whose `data/prices.csv` comes first. Omitted: the shipped book.
    """

    def __init__(self, project: Path | None = None) -> None:
        self._prices = _read(Catalog(project).text(FILE))

    def price(self, what: str, region: str) -> Price | None:
        """A price; None where the book has none, which is never a price of zero."""
        found = self._prices.get((what, region)) or self._prices.get((what, _GLOBAL))
        if found or what not in FLAT:
            return found
        reference = self._prices.get((what, _REFERENCE))
        return Price(**{**vars(reference), "assumed": True}) if reference else None

    def known(self, what: str, region: str) -> Price:
        """A price that the shipped book has.

        Raises:
            LookupError: it has none.
        """
        found = self.price(what, region)
        if found is None:
            raise LookupError(f"the price book has no {what} in {region}")
        return found


@cache
def _read(text: str) -> Mapping[tuple[str, str], Price]:
    return {
        (row["what"], row["region"]): Price(float(row["usd"]), row["unit"], row["source"], row["as_of"])
        for row in csv.DictReader(text.splitlines())
    }
