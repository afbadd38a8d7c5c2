"""Lifecycle rules of buckets: whether one deletes objects that it didn't delete before."""

from collections.abc import Iterator, Mapping
from typing import Any

from haven.gate.safeguards.comparisons import at, is_on
from haven.program.diff import ABSENT

_DELETING = ("expiration.days", "expiration.date", "noncurrentVersionExpiration")
_SELECTING = ("filter", "prefix", "tags")


def deletes_more(before: Any, after: Any) -> bool:
    """A rule that deletes objects is turned on, or reaches more of them, or a date on which it does so is earlier.

    That a rule is new or deletes sooner shows in its days. Rules belong together by their id.
    """
    old = dict(_by_id(before))
    return any(name in old and _reaches_more(old[name], rule) for name, rule in _by_id(after))


def _by_id(rules: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for each in rules if isinstance(rules, list) else [rules]:
        if isinstance(each, Mapping) and isinstance(each.get("id"), str):
            yield each["id"], each


def _reaches_more(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if not _is_on(new) or all(at(new, path) in (ABSENT, None, [], "") for path in _DELETING):
        return False
    return not _is_on(old) or _wider(old, new) or _is_earlier(at(old, "expiration.date"), at(new, "expiration.date"))


def _is_on(rule: Mapping[str, Any]) -> bool:
    """The older form, on the bucket itself, has a flag; the newer one a status."""
    return is_on(rule.get("status", rule.get("enabled")))


def _wider(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a rule gives up a condition, or has another prefix than one inside of the old one."""
    before, after = ({*_conditions({name: each.get(name) for name in _SELECTING})} for each in (old, new))
    prefixes = [next((value for name, value in each if name == "prefix"), "") for each in (before, after)]
    rest = [{one for one in each if one[0] != "prefix"} for each in (before, after)]
    return not prefixes[1].startswith(prefixes[0]) or not rest[0] <= rest[1]


def _conditions(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each condition in a rule's filter: its own name, without the blocks around it, and its value."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _conditions(each, f"{name}.{key}" if name in ("tags", "tag") else key)
    elif isinstance(value, list):
        for each in value:
            yield from _conditions(each, name)
    elif value not in (None, ""):
        yield name, str(value)


def _is_earlier(old: Any, new: Any) -> bool:
    return isinstance(new, str) and new != "" and not (isinstance(old, str) and "" < old <= new)
