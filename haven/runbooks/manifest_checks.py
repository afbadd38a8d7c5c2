"""What must hold in a recovery manifest beyond the form of each value, and which of its keys nobody here reads."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from haven.base import strict_json
from haven.base.problems import Problem, choices, shown
from haven.base.strict_json import InvalidJsonError
from haven.model.tiers import Tier

_MOST_SHOWN = 5


def document(text: str) -> dict[str, Any]:
    """The JSON object that a manifest is.

    Args:
        text: all of it.

    Raises:
        InvalidJsonError: it is none; the message is the reason and the place, and shows nothing of what is there.
    """
    if not text.strip():
        raise InvalidJsonError("nothing")
    try:
        found = strict_json.parse(text)
    except json.JSONDecodeError as error:
        is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        cut = ", and the text ends there: it is cut" if is_cut else ""
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidJsonError(f"no JSON from {place} on ({error.msg.removesuffix(' starting at')}){cut}") from error
    if not isinstance(found, dict):
        raise InvalidJsonError("JSON, but no object")
    return found


def text_of(data: bytes) -> str:
    """The text of a file with JSON, in UTF-8, UTF-16 or UTF-32, with a byte order mark or without.

    Windows PowerShell's `>` writes UTF-16 with one.

    Raises:
        UnicodeError: it is in none of these, or ends within a character.
    """
    return data.decode(json.detect_encoding(data))


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


def content_problems(
    both: tuple[str, str],
    sides: Collection[str],
    tables: Collection[str] | None,
    objectives: Mapping[str, float | None],
    *,
    tier: str,
    fix: str,
) -> Iterator[Problem]:
    """What no deployment writes, though each value alone could be right.

    Args:
        both: primary and recovery Region.
        sides: Regions that it describes.
        tables: Regions of the operations tables. None: the environment was deployed without.
        objectives: key -> minutes. None: the business asks for none.
        tier: the environment's.
        fix: what to do with such a manifest.
    """
    primary, recovery = both
    if tier not in list(Tier):
        yield Problem("tier", shown(tier), choices(Tier), other_version(fix))
    if primary == recovery:
        yield Problem("regions.recovery", shown(recovery), "another Region than regions.primary", fix)
    else:
        if set(sides) != {primary, recovery}:
            yield Problem("sides", choices(sorted(sides)), f"both Regions: {choices(both)}", fix)
        if tables is not None and not {primary, recovery} <= set(tables):
            allowed = f"both Regions, {choices(both)}, and at most a third one"
            yield Problem("operations.tables", choices(sorted(tables)) or "none", allowed, fix)
    for name, minutes in objectives.items():
        if minutes is not None and not minutes > 0:
            yield Problem(f"objectives.{name}", shown(minutes), "minutes above 0, or no such key", fix)


def other_version(fix: str) -> str:
    """What to do with a manifest that is right for another version of this tool.

    Args:
        fix: what else there is to do with it.
    """
    return f"use the version of haven that deployed the environment, or {fix}"


def newer(manifest: BaseModel) -> Iterator[str]:
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
