"""Problems with the user's input, in one form everywhere: what, got, allowed, fix; all problems at once."""

import difflib
import itertools
import json
from collections.abc import Iterable, Sequence
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

    def __reduce__(self) -> tuple[type["Problems"], tuple[tuple[Problem, ...], str]]:
        return type(self), (self.problems, self.where)  # pickle would make it of its message

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
    """The known word most like `word`, or None where nothing is near.

    What all of them begin with, such as `haven:` or `--`, makes no word nearer.
    """
    candidates = sorted(set(known))
    start = _shared_start([word.lower(), *(each.lower() for each in candidates)])
    by_rest = {candidate.lower()[start:]: candidate for candidate in candidates}
    found = difflib.get_close_matches(word.lower()[start:], by_rest, n=1, cutoff=0.6)
    return by_rest[found[0]] if found else None


def _shared_start(words: Sequence[str]) -> int:
    """The length of what all words begin with, up to the last mark that is neither letter nor digit."""
    shared = [
        letters[0] for letters in itertools.takewhile(lambda each: len(set(each)) == 1, zip(*words, strict=False))
    ]
    return max((place for place, letter in enumerate(shared, start=1) if not letter.isalnum()), default=0)
