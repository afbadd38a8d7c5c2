"""Rules that hold between config keys, each run as soon as the keys it reads are valid by themselves."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from haven.base.problems import Problem

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
        """Every problem between the values; what is not in there is not valid by itself and stays out."""
        problems: list[Problem] = []
        for keys, rule in self._rules:
            if all(key in values for key in keys):
                problems += rule(*(values[key] for key in keys))
        return problems
