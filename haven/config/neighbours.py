"""Stack files beside each other whose environments would share AWS names or records of one account."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from haven.base.problems import Problem, Problems, shown
from haven.config.stack_file import Stack, display, read_stack

_ACCOUNT, _DOMAIN, _ZONE = "haven:account", "haven:domain", "haven:hostedZoneId"
_NAMED = ("haven:queues", "haven:secrets", "haven:tables")
"""Keys whose names are parts of names in AWS, one in each Region of an account."""
_OF_NOBODY = ("example.com", "example.net", "example.org")
"""Domains for documentation (RFC 2606): a copy of a sample stack has one until somebody writes their own."""


def clashes(stack: Stack) -> Iterator[Problem]:
    """What a stack can't have because of a stack file in the same folder, with the same `haven:account`.

    Names in AWS are `haven-STACK-PART`: table `orders` of `prod-eu` has the name of table `eu-orders` of `prod`.
    """
    for file in sorted(stack.file.parent.glob("Pulumi.*.yaml")):
        name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        domain = _owned(stack.config.get(_DOMAIN) or "")
        begins = _begins(stack.name, name)
        if name == stack.name or not (begins or (domain and _mentions(file, domain))):
            continue
        other = _read(file, stack)
        if other is None or not _same(stack, other, _ACCOUNT):
            continue
        where = f"{display(file)}, with the same {_ACCOUNT}"
        if begins:
            yield from _alike(stack, other, where)
        if domain and _same(stack, other, _DOMAIN) and stack.config.get(_ZONE) == other.config.get(_ZONE):
            got = f"{shown(domain)}, as in {where}"
            allowed = "a domain of its own: both would write the same records"
            yield Problem(_DOMAIN, got, allowed, f"write another domain, such as {stack.name}.{domain}")


def _alike(stack: Stack, other: Stack, where: str) -> Iterator[Problem]:
    """What both have under one key, and one name in AWS."""
    for key in _NAMED if _regions(stack) & _regions(other) else ():
        here, there = _names(stack, key), _names(other, key)
        for name in here:
            called = f"haven-{stack.name}-{name}"
            same = next((each for each in there if f"haven-{other.name}-{each}" == called), None)
            if same is not None:
                got = f"{called} in AWS, as {key}.{same} of {where}"
                yield Problem(
                    f"{key}.{name}", got, "a name of its own in the account", f"rename {name}, or the other one"
                )


def _regions(stack: Stack) -> set[str]:
    """Where it has something; empty where that isn't stated as it should be."""
    stated = _mapping(stack, "haven:regions")
    third = _mapping(stack, "haven:operations").get("witnessRegion")
    return {each for each in (*stated.values(), third) if isinstance(each, str)}


def _mapping(stack: Stack, key: str) -> Mapping[str, Any]:
    try:
        value = json.loads(stack.config.get(key) or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _names(stack: Stack, key: str) -> Sequence[str]:
    return list(_mapping(stack, key))


def _owned(domain: str) -> str:
    """A domain that somebody may have; empty for others."""
    return "" if f".{domain}".endswith(tuple(f".{each}" for each in _OF_NOBODY)) else domain


def _begins(first: str, second: str) -> bool:
    return first.startswith(f"{second}-") or second.startswith(f"{first}-")


def _same(stack: Stack, other: Stack, key: str) -> bool:
    value = stack.config.get(key)
    return bool(value) and value == other.config.get(key)


def _mentions(file: Path, domain: str) -> bool:
    """Whether it is worth reading a file for its domain."""
    try:
        return domain.encode() in file.read_bytes()
    except OSError:
        return False


def _read(file: Path, stack: Stack) -> Stack | None:
    """Another stack of the project; None where its own file is so wrong that nothing can be read from it."""
    try:
        return read_stack(file.read_bytes(), file, stack.project)
    except (Problems, OSError):
        return None
