"""Checks the shape of a document before it is judged, so that no reader meets a list where it expects a map."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from haven.base.problems import Problem, shown

REWRITE = "write the document again"


@dataclass(frozen=True)
class EachOf:
    """A map with any keys, whose values all have one shape."""

    value: "Shape"


Shape: TypeAlias = "type | Mapping[str, Shape] | Sequence[Shape] | EachOf"
"""`object` is anything, `str` and `bool` are themselves, `dict` any map; a mapping has the shapes of the keys that are
read, a sequence the shape of every element."""

_NAMES: Mapping[type, str] = {str: "text", bool: "true or false", dict: "a map"}


def misshapen(place: str, value: Any, shape: Shape) -> Iterator[Problem]:
    """Every part of a value that has another shape. Keys may be missing or null; elements of maps and lists may not.

    Args:
        place: what messages call the value; empty for the document itself.
        value: JSON.
        shape: the shape that it should have.
    """
    wanted = _wanted(shape)
    if not _fits(value, wanted):
        yield Problem(place or "the document", shown(value), _NAMES.get(wanted, "a list"), REWRITE)
    elif isinstance(shape, EachOf):
        for name, each in value.items():
            yield from misshapen(f"{place}.{name}", each, shape.value)
    elif isinstance(shape, Mapping):
        for name, inner in shape.items():
            if value.get(name) is not None:
                yield from misshapen(f"{place}.{name}" if place else name, value[name], inner)
    elif isinstance(shape, Sequence):
        for number, each in enumerate(value):
            yield from misshapen(f"{place}[{number}]", each, shape[0])


def _wanted(shape: Shape) -> type:
    """The Python type of a value of this shape."""
    if isinstance(shape, type):
        return shape
    return dict if isinstance(shape, Mapping | EachOf) else list


def _fits(value: Any, wanted: type) -> bool:
    return wanted is object or isinstance(value, wanted)
