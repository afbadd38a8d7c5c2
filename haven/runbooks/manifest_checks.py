"""What must hold in a recovery manifest beyond the form of each value, and which of its keys nobody here reads."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from haven.base.problems import Problem, choices, shown

if TYPE_CHECKING:
    from haven.runbooks.manifest import RecoveryManifest

_MOST_SHOWN = 5


def form_problems(error: ValidationError, fix: str) -> list[Problem]:
    """What is missing, as one problem, and each value of another form; the fix once.

    Args:
        error: what pydantic found.
        fix: what to do with such a manifest.
    """
    errors = error.errors(include_url=False)
    missing = [_place(each["loc"]) for each in errors if each["type"] == "missing"]
    found = [Problem("the manifest", f"nothing for {', '.join(missing)}", "a value for each", fix)] if missing else []
    found += [
        Problem(_place(each["loc"]), shown(each["input"]), each["msg"], "the same" if found or place else fix)
        for place, each in enumerate(each for each in errors if each["type"] != "missing")
    ]
    return found


def _place(steps: Sequence[int | str]) -> str:
    return ".".join(map(str, steps)) or "the manifest"


def content_problems(manifest: "RecoveryManifest", fix: str) -> Iterator[Problem]:
    """What no deployment writes, though each value alone could be right.

    Args:
        manifest: as it was read.
        fix: what to do with such a manifest.
    """
    primary, recovery = manifest.both
    if primary == recovery:
        yield Problem("regions.recovery", shown(recovery), "another Region than regions.primary", fix)
    else:
        if manifest.sides.keys() != {primary, recovery}:
            yield Problem("sides", choices(sorted(manifest.sides)), f"both Regions: {choices(manifest.both)}", fix)
        tables = manifest.operations.tables if manifest.operations is not None else None
        if tables is not None and not {primary, recovery} <= tables.keys():
            allowed = f"both Regions, {choices(manifest.both)}, and at most a third one"
            yield Problem("operations.tables", choices(sorted(tables)) or "none", allowed, fix)
    objectives = manifest.objectives
    for name, minutes in {"rtoMinutes": objectives.rto_minutes, "rpoMinutes": objectives.rpo_minutes}.items():
        if minutes is not None and not minutes > 0:
            yield Problem(f"objectives.{name}", shown(minutes), "minutes above 0, or no such key", fix)


def newer(manifest: "RecoveryManifest") -> Iterator[str]:
    """One sentence, where it has keys that no part of this version knows; that is no fault."""
    keys = sorted(set(_unknown(manifest, "")))
    if not keys:
        return
    more = f" and {len(keys) - _MOST_SHOWN} more" if len(keys) > _MOST_SHOWN else ""
    listed = ", ".join(keys[:_MOST_SHOWN])
    yield f"written by a newer version of haven, or by hand: this one doesn't know {listed}{more}"


def _unknown(value: object, place: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        unread: frozenset[str] = getattr(type(value), "UNREAD", frozenset())
        yield from (f"{place}{each}" for each in value.model_extra or {} if each not in unread)
        for name, field in type(value).model_fields.items():
            yield from _unknown(getattr(value, name), f"{place}{field.alias or name}.")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _unknown(each, f"{place}{key}.")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from _unknown(each, place)
