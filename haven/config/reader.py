"""From the text of a config value to a checked model."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from haven.base import strict_json
from haven.base.problems import Problem, shown
from haven.config import refusals
from haven.config.stack_file import SECURE_PLACEHOLDER

_Model = TypeVar("_Model", bound=BaseModel)


def read_value(key: str, text: str, adapter: TypeAdapter[Any], *, structured: bool) -> tuple[Any, list[Problem]]:
    """The checked value of a config key, or None and what is wrong with it.

    `pulumi config set` writes true, false and numbers as text: text is taken for them wherever they belong.
    """
    value: Any = text
    if structured:
        try:
            value = strict_json.loads(text)
        except ValueError:
            if text == SECURE_PLACEHOLDER:
                return None, [refusals.secure(key)]
            return None, [Problem(key, shown(text), "a map or a list", "write it as a block of YAML below the key")]
    empty = list(_empty(value, ()))
    found = errors(adapter, value)
    if found:
        value = _typed(value, found)
        found = errors(adapter, value)
    if not found and not empty:
        return adapter.validate_python(value), []
    schema = refusals.Schema(adapter.json_schema(by_alias=True))
    wrong = [each for each in found if each["input"] is not None]
    return None, [refusals.without_value(key, each, schema) for each in empty] + [
        refusals.problem(key, each, schema) for each in wrong
    ]


def _empty(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """The path of every key without a value: YAML reads `rtoMinutes:` as null, which would count as left out."""
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _empty(each, (*path, name))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _empty(each, (*path, place))


def as_meant(text: str, adapter: TypeAdapter[Any], *, structured: bool) -> Any:
    """The value that a text is, valid or not.

    Raises:
        ValueError: a map or a list is asked for, and the text is none.
    """
    value: Any = strict_json.loads(text) if structured else text
    return _typed(value, errors(adapter, value))


def errors(adapter: TypeAdapter[Any], value: Any) -> list[ErrorDetails]:
    """What is wrong with a value."""
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _typed(value: Any, errors: Iterable[ErrorDetails]) -> Any:
    """`value` with true, false or a number in the place of its text, where errors ask for it."""
    value = copy.deepcopy(value)
    for error in errors:
        read = _read_as(error["type"], error["input"])
        if read is None:
            continue
        if not error["loc"]:
            return read
        place = value
        for step in error["loc"][:-1]:
            place = place[step]
        place[error["loc"][-1]] = read
    return value


def _read_as(kind: str, text: Any) -> bool | int | float | None:
    if not isinstance(text, str):
        return None
    if kind == "bool_type":
        return {"true": True, "false": False}.get(text)
    return refusals.as_number(text) if kind in ("int_type", "float_type") else None


def read_model(config: Mapping[str, str], key: str, default: _Model) -> tuple[_Model, list[Problem]]:
    """The value of a whole config under one key, or its default, and what is wrong with it."""
    text = config.get(key)
    if not text:
        return default, []
    found, problems = read_value(key, text, TypeAdapter(type(default)), structured=True)
    return found or default, problems
