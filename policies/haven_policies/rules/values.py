"""Values of properties as rules compare them. What another resource gives, or what makes no sense, is never too small:
the rules judge what is known."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from haven.base.problems import shown
from haven.program.recording import REFERENCE, Resource, Secret, reference

UNKNOWN = reference("0" * 12, "unknown")
"""What is known only later, and comes from no resource that is known."""

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
    """The entries of a list; a single value is a list of one, nothing an empty one."""
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
    """Whether a property is off or omitted."""
    value = plain(value)
    return value is None or value is False or value in ("false", "")


def heads_its_caches(group: Resource) -> bool:
    """Whether a replication group follows no other Region's: a follower takes its node type from its Global Datastore,
    and all others name one."""
    follows = not is_off(value_at(group.inputs, "globalReplicationGroupId"))
    return not follows and not is_off(value_at(group.inputs, "nodeType"))


_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def value_at(value: Any, path: str) -> Any:
    """The value at a path such as `vpcConfig.subnetIds[0]`, without secrets' wrapping; None where there is none.

    Inside of a value that is unknown as a whole, everything is: the unknown value itself is returned.
    """
    for name, index in _STEP.findall(path):
        value = plain(value)
        if is_wholly_unknown(value):
            return value
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
        else:
            value = value[int(index)] if is_list(value) and int(index) < len(value) else None
    return plain(value)


def plain(value: Any) -> Any:
    """A value without its secret's wrapping."""
    return value.value if isinstance(value, Secret) else value


def is_list(value: Any) -> bool:
    """Whether this is a list of values, and not a text."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def is_true(value: Any) -> bool:
    """Whether a property is on: engines send booleans, some arguments are texts."""
    return value is True or value == "true"


def is_unknown(value: Any) -> bool:
    """Whether a value is known only once another resource exists."""
    return isinstance(value, str) and REFERENCE.search(value) is not None


_UNKNOWN = re.compile(rf"(?:{REFERENCE.pattern.replace('?P<key>', '').replace('?P<path>', '')})+")


def is_wholly_unknown(value: Any) -> bool:
    """Whether nothing of a value is known: a map or a list may come from another resource as a whole."""
    return isinstance(value, str) and _UNKNOWN.fullmatch(value) is not None


def has_unknown(value: Any) -> bool:
    """Whether a value, or anything inside of it, is known only later."""
    value = plain(value)
    if isinstance(value, Mapping):
        return any(has_unknown(each) for each in value.values())
    return any(has_unknown(each) for each in value) if is_list(value) else is_unknown(value)


def in_words(value: Any) -> str:
    """A value as a finding shows it."""
    if value is None:
        return "nothing"
    return "what another resource gives" if is_unknown(value) else shown(value)
