"""Writes what is generated from the settings: `config:` of Pulumi.yaml, the config reference, the JSON Schema."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from haven.config.base_model import FORMS
from haven.config.refusals import Schema
from infra.config import reader, schema
from infra.config.reader import NAMESPACE, fields, structured
from infra.config.settings import AccountConfig, EnvironmentConfig

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = Path("docs/config-reference.md")
PROJECT = Path("Pulumi.yaml")
SCHEMA = Path("stacks") / schema.FILE

_UNITS = {
    "Days": "days",
    "Gib": "GiB",
    "Hours": "hours",
    "Milliseconds": "ms",
    "Minutes": "minutes",
    "Percent": "%",
    "Seconds": "s",
    "Usd": "US dollars",
}
"""End of a key's name -> its unit; every quantity carries one."""

_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_KINDS = {"environment": "an environment", "account": "the account", "both": "both kinds"}
_HEAD = """# Config reference

Every config key of a stack file, generated from `infra/config/settings.py` by `make reference`. A key is written with
its namespace (`haven:tier`), nested keys below it:

```yaml
# yaml-language-server: $schema=stack.schema.json
config:
  haven:tier: warm
  haven:objectives:
    rtoMinutes: 30
```

`stacks/stack.schema.json` is the same for editors: with the comment in the first line, those that use the YAML language
server complete keys and check values. `haven validate STACK` checks what a schema can't: what must hold between keys.
True, false and numbers may be written as text, as `pulumi config set` does, and a value may be encrypted (`secure:`)
where it doesn't shape the plan. `<name>` and `<region>` stand for names of your own; `[]` for each entry of a list.
"""


def main() -> None:
    """Write all three files."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    (ROOT / SCHEMA).write_text(schema_text(), encoding="utf-8")
    (ROOT / PROJECT).write_text(project((ROOT / PROJECT).read_text(encoding="utf-8")), encoding="utf-8")


def schema_text() -> str:
    """The JSON Schema as it is stored."""
    return json.dumps(schema.stack_schema(), indent=1, ensure_ascii=False) + "\n"


def project(text: str) -> str:
    """Pulumi.yaml with a `config:` block made from the settings.

    Pulumi's typed config has no `number`, needs a default for every key that may be left out, and knows nothing of
    nested keys: what a key takes is checked by the program.
    """
    declared: dict[str, Any] = {"pulumi:disable-default-providers": {"value": ["*"]}}
    shared = fields(EnvironmentConfig).keys() & fields(AccountConfig).keys()
    for name, field in _every_key().items():
        # A key of one kind of stack has to be empty in the other, so it can't be a boolean, which is never empty.
        boolean = field.annotation is bool and name in shared
        type_, default = ("object", {}) if structured(field) else ("boolean", False) if boolean else ("string", "")
        description = _plain(_description(field))
        declared[f"{NAMESPACE}:{name}"] = {"type": type_, "default": default, "description": description}
    block = yaml.safe_dump({"config": declared}, sort_keys=False, allow_unicode=True, width=10**6)
    return text[: text.index("config:\n")] + block


def page() -> str:
    """The config reference."""
    return "\n".join([_HEAD, *(line for name, field in _every_key().items() for line in _section(name, field))]) + "\n"


def _every_key() -> dict[str, FieldInfo]:
    return {**fields(EnvironmentConfig), **fields(AccountConfig)}


def _section(name: str, field: FieldInfo) -> Iterator[str]:
    found = reader.schema(field)
    place = found.at([])
    default = {} if field.is_required() else {"default": _as_json(field.default)}
    rows = list(_rows(found, "", {**place, **default}))
    yield f"## haven:{name}"
    yield ""
    yield f"{_description(field)} For {_KINDS[_kind(name)]}."
    yield ""
    yield "| key | type | default | allowed | example | description |"
    yield "|---|---|---|---|---|---|"
    yield from (_row(found, f"haven:{name}{path}", row, required) for path, row, required in rows)
    yield ""


def _as_json(value: Any) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json", by_alias=True, exclude_none=True)


def _kind(name: str) -> str:
    in_environment, in_account = name in fields(EnvironmentConfig), name in fields(AccountConfig)
    return "both" if in_environment and in_account else "environment" if in_environment else "account"


def _rows(
    found: Schema, path: str, place: Mapping[str, Any], required: bool = False
) -> Iterator[tuple[str, Any, bool]]:
    """Every leaf at a place and below it: its path, its schema, whether it has to be given."""
    if place.get("properties"):
        for name, inner in place["properties"].items():
            yield from _rows(found, f"{path}.{name}", found.resolved(inner), name in place.get("required", ()))
        return
    for step, inner in _inner(found, path, place):
        if inner.get("properties"):
            yield from _rows(found, step, inner)
            return
    yield path, place, required


def _inner(found: Schema, path: str, place: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "items" in place:
        yield f"{path}[]", found.resolved(place["items"])
    for pattern, inner in place.get("patternProperties", {}).items():
        yield f"{path}.{_placeholder(pattern)}", found.resolved(inner)


def _placeholder(pattern: str) -> str:
    return "<region>" if FORMS[pattern].words.startswith("the name of a Region") else "<name>"


def _row(found: Schema, key: str, place: Mapping[str, Any], required: bool) -> str:
    default = place.get("default")
    cells = (
        f"`{key}`",
        _type(found, place),
        "required" if required else f"`{_text(default)}`" if default not in (None, {}, []) else "none",
        _allowed(found, place, key),
        f"`{_text(found.example(place))}`",
        " ".join(str(place.get("description", "")).split()),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _type(found: Schema, place: Mapping[str, Any]) -> str:
    type_ = place.get("type", "")
    if type_ == "array":
        return f"list of {_type(found, found.resolved(place['items']))}"
    if type_ == "object":
        return f"map of {_type(found, _value(found, place))}"
    return _TYPES[type_]


def _value(found: Schema, place: Mapping[str, Any]) -> dict[str, Any]:
    """What the names of a map have as values."""
    inner = next(iter(place.get("patternProperties", {}).values()), place.get("additionalProperties"))
    return found.resolved(inner)


def _allowed(found: Schema, place: Mapping[str, Any], key: str) -> str:
    unit = next((unit for end, unit in _UNITS.items() if re.search(rf"{end}$", key)), "")
    if place.get("enum"):
        return ", ".join(f"`{each}`" for each in place["enum"])
    if "pattern" in place:
        return FORMS[place["pattern"]].words
    if place.get("words"):
        return f"{place['words']}{f', {unit}' if unit else ''}"
    if place.get("type") == "array":
        few, many = place.get("minItems"), place.get("maxItems")
        count = f"{few or 0} to {many} entries; " if many else f"{few} or more; " if few else ""
        return (count + _allowed(found, found.resolved(place["items"]), "")).removesuffix("; ")
    if place.get("type") == "object":
        return "values: " + inner if (inner := _allowed(found, _value(found, place), "")) else ""
    bounds = [
        text.format(place[key])
        for key, text in (
            ("minimum", "{} or more"),
            ("exclusiveMinimum", "more than {}"),
            ("maximum", "at most {}"),
            ("exclusiveMaximum", "less than {}"),
            ("minLength", "{} characters or more"),
            ("maxLength", "at most {} characters"),
        )
        if key in place
    ]
    if "minimum" in place and "maximum" in place:
        bounds = [f"{place['minimum']} to {place['maximum']}"]
    return ", ".join(bounds) + (f" {unit}" if unit and bounds else unit)


def _description(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


def _plain(text: str) -> str:
    return text.replace("`", "").replace("**", "")


if __name__ == "__main__":
    main()
