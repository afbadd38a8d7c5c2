"""Reads Pulumi's previews: the digest of `pulumi preview --json`, and engine events as JSON lines.

The formats are those of pkg/display/json.go and sdk/go/common/apitype/events.go in pulumi/pulumi, read 2026-11-21.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from haven.base.problems import Problem, Problems, choices, one_line, shown
from haven.gate.changes import ChangeSet, Engine
from haven.gate.pulumi_changes import NOTHING, OPERATIONS, Step, changes
from haven.gate.shapes import REWRITE, EachOf, Shape, misshapen

_DIGEST = {"changeSummary", "diagnostics", "steps"}
_PREVIEW = "pulumi preview --json"
_EVENTS = "Pulumi's engine events"
_SUMMARY_ERRORS = ("preview failed", "error: preview failed")
"""The engine writes one of these after every error. Alone, it means that a policy pack refused a complete preview."""
_LONGEST = 400

_STATE: Shape = {
    "custom": bool,
    "id": str,
    "inputs": dict,
    "outputs": dict,
    "protect": bool,
    "provider": str,
    "retainOnDelete": bool,
    "type": str,
    "urn": str,
    "parent": str,
    "dependencies": [str],
    "propertyDependencies": dict,
}
_STEP: Shape = {
    "op": object,
    "urn": object,
    "detailedDiff": EachOf({"kind": str, "diffKind": str}),
    **{name: [str] for name in ("diffReasons", "diffs", "replaceReasons", "keys")},
    **dict.fromkeys(("oldState", "newState", "old", "new"), _STATE),
}
_DIAGNOSTIC: Shape = {"severity": str, "message": str}
_DIGEST_SHAPE: Shape = {
    "changeSummary": EachOf(object),
    "config": EachOf(object),
    "diagnostics": [_DIAGNOSTIC],
    "steps": [_STEP],
}
_EVENT: Shape = {
    "diagnosticEvent": _DIAGNOSTIC,
    "policyEvent": {"enforcementLevel": str},
    "resourcePreEvent": {"metadata": _STEP},
    "summaryEvent": {"isPreview": bool, "result": str},
}
"""What is read of a preview; other keys may be anything."""


def is_digest(value: Mapping[str, Any]) -> bool:
    """Whether the document is the output of `pulumi preview --json`."""
    return bool(_DIGEST & value.keys())


def is_event(value: Mapping[str, Any]) -> bool:
    """Whether the document is one engine event."""
    return "sequence" in value and "timestamp" in value


def misshapen_digest(value: Mapping[str, Any]) -> Iterator[Problem]:
    """Every part of a digest that is read and has another type than the engine writes."""
    return misshapen("", value, _DIGEST_SHAPE)


def unnamed_states(value: Mapping[str, Any]) -> Iterator[Problem]:
    """Every part of a digest that has another type than the engine writes, and states without their URN or type."""
    found = list(misshapen_digest(value))
    yield from found
    for place, step in enumerate(() if found else value.get("steps") or ()):
        state = step.get("newState")
        for name in ("urn", "type") if state is not None else ():
            if state.get(name) is None:
                yield Problem(f"steps[{place}].newState.{name}", "nothing", "text", REWRITE)


def from_digest(value: Mapping[str, Any], where: str) -> ChangeSet:
    """The change set in a preview's digest.

    Raises:
        Problems: the preview failed, or the digest is garbled.
    """
    if problems := list(misshapen_digest(value)):
        raise Problems(problems, where)
    problems = _failures(value.get("diagnostics") or ())
    steps = value.get("steps")
    if not isinstance(steps, list):
        problems.append(Problem("steps", shown(steps), "a list, with the stack itself at least", REWRITE))
        raise Problems(problems, where)
    if "changeSummary" not in value and not problems:
        problems.append(Problem("changeSummary", "nothing", "how many changes there are of each kind", REWRITE))
    raw = [(f"steps[{place}]", each) for place, each in enumerate(steps)]
    return _document(raw, ("oldState", "newState"), _PREVIEW, problems, where)


def from_events(events: Sequence[tuple[int, Mapping[str, Any]]], where: str) -> ChangeSet:
    """The change set in the engine events of one preview.

    Args:
        events: each with its line number.
        where: the document's name in error messages.

    Raises:
        Problems: the preview failed, or the log is garbled, cut off, or not that of exactly one preview.
    """
    if shapes := [each for number, one in events for each in misshapen(f"line {number}", one, _EVENT)]:
        raise Problems(shapes, where)
    problems = [*_strangers(events), *_ending(events)]
    problems += _failures([each["diagnosticEvent"] for _, each in events if "diagnosticEvent" in each])
    raw = [
        (f"line {number}", _inner(each["resourcePreEvent"], "metadata"))
        for number, each in events
        if "resourcePreEvent" in each
    ]
    return _document(raw, ("old", "new"), _EVENTS, problems, where)


def _strangers(events: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    for number, each in events:
        if not is_event(each):
            yield Problem(f"line {number}", shown(sorted(each)), "an engine event, with its sequence", REWRITE)


def _ending(events: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """Problems with the summary event, which ends the log of a preview."""
    found = [_inner(each["summaryEvent"]) for _, each in events if "summaryEvent" in each]
    if len(found) != 1:
        fix = f"{REWRITE}, to its end" if not found else "pass the log of one preview only"
        yield Problem("summaryEvent", f"{len(found)} of them", "one, at the end of the preview", fix)
    for summary in found:
        if summary.get("isPreview") is False:
            yield Problem("summaryEvent.isPreview", "false", "true", "pass the log of a preview, not of an update")
        if summary.get("result", "succeeded") != "succeeded" and not _refused_by_policies(events):
            fix = "fix the error that made the preview fail, then preview again"
            yield Problem("summaryEvent.result", shown(summary["result"]), choices(["succeeded"]), fix)


def _refused_by_policies(events: Sequence[tuple[int, Mapping[str, Any]]]) -> bool:
    """Whether a policy pack refused the preview, which the engine completes all the same."""
    return any(_inner(each.get("policyEvent")).get("enforcementLevel") == "mandatory" for _, each in events)


def _inner(value: Any, *path: str) -> Any:
    """The object at `path`, or an empty one; `_wrong` then reports the missing keys."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _failures(diagnostics: Any) -> list[Problem]:
    """The errors among the engine's diagnostics."""
    errors = [each for each in diagnostics if isinstance(each, Mapping) and each.get("severity") == "error"]
    messages = [one_line(str(each.get("message", ""))) for each in errors]
    causes = [each for each in messages if each not in _SUMMARY_ERRORS]
    return [_failure(each.removeprefix("error: ").removeprefix("Preview failed: ")) for each in causes]


