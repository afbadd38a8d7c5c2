"""The price book: dated list prices with their sources (`data/prices.csv`), without taxes, discounts and free tiers.

A project can carry a newer book in its own `data/prices.csv`.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from haven.base.problems import Problem, Problems, shown
from haven.model.catalog import PROJECT_FOLDER, Catalog

FILE = "prices.csv"
HOURS_A_MONTH = 730
"""8,760 hours a year by 12 months, as AWS's pricing calculator has it."""
STALE_DAYS = 180
FLAT = frozenset({"images", "secret", "aurora-snapshot", "grafana-editor"})
"""What costs about the same in every commercial Region, as far as it was seen (2026-11-25; Aurora's snapshots 0.021 and
0.024 USD in three Regions): us-east-1's price is used where a Region has none. An assumption."""
_GLOBAL, _REFERENCE = "global", "us-east-1"
_COLUMNS = ("what", "region", "usd", "unit", "source", "as_of")
"""What a row must have; `confidence` may be left out."""
_PLACE = f"{PROJECT_FOLDER}/{FILE}"
_FIX = f"correct the line, or delete {_PLACE} and run haven data refresh --prices"


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
        day = _day(self.as_of)
        return day is None or (today - day).days > STALE_DAYS


class PriceBook:
    """Prices by what is priced and by Region.

    Args:
        project: a project's root, whose `data/prices.csv` comes first. Omitted: the shipped book.
        today: the day after which no price can be. Omitted: today, UTC.

    Raises:
        Problems: the project's own file isn't a price book, with every problem in it.
    """

    def __init__(self, project: Path | None = None, today: date | None = None) -> None:
        text, shipped = _text(project), _text(None)
        if text != shipped and (problems := _problems(text, today or datetime.now(UTC).date())):
            raise Problems(problems, _PLACE)
        self._prices = _read(text)

    def price(self, what: str, region: str, to: str = "") -> Price | None:
        """A price; None where the book has none, which is never a price of zero.

        Args:
            what: what is priced.
            region: where; of transfer, where it leaves.
            to: where transfer goes: the price of that pair, if the book has one. Omitted: the dearest destination's.
        """
        if to and (pair := self._prices.get((f"{what}:{to}", region))):
            return pair
        found = self._prices.get((what, region)) or self._prices.get((what, _GLOBAL))
        if found or what not in FLAT:
            return found
        reference = self._prices.get((what, _REFERENCE))
        return Price(**{**vars(reference), "assumed": True}) if reference else None

    def dearest(self, what: str) -> float | None:
        """The highest price of a thing that any Region has, in USD a month of one unit; None where none has one."""
        return max((each.monthly for (name, _), each in self._prices.items() if name == what), default=None)

    def known(self, what: str, region: str) -> Price:
        """A price that the shipped book has.

        Raises:
            LookupError: it has none.
        """
        found = self.price(what, region)
        if found is None:
            raise LookupError(f"the price book has no {what} in {region}")
        return found


def _text(project: Path | None) -> str:
    try:
        return Catalog(project).text(FILE)
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(_PLACE, str(error), "a CSV file in UTF-8 that can be read", _FIX)
        raise Problems([problem], _PLACE) from error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cache
def _problems(text: str, today: date) -> Sequence[Problem]:
    """What is wrong with a project's own book."""
    reader = csv.DictReader(text.splitlines())
    columns = list(reader.fieldnames or ())
    if missing := [each for each in _COLUMNS if each not in columns]:
        got = f"no {', '.join(missing)}" if columns else "an empty file"
        return [Problem(f"{_PLACE} columns", got, ", ".join((*_COLUMNS, "confidence")), _FIX)]
    units = {what: price.unit for (what, _), price in _read(_text(None)).items()}
    return [each for row in reader for each in _wrong(f"{_PLACE} line {reader.line_num}", row, units, today)]


def _wrong(line: str, row: Mapping[str, str | None], units: Mapping[str, str], today: date) -> Iterator[Problem]:
    what, region, usd, unit, source, as_of = (row[each] or "" for each in _COLUMNS)
    for name, value in (("what", what), ("region", region), ("source", source), ("as_of", as_of)):
        if not value:
            yield Problem(f"{line}: {name}", "nothing", "a value", _FIX)
    amount = _number(usd)
    if amount is None or amount < 0:
        yield Problem(f"{line}: usd of {what}", shown(usd), "a number, 0 or more", _FIX)
    wanted = units.get(what, "")
    if not unit or (wanted and (unit == "hour") is not (wanted == "hour")):
        yield Problem(f"{line}: unit of {what}", shown(unit), shown(wanted) if wanted else "a unit", _FIX)
    day = _day(as_of)
    if day is not None and day > today:
        yield Problem(f"{line}: as_of of {what}", shown(as_of), f"a day until {today}", _FIX)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@cache
def _read(text: str) -> Mapping[tuple[str, str], Price]:
    return {
        (row["what"], row["region"]): Price(float(row["usd"]), row["unit"], row["source"], row["as_of"])
        for row in csv.DictReader(text.splitlines())
    }
