"""Reading what an engine would do: which of the known documents it is, told by its content."""

import codecs
import json
from collections.abc import Mapping, Sequence
from typing import Any

from haven.base.problems import Problem, Problems, shown
from haven.gate import pulumi_steps, terraform_plan
from haven.gate.changes import Document

ALLOWED = "the JSON of pulumi preview --json, Pulumi's engine events as JSON lines, or terraform show -json of a plan"
HOW = "see docs/gate.md for the commands that write it"

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read(data: bytes, where: str) -> Document:
    """The document, recognised by its content.

    Args:
        data: the whole of it.
        where: what to call it in problems.

    Raises:
        Problems: it is garbled, cut off, or none of the known documents.
    """
    text = _text(data, where)
    if not text.strip():
        raise _refused("nothing", ALLOWED, f"the command before it may have failed; {HOW}", where)
    try:
        whole = json.loads(text)
    except ValueError:
        return _lines(text, where)
    return _whole(whole, where)


def digest(data: bytes, where: str) -> Mapping[str, Any]:
    """All of a digest that `read` takes.

    Raises:
        Problems: it is another document, which doesn't tell of every resource.
    """
    try:
        whole = json.loads(_text(data, where))
    except ValueError:
        whole = None
    if isinstance(whole, Mapping) and pulumi_steps.is_digest(whole):
        return whole
    raise _refused("another document", "what pulumi preview --json --show-sames prints, for --policy", HOW, where)


def _text(data: bytes, where: str) -> str:
    """As text: a shell of Windows writes UTF-16, with a mark."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        got = f"a byte that is no {encoding} at position {error.start}"
        fix = "a plan file of Terraform is not text: give what terraform show -json prints of it"
        raise _refused(got, ALLOWED, fix, where) from error


def _whole(value: Any, where: str) -> Document:
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
    """What was meant by a document that is none of the known ones."""
    if {"format_version", "terraform_version"} & value.keys():
        fix = "terraform plan -out=planned, then terraform show -json planned"
        return "Terraform's JSON, but of a state and not of a plan", ALLOWED, fix
    if "deployment" in value or "checkpoint" in value:
        return "Pulumi's state", ALLOWED, "pulumi preview --json"
    return f"an object with {shown(sorted(value)) if value else 'nothing in it'}", ALLOWED, HOW


def _lines(text: str, where: str) -> Document:
    """JSON lines; what was cut off in the middle ends here too."""
    events: list[tuple[int, Mapping[str, Any]]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _parsed(line)
        if isinstance(found, Mapping):
            events.append((number, found))
        else:
            problems.append(Problem(f"line {number}", shown(line), "a JSON object", "write the document anew"))
    if any(pulumi_steps.is_event(each) for _, each in events):
        if problems:
            raise Problems(problems, where)
        return pulumi_steps.from_events(events, where)
    raise _unreadable(text, [each for _, each in events], where)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _unreadable(text: str, objects: Sequence[Mapping[str, Any]], where: str) -> Problems:
    if any("@level" in each for each in objects):
        fix = "terraform plan -out=planned, then terraform show -json planned"
        return _refused("what terraform plan -json says while it plans", ALLOWED, fix, where)
    first = next(line for line in text.splitlines() if line.strip())
    if first.startswith("{"):
        return _refused("JSON that is garbled or cut off", ALLOWED, "write the document anew, to its end", where)
    return _refused(f"no JSON; it begins with {shown(first)}", ALLOWED, f"what wrote it may have failed; {HOW}", where)


def _refused(got: str, allowed: str, fix: str, where: str) -> Problems:
    return Problems([Problem("the document", got, allowed, fix)], where)
