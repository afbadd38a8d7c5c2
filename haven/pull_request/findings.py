"""Changes of the config that an existing environment can't take, or that a reviewer should confirm."""

import json
from collections.abc import Iterator, Mapping

from haven.base.problems import Problem, shown

EXAMPLE_ACCOUNTS = frozenset({"111122223333", "123456789012"})
"""Account numbers that AWS's documentation and this project's stack files use as examples."""
_ANOTHER_STACK = "put it back; for another one make a new stack, move the data there, then destroy this one"
IMMUTABLE = {
    "haven:regions": "another Region would replace everything",
    "haven:account": "another account has none of the existing resources",
    "haven:kind": "everything of the other kind would go",
}
"""Keys that an environment can't change after its first deployment, and why."""


def errors(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Problem]:
    """Changes of immutable config keys; they must not be merged.

    Args:
        before: the config of the base; empty if there was no stack.
        after: the config of the change.
    """
    if not before or not after or taken_over(before, after):
        return
    for key, why in IMMUTABLE.items():
        old, new = _value(before.get(key)), _value(after.get(key))
        if old != new and old is not None:
            yield Problem(key, shown(new), f"{shown(old)}, as on the base branch: {why}", _ANOTHER_STACK)


def taken_over(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether an example becomes a real environment: nothing of it is deployed yet.

    Args:
        before: the config of the base.
        after: the config of the change.
    """
    was = before.get("haven:account")
    return was in EXAMPLE_ACCOUNTS and after.get("haven:account") != was


def warnings(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Changes that the reviewer should confirm before the merge.

    Args:
        before: the config of the base.
        after: the config of the change.
    """
    if after.get("haven:ephemeral") == "true" and before and before.get("haven:ephemeral") != "true":
        yield "haven:ephemeral becomes true: nothing is protected or retained any more, and a deletion deletes"
    then, now = active_region(before), active_region(after)
    if then and now and then != now:
        yield f"writes go to {now} instead of {then}: promote the database and the cache first"
    if before and after and _judged(before) != _judged(after):
        yield "haven:policy changes: how strictly this stack is judged, or what is waived"


def active_region(config: Mapping[str, str]) -> str | None:
    """The Region that takes writes; None if the config has none."""
    if "haven:active" in config:
        return config["haven:active"]
    regions = _value(config.get("haven:regions"))
    return regions.get("primary") if isinstance(regions, dict) else None


def _judged(config: Mapping[str, str]) -> object:
    return _value(config.get("haven:policy")) or {}


def _value(text: str | None) -> object:
    """A config value; maps and lists are parsed, so that their layout does not matter."""
    if text is None or text[:1] not in ("{", "["):
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