def _failure(message: str) -> Problem:
    fix = "fix this error, then preview again"
    if "because it is protected" in message or "marked for protection" in message:
        message = message.split(" To unprotect ", maxsplit=1)[0].rstrip(".")
        fix = "restore its declaration; to remove it on purpose, unprotect it first (docs/moving-tiers.md, Down)"
    short = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
    return Problem("the preview", f"an error: {short}", "a preview that succeeds", fix)


def _document(
    raw: Iterable[tuple[str, Any]], sides: tuple[str, str], source: str, problems: list[Problem], where: str
) -> ChangeSet:
    steps = []
    for place, each in raw:
        wrong = list(_wrong(place, each, sides))
        problems += wrong
        if not wrong:
            steps.append(_step(each, sides))
    if problems:
        raise Problems(problems, where)
    return ChangeSet(Engine.PULUMI, source, changes(steps))


def _wrong(place: str, step: Any, sides: tuple[str, str]) -> Iterator[Problem]:
    """Problems with a step: required keys that are missing or wrong."""
    if not isinstance(step, Mapping):
        yield Problem(place, shown(step), "a step, with op and urn", REWRITE)
        return
    operation, urn = step.get("op"), step.get("urn")
    if not (isinstance(urn, str) and len(urn.split("::", 3)) == 4):
        yield Problem(f"{place}.urn", shown(urn), "a URN of four parts", REWRITE)
    if not isinstance(operation, str) or operation not in OPERATIONS:
        fix = "a newer Pulumi CLI may have written it: use a newer haven" if operation else REWRITE
        yield Problem(f"{place}.op", shown(operation), choices(sorted(OPERATIONS)), fix)
        return
    for side, needed in zip(sides, OPERATIONS[operation].needs, strict=True):
        if needed and not isinstance(step.get(side), Mapping):
            yield Problem(
                f"{place}.{side}",
                shown(step.get(side)),
                f"the state of the resource, because its op is {operation}",
                REWRITE,
            )


def _step(raw: Mapping[str, Any], sides: tuple[str, str]) -> Step:
    detailed = raw.get("detailedDiff") or {}
    kinds = {path: str(each.get("kind") or each.get("diffKind") or "") for path, each in detailed.items()}
    old, new = (raw.get(side) or NOTHING for side in sides)
    plain = raw.get("diffReasons") or raw.get("diffs") or ()
    replacing = raw.get("replaceReasons") or raw.get("keys") or ()
    return Step(raw["op"], raw["urn"], old, new, kinds, tuple(plain), tuple(replacing))
