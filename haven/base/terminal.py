"""Text for a terminal: columns that line up, lines that fit, colour only on a terminal that shows it.

rich draws it. It is imported when something is drawn: the tool starts without it.
"""

import io
import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 120
"""Characters in a line where no terminal sets another width: in a pipe, a file, a log."""
_NARROWEST, _WIDEST = 40, 160
_COLUMN = 28
"""What the last column of a table needs at least; with less room it goes below the others."""
_COMMAND = re.compile(r"(?<!\S)(?:haven|aws) [a-z].* --[a-z-]+(?:[:;,.)]| \S+)?")
"""A command in a sentence: up to its last option."""
_SHELL_WORD = re.compile(r"(?:'[^']*'|[^\s'])+")
_WORD = re.compile(r"\d[\d.]* (?:ms|s|min|h)\b\S*|\S+")
"""A word, or a number with its unit."""
_GOES_ON = "\\"
"""What a shell reads as: the command goes on in the next line."""
_PAINT = re.compile(r"\033\[[\d;]*m")
_ADDRESS = "://"
"""What a word has that is one address, to be opened: it stays whole, however long it is."""


@dataclass(frozen=True)
class Style:
    """How text is drawn: in colour or plain, and how wide."""

    colour: bool = False
    width: int = WIDTH

    def paint(self, text: str, how: str) -> str:
        """`text` in a style of rich, such as `bold`, `red` or `bold red`; as it is where nothing is coloured."""
        if not self.colour or not text:
            return text
        from rich.color import ColorSystem  # noqa: PLC0415  the tool starts fast
        from rich.style import Style as Colours  # noqa: PLC0415  the tool starts fast

        return Colours.parse(how).render(text, color_system=ColorSystem.STANDARD)

    def wrapped(self, text: str, indent: int, *, hanging: int = 2) -> list[str]:
        """`text` in lines that fit, the first one indented, the others a little further."""
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def folded(self, line: str) -> list[str]:
        """A line in lines that fit: those below the first are further in, and a word that no line has room for is cut.

        A command that doesn't fit begins on a line of its own, and its lines end with backslashes: pasted as it is, a
        shell takes it as one.
        """
        text = line.lstrip(" ")
        at = len(line) - len(text)
        if _seen(line) <= self.width:
            return [line]
        found = _COMMAND.search(text)
        if found is None:
            return self._filled(_WORD.findall(text), " " * at, " " * (at + 2))
        before, after = _WORD.findall(text[: found.start()]), text[found.end() :]
        lines = self._filled(before, " " * at, " " * (at + 2)) if before else []
        at += 2 if before else 0
        lines += self._filled(_SHELL_WORD.findall(found[0]), " " * at, " " * (at + 2), f" {_GOES_ON}")
        if _seen(lines[-1] + after) <= self.width:
            return [*lines[:-1], lines[-1] + after]
        return lines + self._filled(_WORD.findall(after), " " * at, " " * (at + 2))

    def _filled(self, words: Sequence[str], first: str, others: str, end: str = "") -> list[str]:
        """Words in lines, each but the last with `end` behind it."""
        lines, empty, room = [first], True, self.width - len(end)
        for word in words:
            if not empty and _seen(lines[-1]) + 1 + _seen(word) > room:
                lines[-1] += end
                lines.append(others)
                empty = True
            lines[-1] += word if empty else f" {word}"
            empty = False
            while _seen(lines[-1]) > room and _ADDRESS not in word:
                line = lines.pop()
                lines += [line[:room] + end.strip(), ("" if end else others) + line[room:]]
        return lines

    def table(self, rows: Sequence[Sequence[str]], indent: int, *, header: bool = False) -> list[str]:
        """Rows with their columns lined up; cells may be painted.

        The last column is wrapped within its own width. Where that would leave less than a readable column, it goes
        on lines of its own below the others, and what a header row has there is left out.
        """
        from rich.text import Text  # noqa: PLC0415  the tool starts fast

        columns = max((len(row) for row in rows), default=0)
        cells = [[Text.from_ansi(cell) for cell in [*row, *[""] * (columns - len(row))]] for row in rows]
        widths = [max((row[place].cell_len for row in cells), default=0) for place in range(columns)]
        before = indent + sum(width + 2 for width in widths[:-1])
        if widths and before + min(widths[-1], _COLUMN) > self.width:
            lines: list[str] = []
            for place, row in enumerate(cells):
                lines += self._grid([row[:-1]], widths[:-1], indent)
                if row[-1].plain and not (header and place == 0):
                    lines += self._grid([[row[-1]]], [self.width - indent - 4], indent + 4)
            return lines
        return self._grid(cells, [*widths[:-1], min(widths[-1], self.width - before)] if widths else [], indent)

    def _grid(self, rows: "Sequence[Sequence[Text]]", widths: Sequence[int], indent: int) -> list[str]:
        from rich.console import Console  # noqa: PLC0415  the tool starts fast
        from rich.padding import Padding  # noqa: PLC0415  the tool starts fast
        from rich.table import Table  # noqa: PLC0415  the tool starts fast

        grid = Table.grid(padding=(0, 2, 0, 0))
        for width in widths:
            grid.add_column(width=width, overflow="fold")
        for row in rows:
            grid.add_row(*row)
        needed = indent + sum(widths) + 2 * len(widths)
        drawn = Console(
            file=io.StringIO(),
            width=max(self.width, needed),
            color_system="standard" if self.colour else None,
            force_terminal=self.colour,
            no_color=not self.colour,
            highlight=False,
        )
        with drawn.capture() as captured:
            drawn.print(Padding(grid, (0, 0, 0, indent), expand=False))
        return [line.rstrip() for line in captured.get().splitlines()]


def _seen(text: str) -> int:
    """Characters that a terminal shows."""
    return len(_PAINT.sub("", text))


def style_for(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Style:
    """How to draw on `stream`: a terminal's own width, and colour unless NO_COLOR is set or the terminal has none.

    Where the output isn't a terminal (a pipe, a file), plain text in lines of `WIDTH`. See no-color.org.
    """
    if not stream.isatty():
        return Style()
    colour = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Style(colour, min(max(_columns(stream, environment), _NARROWEST), _WIDEST))


def _columns(stream: TextIO, environment: Mapping[str, str]) -> int:
    asked = environment.get("COLUMNS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except OSError:
        return WIDTH


def plural(count: int, noun: str) -> str:
    """`1 resource`, `2 resources`, `2 policies`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return f"{count} {noun[:-1]}ies"
    return f"{count} {noun}{'es' if noun.endswith(('s', 'x', 'ch')) else 's'}"
