"""Comparisons of a property's values before and after a change, for the tables in `safeguards`."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from haven.base import strict_json
from haven.gate.changes import UNKNOWN
from haven.program.diff import ABSENT

Comparison = Callable[[Any, Any], bool]
"""Whether a change from the first value to the second one is the loss."""

NEW = object()
"""The value before, in an element that a list gains."""

_ON = (True, "true", "Enabled", "ENABLED", "ACTIVE", "Enable", "ON")
_STATES = ("enabled", "status", "state")
_NAMES = ("ruleName", "regionName", "region", "deviceName", "name", "id", "destinationVaultArn", "target", "sid")
"""Properties that name an element of a list, the best first."""
_NOTHING = (ABSENT, NEW, "", None)


def at(value: Any, path: str) -> Any:
    """The value at a path, or ABSENT; all values as a list if the path contains `*`.

    Args:
        value: inputs, or a part of them; a list of one element counts as that element.
        path: property names separated by dots, in singular or plural; `*` is every element of a list.
    """
    head, _, rest = path.partition(".")
    if head == "*":
        elements = value if isinstance(value, list) else [] if value in (ABSENT, None) else [value]
        return [each for one in elements for each in _many(at(one, rest) if rest else one)]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        return UNKNOWN if value == UNKNOWN else ABSENT
    wanted = singular(head)
    found = next((each for name, each in value.items() if singular(name) == wanted and each is not None), ABSENT)
    return at(found, rest) if rest else found


@cache
def singular(name: str) -> str:
    """A property's name as the tables have it: the bridge makes `replica`, a list, Pulumi's `replicas`."""
    for ending, one in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("status", "status"), ("us", "us"), ("s", "")):
        if name.endswith(ending):
            return name.removesuffix(ending) + one
    return name


def pairs(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every value that differs inside of two values, outer ones first: path, value before, value after.

    Elements of lists add nothing to the path. They are matched by their names (rule, Region, device), and by their
    content where they have none.
    """
    if before is not NEW and before == after:
        return
    if path:
        yield path, before, after
    if isinstance(before, list) or isinstance(after, list):
        for old, new in _matched(_many(before), _many(after)):
            if isinstance(old, Mapping) or isinstance(new, Mapping):
                yield from _inner_pairs(old, new, path)
    elif isinstance(before, Mapping) or isinstance(after, Mapping):
        yield from _inner_pairs(before, after, path)


