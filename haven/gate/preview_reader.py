"""Reads a preview or plan of any known format, recognized by its content, into a change set."""

import codecs
import re
from collections.abc import Mapping, Sequence
from typing import Any

from haven.base.problems import Problem, Problems, shown
from haven.base.strict_json import InvalidJsonError, parse
from haven.gate import pulumi_steps, terraform_plan
from haven.gate.changes import ChangeSet

ALLOWED = "the JSON of pulumi preview --json, Pulumi's engine events as JSON lines, or terraform show -json of a plan"
HOW = "see docs/gate.md for the commands that write it"
_FAILED = f"the command that writes it may have failed; {HOW}"

_LINE_END = re.compile(r"\r\n|\r|\n")
"""JSON has no raw line feed or carriage return inside text; other line ends of Unicode may be part of it."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read(data: bytes, where: str) -> ChangeSet:
    """The change set in a document, whose format is recognized by its content.

    Args:
        data: the whole document.
        where: its name in error messages.

    Raises:
        Problems: the document is garbled, cut off, or of no known format; or the preview or plan itself failed.
    """
    return read_with_objects(data, where)[0]


def read_with_objects(data: bytes, where: str) -> tuple[ChangeSet, Sequence[Mapping[str, Any]]]:
    """The change set in a document, and the JSON objects that it consists of, for whoever reads more in them.

    Args:
        data: the whole document.
        where: its name in error messages.

    Raises:
        Problems: as of `read`.
    """
    text = _text(data, where)
    if not text.strip():
        raise _refused("nothing", ALLOWED, _FAILED, where)
    try:
        whole = parse(text)
    except InvalidJsonError as error:
        raise _refused(str(error), ALLOWED, _FAILED, where) from error
    except ValueError:
        events = _lines(text, where)
        return pulumi_steps.from_events(events, where), [each for _, each in events]
    return _whole(whole, where), [whole]


def digest(data: bytes, where: str) -> Mapping[str, Any]:
    """The JSON of `pulumi preview --json --show-sames`, which contains unchanged resources too.

    Raises:
        Problems: the document has another format.
    """
    try:
        whole = parse(_text(data, where))
    except ValueError:
        whole = None
    if isinstance(whole, Mapping) and pulumi_steps.is_digest(whole):
        if problems := list(pulumi_steps.unnamed_states(whole)):
            raise Problems(problems, where)
        return whole
    raise _refused("another document", "what pulumi preview --json --show-sames prints, for --policy", HOW, where)


def _text(data: bytes, where: str) -> str:
    """The data as text; shells on Windows write UTF-16 with a byte order mark."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        got = f"a byte that is not {encoding} at position {error.start}"
        fix = "if it is a Terraform plan file, pass the output of terraform show -json instead"
        raise _refused(got, ALLOWED, fix, where) from error


def _whole(value: Any, where: str) -> ChangeSet:
    if not isinstance(value, Mapping):
        raise _refused(shown(value), ALLOWED, HOW, where)
    if pulumi_steps.is_event(value):
        return pulumi_steps.from_events([(1, value)], where)
    if pulumi_steps.is_digest(value):
        return pulumi_steps.from_digest(value, where)
    if terraform_plan.is_plan(value):
        return terraform_plan.read(value, where)
    raise _refused(*_mistaken(value), where)


def _mistaken(value: Mapping[str, Any]) -> tuple[str, str, str]:
    """Got, allowed and fix for a document of no known format, guessing what it is."""
    if {"format_version", "terraform_version"} & value.keys():
        fix = "terraform plan -out=planned, then terraform show -json planned"
        return "Terraform's JSON of a state, not of a plan", ALLOWED, fix
    if "deployment" in value or "checkpoint" in value:
        return "Pulumi's state", ALLOWED, "pulumi preview --json"
    return f"an object with {shown(sorted(value)) if value else 'nothing in it'}", ALLOWED, HOW


def _lines(text: str, where: str) -> list[tuple[int, Mapping[str, Any]]]:
    """JSON lines, each with its number. A JSON document that is cut off ends up here too."""
    events: list[tuple[int, Mapping[str, Any]]] = []
    problems: list[Problem] = []
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if not line.strip():
            continue
        try:
            found = parse(line)
        except ValueError as error:
            found = error
        if isinstance(found, Mapping):
            events.append((number, found))
        else:
            got = str(found) if isinstance(found, InvalidJsonError) else shown(line)
            problems.append(Problem(f"line {number}", got, "a JSON object", "write the document again"))
    if any(pulumi_steps.is_event(each) for _, each in events):
        if problems:
            raise Problems(problems, where)
        return events
    raise _unreadable(text, [each for _, each in events], where)


def _unreadable(text: str, objects: Sequence[Mapping[str, Any]], where: str) -> Problems:
    if any("@level" in each for each in objects):
        fix = "terraform plan -out=planned, then terraform show -json planned"
        return _refused("the log of terraform plan -json", ALLOWED, fix, where)
    first = next(line for line in _LINE_END.split(text) if line.strip())
    if first.startswith("{"):
        return _refused("JSON that is garbled or cut off", ALLOWED, "write the whole document again", where)
    return _refused(f"no JSON; it begins with {shown(first)}", ALLOWED, _FAILED, where)


def _refused(got: str, allowed: str, fix: str, where: str) -> Problems:
    return Problems([Problem("the document", got, allowed, fix)], where)
