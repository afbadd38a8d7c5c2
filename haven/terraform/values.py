"""Translates recorded inputs to the AWS provider's arguments: names, lists, numbers, references, escapes."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven.program.recording import REFERENCE, Secret
from haven.terraform import archives, naming
from haven.terraform.schema import Field, FieldGroup, Many, Scalar, Shape


class UnavailableError(Exception):
    """A reference to a resource that is not exported."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@dataclass(frozen=True)
class Expression:
    """A Terraform expression and the shape of its value."""

    text: str
    shape: Shape

    @property
    def scalar(self) -> str:
        """The expression as a single value, also if its value is a list of at most one element."""
        if isinstance(self.shape, Many) and self.shape.kind != "map":
            return f"one({self.text})"
        return self.text


Resolve = Callable[[str, str], Expression]
"""Key and path of a placeholder to its expression; raises `UnavailableError`."""

Drop = Callable[[str, str], None]
"""Called for each dropped argument with its path in camelCase and the name of the left-out resource that it refers to,
or an empty text if the provider lacks the argument."""


class Translator:
    """Translates the inputs of one resource."""

    def __init__(self, type_: str, resolve: Resolve, drop: Drop) -> None:
        self._type = type_
        self._resolve = resolve
        self._drop = drop

    def body(self, group: FieldGroup, inputs: Mapping[str, Any], path: str = "") -> dict[str, Any]:
        """The arguments for `inputs`.

        Raises:
            UnavailableError: a required argument refers to a resource that is not exported.
        """
        made: dict[str, Any] = {}
        for name, value in inputs.items():
            at = f"{path}.{name}" if path else name
            field_name = naming.field_name(self._type, group, name)
            if field_name is None or not group.fields[field_name].settable:
                self._drop(at, "")
            elif value is not None:
                made[field_name] = self._field(group.fields[field_name], value, at)
        missing = dict.fromkeys(group.fields.keys() - made.keys()) if group.exact else {}
        return dict(sorted((made | missing).items()))

    def _field(self, field: Field, value: Any, path: str) -> Any:
        return self._value(field.shape, value, path, field.required)

    def _value(self, shape: Shape, value: Any, path: str, required: bool) -> Any:
        if isinstance(value, Secret):
            return self._value(shape, value.value, path, required)
        if isinstance(shape, FieldGroup):
            return self._group(shape, value, path)
        if isinstance(shape, Many):
            return self._many(shape, value, path, required)
        return self._scalar(shape, value, path, required)

    def _group(self, shape: FieldGroup, value: Any, path: str) -> Any:
        only = value[0] if isinstance(value, list) and len(value) == 1 else value
        if not isinstance(only, Mapping):
            raise TypeError(f"{self._type}: {path} must be a map, not {only!r}")
        return self.body(shape, only, path)

    def _many(self, shape: Many, value: Any, path: str, required: bool) -> Any:
        if shape.kind == "map" and isinstance(value, Mapping):
            return {escaped(key): self._value(shape.each, each, path, required) for key, each in value.items()}
        if isinstance(value, str):
            return self._many_from_text(shape, value, path, required)
        many = value if isinstance(value, list) else [value]
        return [self._value(shape.each, each, path, required) for each in many if each is not None]

    def _many_from_text(self, shape: Many, value: str, path: str, required: bool) -> Any:
        whole = REFERENCE.fullmatch(value)
        if whole:
            expression = self._resolve(whole["key"], whole["path"])
            if isinstance(expression.shape, Many):
                return f"${{{expression.text}}}"
        return [self._value(shape.each, value, path, required)]

    def _scalar(self, shape: Scalar, value: Any, path: str, required: bool) -> Any:
        if isinstance(value, str):
            return self._text(value, path, required) if REFERENCE.search(value) else _literal(shape.kind, value)
        if isinstance(value, bool):
            return str(value).lower() if shape.kind == "string" else value
        if isinstance(value, int | float):
            number = int(value) if float(value).is_integer() else value
            return str(number) if shape.kind == "string" else number
        inside = archives.files(value)
        if inside is not None:
            return archives.name(inside)
        if shape.kind == "string":
            return self._text(json.dumps(value, sort_keys=True), path, required)
        return value

    def _text(self, value: str, path: str, required: bool) -> str:
        pieces: list[str] = []
        for literal, key, reference in _pieces(value):
            if not key:
                pieces.append(escaped(literal))
                continue
            if pieces and pieces[-1].endswith(("$", "%")):
                pieces[-1] = f'{pieces[-1][:-1]}${{"{pieces[-1][-1]}"}}'
            try:
                pieces.append(f"${{{self._resolve(key, reference).scalar}}}")
            except UnavailableError as unavailable:
                if required or REFERENCE.fullmatch(value):
                    raise
                self._drop(path, unavailable.name)
                pieces.append(f"(left out: {escaped(unavailable.name)})")
        return "".join(pieces)


def _pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """The text in pieces (literal, key, path): a literal has no key and path, a placeholder has no literal."""
    end = 0
    for match in REFERENCE.finditer(text):
        if match.start() > end:
            yield text[end : match.start()], "", ""
        yield "", match["key"], match["path"]
        end = match.end()
    if end < len(text):
        yield text[end:], "", ""


def _literal(kind: str, value: str) -> Any:
    if kind == "bool" and value in ("true", "false"):
        return value == "true"
    return escaped(value)


def escaped(text: str) -> str:
    """`text` with Terraform's template sequences escaped."""
    return text.replace("${", "$${").replace("%{", "%%{")
