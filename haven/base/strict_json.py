"""Reads JSON strictly: what parsers understand differently, or can't take, is refused with a sentence."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from haven.base.problems import shown

DEEPEST = 100
"""Maps and lists inside each other. Terraform and Pulumi write fewer than 40, even for policies and dashboards."""


class InvalidJsonError(ValueError):
    """The text is JSON, or nearly, that must not be judged; the message is what a problem shows as `got`."""


def parse(text: str) -> Any:
    """The value of a JSON document.

    Raises:
        InvalidJsonError: it has a key twice, a number that is none (NaN, an overflow), or nests too deeply.
        ValueError: it is no JSON.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite)
    except RecursionError as error:
        raise _too_deep() from error
    if _deeper_than(DEEPEST, value):
        raise _too_deep()
    return value


def loads(text: str) -> Any:
    """What `json.loads` returns, for text inside of a document.

    Raises:
        ValueError: it is no JSON, or nests too deeply.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise _too_deep() from error
    if _deeper_than(DEEPEST, value):
        raise _too_deep()
    return value


def _deeper_than(levels: int, value: Any) -> bool:
    """Whether more than this many maps and lists are inside each other."""
    level = [value]
    for _ in range(levels):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise InvalidJsonError(f"the key {shown(twice)} twice in one object")
    return found


def _constant(name: str) -> Any:
    raise InvalidJsonError(f"{name}, which is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidJsonError(f"the number {shown(text)}, which is too large")
    return number


def _inside(value: Any) -> Sequence[Any]:
    """The maps and lists directly in a value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, dict | list)]


def _too_deep() -> InvalidJsonError:
    return InvalidJsonError(f"maps and lists more than {DEEPEST} levels deep")
