"""What the installed AWS package of Pulumi takes: types, their properties, and those inside of these."""

import importlib
import re
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws

_CLASS = re.compile(r'"(aws:(\w+)/\w+:\w+)": "(\w+)"')


@cache
def tokens() -> frozenset[str]:
    """Every type of resource."""
    return frozenset(type_ for type_, _, _ in _classes())


@cache
def _classes() -> list[tuple[str, str, str]]:
    """Type, module and class of every resource."""
    return _CLASS.findall(Path(pulumi_aws.__file__).read_text(encoding="utf-8"))


def _class(module: str, name: str) -> type | None:
    package = importlib.import_module(f"pulumi_aws.{'lambda_' if module == 'lambda' else module}")
    return getattr(package, f"{name}InitArgs", None) or getattr(package, f"{name}Args", None)


@cache
def arguments_of(type_: str) -> type | None:
    """The class of one type's arguments; imports that type's module alone: all of them take 13 seconds."""
    if type_.startswith("kubernetes:"):
        _, group, kind = type_.split(":")
        name, version = group.split("/")
        package = importlib.import_module(f"pulumi_kubernetes.{name.partition('.')[0]}.{version}")
        found: type | None = getattr(package, f"{kind}InitArgs", None)
        return found
    return next((_class(module, name) for each, module, name in _classes() if each == type_), None)


def has(type_: str, path: str) -> bool:
    """Whether a type of resource has a property at a path such as `rules[].destination.bucket`; inside of texts, which
    may hold JSON, and of free maps anything may be."""
    place: Any = arguments_of(type_)
    for step in path.split("."):
        inside = members(place)
        if not inside:
            return (
                place is not None
                and {str, dict} & {typing.get_origin(each) or each for each in _unwrapped(place)} != set()
            )
        place = inside.get(step.removesuffix("[]"))
    return place is not None


def members(type_: Any) -> Mapping[str, Any]:
    """Property -> its type, for a class of arguments, whatever it is wrapped in."""
    for inner in _unwrapped(type_):
        if pulumi._types.is_input_type(inner):
            return dict(pulumi._types.input_type_types(inner))
    return {}


def _unwrapped(type_: Any) -> Iterator[Any]:
    yield type_
    for inner in typing.get_args(type_):
        yield from _unwrapped(inner)
