"""Text for a terminal, and for what is none."""

import shlex
import subprocess

import pytest
from hypothesis import assume, example, given
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


WORDS = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=100)


@given(st.lists(WORDS, min_size=1), st.integers(0, 6), st.integers(40, 120))
@example(["a" * 100, "b"], 2, 40)
def test_a_line_is_folded_into_lines_that_fit_and_lacks_nothing(words: list[str], indent: int, width: int) -> None:
    assume(not any("://" in each or "'" in each for each in words))
    line = " " * indent + " ".join(words)
    folded = Style(width=width).folded(line)
    assert max(map(len, folded)) <= width
    assert folded[0].startswith(" " * indent)
    joined = "".join(each.removesuffix("\\") for each in folded)
    assert joined.replace(" ", "").replace("\\", "") == line.replace(" ", "").replace("\\", "")


@pytest.mark.parametrize(
    "command",
    [
        "haven failover sim --manifest /somewhere/that/is/long/manifest --to eu-central-1 --planned --force REASON",
        f"haven reconcile sim --manifest /{'long/' * 30}manifest.json --old-volume haven-compare-db-1",
        "haven audit publish sim --in eu-central-1 --records '/a folder/with blanks in its name' --more words-here",
    ],
)
@pytest.mark.parametrize("before", ["", "  next: whoever decides that types: "])
def test_a_folded_command_is_one_command_for_a_shell(command: str, before: str) -> None:
    folded = Style(width=80).folded(f"{before}{command}")
    assert max(map(len, folded)) <= 80
    begin = next(place for place, line in enumerate(folded) if line.lstrip().startswith("haven "))
    pasted = "haven() { printf '%s\\n' haven \"$@\"; }\n" + "\n".join(folded[begin:])
    done = subprocess.run(["bash", "-c", pasted], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == shlex.split(command)
    assert [" ".join(folded[:begin]).split()] == [before.split()]


def test_what_follows_a_command_stays_behind_it_and_an_address_stays_whole() -> None:
    style = Style(width=60)
    assert style.folded("  a failover is open, which haven failover sim --to eu-central-1 ends, and stays so") == [
        "  a failover is open, which",
        "    haven failover sim --to eu-central-1 ends, and stays so",
    ]
    address = f"https://{'a' * 70}"
    assert style.folded(f"open {address} now") == ["open", f"  {address}", "  now"]
    assert style.folded("a step (within 1800 s, predicted 294 to 480 s, after another)") == [
        "a step (within 1800 s, predicted 294 to 480 s, after",
        "  another)",
    ]


def test_painted_lines_are_as_wide_as_they_are_shown() -> None:
    style = Style(colour=True, width=40)
    painted = style.paint("x" * 19, "bold red") + " " + "y" * 20
    assert style.folded(painted) == [painted]
