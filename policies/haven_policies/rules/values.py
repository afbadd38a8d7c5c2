"""Values of properties as rules compare them. What another resource gives, or what makes no sense, is never too small:
the rules judge what is known."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.model import is_list, plain, value_at

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def number(value: Any) -> float | None:
    """A number, or a text that holds one; None for all else."""
    value = plain(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return value if isinstance(value, int | float) else None


def less(value: Any, least: float) -> bool:
    """Whether nothing is given, or a number below the least."""
    found = number(value)
    return plain(value) is None or (found is not None and found < least)


def entries(value: Any) -> Sequence[Any]:
    """The entries of a list; a single value stands for a list of one, nothing for an empty one."""
    value = plain(value)
    if value is None:
        return ()
    return [plain(each) for each in value] if is_list(value) else (value,)


def maps_at(value: Any, path: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The maps in the list at a path, each with its own path; a single map is one at the path itself."""
    found = value_at(value, path)
    if isinstance(found, Mapping):
        return [(path, found)]
    return [(f"{path}[{index}]", each) for index, each in enumerate(entries(found)) if isinstance(each, Mapping)]


def is_off(value: Any) -> bool:
    """Whether a property is said to be off, or not said at all."""
    value = plain(value)
    return value is None or value is False or value in ("false", "")


def heads_its_caches(group: Resource) -> bool:
    """Whether a replication group follows no other Region's: a follower takes its node type from its Global Datastore,
    and all others name one."""
    follows = value_at(group.inputs, "globalReplicationGroupId") is not None
    return not follows and value_at(group.inputs, "nodeType") is not None
