"""Reads YAML as Pulumi's engine does, and refuses what the two would read differently from what is written.

The engine is written in Go and reads YAML by the rules of yaml.v3: `yes` and `on` are text, `012` is ten, a number with
leading zeros and an 8 in it loses the zeros, a date becomes a time stamp. Where a value would not arrive as written
in the file, that is a problem here, with the line.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from haven.base.problems import Problem, shown
from haven.base.strict_json import DEEPEST

Path = tuple[str | int, ...]

_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_NULL = ("", "~", "null", "Null", "NULL")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_ODD_WHOLE = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TIME_STAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?)?"
)
_TEXT_TAG, _LIST_TAG, _MAP_TAG = (f"tag:yaml.org,2002:{each}" for each in ("str", "seq", "map"))
_PLAIN = "plain"
_MERGE = "<<"
_MOST_NODES = 20_000
_TOO_DEEP = Problem(
    "the file", f"maps and lists more than {DEEPEST} levels deep", "values that people read", "write fewer levels"
)


class Spelled(float):
    """A decimal number and how the file spells it: the engine hands `16.10` on as 16.1, which is another version."""

    text: str

    def __new__(cls, text: str) -> "Spelled":
        """The number that a text is."""
        number = super().__new__(cls, text)
        number.text = text
        return number


@dataclass
class Document:
    """The content of a YAML file."""

    value: Any = None
    """Maps, lists, text, numbers, booleans and None; None for an empty file. Invalid values are kept as text."""
    lines: dict[Path, int] = field(default_factory=dict)
    """Where each value begins, or its key where it has one; counted from 1."""
    problems: list[Problem] = field(default_factory=list)


def read(data: bytes) -> Document:
    """Read one YAML document; everything that is wrong with it is in `problems`."""
    document = Document()
    try:
        text = data.decode("utf-8-sig")
        node = yaml.compose(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = f"the byte 0x{data[error.start]:02x}"
        document.problems.append(Problem(f"line {line}", byte, "UTF-8", "save the file as UTF-8"))
    except RecursionError:
        document.problems.append(_TOO_DEEP)
    except yaml.MarkedYAMLError as error:
        document.problems.append(_syntax(error, text))
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        got = f"the control character U+{ord(text[error.position]):04X}"
        document.problems.append(Problem(f"line {line}", got, "printable text", "take the character out"))
    else:
        if node is not None:
            document.value = _whole(node, document)
    return document


def _whole(node: yaml.Node, document: Document) -> Any:
    try:
        return _Reader(document).value(node, ())
    except _TooDeepError:
        document.problems = [_TOO_DEEP]
        return None
    except _EndlessError as error:
        what = f"{place(error.path)} (line {error.node.start_mark.line + 1})"
        got = "an alias that repeats itself"
        document.problems = [Problem(what, got, "values that end", "write the value out")]
        return None


def place(path: Path) -> str:
    """How a problem names a value: `haven:cluster.gpuNodeGroups[0].maxSize`."""
    steps = path[1:] if len(path) > 1 and path[0] == "config" else path
    named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return named.removeprefix(".") or "the file"


class _Loader(yaml.SafeLoader):
    """Leaves plain values unread: what they mean is decided by the engine's rules, not by PyYAML's."""

    def resolve(self, kind: type[yaml.Node], _: Any, implicit: tuple[bool, bool]) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _TEXT_TAG
        return _MAP_TAG if kind is yaml.MappingNode else _LIST_TAG


class _TooDeepError(Exception):
    """More maps and lists inside each other than anybody writes."""


class _EndlessError(Exception):
    """Aliases that contain themselves, or that multiply into more values than anybody writes."""

    def __init__(self, node: yaml.Node, path: Path) -> None:
        super().__init__()
        self.node = node
        self.path = path


class _Reader:
    """Turns nodes into values and notes what is wrong on the way."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._open: list[yaml.Node] = []
        self._seen = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._document.lines[path] = node.start_mark.line + 1
        self._seen += 1
        if len(path) > DEEPEST:
            raise _TooDeepError
        if node in self._open or self._seen > _MOST_NODES:
            raise _EndlessError(node, path)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(each, (*path, index)) for index, each in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.pop()

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _PLAIN and key_node.value == _MERGE:
                merged = self._merged(value_node, path) | merged
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in first:
                got = f"the key a second time (line {line}, first in line {first[key]})"
                self._document.problems.append(
                    Problem(place((*path, key)), got, "each key once", "keep one of the two")
                )
                continue
            first[key] = line
            own[key] = self.value(value_node, (*path, key))
            self._document.lines[*path, key] = line
        return merged | own

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for each in nodes:
            value = self.value(each, path)
            if isinstance(value, dict):
                merged = value | merged
            else:
                self._note(each, path, "<< before something else", "a map, or a list of maps", "write the keys out")
        return merged

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._note(node, path, "a key that is a map or a list", "text as a key", "put the key in quotes")
            return None
        if node.tag == _PLAIN and node.value in _NULL:
            self._note(node, path, "a key without a name", "text as a key", "give the key a name, or quotes")
            return None
        self._scalar(node, (*path, node.value))
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text = str(node.value)
        if node.tag == _TEXT_TAG:
            return text
        if node.tag != _PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._note(node, path, f"the tag {tag}", "values without tags", "take the tag out")
            return text
        if text in _NULL:
            return None
        if text in _TRUE + _FALSE:
            return text in _TRUE
        becomes = misread(text)
        if becomes:
            got = f"{text}, which Pulumi's engine reads as {becomes}"
            number = {_TIME: "", _ENDLESS: ", or a finite number"}.get(becomes, f", or {becomes} for a number")
            self._note(node, path, got, "text in quotes, or a plain number", f'write "{text}" for text{number}')
            return text
        return _number(text)

    def _note(self, node: yaml.Node, path: Path, got: str, allowed: str, fix: str) -> None:
        what = f"{place(path)} (line {node.start_mark.line + 1})"
        self._document.problems.append(Problem(what, got, allowed, fix))


