"""Problems with the user's input, in one form everywhere: what, got, allowed, fix; all problems at once."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_VALUE = 80


@dataclass(frozen=True)
class Problem:
    """One problem; its texts are printed as they are, so `got` and `allowed` contain quotes where needed."""

    what: str
    got: str
    allowed: str
    fix: str

    def render(self) -> str:
        """One line: `haven:active: got "eu-west-3"; allowed: "eu-west-1"; fix: name one of the two Regions`."""
        return one_line(f"{self.what}: got {self.got}; allowed: {self.allowed}; fix: {self.fix}")


class Problems(Exception):  # noqa: N818 - it is the collection, and reads as one where it is raised
    """All problems with one input."""

    def __init__(self, problems: Iterable[Problem], where: str = "") -> None:
        self.problems = tuple(problems)
        self.where = where
        super().__init__(self.render())

    def render(self) -> str:
        """A headline with the number of problems and the place, then one indented line for each problem."""
        count = len(self.problems)
        place = f" in {self.where}" if self.where else ""
        headline = f"{count} problem{'' if count == 1 else 's'}{place}:"
        return "\n".join([headline, *(f"  {problem.render()}" for problem in self.problems)])


def one_line(text: str) -> str:
    """`text` with every run of white space replaced by one blank."""
    return " ".join(text.split())


def shown(value: object) -> str:
    """A value as problems show it: JSON, shortened after 80 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"


def choices(values: Iterable[object]) -> str:
    """The allowed values, separated by commas, each as `shown`."""
    return ", ".join(shown(value) for value in values)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most similar to `word`, or None if none is similar."""
    candidates = sorted(set(known))
    by_lower_case = {candidate.lower(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.lower(), by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[matches[0]] if matches else None
