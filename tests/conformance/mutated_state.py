"""A made-up state whose every argument differs from the declaration: the provider shows which of them replace."""

from collections.abc import Iterator, Mapping
from typing import Any

from haven.gate.terraform_plan import camel
from haven.program.recording import Recording
from haven.terraform.export import Export
from haven.terraform.naming import field_name
from haven.terraform.schema import FieldGroup, Many, ProviderSchema, Scalar, Shape
from tests.conformance.promotion.fabricated_state import Standing

_IDENTITY = ("id", "arn", "tags_all")
"""Not changed: the provider finds the resource by them."""


def mutate(standing: Standing, exported: Export, schema: ProviderSchema) -> None:
    """Let a refresh have found another value of every argument that a declaration has."""
    values = {}
    for address in standing.addresses():
        type_, _, name = address.partition(".")
        declared, held = exported.document["resource"][type_][name], standing.attributes(address)
        fields = schema.resource(type_).fields
        names = [each for each in declared if each in held and each not in _IDENTITY]
        values[address] = {each: _other(held[each], fields[each].shape) for each in names}
    standing.read_back(values)


def _other(value: Any, shape: Shape) -> Any:
    if isinstance(shape, FieldGroup):
        return {name: _other(each, shape.fields[name].shape) for name, each in (value or {}).items()}
    if isinstance(shape, Many):
        if shape.kind == "map":
            return {f"other-{name}": _other(each, shape.each) for name, each in (value or {}).items()}
        return [_other(each, shape.each) for each in value or ()]
    return _other_scalar(value, shape)


def _other_scalar(value: Any, shape: Scalar) -> Any:
    if isinstance(value, bool) or shape.kind == "bool":
        return not value
    if isinstance(value, int | float):
        return value + 1
    is_document = isinstance(value, str) and value[:1] in ("{", "[")
    return f"{value}x" if isinstance(value, str) and not is_document else value


def replacing(
    plan: Mapping[str, Any], exported: Export, recording: Recording, schema: ProviderSchema
) -> Iterator[tuple[str, str]]:
    """Pulumi's token and property of each argument for which the provider replaces a resource."""
    for each in plan["resource_changes"]:
        for head, *rest in each["change"].get("replace_paths") or ():
            record = recording.by_urn[exported.urns[each["address"]]]
            group = schema.resource(each["type"])
            names = [name for name in record.inputs if field_name(each["type"], group, name) == head]
            yield from ((record.type, ".".join([name, *_names(rest)])) for name in names)


def _names(path: list[Any]) -> list[str]:
    return [camel(str(each)) for each in path if not isinstance(each, int)]
