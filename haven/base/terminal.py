"""Text for a terminal: columns that line up, lines that fit, colour only where somebody sees it."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

WIDTH = 100

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}


@dataclass(frozen=True)
class Style:
    """Paints words, or leaves them as they are."""

    colour: bool = False

    def paint(self, text: str, how: str) -> str:
        """`text` in `bold`, `red`, `green`, `yellow` or `dim`."""
        return f"\033[{_CODES[how]}m{text}\033[0m" if self.colour and text else text


def style_for(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Style:
    """Colour for a terminal, unless NO_COLOR is set or the terminal can't (see no-color.org)."""
    wanted = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Style(colour=wanted and stream.isatty())


def wrapped(text: str, indent: int, *, hanging: int = 2) -> list[str]:
    """`text` in lines of at most `WIDTH`, the first one indented, the others a little further."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(rows: Sequence[Sequence[str]], indent: int) -> list[str]:
    """Rows with their columns lined up; the last column is wrapped within its own width where a row is too long."""
    columns = max((len(row) for row in rows), default=0)
    widths = [max(len(row[column]) if column < len(row) else 0 for row in rows) for column in range(columns)]
    before = indent + sum(width + 2 for width in widths[:-1])
    room = max(WIDTH - before, 20)
    lines = []
    for row in rows:
        padded = [*row, *[""] * (columns - len(row))]
        start = "".join(cell.ljust(width + 2) for cell, width in zip(padded[:-1], widths[:-1], strict=True))
        last = textwrap.wrap(padded[-1], room, break_long_words=False, break_on_hyphens=False) or [""]
        lines.append(f"{' ' * indent}{start}{last[0]}".rstrip())
        lines += [f"{' ' * before}{more}" for more in last[1:]]
    return lines


def plural(count: int, noun: str) -> str:
    """`1 resource`, `2 resources`, `2 policies`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return f"{count} {noun[:-1]}ies"
    return f"{count} {noun}{'es' if noun.endswith(('s', 'x', 'ch')) else 's'}"
