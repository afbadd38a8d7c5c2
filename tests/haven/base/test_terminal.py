"""Text for a terminal, and for what is none."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from haven.base.terminal import WIDTH, Style, plural, style_for


class Stream:
    """A stream that says whether it is a terminal."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def fileno(self) -> int:
        raise OSError("no file")


@pytest.mark.parametrize(
    ("terminal", "environment", "colour"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colour_is_for_terminals_unless_told_otherwise(
    terminal: bool, environment: dict[str, str], colour: bool
) -> None:
    assert style_for(Stream(terminal), environment).colour is colour  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("terminal", "environment", "width"),
    [
        (True, {"COLUMNS": "80"}, 80),
        (True, {"COLUMNS": "140"}, 140),
        (True, {"COLUMNS": "10"}, 40),
        (True, {"COLUMNS": "900"}, 160),
        (True, {"COLUMNS": "wide"}, WIDTH),
        (False, {"COLUMNS": "80"}, WIDTH),
    ],
)
def test_lines_are_as_wide_as_the_terminal_and_of_one_width_where_there_is_none(
    terminal: bool, environment: dict[str, str], width: int
) -> None:
    assert style_for(Stream(terminal), environment).width == width  # type: ignore[arg-type]


def test_a_last_column_without_room_goes_below_the_others() -> None:
    rows = [["resource", "what is wrong"], ["a" * 30, "words " * 10], ["b", ""]]
    assert Style(width=50).table(rows, 2, header=True) == [
        "  resource",
        f"  {'a' * 30}",
        f"      {' '.join(['words'] * 7)}",
        f"      {' '.join(['words'] * 3)}",
        "  b",
    ]


def test_a_long_last_column_is_wrapped_below_itself() -> None:
    assert Style(width=50).table([["a", "words " * 10], ["bb", "c"]], 2) == [
        f"  a   {' '.join(['words'] * 7)}",
        f"      {' '.join(['words'] * 3)}",
        "  bb  c",
    ]


def test_painted_cells_line_up() -> None:
    style = Style(colour=True)
    painted = style.table([[style.paint("a", "red"), "b"], ["long", "c"]], 0)
    assert painted == ["\033[31ma\033[0m     b", "long  c"]


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(1, "bucket", "1 bucket"), (2, "policy", "2 policies"), (0, "address", "0 addresses"), (3, "key", "3 keys")],
)
def test_nouns_are_put_into_the_plural(count: int, noun: str, text: str) -> None:
    assert plural(count, noun) == text


CELLS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=6), st.integers(0, 8))
def test_a_tables_columns_start_at_the_same_place(rows: list[list[str]], indent: int) -> None:
    assume(any(cell for row in rows for cell in row))
    lines = Style().table(rows, indent)
    width = max((len(row[0]) for row in rows), default=0)
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines, strict=True):
        assert line.startswith(" " * indent + row[0]) or line == ""
        if len(row) > 1 and row[1]:
            assert line[indent + width + 2 :].startswith(row[1])


@given(st.lists(CELLS, max_size=60).map(" ".join), st.integers(0, 40))
def test_wrapping_keeps_every_word_and_the_width(text: str, indent: int) -> None:
    lines = Style().wrapped(text, indent)
    assert " ".join(lines).split() == text.split()
    assert all(len(line) <= WIDTH for line in lines)
