"""Collects what components refuse, so that one preview shows all of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pulumi

from haven.base.problems import Problem, Problems
from infra.config import component_keys

Made = TypeVar("Made")


class Refusals:
    """What the components of one program refuse, in the config's words.

    Args:
        stack: the stack's name.
    """

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._problems: list[Problem] = []

    def attempt(self, make: Callable[[], Made]) -> Made | None:
        """What `make` declares, or None where a component in it refuses its arguments: the program goes on with what
        needs nothing of it.

        In an update the first refusal ends the program, so that nothing more is deployed.

        Raises:
            pulumi.InputPropertiesError: a refusal in an update.
        """
        try:
            return make()
        except pulumi.InputPropertiesError as error:
            if not pulumi.runtime.is_dry_run():
                raise
            self._problems += component_keys.problems(error, self._stack)
            return None

    @contextmanager
    def all(self) -> Iterator[None]:
        """Around a program: a refusal that ends it shows those before it as well.

        Raises:
            Problems: something was refused.
        """
        try:
            yield
        except pulumi.InputPropertiesError as error:
            self._problems += component_keys.problems(error, self._stack)
        self.end()

    def end(self) -> None:
        """Before what needs everything so far.

        Raises:
            Problems: something was refused.
        """
        if self._problems:
            raise self.error()

    def error(self) -> Problems:
        """Everything that was refused, once where both Regions' components refuse the same."""
        return Problems(dict.fromkeys(self._problems), f"the config of stack {self._stack}")
