"""What is really there beside what was planned, as one table for each Region."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from haven.base import terminal
from haven.emulator import actual as found
from haven.emulator import actual_parts, expected_parts, gap_handling, gaps
from haven.emulator import expected as planned
from haven.emulator.expected import GLOBAL, Fact
from haven.program.recording import Recording

_MANY = "log group"
"""Of these there are many, and one is like the other: those that agree are counted, not listed."""


@dataclass(frozen=True)
class Row:
    """One fact, as planned and as found; an empty text: it isn't there."""

    fact: Fact
    planned: str
    found: str
    defect: gaps.Defect | None = None
    """What of the emulator explains the difference."""

    @property
    def agrees(self) -> bool:
        """Whether plan and reality are the same."""
        return self.planned == self.found

    @property
    def is_wrong(self) -> bool:
        """Whether there is a difference that nothing explains."""
        return not self.agrees and self.defect is None


def read_back(recording: Recording, url: str, regions: Sequence[str]) -> list[Row]:
    """Every fact that was planned or is found, in the order of Regions, kinds and names.

    Args:
        recording: what was deployed.
        url: where every service answers.
        regions: where to look, in the order of the table.
    """
    wanted = planned.facts(recording) | expected_parts.facts(recording)
    proofs = actual_parts.proofs(url, regions)
    there = {fact: text for fact, text in found.facts(url, regions).items() if fact.name not in proofs}
    return compare(wanted, there | actual_parts.facts(url, regions), regions)


def compare(wanted: Mapping[Fact, str], there: Mapping[Fact, str], regions: Sequence[str]) -> list[Row]:
    """The rows for what was planned and what was found."""
    order = {region: place for place, region in enumerate([*regions, GLOBAL])}
    every = sorted({*wanted, *there}, key=lambda fact: (order.get(fact.region, len(order)), fact.about, fact.name))
    return [_row(fact, wanted.get(fact, ""), there.get(fact, "")) for fact in every]


def _row(fact: Fact, wanted: str, there: str) -> Row:
    defect = gap_handling.explain_absence(fact) if wanted and not there else None
    return Row(fact, wanted, there, defect)


def render(rows: Sequence[Row], style: terminal.Style) -> list[str]:
    """The rows as a table for each Region."""
    lines: list[str] = []
    for region in dict.fromkeys(row.fact.region for row in rows):
        mine = [row for row in rows if row.fact.region == region]
        title = "in no single Region" if region == GLOBAL else region
        lines += ["", style.paint(f"  {title}", "bold")]
        lines += terminal.table([[*_cells(row)] for row in mine if not _is_one_of_many(row)], indent=4)
        many = sum(_is_one_of_many(row) for row in mine)
        lines += [f"    ok     and {terminal.plural(many, _MANY)} as planned"] if many else []
    return lines


def _is_one_of_many(row: Row) -> bool:
    return row.agrees and row.fact.about == _MANY


def _cells(row: Row) -> Iterator[str]:
    yield "ok" if row.agrees else "known" if row.defect else "WRONG"
    yield row.fact.about
    yield row.fact.name
    if row.agrees:
        yield row.found
    else:
        because = f" (the emulator {row.defect.name})" if row.defect else ""
        yield f"planned: {row.planned or 'nothing'}; found: {row.found or 'nothing'}{because}"
