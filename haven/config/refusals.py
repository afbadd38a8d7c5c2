"""From pydantic's errors to problems in the words of the config: the key, what is allowed, a concrete fix."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import ErrorDetails

from haven.base.problems import Problem, choices, nearest, shown
from haven.base.regions import REGION, ZONES
from haven.config.base_model import FORMS
from haven.config.stack_file import SECURE_PLACEHOLDER

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "is_instance_of": "a list",  # the only class that the models ask for is a sequence
    "sequence_str": "a list",
    "dict_type": "a map",
    "mapping_type": "a map",
    "model_type": "a map",
}
_BOUNDS = {
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "less than {lt:g}",
    "too_short": "at least {min_length} of them",
    "string_too_short": "at least {min_length} characters",
    "too_long": "at most {max_length} of them",
    "string_too_long": "at most {max_length} characters",
    "refused": "{allowed}",
}
_IN_QUOTES = "write it in quotes: "
_ENUMERATIONS = ("enum", "literal_error")


class Schema:
    """The JSON Schema of one config value, to look up what is known at a place inside it."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def at(self, path: Iterable[str | int]) -> dict[str, Any]:
        """The schema of the value at `path`; empty where none is known."""
        place = self.resolved(self._schema)
        for step in path:
            if isinstance(step, int):
                inner = place.get("items")
            else:
                patterns = place.get("patternProperties", {}).values()
                inner = place.get("properties", {}).get(step) or next(iter(patterns), None)
            place = self.resolved(inner or place.get("additionalProperties") or {})
        return place

    def resolved(self, place: Any) -> dict[str, Any]:
        """A schema without references and without null among its options."""
        if not isinstance(place, Mapping):
            return {}
        own = {key: value for key, value in place.items() if key not in ("$ref", "anyOf")}
        for option in place.get("anyOf", ()):
            if option.get("type") != "null":
                return {**self.resolved(option), **own}
        if "$ref" in place:
            return {**self.resolved(self._schema["$defs"][place["$ref"].rpartition("/")[2]]), **own}
        return own

    def places(self, name: str) -> list[str]:
        """Where a key of this name may be, without what is above the value: `systemNodes`, `gpuNodeGroups[]`."""
        return list(self._places(name, self._schema, ()))

    def _places(self, name: str, schema: Any, path: tuple[str, ...]) -> Iterator[str]:
        place = self.resolved(schema)
        properties = place.get("properties", {})
        if name in properties:
            yield "".join(path).removeprefix(".")
        for key, inner in properties.items():
            yield from self._places(name, inner, (*path, f".{key}"))
        if "items" in place:
            yield from self._places(name, place["items"], (*path, "[]"))
        for inner in (*place.get("patternProperties", {}).values(), place.get("additionalProperties")):
            if inner:
                yield from self._places(name, inner, (*path, ".<name>"))

    def example(self, place: Mapping[str, Any]) -> Any:
        """A value that is allowed at a place, or None where none is known."""
        for known in (place.get("examples"), [place.get("default")], place.get("enum")):
            if known and known[0] not in (None, {}, []):
                return known[0]
        match place.get("type"):
            case "object":
                return self._example_map(place)
            case "array":
                return [self.example(self.resolved(place["items"]))]
            case "boolean":
                return True
            case "string":
                return "text"
            case _:
                return place.get("minimum")

    def _example_map(self, place: Mapping[str, Any]) -> dict[str, Any]:
        properties = place.get("properties", {})
        example = {
            name: self.example(self.resolved(properties[name])) for name in place.get("required", list(properties)[:1])
        }
        for pattern, inner in place.get("patternProperties", {}).items():
            example[FORMS[pattern].example] = self.example(self.resolved(inner))
        return example


def problem(key: str, error: ErrorDetails, schema: Schema) -> Problem:
    """One error about a config key."""
    steps = [step for step in error["loc"] if step not in ("[key]", "constrained-str")]
    what = _place(key, steps)
    if error["input"] == SECURE_PLACEHOLDER:
        return secure(what)
    if error["type"] == "missing":
        example = schema.example(schema.at(steps))
        return Problem(what, "nothing", "a value: it has no default", f"add {steps[-1]}: {shown(example)}")
    if error["type"] == "extra_forbidden":
        places = [f"{key}.{each}" if each else key for each in schema.places(str(steps[-1]))]
        return unknown_key(what, str(steps[-1]), schema.at(steps[:-1]).get("properties", {}), places)
    place = schema.at(steps)
    leaf = steps[-1] if steps else key
    return Problem(
        what,
        shown(error["input"]),
        _allowed(error),
        _fix(error, f"{leaf}: " if isinstance(leaf, str) else "", place, schema.example(place)),
    )


def without_value(key: str, path: Sequence[str | int], schema: Schema) -> Problem:
    """The problem of a key that is written without a value."""
    example = schema.example(schema.at(path))
    shown_as = f"{path[-1]}: {shown(example)}" if path and isinstance(path[-1], str) else shown(example)
    fix = f"write {shown_as}, for example, or delete the key" if example is not None else "delete the key"
    return Problem(_place(key, path), "nothing", "a value", fix)


