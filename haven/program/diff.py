"""Finds the innermost values that differ between two values, and hides secrets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.base import strict_json
from haven.program.recording import Secret

ABSENT = object()
"""Replaces a value that one side does not have."""

HIDDEN = "(secret)"
"""Replaces a secret value."""


def differences(first: Any, second: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, first and second value of every innermost difference; secrets are compared as a whole.

    Args:
        first: any plain data; text that is a JSON document is compared by its content.
        second: likewise.
        path: the path of both values, which begins every path in the result.
    """
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
    """The parsed map or list if `value` is a JSON document, such as a policy; otherwise `value`."""
    if not (isinstance(value, str) and value[:1] in ("{", "[")):
        return value
    try:
        return strict_json.loads(value)
    except ValueError:
        return value


def without_secrets(value: Any) -> Any:
    """`value` with every secret in it replaced by `HIDDEN`, at any depth."""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: without_secrets(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_secrets(each) for each in value]
    return value