def _inner_pairs(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    names = {singular(name): name for each in (before, after) if isinstance(each, Mapping) for name in each}
    for name, original in sorted(names.items()):
        yield from pairs(_inside(before, name), _inside(after, name), f"{path}.{original}" if path else original)


def _inside(value: Any, name: str) -> Any:
    return value if value is NEW else at(value, name)


def _matched(before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Pairs of elements that belong together; one without a partner is paired with ABSENT, or NEW before it."""
    rest = list(after)
    left = []
    for old in before:
        if old in rest:
            rest.remove(old)
            yield old, old
        else:
            left.append(old)
    for old in left:
        partner = next((new for new in rest if _name_of(new) == _name_of(old)), ABSENT)
        if partner is not ABSENT:
            rest.remove(partner)
        yield old, partner
    yield from ((NEW if before else ABSENT, new) for new in rest)


def _name_of(element: Any) -> Any:
    """What an element of a list is called; None if it has no name."""
    found = (element.get(name) for name in _NAMES) if isinstance(element, Mapping) else ()
    return next((each for each in found if isinstance(each, str) and each), None)


def _many(value: Any) -> Sequence[Any]:
    if value is ABSENT or value is NEW or value is None:
        return []
    return value if isinstance(value, list) else [value]


def is_on(value: Any) -> bool:
    """Whether a setting is turned on, written as a flag, a state, or a block with either."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping):
        return any(is_on(value.get(name)) for name in _STATES)
    return isinstance(value, bool | str) and value in _ON


def cut(before: Any, after: Any) -> bool:
    """A reference is removed or changed."""
    return before not in _NOTHING and before != after


def removed(before: Any, after: Any) -> bool:
    """A value is removed."""
    return before not in _NOTHING and after in _NOTHING


def off(before: Any, after: Any) -> bool:
    """A setting is turned off, or removed."""
    return is_on(before) and not is_on(after)


def disabled(before: Any, after: Any) -> bool:
    """A setting is turned off where it remains."""
    return is_on(before) and after not in _NOTHING and not is_on(after)


def on(before: Any, after: Any) -> bool:
    """A setting is turned on."""
    return before is not NEW and not is_on(before) and is_on(after)


def allowed(before: Any, after: Any) -> bool:
    """A setting that is on by default is no longer turned off."""
    return before in (False, "false") and after not in (False, "false")


def becomes(*values: str) -> Comparison:
    """A setting gets one of these values."""

    def compare(before: Any, after: Any) -> bool:
        gained = {*map(str, _many(after))} - {*map(str, _many(before))}
        return before is not NEW and bool(gained & {*values})

    return compare


def leaves(*values: str) -> Comparison:
    """A setting loses one of these values."""

    def compare(before: Any, after: Any) -> bool:
        return bool(({*map(str, _many(before))} & {*values}) - {*map(str, _many(after))})

    return compare


def fewer(before: Any, after: Any) -> bool:
    """A list loses an element."""
    return bool(Counter(map(str, _many(before))) - Counter(map(str, _many(after))))


def gains(before: Any, after: Any) -> bool:
    """A list gets an element."""
    return before is not NEW and fewer(after, before)


def fewer_copies(before: Any, after: Any) -> bool:
    """A remaining rule of a backup plan copies to fewer vaults; a deleted rule is a finding of its own."""
    old, new = _copies(before), _copies(after)
    return any(old[name] - new[name] for name in old.keys() & new)


def _copies(rules: Any) -> Mapping[str, set[str]]:
    """Name of each backup rule to the vaults to which it copies."""
    vaults = "copyAction.*.destinationVaultArn"
    return {str(at(each, "ruleName")): {*map(str, _many(at(each, vaults)))} for each in _many(rules)}


def less(before: Any, after: Any) -> bool:
    """A number gets smaller, or is removed; a negative one means without end."""
    return shorter(0)(before, after)


def shorter(default: float) -> Comparison:
    """A number gets smaller; a negative one means without end, and `default` counts where there is none."""

    def compare(before: Any, after: Any) -> bool:
        if before is NEW:
            return False
        old, new = (_endless(number(each), default) for each in (before, after))
        return new < old or (after == UNKNOWN and old > default)

    return compare


def sooner(before: Any, after: Any) -> bool:
    """Data expires earlier: 0, a negative number and no value mean never."""
    if after == UNKNOWN:
        return False
    old, new = (number(each) or -1 for each in (before, after))
    return _endless(new, 0) < _endless(old, 0)


def number(value: Any) -> float | None:
    """A number, also one written as text; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _endless(value: float | None, default: float) -> float:
    if value is None:
        return default
    return float("inf") if value < 0 else value


_DAYS: Mapping[str, float] = {"SECOND": 1 / 86400, "MINUTE": 1 / 1440, "HOUR": 1 / 24, "DAY": 1} | {
    "WEEK": 7,
    "MONTH": 30,
    "YEAR": 365,
    "INFINITE": float("inf"),
}


def less_time(before: Any, after: Any) -> bool:
    """A duration with its unit beside it gets shorter, or is removed; days or years, or a value and its unit."""
    old, new = _days(before), _days(after)
    return old is not None and (new is None or new < old)


def _days(value: Any) -> float | None:
    """A block with a duration, in days; None without one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        return None
    values = {name.lower(): each for name, each in value.items()}
    unit = next((_unit(each) for each in values.values() if _unit(each)), None)
    if unit == "INFINITE":
        return _DAYS[unit]
    amounts = {name: found for name, each in values.items() if (found := number(each))}
    if unit:
        return next((amount * _DAYS[unit] for amount in amounts.values()), None)
    known = {"day": 1, "days": 1, "year": 365, "years": 365, "count": 1}
    return next((amounts[name] * each for name, each in known.items() if name in amounts), None)


def _unit(value: Any) -> str | None:
    name = singular(value.lower()).upper() if isinstance(value, str) else ""
    return name if name in _DAYS else None


def inside(name: str, comparison: Comparison) -> Comparison:
    """A value inside of text that holds JSON."""

    def compare(before: Any, after: Any) -> bool:
        return comparison(at(_parsed(before), name), at(_parsed(after), name))

    return compare


def _parsed(text: Any) -> Any:
    try:
        return strict_json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return ABSENT


def keeps_fewer_images(before: Any, after: Any) -> bool:
    """A lifecycle policy of images expires more: a rule is added, or a rule keeps fewer images or days."""
    old, new = _image_rules(before), _image_rules(after)
    return any(kept < old.get(name, float("inf")) for name, kept in new.items())


def _image_rules(policy: Any) -> Mapping[str, float]:
    """What each rule of an ECR lifecycle policy selects to the images or days that it keeps."""
    found = {}
    for rule in _many(at(_parsed(policy), "rule.*")):
        selection = at(rule, "selection")
        kept = number(at(selection, "countNumber"))
        if isinstance(selection, Mapping) and kept is not None:
            what = {name: each for name, each in selection.items() if name != "countNumber"}
            found[json.dumps(what, sort_keys=True, default=str)] = kept
    return found
