"""When backups are made, how long they are kept, and how old the newest copy can be when it is needed."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from haven_components import limits
from haven_components.choices import BackupInterval
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

MINUTES_PER_HOUR = 60
MINUTES_PER_DAY = 24 * MINUTES_PER_HOUR
LONGEST_MONTH_DAYS = 31

LEAST_ROOM_TO_COMPLETE_MINUTES = 60
"""The completion window counts from the scheduled time, the start window included (API Reference, StartBackupJob; read
2026-11-21), so it must be longer. That an hour more is room enough is an assumption."""

DEFAULT_HOUR = 3


class BackupRuleArgs(TypedDict):
    name: str
    """Name of the rule within the plan, at most 50 letters, digits, hyphens, dots and underscores."""
    interval: BackupInterval
    """How often a backup is made. Hourly is the most that AWS Backup does."""
    every_hours: NotRequired[int]
    """For an hourly rule: hours from one backup to the next, one of 1, 2, 3, 4, 6, 8, 12. Omitted: 1."""
    start_hour: NotRequired[int]
    """For a daily or monthly rule: the hour, UTC, at which its start window opens, 0 to 23; a monthly one runs on the
    first day of the month. Omitted: 3."""
    start_window_minutes: int
    """Minutes within which AWS Backup starts the job, at least 60. They count in the recovery point objective."""
    completion_window_minutes: int
    """Minutes after the scheduled time within which the job is done, else it is given up; at least 60 more than the
    start window."""
    retention_days: int
    """Days for which the backup is kept in the primary vault, within the limits of the vault's lock."""
    copy_retention_days: int
    """Days for which the copy is kept in the recovery vault, within the same limits."""


def rpo_minutes(*, interval: int, start_window: int, job: int, copy: int) -> int:
    """The oldest that the newest copy in the other Region can be: a loss just before the next one arrives there.

    Args:
        interval: minutes from one backup to the next.
        start_window: minutes within which the job starts.
        job: minutes that the job takes: an assumption.
        copy: minutes that the copy to the other Region takes: an assumption.
    """
    return interval + start_window + job + copy


def interval_minutes(rule: BackupRuleArgs) -> int:
    """The longest time between two backups of a rule: of a monthly one, 31 days."""
    if rule["interval"] == BackupInterval.HOURLY:
        return int(rule.get("every_hours", 1)) * MINUTES_PER_HOUR
    return MINUTES_PER_DAY * (1 if rule["interval"] == BackupInterval.DAILY else LONGEST_MONTH_DAYS)


def most_frequent(rules: Sequence[BackupRuleArgs]) -> BackupRuleArgs:
    """The rule that gives the best recovery point."""
    return min(rules, key=lambda each: interval_minutes(each) + each["start_window_minutes"])


def schedule(rule: BackupRuleArgs) -> str:
    """The rule's schedule as AWS Backup writes it, in UTC."""
    hour = int(rule.get("start_hour", DEFAULT_HOUR))
    if rule["interval"] == BackupInterval.HOURLY:
        step = int(rule.get("every_hours", 1))
        return "cron(0 * * * ? *)" if step == 1 else f"cron(0 0/{step} * * ? *)"
    return f"cron(0 {hour} * * ? *)" if rule["interval"] == BackupInterval.DAILY else f"cron(0 {hour} 1 * ? *)"


def require_rules(checks: Checks, rules: Sequence[BackupRuleArgs], least_days: int, most_days: int) -> None:
    """There are rules, with names of their own, that AWS Backup and the vault's lock accept."""
    names = [each["name"] for each in rules]
    checks.require(
        0 < len(names) == len(set(names)),
        "rules",
        got=names,
        allowed="one rule or more, each with a name of its own",
        fix="give a rule, and each name once",
    )
    for index, rule in enumerate(rules):
        path = f"rules[{index}]"
        _require_name(checks, path, rule["name"])
        _require_times(checks, path, rule)
        _require_windows(checks, path, rule)
        for kept in ("retention_days", "copy_retention_days"):
            days = rule["retention_days"] if kept == "retention_days" else rule["copy_retention_days"]
            checks.require(
                least_days <= days <= most_days,
                f"{path}.{kept}",
                got=days,
                allowed=f"{least_days} to {most_days}: the lock of the vaults refuses any other backup",
                fix="change the retention, min_retention_days or max_retention_days",
            )


def _require_name(checks: Checks, path: str, name: str) -> None:
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    checks.require(
        plain.isascii() and plain.isalnum() and len(name) <= limits.BACKUP_RULE_NAME_CHARACTERS,
        f"{path}.name",
        got=name,
        allowed=f"at most {limits.BACKUP_RULE_NAME_CHARACTERS} letters, digits, hyphens, dots and underscores",
        fix="choose another name",
    )


def _require_times(checks: Checks, path: str, rule: BackupRuleArgs) -> None:
    _checks.require_choice(checks, f"{path}.interval", rule["interval"], BackupInterval)
    hourly = rule["interval"] == BackupInterval.HOURLY
    hours, at = rule.get("every_hours"), rule.get("start_hour")
    checks.require(
        hours is None or (hourly and hours in limits.BACKUP_HOUR_STEPS),
        f"{path}.every_hours",
        got=hours,
        allowed=f"one of {', '.join(str(each) for each in limits.BACKUP_HOUR_STEPS)}, for an hourly rule",
        fix="leave it out, or make the rule hourly",
    )
    checks.require(
        at is None or (not hourly and at in range(24)),
        f"{path}.start_hour",
        got=at,
        allowed="0 to 23, for a daily or monthly rule",
        fix="leave it out, or make the rule daily or monthly",
    )


def _require_windows(checks: Checks, path: str, rule: BackupRuleArgs) -> None:
    start, completion = rule["start_window_minutes"], rule["completion_window_minutes"]
    checks.require(
        start >= limits.BACKUP_START_WINDOW_MINUTES,
        f"{path}.start_window_minutes",
        got=start,
        allowed=f"{limits.BACKUP_START_WINDOW_MINUTES} or more",
        fix=f"give {limits.BACKUP_START_WINDOW_MINUTES} for the best recovery point objective",
    )
    checks.require(
        completion >= start + LEAST_ROOM_TO_COMPLETE_MINUTES,
        f"{path}.completion_window_minutes",
        got=completion,
        allowed=f"at least {start + LEAST_ROOM_TO_COMPLETE_MINUTES}: the start window and "
        f"{LEAST_ROOM_TO_COMPLETE_MINUTES} minutes",
        fix="give the job more time",
    )


def best_rpo_minutes(rules: Sequence[BackupRuleArgs], *, job: int, copy: int) -> int:
    """What the most frequent rule gives."""
    best = most_frequent(rules)
    window = int(best["start_window_minutes"])
    return rpo_minutes(interval=interval_minutes(best), start_window=window, job=job, copy=copy)


def require_rpo(
    checks: Checks, objective: float | None, rules: Sequence[BackupRuleArgs], *, job: int, copy: int
) -> None:
    """The objective isn't shorter than what the most frequent rule gives; the message has the sum."""
    if objective is None or not rules:
        return
    best = most_frequent(rules)
    given = best_rpo_minutes(rules, job=job, copy=copy)
    parts = f"interval {interval_minutes(best)} + start window {best['start_window_minutes']} + job {job} + copy {copy}"
    checks.require(
        given <= objective,
        "rpo_minutes",
        got=objective,
        allowed=f"{given} or more: the rule {best['name']!r} gives {parts} = {given} minutes",
        fix="back up more often, shorten the start window, or let a store replicate itself instead of restoring it",
    )
