"""Problems: one form for everything that is wrong with an input."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.base.problems import Problem, Problems, choices, nearest, shown

ACTIVE = Problem(
    what="haven:active",
    got='"eu-west-3"',
    allowed='"eu-west-1", "eu-central-1"',
    fix="name one of the two Regions, or leave it out for the primary",
)


def test_a_problem_says_what_got_allowed_and_fix_on_one_line() -> None:
    assert ACTIVE.render() == (
        'haven:active: got "eu-west-3"; allowed: "eu-west-1", "eu-central-1"; '
        "fix: name one of the two Regions, or leave it out for the primary"
    )


def test_problems_are_counted_and_placed_in_the_headline() -> None:
    both = Problems([ACTIVE, ACTIVE], "stacks/Pulumi.warm.yaml")

    assert both.render().splitlines() == [
        "2 problems in stacks/Pulumi.warm.yaml:",
        f"  {ACTIVE.render()}",
        f"  {ACTIVE.render()}",
    ]
    assert str(both) == both.render()


def test_one_problem_without_a_place_is_reported_in_the_singular() -> None:
    assert Problems([ACTIVE]).render().splitlines()[0] == "1 problem:"


@given(st.text(), st.text(), st.text(), st.text())
def test_a_problem_stays_on_one_line_whatever_it_quotes(what: str, got: str, allowed: str, fix: str) -> None:
    assert len(Problem(what, got, allowed, fix).render().splitlines()) == 1


def test_long_values_are_shortened_with_their_length() -> None:
    assert shown("x" * 500).endswith("… (502 characters)")
    assert shown("short") == '"short"'
    assert choices(["a", 1]) == '"a", 1'


@pytest.mark.parametrize(
    ("word", "expected"), [("actve", "active"), ("ACTIVE", "active"), ("quite-different", None), ("", None)]
)
def test_the_nearest_known_word_is_found_or_none(word: str, expected: str | None) -> None:
    assert nearest(word, ["active", "tier", "regions"]) == expected


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("haven:tear", ["haven:tier", "haven:regions"], "haven:tier"),
        ("haven:xyz", ["haven:tier", "haven:regions"], None),
        ("--nope", ["--json", "--help"], None),
        ("--jsn", ["--json", "--help"], "--json"),
        ("tier", ["haven:tier", "haven:regions"], None),
        ("eu-west1", ["eu-west-1", "us-east-1"], "eu-west-1"),
    ],
)
def test_what_all_words_begin_with_makes_none_nearer(word: str, known: list[str], expected: str | None) -> None:
    assert nearest(word, known) == expected


def test_it_imports_nothing_beyond_the_standard_library() -> None:
    code = "import sys, haven.base.problems; print({'pulumi', 'boto3', 'yaml', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
