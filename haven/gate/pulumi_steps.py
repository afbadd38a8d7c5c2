"""What Pulumi's engine would do: the digest of `pulumi preview --json`, and engine events as JSON lines.

The formats are those of pkg/display/json.go and sdk/go/common/apitype/events.go in pulumi/pulumi, read 2026-11-21.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from haven.base.problems import Problem, Problems, choices, one_line, shown
from haven.gate.changes import Document, Engine
from haven.gate.pulumi_changes import NOTHING, OPERATIONS, Step, changes

_DIGEST = {"changeSummary", "diagnostics", "steps"}
_PREVIEW = "pulumi preview --json"
_EVENTS = "Pulumi's engine events"
_AGAIN = "write the document anew"
_MERELY = ("preview failed", "error: preview failed")
"""What the engine says after each error. All by itself it means that policies refuse: the preview is whole then."""
_LONGEST = 400


def is_digest(value: Mapping[str, Any]) -> bool:
    """Whether it looks like what `pulumi preview --json` prints."""
    return bool(_DIGEST & value.keys())


def is_event(value: Mapping[str, Any]) -> bool:
    """Whether it is one engine event."""
    return "sequence" in value and "timestamp" in value


def from_digest(value: Mapping[str, Any], where: str) -> Document:
    """What the digest of a preview says.

    Raises:
        Problems: the preview failed, or the digest is garbled.
    """
    problems = _failures(value.get("diagnostics") or ())
    steps = value.get("steps")
    if not isinstance(steps, list):
        problems.append(Problem("steps", shown(steps), "a list, with the stack itself at least", _AGAIN))
        raise Problems(problems, where)
    if "changeSummary" not in value and not problems:
        problems.append(Problem("changeSummary", "nothing", "how many changes there are of each kind", _AGAIN))
    raw = [(f"steps[{place}]", each) for place, each in enumerate(steps)]
    return _document(raw, ("oldState", "newState"), _PREVIEW, problems, where)


def from_events(events: Sequence[tuple[int, Mapping[str, Any]]], where: str) -> Document:
    """What the engine events of one preview say.

    Args:
        events: each with the number of its line.
        where: what to call the document in problems.

    Raises:
        Problems: the preview failed, or the log is garbled, cut off, or not that of one preview.
    """
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
            yield Problem(f"line {number}", shown(sorted(each)), "an engine event, with its sequence", _AGAIN)


def _ending(events: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """What the summary, which comes last, says against the log."""
    found = [_inner(each["summaryEvent"]) for _, each in events if "summaryEvent" in each]
    if len(found) != 1:
        fix = f"{_AGAIN}, to its end" if not found else "give the log of one preview alone"
        yield Problem("summaryEvent", f"{len(found)} of them", "one, when the preview is through", fix)
    for summary in found:
        if summary.get("isPreview") is False:
            yield Problem("summaryEvent.isPreview", "false", "true", "give the log of a preview, not of an update")
        if summary.get("result", "succeeded") != "succeeded" and not _refused_by_policies(events):
            fix = "mend what made the preview fail; nothing is judged before"
            yield Problem("summaryEvent.result", shown(summary["result"]), choices(["succeeded"]), fix)


def _refused_by_policies(events: Sequence[tuple[int, Mapping[str, Any]]]) -> bool:
    """Whether a policy pack has refused; the engine goes on to the end of the preview all the same."""
    return any(_inner(each.get("policyEvent")).get("enforcementLevel") == "mandatory" for _, each in events)


def _inner(value: Any, *path: str) -> Any:
    """What lies at `path`; an empty object where nothing does, so that it is found wanting in one place."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _failures(diagnostics: Any) -> list[Problem]:
    """The errors that the engine has told."""
    errors = [each for each in diagnostics if isinstance(each, Mapping) and each.get("severity") == "error"]
    messages = [one_line(str(each.get("message", ""))) for each in errors]
    told = [each for each in messages if each not in _MERELY]
    return [_failure(each.removeprefix("error: ").removeprefix("Preview failed: ")) for each in told]


def _failure(message: str) -> Problem:
    fix = "mend it and preview again; nothing is judged before"
    if "because it is protected" in message or "marked for protection" in message:
        message = message.split(" To unprotect ", maxsplit=1)[0].rstrip(".")
        fix = "put it back; if it is meant to go, let go of it by name first (docs/moving-tiers.md, Down)"
    short = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
    return Problem("the preview", f"an error: {short}", "a preview that succeeds", fix)


def _document(
    raw: Iterable[tuple[str, Any]], sides: tuple[str, str], form: str, problems: list[Problem], where: str
) -> Document:
    steps = []
    for place, each in raw:
        wrong = list(_wrong(place, each, sides))
        problems += wrong
        if not wrong:
            steps.append(_step(each, sides))
    if problems:
        raise Problems(problems, where)
    return Document(Engine.PULUMI, form, changes(steps))


def _wrong(place: str, step: Any, sides: tuple[str, str]) -> Iterator[Problem]:
    """What one needs to know of a step, and isn't there."""
    if not isinstance(step, Mapping):
        yield Problem(place, shown(step), "a step, with op and urn", _AGAIN)
        return
    operation, urn = step.get("op"), step.get("urn")
    if not (isinstance(urn, str) and len(urn.split("::", 3)) == 4):
        yield Problem(f"{place}.urn", shown(urn), "a URN of four parts", _AGAIN)
    if not isinstance(operation, str) or operation not in OPERATIONS:
        fix = "a newer Pulumi may have written it; look what it does" if operation else _AGAIN
        yield Problem(f"{place}.op", shown(operation), choices(sorted(OPERATIONS)), fix)
        return
    for side, needed in zip(sides, OPERATIONS[operation].needs, strict=True):
        if needed and not isinstance(step.get(side), Mapping):
            yield Problem(f"{place}.{side}", shown(step.get(side)), f"the state, for it is to {operation}", _AGAIN)


def _step(raw: Mapping[str, Any], sides: tuple[str, str]) -> Step:
    detailed = raw.get("detailedDiff") or {}
    kinds = {path: str(each.get("kind") or each.get("diffKind") or "") for path, each in detailed.items()}
    old, new = (raw.get(side) or NOTHING for side in sides)
    plain = raw.get("diffReasons") or raw.get("diffs") or ()
    replacing = raw.get("replaceReasons") or raw.get("keys") or ()
    return Step(raw["op"], raw["urn"], old, new, kinds, tuple(plain), tuple(replacing))
