"""Stand-ins for a value that isn't valid, so that the rules between keys still see everything around it.

Nothing is known of what the value should have been. So rules are run once with each of several stand-ins, and only what
all of them find counts.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from pydantic import BaseModel, TypeAdapter
from pydantic_core import ErrorDetails

from haven.config import reader
from haven.config.base_model import FORMS
from haven.config.refusals import Schema

TURNS = 8
"""How many stand-ins a value gets."""
_TRIES = 8
"""How often a stand-in is looked at again: a map in the place of a value has values of its own."""

Path = tuple[str | int, ...]


class NotKnownError(Exception):
    """Something was asked of a value of which nothing is known."""


class Unknown:
    """A value of which nothing is known: not even whether it equals another one."""

    def _refuse(self, *_: object) -> NoReturn:
        raise NotKnownError

    __bool__ = __contains__ = __format__ = __ge__ = __getattr__ = __getitem__ = __gt__ = __hash__ = _refuse
    __int__ = __iter__ = __le__ = __len__ = __lt__ = __ne__ = __repr__ = __str__ = _refuse
    __add__ = __eq__ = __float__ = __mul__ = __radd__ = __rmul__ = __rsub__ = __sub__ = _refuse


def stand_ins(text: str, adapter: TypeAdapter[Any], *, structured: bool) -> list[Any]:
    """Checked values that have what the text of a config value has, and something else wherever that isn't valid.

    Returns: none where nothing of it can be kept; then its rules can't be run.
    """
    try:
        value = reader.as_meant(text, adapter, structured=structured)
    except ValueError:
        return []
    if structured and not isinstance(value, Mapping):
        return []
    return of_value(value, adapter)


def of_value(value: Any, adapter: TypeAdapter[Any]) -> list[Any]:
    """The same for a value that is read already; for an empty map, whatever is required is made up."""
    schema = Schema(adapter.json_schema(by_alias=True))
    made = (_StandIn(value, adapter, schema, turn).checked() for turn in range(TURNS))
    return [each for each in made if each is not None]


class _StandIn:
    """One stand-in for a value."""

    def __init__(self, value: Any, adapter: TypeAdapter[Any], schema: Schema, turn: int) -> None:
        self._value = [copy.deepcopy(value)]
        self._adapter = adapter
        self._schema = schema
        self._turn = turn
        self._places: list[Path] = []
        self._unknown: list[Path] = []
        self._renamed: list[tuple[Path, str, str]] = []

    def checked(self) -> Any:
        """The checked value, or None where there is none."""
        for attempt in range(_TRIES):
            errors = reader.errors(self._adapter, self._value[0])
            if not errors:
                return self._finished(self._adapter.validate_python(self._value[0]))
            for error in sorted(errors, key=_order):
                self._replace(error, attempt)
        return None

    def _replace(self, error: ErrorDetails, attempt: int) -> None:
        *above, last = (0, *error["loc"])
        if last == "[key]":
            self._rename((*above[1:-1],), str(above[-1]))
            return
        around: Any = self._value
        for step in above:
            around = around[step]
        if error["type"] == "extra_forbidden":
            del around[last]
            return
        place = self._schema.at(error["loc"])
        options = _options(place, self._schema)
        path = self._original(error["loc"])
        if path not in self._places:
            self._places.append(path)
        if place.get("type") in ("array", "object") or len(options) < 2:
            self._unknown.append(path)
        if not options:
            around[last] = None
            return
        # Every option in turn; beside another place's, in another order.
        place_in_turn = self._turn + self._places.index(path) * (self._turn // len(options))
        around[last] = options[(place_in_turn + attempt) % len(options)]

    def _original(self, path: Path) -> Path:
        """A path with the keys that the file has."""
        for above, name, own in reversed(self._renamed):
            if path[: len(above) + 1] == (*above, name):
                path = (*above, own, *path[len(above) + 1 :])
        return path

    def _rename(self, path: Path, key: str) -> None:
        """Give an entry another key while it is checked."""
        around = self._value[0]
        for step in path:
            around = around[step]
        patterns = [each for each in self._schema.at(path).get("patternProperties", {}) if each in FORMS]
        names = [name for each in patterns for name in (FORMS[each].example, *_others(FORMS[each].example, each))]
        free = next((name for name in names if name not in around), None)
        entry = around.pop(key, None)
        if free is not None:
            around[free] = entry
            self._renamed.append((path, free, key))

    def _finished(self, checked: Any) -> Any:
        for path, name, own in reversed(self._renamed):
            around = _get(checked, path)
            entries = [(own if each == name else each, value) for each, value in around.items()]
            around.clear()
            around.update(entries)
        for path in self._unknown if self._turn == 0 else ():
            if path:
                _set(checked, path, Unknown())
        return checked


def _order(error: ErrorDetails) -> tuple[bool, int]:
    """Keys last, and what is inside before what is around it: paths stay right while values are replaced."""
    return error["loc"][-1:] == ("[key]",), -len(error["loc"])


def _options(place: Mapping[str, Any], schema: Schema) -> list[Any]:
    """Values that may be at a place, as different as they can be."""
    if "enum" in place:
        return list(place["enum"])
    known = [*([place["default"]] if "default" in place else []), *place.get("examples", [])]
    match place.get("type"):
        case "boolean":
            known = [False, True]
        case "integer" | "number":
            least, most = place.get("minimum"), place.get("maximum")
            above = place.get("exclusiveMinimum")
            known += [each for each in (least, most, None if above is None else above + 1) if each is not None]
        case "string":
            known += FORMS[place["pattern"]].others if place.get("pattern") in FORMS else ()
            known += [other for each in known if isinstance(each, str) for other in _others(each, place.get("pattern"))]
        case "array" | "object":
            known += [schema.example(place)]
    return [each for index, each in enumerate(known) if each not in known[:index]]


def _others(text: str, pattern: str | None) -> Iterator[str]:
    """Texts of the same form as another one."""
    for index in reversed(range(len(text))):
        if text[index].isdigit():
            other = f"{text[:index]}{(int(text[index]) + 1) % 10}{text[index + 1 :]}"
            if pattern is None or re.search(pattern, other):
                yield other
    for other in (f"{text}2", f"{text}x"):
        if pattern is None or re.search(pattern, other):
            yield other


def _get(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value.__dict__[_field(value, step)] if isinstance(value, BaseModel) else value[step]
        if isinstance(value, Unknown):
            break
    return value


def _set(value: Any, path: Path, to: object) -> None:
    around = _get(value, path[:-1])
    if isinstance(around, BaseModel):
        around.__dict__[_field(around, path[-1])] = to  # models are frozen
    elif not isinstance(around, Unknown):
        around[path[-1]] = to


def _field(model: BaseModel, alias: str | int) -> str:
    return next(name for name, field in type(model).model_fields.items() if field.alias == alias)
