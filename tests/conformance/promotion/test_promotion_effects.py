"""The table of what a promotion changes, as data and as the page that shows it."""

from collections.abc import Iterator

from tests.conformance.promotion.promotion_effects import PROMOTION_EFFECTS, READ, Evidence
from tests.environments import ROOT


def table() -> Iterator[str]:
    """The lines of the page's table."""
    yield f"| attribute (sources read {READ}) | member | change | source | next deployment | without Haven's options |"
    yield "|---|---|---|---|---|---|"
    for each in PROMOTION_EFFECTS:
        known = each.evidence if each.source == "none" else f"{each.evidence}: {each.source}"
        name = f"`{each.type}.{each.attribute}`"
        yield f"| {name} | {each.member} | {each.what} | {known} | {each.afterwards} | {each.otherwise} |"


def test_the_page_shows_the_table_as_it_is() -> None:
    page = (ROOT / "docs" / "promotion.md").read_text().splitlines()
    lines = list(table())
    assert page[-len(lines) :] == lines


def test_every_row_is_there_once_and_what_is_not_assumed_has_a_source() -> None:
    assert len({(each.type, each.attribute, each.member) for each in PROMOTION_EFFECTS}) == len(PROMOTION_EFFECTS)
    assert all(each.source != "none" for each in PROMOTION_EFFECTS if each.evidence is not Evidence.ASSUMED)
