"""Properties and resources that keep data replicated or protected, and whose loss is a finding.

`replication` and `protection` have the tables. Their names are Pulumi's; Terraform's are read under the same ones.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from haven.gate.safeguards.comparisons import Comparison, at, pairs, singular

ANY_TYPE = "*"
"""Matches every type, of every provider."""
STATEFUL_TYPES = "*stateful"
"""Matches every stateful type."""

_DEEP = "**."

Loss = tuple["GuardedProperty", str, Any, Any]
"""A property, its path, and its values before and after."""


@dataclass(frozen=True)
class GuardedProperty:
    """A property whose loss endangers a copy or removes a safeguard."""

    type: str
    path: str
    """Property names separated by dots; `**.` before a name: at any depth. An element of a list has the path of the
    list, and is compared with the element of the same name; `.*.` compares all elements at once, as a list."""
    is_lost: Comparison
    """Whether a change from the first value to the second one is the loss."""
    what: str
    """What happens to the resource, as the end of a sentence about it."""
    why: str
    """What would be lost."""

    @cached_property
    def pattern(self) -> str:
        """The path with every name in singular."""
        return ".".join(singular(name) for name in self.path.split("."))

    @property
    def gathers(self) -> bool:
        """Whether the values of all elements of a list are compared at once."""
        return ".*" in self.path.removeprefix(_DEEP)

    def matches(self, path: str) -> bool:
        """Whether a path is this property's; singular and plural of a name are the same."""
        path = ".".join(singular(name) for name in path.split("."))
        if self.pattern.startswith(_DEEP):
            return f".{path}".endswith(f".{self.pattern.removeprefix(_DEEP)}")
        return path == self.pattern


@dataclass(frozen=True)
class GuardingResource:
    """A resource without data of its own whose deletion leaves another one without a copy or a safeguard."""

    type: str
    what: str
    """What happens to the other resource."""
    why: str
    """What would be lost."""


def properties(
    types: str | tuple[str, ...], is_lost: Comparison, what: str, why: str, *paths: str
) -> Iterator[GuardedProperty]:
    """A row for each path of each type."""
    for type_ in (types,) if isinstance(types, str) else types:
        yield from (GuardedProperty(type_, path, is_lost, what, why) for path in paths)


def losses(
    table: tuple[GuardedProperty, ...],
    applies: Callable[[GuardedProperty], bool],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Iterator[Loss]:
    """The properties of a table that a change loses, each place once.

    Args:
        table: the properties.
        applies: whether a property is guarded on this resource.
        before: the resource's inputs in the state.
        after: its inputs after the deployment.
    """
    rows = [each for each in table if applies(each)]
    for guarded in rows:
        if guarded.gathers:
            old, new = at(before, guarded.pattern), at(after, guarded.pattern)
            if guarded.is_lost(old, new):
                yield guarded, guarded.path.replace(".*", ""), old, new
    by_name: dict[str, list[GuardedProperty]] = {}
    for each in rows:
        if not each.gathers:
            by_name.setdefault(each.pattern.rpartition(".")[2], []).append(each)
    seen = set()
    for path, old, new in pairs(before, after):
        fitting = by_name.get(singular(path.rpartition(".")[2]), ())
        lost = next((each for each in fitting if each.matches(path) and each.is_lost(old, new)), None)
        if lost and (path, str(old)) not in seen:
            seen.add((path, str(old)))
            yield lost, path, old, new
