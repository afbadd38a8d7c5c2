"""The expected and the actual resources side by side, as one table for each Region."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from haven.base import terminal
from haven.emulator import gap_handling, gaps
from haven.emulator.read_back import actual, expected
from haven.emulator.subject import GLOBAL, Subject
from haven.program.recording import Recording

_COUNTED = "log group"
"""The kind of which there are many, all alike: those that agree are counted, not listed."""


@dataclass(frozen=True)
class ComparedResource:
    """One subject with its expected and its actual description; a description is empty if the resource is missing."""

    subject: Subject
    expected: str
    actual: str
    defect: gaps.Defect | None = None
    """The emulator's defect that explains why the resource is missing."""

    @property
    def agrees(self) -> bool:
        """Whether both descriptions are the same."""
        return self.expected == self.actual

    @property
    def is_wrong(self) -> bool:
        """Whether they differ, and no known defect of the emulator explains it."""
        return not self.agrees and self.defect is None


def read_back(
    recording: Recording, url: str | None, regions: Sequence[str], marked: str = ""
) -> list[ComparedResource]:
    """Read the deployed resources back and compare them with the declared ones, by Region, kind and name.

    Args:
        recording: the deployed program.
        url: the endpoint of every service. None: AWS, of which no defect is known.
        regions: the Regions to read, in the order of the table.
        marked: read only what has this text in a name or a tag. Omitted: read everything.
    """
    rows = compare(expected.descriptions(recording), actual.descriptions(url, regions, marked), regions)
    return [replace(each, defect=None) for each in rows] if url is None else rows


def compare(
    declared: Mapping[Subject, str], deployed: Mapping[Subject, str], regions: Sequence[str]
) -> list[ComparedResource]:
    """The rows for everything declared or deployed."""
    order = {region: place for place, region in enumerate([*regions, GLOBAL])}
    subjects = sorted(
        {*declared, *deployed}, key=lambda each: (order.get(each.region, len(order)), each.kind, each.name)
    )
    return [_row(each, declared.get(each, ""), deployed.get(each, "")) for each in subjects]


def _row(subject: Subject, declared: str, deployed: str) -> ComparedResource:
    defect = gap_handling.explain_absence(subject) if declared and not deployed else None
    return ComparedResource(subject, declared, deployed, defect)


def render(rows: Sequence[ComparedResource], style: terminal.Style) -> list[str]:
    """The rows as a table for each Region."""
    lines: list[str] = []
    for region in dict.fromkeys(row.subject.region for row in rows):
        mine = [row for row in rows if row.subject.region == region]
        title = "in no single Region" if region == GLOBAL else region
        lines += ["", style.paint(f"  {title}", "bold")]
        lines += style.table([[*_cells(row)] for row in mine if not _is_counted(row)], indent=4)
        many = sum(_is_counted(row) for row in mine)
        lines += [f"    ok     and {terminal.plural(many, _COUNTED)} as expected"] if many else []
    return lines


def _is_counted(row: ComparedResource) -> bool:
    return row.agrees and row.subject.kind == _COUNTED


def _cells(row: ComparedResource) -> Iterator[str]:
    yield "ok" if row.agrees else "known" if row.defect else "WRONG"
    yield row.subject.kind
    yield row.subject.name
    if row.agrees:
        yield row.actual
    else:
        because = f" (the emulator {row.defect.name})" if row.defect else ""
        yield f"expected: {row.expected or 'nothing'}; actual: {row.actual or 'nothing'}{because}"
