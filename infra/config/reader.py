"""Reads the config keys of one kind of stack: what is valid, and everything that isn't."""

import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from haven.base.problems import Problem, choices, shown
from haven.config import refusals, stand_ins
from haven.config.base_model import Model
from haven.config.reader import read_value
from haven.config.refusals import Schema
from haven.config.stack_file import SECURE_PLACEHOLDER
from haven.model.tiers import Tier
from infra.config.settings import StackConfig

NAMESPACE = "haven"
LEFT_OUT = ("", "{}")
"""What Pulumi.yaml fills in for a key that a stack omits, so that the program itself can report what is missing."""

_MISSING = {
    "tier": (choices(Tier), "haven:tier: warm"),
    "regions": (
        "a map with primary and recovery, such as eu-west-1 and eu-central-1",
        "haven:regions: {primary: eu-west-1, recovery: eu-central-1}",
    ),
}


def fields(kind: type[StackConfig]) -> dict[str, FieldInfo]:
    """Every config key of a kind of stack, in camelCase, without its namespace."""
    return {str(field.alias): field for field in kind.model_fields.values()}


def adapter(field: FieldInfo) -> TypeAdapter[Any]:
    """What checks the value of a key, as strictly as the models of nested keys do."""
    whole = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    return TypeAdapter(field.rebuild_annotation(), config=None if whole else Model.model_config)


def schema(field: FieldInfo) -> Schema:
    """The JSON Schema of a key's value."""
    own = {"examples": field.examples} if field.examples else {}
    return Schema({**adapter(field).json_schema(), **own})


def structured(field: FieldInfo) -> bool:
    """Whether a key's value is a map."""
    options = get_args(field.annotation) if get_origin(field.annotation) in (Union, types.UnionType) else ()
    return any(_is_map(option) for option in options or (field.annotation,))


def _is_map(type_: Any) -> bool:
    return get_origin(type_) is Mapping or (isinstance(type_, type) and issubclass(type_, BaseModel))


def read(
    config: Mapping[str, str], kind: type[StackConfig], elsewhere: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, list[Any]], list[Problem]]:
    """The checked values by camelCase key, stand-ins for those that are not valid, and what is wrong with them.

    Args:
        config: every config value as the engine hands it to a program: full keys, text, JSON for maps and lists.
        kind: the keys of this kind of stack.
        elsewhere: keys that only another kind has -> that kind's name.
    """
    prefix, keys = f"{NAMESPACE}:", fields(kind)
    given = {name.removeprefix(prefix): text for name, text in config.items() if name.startswith(prefix)}
    problems = list(_strange(given, keys, elsewhere))
    values: dict[str, Any] = {}
    instead: dict[str, list[Any]] = {}
    for name, field in keys.items():
        if given.get(name, "") in LEFT_OUT:
            if field.is_required():
                problems.append(_missing(name))
                instead[name] = stand_ins.of_value({} if structured(field) else None, adapter(field))
            else:
                values[name] = field.default
            continue
        found, wrong = _read_key(name, field, given[name])
        problems += wrong
        if wrong:
            instead[name] = stand_ins.stand_ins(given[name], adapter(field), structured=structured(field))
        else:
            values[name] = found
    return values, {name: each for name, each in instead.items() if each}, problems


def read_whatever_kind(config: Mapping[str, str], kinds: Mapping[str, type[StackConfig]]) -> list[Problem]:
    """What is wrong with the config of a stack of unknown kind, whatever its kind."""
    every = {name: field for kind in kinds.values() for name, field in fields(kind).items()}
    prefix = f"{NAMESPACE}:"
    given = {name.removeprefix(prefix): text for name, text in config.items() if name.startswith(prefix)}
    problems = _strange(given, every, {})
    for name, field in every.items():
        if given.get(name, "") not in LEFT_OUT:
            problems += _read_key(name, field, given[name])[1]
    return problems


def _strange(given: Mapping[str, str], keys: Mapping[str, FieldInfo], elsewhere: Mapping[str, str]) -> list[Problem]:
    found = []
    for name in sorted(given.keys() - keys.keys()):
        what = f"{NAMESPACE}:{name}"
        if name not in elsewhere:
            found.append(_unknown(what, name, keys))
        elif given[name] not in LEFT_OUT:
            allowed = f"nothing: only a stack of kind {elsewhere[name]} has this key"
            fix = f"delete {what}, or write haven:kind: {elsewhere[name]}"
            found.append(Problem(what, shown(given[name]), allowed, fix))
    return found


def _unknown(what: str, name: str, keys: Mapping[str, FieldInfo]) -> Problem:
    """The problem of a key that a stack hasn't; one of another level, or written with a dot, belongs below another."""
    above, _, below = name.rpartition(".")
    inside = above.partition(".")[0]
    places = [
        f"{NAMESPACE}:{key}.{each}" if each else f"{NAMESPACE}:{key}"
        for key, field in keys.items()
        if inside in ("", key)
        for each in schema(field).places(below)
    ]
    if inside in keys and places:
        return Problem(what, shown(name), choices(sorted(keys)), f"write {below} below {' or '.join(places)}")
    return refusals.unknown_key(what, name, keys, places)


def _read_key(name: str, field: FieldInfo, text: str) -> tuple[Any, list[Problem]]:
    what = f"{NAMESPACE}:{name}"
    if text == SECURE_PLACEHOLDER:
        return None, [refusals.secure(what)]
    return read_value(what, text, adapter(field), structured=structured(field))


def _missing(name: str) -> Problem:
    allowed, example = _MISSING[name]
    return Problem(f"{NAMESPACE}:{name}", "nothing", allowed, f"add {example}")
