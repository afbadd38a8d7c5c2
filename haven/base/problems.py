"""What is wrong with the input, in one form everywhere: what, got, allowed, fix; every problem at once."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_VALUE = 80


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in ready words: `got` and `allowed` carry their own quotes where they need them."""

    what: str
    got: str
    allowed: str
    fix: str

    def render(self) -> str:
        """One line: `haven:active: got "eu-west-3"; allowed: "eu-west-1"; fix: name one of the two Regions`."""
        return one_line(f"{self.what}: got {self.got}; allowed: {self.allowed}; fix: {self.fix}")


class Problems(Exception):  # noqa: N818 - it is the collection, and reads as one where it is raised
    """Everything that is wrong with one input, raised in one piece."""

    def __init__(self, problems: Iterable[Problem], where: str = "") -> None:
        self.problems = tuple(problems)
        self.where = where
        super().__init__(self.render())

    def render(self) -> str:
        """A headline with the count and the place, then one indented line for each problem."""
        count = len(self.problems)
        place = f" in {self.where}" if self.where else ""
        headline = f"{count} problem{'' if count == 1 else 's'}{place}:"
        return "\n".join([headline, *(f"  {problem.render()}" for problem in self.problems)])


def one_line(text: str) -> str:
    """`text` on one line: every run of white space is one blank."""
    return " ".join(text.split())


def shown(value: object) -> str:
    """A value as a problem shows it: JSON, shortened where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"


def choices(values: Iterable[object]) -> str:
    """The allowed values in a row, each as `shown` shows it."""
    return ", ".join(shown(value) for value in values)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None where nothing is near."""
    candidates = sorted(set(known))
    by_lower_case = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(word.lower(), by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[found[0]] if found else None
