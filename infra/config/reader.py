"""Reads the config keys that a kind of stack takes: what is valid, and everything that isn't."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from haven.base.problems import Problem, choices, shown
from haven.config.policy import Policy, Residency
from haven.config.reader import read_value, unknown_key
from haven.config.stack_file import is_placeholder
from haven.model.tiers import Tier
from infra.config import models

NAMESPACE = "haven"
_LEFT_OUT = ("", "{}")
"""What Pulumi.yaml fills in for a key that a stack leaves out, so that the program itself can say what is missing."""

_MISSING = {
    "tier": choices(Tier),
    "regions": "a map with primary and recovery, such as eu-west-1 and eu-central-1",
}


@dataclass(frozen=True)
class Key:
    """A config key: what it takes, and what stands for it when it is left out."""

    type: Any
    structured: bool = True
    default: Any = field(default=None)
    required: bool = False


SHARED: Mapping[str, Key] = {
    "kind": Key(Annotated[str, Field(pattern=r"^(environment|account)$")], structured=False),
    "account": Key(Annotated[str, Field(pattern=r"^\d{12}$")], structured=False),
    "regions": Key(models.Regions, required=True),
    "ephemeral": Key(Annotated[bool, Field(strict=True)], structured=False, default=False),
    "emulator": Key(Annotated[str, Field(pattern=r"^https?://[^\s/]+/?$")], structured=False),
    "tags": Key(dict[str, str], default={}),
    "policy": Key(Policy, default=Policy()),
    "residency": Key(Residency, default=Residency()),
}
"""What a stack of every kind takes; `policy` is for those who judge it, and shapes no resource."""


def read(
    config: Mapping[str, str], keys: Mapping[str, Key], elsewhere: Mapping[str, str]
) -> tuple[dict[str, Any], list[Problem]]:
    """The checked values, without an entry for those that are not valid, and what is wrong with them.

    Args:
        config: every config value as the engine hands it to a program: full keys, text, JSON for maps and lists.
        keys: what this kind of stack takes.
        elsewhere: what only another kind takes, to that kind's name.
    """
    prefix = f"{NAMESPACE}:"
    given = {name.removeprefix(prefix): text for name, text in config.items() if name.startswith(prefix)}
    problems = list(_strange(given, keys, elsewhere))
    values: dict[str, Any] = {}
    for name, key in keys.items():
        if given.get(name, "") in _LEFT_OUT:
            if key.required:
                problems.append(_missing(name))
            else:
                values[name] = key.default
            continue
        found, wrong = _read_key(name, key, given[name])
        problems += wrong
        if not wrong:
            values[name] = found
    return values, problems


def _strange(given: Mapping[str, str], keys: Mapping[str, Key], elsewhere: Mapping[str, str]) -> list[Problem]:
    found = []
    for name in sorted(given.keys() - keys.keys()):
        what = f"{NAMESPACE}:{name}"
        if name not in elsewhere:
            found.append(unknown_key(what, name, keys))
        elif given[name] not in _LEFT_OUT:
            allowed = f"nothing: only a stack of kind {elsewhere[name]} has this key"
            found.append(Problem(what, shown(given[name]), allowed, "take it out, or see haven:kind"))
    return found


def _read_key(name: str, key: Key, text: str) -> tuple[Any, list[Problem]]:
    what = f"{NAMESPACE}:{name}"
    if is_placeholder(text):
        return None, [Problem(what, "a secure value", "plain text: it shapes the plan", f"set {what} without --secret")]
    return read_value(what, text, TypeAdapter(key.type), structured=key.structured)


def _missing(name: str) -> Problem:
    return Problem(f"{NAMESPACE}:{name}", "nothing", _MISSING[name], f"add {NAMESPACE}:{name} to the stack file")
