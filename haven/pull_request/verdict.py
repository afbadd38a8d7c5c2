"""Reads the JSON of the policies' verdict on a stack."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

SOON = timedelta(days=30)
"""The time before its end from which a waiver is reported."""


@dataclass(frozen=True)
class ReportedViolation:
    """One violation of a rule."""

    rule: str
    level: str
    """`mandatory` or `advisory`."""
    severity: str
    resource: str
    path: str
    got: str
    allowed: str
    fix: str
    page: str


@dataclass(frozen=True)
class ReportedWaiver:
    """A violation that the stack file waives until a day."""

    rule: str
    resource: str
    until: date | None
    reason: str


@dataclass(frozen=True)
class PolicyResult:
    """Counts, violations and waivers of one stack."""

    mandatory: int = 0
    advisory: int = 0
    waived: int = 0
    violations: Sequence[ReportedViolation] = ()
    waivers: Sequence[ReportedWaiver] = ()

    def ending(self, today: date) -> list[ReportedWaiver]:
        """The waivers that end within `SOON`."""
        return [each for each in self.waivers if each.until is not None and each.until - today <= SOON]


def read_verdict(policy: Mapping[str, Any]) -> PolicyResult:
    """The verdict under the key `policy` of a plan's JSON."""
    counts = policy["counts"]
    return PolicyResult(
        mandatory=int(counts["mandatory"]),
        advisory=int(counts["advisory"]),
        waived=int(counts["waived"]),
        violations=[_violation(each) for each in policy["violations"]],
        waivers=[_waiver(each) for each in policy["waived"]],
    )


def _violation(data: Mapping[str, Any]) -> ReportedViolation:
    words = ("rule", "level", "severity", "resource", "path", "got", "allowed", "fix", "page")
    return ReportedViolation(**{each: _text(data.get(each)) for each in words})


def _waiver(data: Mapping[str, Any]) -> ReportedWaiver:
    inner = data.get("waiver")
    waiver: Mapping[str, Any] = inner if isinstance(inner, Mapping) else data
    day = _text(waiver.get("until"))
    try:
        until = date.fromisoformat(day)
    except ValueError:
        until = None
    return ReportedWaiver(_text(data.get("rule")), _text(data.get("resource")), until, _text(waiver.get("reason")))


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
