"""Two values side by side: which of the innermost values in them differ, and how one is shown without its secrets."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.program.recording import Secret

ABSENT = object()
"""The value of a side that doesn't have it."""

HIDDEN = "(secret)"
"""Stands for a secret value, whatever it is."""


def differences(first: Any, second: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The innermost values that differ, with their paths; secrets are compared but not looked into."""
    first, second = _document(first), _document(second)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in sorted(first.keys() | second.keys()):
            inner = f"{path}.{key}" if path else key
            yield from differences(first.get(key, ABSENT), second.get(key, ABSENT), inner)
    elif isinstance(first, list) and isinstance(second, list):
        for index in range(max(len(first), len(second))):
            yield from differences(_at(first, index), _at(second, index), f"{path}[{index}]")
    elif type(first) is not type(second) or first != second:
        yield path, first, second


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else ABSENT


def _document(value: Any) -> Any:
    """Text that is a JSON document, such as a policy, as the map or list it stands for."""
    if not (isinstance(value, str) and value[:1] in ("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def without_secrets(value: Any) -> Any:
    """`value` with every secret in it, however deep, replaced."""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: without_secrets(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_secrets(each) for each in value]
    return value
