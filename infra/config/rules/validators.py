"""Rules that hold between config keys, each run as soon as the keys it reads are valid by themselves."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from haven.base.problems import Problem
from haven.config.stand_ins import NotKnownError

Rule = Callable[..., Iterable[Problem]]


class Rules:
    """A collection of rules and the keys that each of them reads."""

    def __init__(self) -> None:
        self._rules: list[tuple[tuple[str, ...], Rule]] = []

    def on(self, *keys: str) -> Callable[[Rule], Rule]:
        """Register the decorated function; it gets the values of these keys, in this order."""

        def register(rule: Rule) -> Rule:
            self._rules.append((keys, rule))
            return rule

        return register

    def check(self, values: Mapping[str, Any]) -> list[Problem]:
        """Every problem between the values; of what is not in there nothing could be kept, so its rules stay out."""
        problems: list[Problem] = []
        for keys, rule in self._rules:
            if all(key in values for key in keys):
                problems += as_far_as_known(partial(rule, *(values[key] for key in keys)))
        return problems


def as_far_as_known(rule: Callable[[], Iterable[Problem]]) -> Iterator[Problem]:
    """What a rule finds until it asks for a value of which nothing is known."""
    try:
        yield from rule()
    except NotKnownError:
        return
