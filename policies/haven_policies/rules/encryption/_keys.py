"""What counts as a key of the customer's."""

from collections.abc import Iterator
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.model import Finding, against
from haven_policies.rules.values import is_list, is_true, is_unknown, plain, value_at

KEY = "the ARN of a customer managed key"
NAME_IT = "name the Region's key: only a key of your own can be shared, replicated and revoked"


def own_key(value: Any) -> bool:
    """Whether this names a key of the customer's: an ARN, an id or an alias, known or not, but none of AWS's own."""
    value = plain(value)
    return isinstance(value, str) and value != "" and "alias/aws/" not in value


def lacking_key(record: Resource, path: str, fix: str = NAME_IT) -> Iterator[Finding]:
    """A finding where the property names no key of the customer's."""
    if not own_key(value_at(record.inputs, path)):
        yield against(record, path, KEY, fix)


def is_on(value: Any) -> bool:
    """Whether a switch is on, or set by another resource."""
    return is_true(value) or is_unknown(value)


def lacking(record: Resource, path: str, fix: str) -> Iterator[Finding]:
    """A finding where the switch is not on."""
    if not is_on(value_at(record.inputs, path)):
        yield against(record, path, "true", fix)


def each_of(record: Resource, path: str) -> Iterator[str]:
    """The paths of a list's members; that of the value itself if it is no list, as old types have it."""
    value = value_at(record.inputs, path)
    if is_list(value):
        yield from (f"{path}[{index}]" for index in range(len(value)))
    elif value is not None:
        yield path
