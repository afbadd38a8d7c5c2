"""Costs against monthly figures that others published: chosen before the model was run, none of them in the price book.

`published_costs.csv` has each figure's quantities and its own unit prices. A miss stays in the file, with its reason.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from haven.model.cost import Bill, Item, Line
from haven.model.prices import Price, PriceBook

Rows = Sequence[Mapping[str, str]]
WITHIN, SAME_DATE = 0.001, 0.02
NEARBY_MONTHS = 24
"""Prices of about the same date: AWS changed none of these prices but DynamoDB's in the two years before the book's."""


def figures() -> Mapping[str, Rows]:
    found: dict[str, list[Mapping[str, str]]] = {}
    with Path(__file__).with_name("published_costs.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["figure"], []).append(row)
    return found


FIGURES = figures()


def total_usd(rows: Rows) -> float:
    lines = [
        Line(
            Item(row["what"], float(row["quantity"]), row["region"], "published"),
            Price(float(row["unit_usd"]), row["unit"], row["source"], row["as_of"]),
        )
        for row in rows
    ]
    return Bill(lines).total


def reason(rows: Rows, kind: str) -> str:
    return next((row["miss"] for row in rows if row["miss"].startswith(f"{kind}: ")), "")


def months(day: str) -> int | None:
    year, _, rest = day.partition("-")
    return int(year) * 12 + int(rest.partition("-")[0] or 6) if year.isdigit() else None


def test_there_are_twenty_figures_each_with_its_source() -> None:
    assert len(FIGURES) >= 20
    assert all(rows[0]["source"] for rows in FIGURES.values())
    assert not [rows[0]["source"] for rows in FIGURES.values() if "golden" in rows[0]["source"]]


@pytest.mark.parametrize("figure", FIGURES)
def test_quantities_at_the_figures_own_prices_are_the_figure(figure: str) -> None:
    rows = FIGURES[figure]
    published = float(rows[0]["published_usd"])
    within = abs(total_usd(rows) - published) <= max(WITHIN * published, 0.005)
    assert within is not bool(reason(rows, "total")), total_usd(rows)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_price_books_prices_of_the_same_date_are_the_figures(figure: str) -> None:
    rows, book = FIGURES[figure], PriceBook()
    off = []
    for row in rows:
        ours = book.price(row["what"], row["region"])
        theirs, then = float(row["unit_usd"]), months(row["as_of"])
        now = months(ours.as_of) if ours else None
        if ours is None or (then and now and abs(then - now) > NEARBY_MONTHS):
            continue
        if abs(ours.usd - theirs) > SAME_DATE * ours.usd:
            off.append((row["what"], ours.usd, theirs))
    assert bool(off) is bool(reason(rows, "price")), off