def as_spelled(problem: Problem, text: str) -> Problem:
    """A problem with a number in the place of text, in the spelling of the file: in quotes that is what was meant."""
    if not problem.fix.startswith(_IN_QUOTES):
        return problem
    return replace(problem, got=changed(text, problem.got), fix=f'{_IN_QUOTES}"{text}"')


def changed(text: str, read_as: str) -> str:
    """What a problem says it got where the engine hands on another value than the file has."""
    return f"{text}, which Pulumi's engine reads as {read_as}"


def _place(key: str, steps: Sequence[str | int]) -> str:
    return key + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def secure(what: str) -> Problem:
    """The problem of an encrypted value that shapes the plan."""
    fix = f"pulumi config set --plaintext {'--path ' if '.' in what or '[' in what else ''}{what} <value>"
    return Problem(what, "a secure value", "plain text: it shapes the plan", fix)


def unknown_key(what: str, key: str, known: Iterable[str], places: Sequence[str]) -> Problem:
    """The problem of an unknown key, with the nearest known one, or with where it belongs.

    Args:
        what: where it is.
        key: its name.
        known: the names that are allowed there.
        places: where a key of this name may be.
    """
    near = nearest(key, known)
    fix = f"write {near}" if near else f"write it below {' or '.join(places)}" if places else "delete the key"
    return Problem(what, shown(key), choices(sorted(known)), fix)


def _allowed(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return FORMS[context["pattern"]].words
    if kind in _ENUMERATIONS:
        return choices(_options(error))
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**context)
    return _TYPES.get(kind, error["msg"])


def _fix(error: ErrorDetails, leaf: str, place: Mapping[str, Any], example: Any) -> str:
    kind, context, got = error["type"], error.get("ctx", {}), error["input"]
    if kind == "refused":
        return str(context["fix"])
    if kind == "string_pattern_mismatch":
        return _matching(str(got), context["pattern"])
    if kind in _BOUNDS:
        return _within(kind, context, got, example)
    return f"write {_instead(error, leaf, place, example)}"


def _instead(error: ErrorDetails, leaf: str, place: Mapping[str, Any], example: Any) -> str:
    """What to write in the place of a value of the wrong type."""
    kind, got = error["type"], error["input"]
    if kind in _ENUMERATIONS:
        known = _options(error)
        return nearest(str(got), known) or f"one of them, such as {leaf}{example if example in known else known[0]}"
    if kind == "int_from_float":
        return f"{leaf}{_clipped(round(got), place)}"
    if kind == "string_type" and isinstance(got, int | float):
        return f'{_IN_QUOTES.removeprefix("write ")}"{str(got).lower()}"'
    if kind in ("list_type", "is_instance_of", "sequence_str") and isinstance(got, str | dict):
        return f"it as a list: {leaf}{shown([got])}"
    return f"{leaf}{shown(example)}, for example"


def _options(error: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", error["ctx"]["expected"])


def _clipped(number: int, place: Mapping[str, Any]) -> int:
    return int(min(max(number, place.get("minimum", number)), place.get("maximum", number)))


def _within(kind: str, context: Mapping[str, Any], got: Any, example: Any) -> str:
    """How a value gets inside a bound."""
    least, most = context.get("min_length", 0), context.get("max_length", 0)
    fixes: Mapping[str, Callable[[], str]] = {
        "greater_than_equal": lambda: f"write {context['ge']:g} or more",
        "less_than_equal": lambda: f"write {context['le']:g} or less",
        "too_short": lambda: f"add {least - len(got)} more",
        "too_long": lambda: f"delete {len(got) - most} of them",
        "string_too_short": lambda: f"write {least - len(got.strip())} more characters",
        "string_too_long": lambda: f"shorten it by {len(got) - most} characters",
    }
    return fixes.get(kind, lambda: f"write {example:g}, for example")()


def _matching(got: str, pattern: str) -> str:
    """The nearest text that matches a pattern, or an example of one."""
    plain = got.strip()
    lower = plain.lower()
    separated = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", plain).lower()
    tries = [plain, separated, re.sub(r"[\s_]+", "-", lower).strip("-"), plain.upper(), f"/{plain}"]
    if re.fullmatch(r"\d{10,11}", plain):  # YAML drops leading zeros
        tries.append(plain.zfill(12))
    for each in tries:
        if re.search(pattern, each):
            return f'write "{each}"' if each.isdigit() else f"write {each}"
    near = nearest(lower, ZONES) if pattern == REGION else None
    example = FORMS[pattern].example
    return f"write {near}" if near else f"write it like {shown(example) if example[0].isdigit() else example}"


def as_number(text: str) -> int | float | None:
    """The number that a text is, as `pulumi config set` writes one; None for any other text."""
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    if re.fullmatch(r"[+-]?([0-9]+\.[0-9]*|\.?[0-9]+)([eE][+-]?[0-9]+)?", text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None
