"""The JSON Schema of stack files, made from the settings: editors complete and check with it."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from infra.config.reader import LEFT_OUT, NAMESPACE, fields, structured
from infra.config.settings import AccountConfig, EnvironmentConfig, StackConfig
from infra.config.stack_kinds import KINDS

FILE = "stack.schema.json"
_ENCRYPTED = {
    "type": "object",
    "description": "An encrypted value, written by `pulumi config set --secret`.",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_SECURE = {"$ref": "#/$defs/secure"}
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_AS_TEXT: Mapping[str, Mapping[str, Any]] = {
    "boolean": {"type": "string", "enum": ["true", "false"]},
    "integer": {"type": "string", "pattern": r"^[+-]?[0-9]+$"},
    "number": {"type": "string", "pattern": _NUMBER},
}
"""How `pulumi config set` writes values that are no text."""


def stack_schema() -> dict[str, Any]:
    """The schema of a stack file.

    Pulumi's own keys and the config of other namespaces are allowed as they are. A key may be written with or without
    the project's namespace. Every value may be encrypted (`secure:`), true, false and numbers may be written as text.
    """
    _, made = models_json_schema([(each, "validation") for each in KINDS.values()], by_alias=True)
    kinds = {kind: made["$defs"].pop(kind.__name__)["properties"] for kind in KINDS.values()}
    definitions = {name: _tolerant(each) for name, each in made["$defs"].items()}
    keys = {name: _key(name, kinds) for kind in kinds for name in fields(kind)}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack file of Haven",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {
            "config": {
                "description": "The stack's config: docs/config-reference.md describes every key.",
                "type": "object",
                "properties": {f"{NAMESPACE}:{name}": {"$ref": f"#/$defs/key-{name}"} for name in keys},
                "patternProperties": {
                    **{rf"^({NAMESPACE}:config:)?{name}$": {"$ref": f"#/$defs/key-{name}"} for name in keys},
                    rf"^(?!{NAMESPACE}:)[^:]+:([^:]+:)?[^:]+$": {},
                },
                "additionalProperties": False,
                "if": {"anyOf": [{"properties": {key: _ACCOUNT}, "required": [key]} for key in _spellings("kind")]},
                "then": _only(AccountConfig, EnvironmentConfig),
                "else": _only(EnvironmentConfig, AccountConfig),
            },
            "encryptedkey": {"type": "string", "description": "Written by Pulumi."},
            "encryptionsalt": {"type": "string", "description": "Written by Pulumi."},
            "secretsprovider": {"type": "string", "description": "What encrypts the stack's secrets."},
            "environment": {"description": "Environments of Pulumi's service."},
        },
        "$defs": {**{f"key-{name}": each for name, each in keys.items()}, **definitions, "secure": _ENCRYPTED},
    }


_ACCOUNT = {"const": "account"}


def _key(name: str, kinds: Mapping[type[StackConfig], Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of a top-level key; empty is left out."""
    kind = next(each for each in kinds if name in fields(each))
    own = _tolerant(kinds[kind][name])
    empty = {"type": "object", "maxProperties": 0} if structured(fields(kind)[name]) else {"const": LEFT_OUT[0]}
    described = {key: own.pop(key) for key in ("description", "default", "examples") if key in own}
    return {**described, "anyOf": [*own.pop("anyOf", [own]), empty]}


def _only(kind: type[StackConfig], other: type[StackConfig]) -> dict[str, Any]:
    """What a stack of one kind must have, and what it can't have because only the other kind has it."""
    required = [str(each.alias) for each in kind.model_fields.values() if each.is_required()]
    foreign = sorted(fields(other).keys() - fields(kind).keys())
    return {
        "allOf": [
            *({"anyOf": [{"required": [key]} for key in _spellings(name)]} for name in required),
            {"anyOf": [{"required": [key]} for name in ("account", "emulator") for key in _spellings(name)]},
        ],
        "properties": {key: _EMPTY for name in foreign for key in _spellings(name)},
    }


_EMPTY = {"enum": ["", {}]}


def _spellings(name: str) -> list[str]:
    return [f"{NAMESPACE}:{name}", name, f"{NAMESPACE}:config:{name}"]


def _tolerant(schema: Any) -> Any:
    """A schema that also takes what Pulumi writes: encrypted values, and true, false and numbers as text."""
    if isinstance(schema, list):
        return [_tolerant(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    own = {key: each for key, each in schema.items() if key not in ("title", "words")}
    for key in ("properties", "patternProperties"):
        if key in own:
            own[key] = {name: _tolerant(each) for name, each in own[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(own.get(key), dict):
            own[key] = _tolerant(own[key])
    if "patternProperties" in own:
        own.setdefault("additionalProperties", False)
    if "anyOf" in own:
        # None is what a key that is left out has; a file can't contain it.
        written = [_tolerant(each) for each in own["anyOf"] if each.get("type") != "null"]
        own["anyOf"] = [option for each in written for option in each.get("anyOf", [each])]
        return {key: each for key, each in own.items() if not (key == "default" and each is None)}
    if "$ref" in own or own.get("type") not in ("object", "array", "string", *_AS_TEXT):
        return own
    return _or_secure(own)


def _or_secure(own: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {key: own.pop(key) for key in ("description", "default", "examples") if key in own}
    as_text = _AS_TEXT.get(own.get("type", ""))
    scalars = [{"type": ["number", "boolean"]}] if own.pop("scalar", False) else []
    options = [own, *scalars, *([dict(as_text)] if as_text else []), _SECURE]
    return {**described, "anyOf": options}
