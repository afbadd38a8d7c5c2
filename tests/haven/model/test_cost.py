"""Costs: sums of quantities times prices, with what has no price listed."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.base.problems import Problems
from haven.model import prices
from haven.model.catalog import Catalog
from haven.model.cost import Item, bill, moved
from haven.model.prices import Price, PriceBook

BOOK = PriceBook()
KNOWN = ["instance:g5.2xlarge", "control-plane", "nat-gateway", "bucket-storage", "key", "alarm", "aurora-storage"]
items = st.lists(
    st.builds(
        Item,
        what=st.sampled_from([*KNOWN, "something else"]),
        quantity=st.floats(0, 1000),
        region=st.sampled_from(["eu-west-1", "us-east-1", "xx-none-1"]),
        component=st.sampled_from(["A", "B"]),
        system=st.sampled_from(["shared", "serving"]),
    ),
    max_size=8,
)


@given(items)
def test_a_total_is_the_sum_of_its_parts_however_they_are_grouped(several: list[Item]) -> None:
    made = bill(several, BOOK)
    assert made.total == pytest.approx(sum(bill([each], BOOK).total for each in several))
    for groups in (made.by(lambda item: item.region), made.by(lambda item: item.component)):
        assert sum(groups.values()) == pytest.approx(made.total)
    assert sum(made.by(lambda item: item.system).values()) == pytest.approx(made.total)


@given(items, st.data())
def test_a_total_grows_with_every_count(several: list[Item], data: st.DataObject) -> None:
    if not several:
        return
    place = data.draw(st.integers(0, len(several) - 1))
    more = [*several]
    more[place] = replace(more[place], quantity=more[place].quantity + 1)
    before, after = bill(several, BOOK), bill(more, BOOK)
    if after.lines[place].price:
        assert after.total > before.total
    else:
        assert after.total == before.total


@given(items)
def test_what_has_no_price_is_unknown_and_never_zero(several: list[Item]) -> None:
    made = bill(several, BOOK)
    unpriced = [each for each in several if BOOK.price(each.what, each.region) is None and each.quantity]
    assert [each.item for each in made.unknown] == unpriced


def test_a_month_has_730_hours() -> None:
    price = BOOK.price("control-plane", "eu-west-1")
    assert price is not None
    assert price.monthly == pytest.approx(73)
    assert bill([Item("control-plane", 2, "eu-west-1", "A")], BOOK).total == pytest.approx(146)


def test_items_cost_what_another_region_charges_once_moved() -> None:
    items = [Item("instance:g5.2xlarge", 3, "eu-west-1", "A")]
    assert bill(items, BOOK).total == pytest.approx(3 * 1.35296 * 730)
    assert bill(moved(items, "eu-central-1"), BOOK).total == pytest.approx(3 * 1.5156 * 730, rel=0.001)


def test_a_region_without_price_data_has_costs_that_are_unknown() -> None:
    made = bill([Item(what, 1, "me-central-1", "A") for what in KNOWN], BOOK)
    assert made.total == 0
    assert len(made.unknown) == len(KNOWN)


def test_flat_prices_are_those_of_another_region_and_assumptions() -> None:
    here, there = BOOK.price("secret", "us-east-1"), BOOK.price("secret", "eu-west-1")
    assert here is not None
    assert there is not None
    assert (there.usd, there.assumed, here.assumed) == (here.usd, True, False)


@pytest.mark.parametrize(
    ("as_of", "stale"), [("2026-11-01", False), ("2026-05-31", False), ("2026-05-29", True), ("2026", True)]
)
def test_a_price_is_stale_after_180_days_or_without_a_day(as_of: str, stale: bool) -> None:
    assert Price(1, "hour", "a list", as_of).is_stale(date(2026, 11, 26)) is stale


def test_a_project_has_prices_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "prices.csv").write_text(
        "what,region,usd,unit,source,as_of,confidence\ncontrol-plane,eu-west-1,0.2,hour,a contract,2026-11-25,primary\n"
    )
    book = PriceBook(tmp_path)
    price = book.price("control-plane", "eu-west-1")
    assert price is not None
    assert price.usd == 0.2
    assert book.price("nat-gateway", "eu-west-1") is None


HEAD = "what,region,usd,unit,source,as_of,confidence\n"
GOOD = "key,eu-west-1,1,month,a contract,2026-11-25,primary\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + GOOD.replace(",1,", ",nan,"), 'line 2: usd of key: got "nan"; allowed: a number, 0 or more'),
        (HEAD + GOOD.replace(",1,", ",inf,"), 'line 2: usd of key: got "inf"'),
        (HEAD + GOOD.replace(",1,", ",-5,"), 'line 2: usd of key: got "-5"'),
        (HEAD + GOOD.replace(",1,", ",cheap,"), 'line 2: usd of key: got "cheap"'),
        (
            HEAD + GOOD.replace("2026-11-25", "2027-01-01"),
            'line 2: as_of of key: got "2027-01-01"; allowed: a day until',
        ),
        (HEAD + GOOD.replace("month", "hour"), 'line 2: unit of key: got "hour"'),
        (HEAD + GOOD.replace("a contract", ""), "line 2: source: got nothing"),
        (HEAD + GOOD + "key,eu-west-2\n", "line 3: usd of key"),
        ("name,place,price\nkey,eu-west-1,1\n", "columns: got no what, region, usd, unit, source, as_of"),
        ("", "columns: got an empty file"),
        ("\x00\xff", "columns: got no what"),
    ],
)
def test_a_projects_book_that_is_none_is_refused_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(Problems) as error:
        PriceBook(own_book(tmp_path, text), date(2026, 11, 26))
    assert problem in str(error.value)
    assert "data/prices.csv" in str(error.value)


def test_every_problem_of_a_projects_book_is_named_at_once(tmp_path: Path) -> None:
    text = HEAD + GOOD.replace(",1,", ",nan,") + GOOD.replace(",1,", ",-5,")
    with pytest.raises(Problems) as error:
        PriceBook(own_book(tmp_path, text))
    assert len(error.value.problems) == 2


def test_a_projects_book_in_another_encoding_is_refused(tmp_path: Path) -> None:
    own_book(tmp_path, "").joinpath("data", "prices.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Problems, match="UTF-8"):
        PriceBook(tmp_path)


def own_book(folder: Path, text: str) -> Path:
    (folder / "data").mkdir()
    (folder / "data" / "prices.csv").write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_book_is_one() -> None:
    assert list(prices._problems(Catalog().text(prices.FILE), date(2026, 11, 26))) == []


def test_every_price_has_a_source_and_a_date() -> None:
    for each in PriceBook()._prices.values():
        assert each.source
        assert each.as_of
