"""The AWS provider's schema, trimmed so that it loads fast, and the shapes of its arguments."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SOURCE = "/hashicorp/aws"

_KEPT = ("type", "nested_type", "required", "optional", "computed", "sensitive")


@dataclass(frozen=True)
class Scalar:
    """A string, number or bool; `dynamic` accepts any value."""

    kind: str


@dataclass(frozen=True)
class Many:
    """A list, set or map of values of one shape."""

    kind: str
    each: "Shape"
    max_items: int | None = None


@dataclass(frozen=True)
class FieldGroup:
    """Named fields: a resource, one of its blocks, or an object inside an attribute."""

    fields: Mapping[str, "Field"]
    exact: bool = False
    """Whether every field must be present, null if unset (as in an attribute of type object)."""


Shape = Scalar | Many | FieldGroup


@dataclass(frozen=True)
class Field:
    """One argument or computed property."""

    shape: Shape
    required: bool = False
    settable: bool = True
    sensitive: bool = False


class ProviderSchema:
    """One version of the AWS provider."""

    def __init__(self, version: str, raw: Mapping[str, Any]) -> None:
        self.version = version
        self._provider: Mapping[str, Any] = raw["provider"]["block"]
        self._resources: Mapping[str, Any] = raw["resource_schemas"]
        self._shapes: dict[str, FieldGroup] = {}

    @property
    def types(self) -> Collection[str]:
        """Every resource type."""
        return self._resources.keys()

    def names(self, type_: str) -> list[str]:
        """The names of a type's arguments and computed properties."""
        block = self._resources[type_]["block"]
        return [*block["attributes"], *block["block_types"]]

    def resource(self, type_: str) -> FieldGroup:
        """The arguments and computed properties of a type."""
        if type_ not in self._shapes:
            self._shapes[type_] = _block(self._resources[type_]["block"])
        return self._shapes[type_]

    def provider(self) -> FieldGroup:
        """The provider's own configuration."""
        return _block(self._provider)


def _block(raw: Mapping[str, Any]) -> FieldGroup:
    fields = {name: _attribute(each) for name, each in raw.get("attributes", {}).items()}
    for name, each in raw.get("block_types", {}).items():
        inner = _block(each["block"])
        many = each["nesting_mode"] in ("list", "set")
        shape = Many(each["nesting_mode"], inner, each.get("max_items")) if many else inner
        fields[name] = Field(shape, required=each.get("min_items", 0) > 0)
    return FieldGroup(fields)


def _attribute(raw: Mapping[str, Any]) -> Field:
    shape = _nested(raw["nested_type"]) if "nested_type" in raw else _type(raw["type"])
    required = raw.get("required", False)
    settable = required or raw.get("optional", False)
    return Field(shape, required, settable, raw.get("sensitive", False))


def _nested(raw: Mapping[str, Any]) -> Shape:
    inner = _block(raw)
    mode = raw["nesting_mode"]
    return inner if mode == "single" else Many(mode, inner, raw.get("max_items"))


def _type(raw: Any) -> Shape:
    if isinstance(raw, str):
        return Scalar(raw)
    kind, inner = raw[0], raw[1]
    if kind == "object":
        return FieldGroup({name: Field(_type(each)) for name, each in inner.items()}, exact=True)
    return Many(kind, _type(inner))


def trimmed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `terraform providers schema -json` that exports need: no descriptions, no data sources.

    Raises:
        ValueError: the AWS provider is not in it.
    """
    (aws,) = (found for address, found in raw["provider_schemas"].items() if address.endswith(_SOURCE))
    return {
        "provider": {"block": _trim(aws["provider"]["block"])},
        "resource_schemas": {name: {"block": _trim(each["block"])} for name, each in aws["resource_schemas"].items()},
    }


def _trim(block: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {
        name: {key: _trim_nested(each[key]) if key == "nested_type" else each[key] for key in _KEPT if key in each}
        for name, each in block.get("attributes", {}).items()
    }
    blocks = {
        name: {**{key: value for key, value in each.items() if key != "block"}, "block": _trim(each["block"])}
        for name, each in block.get("block_types", {}).items()
    }
    return {"attributes": attributes, "block_types": blocks}


def _trim_nested(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {**_trim(raw), "nesting_mode": raw["nesting_mode"]}


def load(version: str, cache: Path, dump: Callable[[], str]) -> ProviderSchema:
    """The schema of this version of the provider, from the directory `cache` or from `dump`.

    Args:
        version: the provider's version, which names the file in the cache.
        cache: a directory, created if missing.
        dump: runs `terraform providers schema -json`; it takes seconds, so it runs once per version.
    """
    kept = cache / f"aws-{version}.json"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        fresh.write_text(json.dumps(trimmed(json.loads(dump())), separators=(",", ":")))
        fresh.replace(kept)
    return ProviderSchema(version, json.loads(kept.read_text()))
