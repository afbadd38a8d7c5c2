"""Comparisons of a property's values before and after a change, for the tables in `safeguards`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from haven.gate.changes import UNKNOWN
from haven.program.diff import ABSENT

_ON = (True, "true", "Enabled", "ENABLED", "ACTIVE")


def at(value: Any, path: str) -> Any:
    """The value at a path, or ABSENT; all values as a list if the path contains `*`.

    Args:
        value: inputs, or a part of them; a list of one element counts as that element.
        path: property names separated by dots; `a|b` is one of two names, `*` every element of a list.
    """
    head, _, rest = path.partition(".")
    if head == "*":
        elements = value if isinstance(value, list) else [] if value in (ABSENT, None) else [value]
        return [each for one in elements for each in _many(at(one, rest) if rest else one)]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        return UNKNOWN if value == UNKNOWN else ABSENT
    found = next((value[name] for name in head.split("|") if value.get(name) is not None), ABSENT)
    return at(found, rest) if rest else found


def _many(value: Any) -> Sequence[Any]:
    if value is ABSENT:
        return []
    return value if isinstance(value, list) else [value]


def cut(before: Any, after: Any) -> bool:
    """A reference is removed or changed."""
    return before not in (ABSENT, "", None) and before != after


def off(before: Any, after: Any) -> bool:
    """A setting is turned off."""
    return before in _ON and after not in _ON


def on(before: Any, after: Any) -> bool:
    """A setting is turned on."""
    return before not in _ON and after in _ON


def fewer(before: Any, after: Any) -> bool:
    """A list loses an element."""
    return bool(Counter(map(str, _many(before))) - Counter(map(str, _many(after))))


def fewer_copies(before: Any, after: Any) -> bool:
    """A remaining rule of a backup plan copies to fewer vaults; a deleted rule is a finding of its own."""
    old, new = _copies(before), _copies(after)
    return any(old[name] - new[name] for name in old.keys() & new)


def _copies(rules: Any) -> Mapping[str, set[str]]:
    """Name of each backup rule to the vaults to which it copies."""
    vaults = "copyActions|copyAction.*.destinationVaultArn"
    return {str(at(each, "ruleName")): {*map(str, _many(at(each, vaults)))} for each in _many(rules)}


def fewer_on(before: Any, after: Any) -> bool:
    """Fewer elements of a list are turned on."""
    return sum(each in _ON for each in _many(before)) > sum(each in _ON for each in _many(after))


def more_off(before: Any, after: Any) -> bool:
    """More elements of a list are turned off."""
    return sum(each not in _ON for each in _many(after)) > sum(each not in _ON for each in _many(before))


def less(before: Any, after: Any) -> bool:
    """A number gets smaller, or is removed."""
    return _number(before) and not (_number(after) and after >= before)


def sooner(before: Any, after: Any) -> bool:
    """A retention in days gets shorter; 0 and no value mean no expiry."""
    return _number(after) and after > 0 and (not _number(before) or before == 0 or after < before)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
