"""How often a schedule runs, as AWS Backup and Data Lifecycle Manager write it, and whether it runs less often."""

import re
from typing import Any

from haven.gate.safeguards.comparisons import number

_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_YEAR_IN_DAYS, _WEEK, _MONTHS = 365.25, 7, 12
_MONTH_IN_DAYS = _YEAR_IN_DAYS / _MONTHS
_ANY = ("*", "?")
_EACH = re.compile(r"(?P<from>\*|\w+)(?:-(?P<to>\w+))?(?:/(?P<step>\d+))?")
_WORDS = {
    name: str(place)
    for names in ("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", "SUN MON TUE WED THU FRI SAT")
    for place, name in enumerate(names.split(), start=1)
}


def rarer(before: Any, after: Any) -> bool:
    """A schedule runs less often; one that isn't readable isn't compared."""
    old, new = runs_a_year(before), runs_a_year(after)
    return old is not None and new is not None and new < old * 0.99


def longer_apart(before: Any, after: Any) -> bool:
    """An interval gets longer."""
    old, new = number(before), number(after)
    return old is not None and new is not None and new > old


def runs_a_year(expression: Any) -> float | None:
    """How often a schedule runs in a year; None for anything else.

    Args:
        expression: `rate(12 hours)`, or `cron(minutes hours day-of-month month day-of-week year)` (AWS Backup Developer
            Guide, Creating a backup plan; read 2026-11-26).
    """
    text = expression.strip() if isinstance(expression, str) else ""
    if rate := re.fullmatch(r"rate\(\s*([1-9]\d*)\s+(minute|hour|day)s?\s*\)", text):
        return _YEAR_IN_DAYS * _MINUTES["day"] / (int(rate[1]) * _MINUTES[rate[2]])
    cron = re.fullmatch(r"cron\((.*)\)", text)
    fields = cron[1].upper().split() if cron else []
    if len(fields) != len(("minutes", "hours", "day of month", "month", "day of week", "year")):
        return None
    minutes, hours, of_month, months, of_week = fields[:5]
    days = _days(of_month, of_week)
    counts = (_count(minutes, 0, 59), _count(hours, 0, 23), days, _count(months, 1, _MONTHS))
    if None in counts:
        return None
    result = 1.0
    for each in counts:
        result *= each or 0.0
    return result


def _days(of_month: str, of_week: str) -> float | None:
    """Days of a month on which it runs; `L`, `15W` and `2#1` name one of them."""
    if of_week not in _ANY:
        if re.search(r"[#L]", of_week):
            return 1.0
        count = _count(of_week, 1, _WEEK)
        return None if count is None else count * _MONTH_IN_DAYS / _WEEK
    if of_month in _ANY:
        return _MONTH_IN_DAYS
    return 1.0 if re.search(r"[LW]", of_month) else _count(of_month, 1, 31)


def _count(field: str, first: int, last: int) -> float | None:
    """How many values a field of a cron expression has; None where it isn't one."""
    found: set[int] = set()
    for each in field.split(","):
        read = _EACH.fullmatch("*" if each == "?" else each)
        bounds = [_WORDS.get(name, name) for name in (read["from"], read["to"] or "")] if read else [""]
        if read is None or not all(re.fullmatch(r"\d*|\*", name) for name in bounds):
            return None
        begin = first if bounds[0] == "*" else int(bounds[0])
        open_ended = bounds[0] == "*" or (read["step"] and not bounds[1])
        end = int(bounds[1]) if bounds[1] else last if open_ended else begin
        found |= {*range(begin, min(end, last) + 1, int(read["step"] or 1) or 1)}
    return float(len(found))