_TIME, _ENDLESS = "a time stamp", "no finite number"


def misread(text: str) -> str | None:
    """What the engine makes of an unquoted value that it does not hand on as written; None where all is well."""
    if _is_time_stamp(text):
        return _TIME
    bare = text.replace("_", "") if text[:1] in tuple("+-0123456789") else text
    if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(bare) and math.isinf(float(bare))):
        return _ENDLESS
    if _WHOLE.fullmatch(text) and _fits(int(text)):
        return None
    if _ODD_WHOLE.fullmatch(bare):
        return _odd_whole(bare)
    return engine_number(float(bare)) if bare != text and _FLOAT.fullmatch(bare) else None


def _is_time_stamp(text: str) -> bool:
    found = _TIME_STAMP.fullmatch(text)
    try:
        return found is not None and date(*(int(each) for each in found.groups())) is not None
    except ValueError:
        return False


def _odd_whole(text: str) -> str | None:
    """A whole number in one of Go's notations: a leading 0 means octal, unless an 8 or a 9 forbids it.

    What doesn't fit into 64 bits becomes a float where it could be a decimal one, and stays text otherwise.
    """
    digits = text.lstrip("+-")
    sign = -1 if text.startswith("-") else 1
    decimal = digits.isdigit()
    octal = decimal and digits.startswith("0") and not set(digits) & set("89")
    whole = sign * (int(digits, 8) if octal else int(digits) if decimal else int(digits, 0))
    if _fits(whole) and (octal or not (decimal and digits.startswith("0"))):
        return str(whole)
    return engine_number(float(text)) if decimal else None


def _fits(whole: int) -> bool:
    return -(2**63) <= whole < 2**64


def _number(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    return Spelled(text) if _FLOAT.fullmatch(text) else text


def engine_number(number: float) -> str:
    """A number in the engine's notation: that of Go's JSON, where 100.0 is 100 and 1e3 is 1000."""
    if isinstance(number, int):
        return str(number)
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        return f"{Decimal(repr(number)):f}".removesuffix(".0")
    mantissa, _, exponent = repr(number).partition("e")
    return f"{mantissa}e{int(exponent):+d}"


def engine_text(value: Any) -> str:
    """A config value as the engine hands it to a program: text stays, maps and lists become JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return engine_number(value)
    return json.dumps(_whole_floats(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _whole_floats(value: Any) -> Any:
    """`value` with 100.0 as 100, as the engine writes it into JSON."""
    if isinstance(value, dict):
        return {key: _whole_floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole_floats(each) for each in value]
    whole = isinstance(value, float) and abs(value) < 1e21 and value == int(value)
    return int(engine_number(value)) if whole else value


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    got = lines[line - 1].strip() if line <= len(lines) else "the end of the file"
    problem = f"{error.problem or error.context}"
    if "\t" in problem or (line <= len(lines) and lines[line - 1][: column + 1].startswith("\t")):
        return Problem(f"line {line}, column {column}", "a tab", "blanks before a key", "replace the tab by blanks")
    if "expected a single document" in f"{error.context}":
        return Problem(f"line {line}", "a second document", "one document in a file", "take the line --- out")
    if isinstance(error, yaml.composer.ComposerError) and "alias" in problem:
        return Problem(
            f"line {line}", f"an {problem.removeprefix('found ')}", "aliases of anchors", "write the value out"
        )
    return Problem(f"line {line}, column {column}", shown(got), f"YAML: {problem}", _quote_hint(got))


def _quote_hint(line: str) -> str:
    if re.search(r":\s*[@`%*&!\[{\"']", line):
        return "put the value in quotes, or close the bracket or quote"
    return "give it the form key: value, with deeper blanks for what belongs below"


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value inside `value`, itself first, with its path."""
    yield path, value
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in items:
        yield from walk(each, (*path, step))
