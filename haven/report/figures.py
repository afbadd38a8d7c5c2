"""Figures of a report, each with where it comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What kind of source it is."""

    PUBLISHED = "published"
    """A document, a measurement or a price list, with its date."""
    ASSUMPTION = "assumption"
    PROGRAM = "program"
    """Counted in what the stack's program declares."""
    STACK_FILE = "stack file"
    MODEL = "model"
    """Computed from other figures of the page."""


@dataclass(frozen=True)
class Source:
    """Where a figure comes from."""

    key: str
    """Its anchor on the page."""
    kind: Kind
    text: str


@dataclass(frozen=True)
class Figure:
    """A number as it is shown."""

    value: float
    text: str
    sources: Sequence[Source]

    @property
    def assumed(self) -> bool:
        """Whether it rests on an assumption."""
        return any(each.kind is Kind.ASSUMPTION for each in self.sources)


@dataclass(frozen=True)
class Statement:
    """A text with numbers in it."""

    text: str
    sources: Sequence[Source]


class Sources:
    """The sources of one report, numbered as they are first used."""

    def __init__(self) -> None:
        self._known: dict[tuple[Kind, str], Source] = {}

    def add(self, kind: Kind, text: str) -> Source:
        """The source of this text; the same one for the same text."""
        return self._known.setdefault((kind, text), Source(f"s{len(self._known) + 1}", kind, text))

    @property
    def all(self) -> Sequence[Source]:
        """Every source so far."""
        return list(self._known.values())


def united(figures: Iterable[Figure | Statement]) -> list[Source]:
    """The sources of several figures, each once."""
    return list(dict.fromkeys(source for figure in figures for source in figure.sources))
