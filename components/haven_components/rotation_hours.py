"""The hours of a cron schedule at which Secrets Manager rotates a secret."""

import re
from itertools import pairwise

from haven_components import limits

_HOURS = re.compile(r"cron\(0 (?P<hours>[0-9*/,-]+) (?P<rest>.*)\)")
_LAST_HOUR = 23
_ITEM = re.compile(r"(?P<first>\*|\d{1,2})(-(?P<last>\d{1,2}))?(/(?P<step>\d{1,2}))?")


def too_close(schedule: str) -> tuple[int, int] | None:
    """Two hours of one day that are closer than Secrets Manager takes; None where there are none.

    Only within a day: a schedule in hours begins anew at midnight (Secrets Manager User Guide, schedule expressions in
    Secrets Manager rotation; read 2026-11-27), so `*/5` leaves four hours there, and nothing says that less is refused.
    """
    hours, _ = _read(schedule)
    return next((pair for pair in pairwise(hours) if pair[1] - pair[0] < limits.LEAST_ROTATION_HOURS), None)


def apart(schedule: str) -> str:
    """The schedule nearest to one whose hours are too close."""
    hours, rest = _read(schedule)
    return f"cron(0 {hours[0] or '*'}/{limits.LEAST_ROTATION_HOURS} {rest})" if hours else "rate(30 days)"


def _read(schedule: str) -> tuple[list[int], str]:
    """The hours of a cron schedule in their order, and what follows them; none of any other schedule."""
    found = _HOURS.fullmatch(schedule)
    if found is None:
        return [], ""
    return sorted({hour for item in found["hours"].split(",") for hour in _hours(item)}), found["rest"]


def _hours(item: str) -> range:
    """What one item of a list of hours means: an hour, a range, or every so many hours from one on."""
    found = _ITEM.fullmatch(item)
    if found is None:
        return range(0)
    first = 0 if found["first"] == "*" else int(found["first"])
    ends = found["step"] is None and found["first"] != "*"
    last = int(found["last"] or (first if ends else _LAST_HOUR))
    return range(first, last + 1, max(1, int(found["step"] or 1)))
