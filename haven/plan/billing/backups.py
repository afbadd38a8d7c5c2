"""What AWS Backup costs: the copies that leave a Region, and what both vaults keep."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.model.cost import SHARED, Item
from haven.model.prices import HOURS_A_MONTH
from haven.program import aws_types as aws
from haven.program.queries import is_of_runbooks, of_type
from haven.program.recording import Recording, Resource

_DAYS_A_MONTH = HOURS_A_MONTH / 24
_HOURS_A_DAY = 24.0
_BACKUP_VAULT_ARN = re.compile(r"arn:[^:]*:backup:(?P<region>[^:]*):")
KEPT = frozenset({"aurora-snapshot", "table-snapshot"})
"""What vaults keep, GB and month: it stays where it is when the active Region moves."""


@dataclass(frozen=True)
class _Store:
    """Stores of a Region that a plan backs up."""

    size: str
    """Name of their size in `USAGE`."""
    kept: str
    """Name of a kept backup in the price book."""
    count: int
    free_days: float
    """For how long a backup costs nothing in its own Region."""


def backup_items(recording: Recording, chosen: Mapping[str, float], stated: Mapping[str, float]) -> Iterator[Item]:
    """Transfer and kept backups of each rule of each backup plan. Every backup of a database or a table is taken to be
    full, as every copy into another Region is (AWS Backup Developer Guide, feature availability by resource; read
    2026-11-26).

    Args:
        recording: what is declared.
        chosen: use, with its defaults.
        stated: use, as the stack file has it.
    """
    for plan in of_type(recording.real(), aws.BACKUP_PLAN):
        for store in _stores(recording, plan):
            for rule in plan.inputs["rules"]:
                for what, quantity, region, to in _of_rule(plan, rule, store, recording):
                    used, by_default = quantity * chosen[store.size], store.size not in stated
                    component = f"{plan.component or 'the stack itself'}, rule {rule['ruleName']}"
                    yield Item(what, used, region, component, SHARED, by_default, to=to)


def _stores(recording: Recording, plan: Resource) -> Iterator[_Store]:
    """The database and the tables in a plan's Region; those of the runbooks are in none."""
    there = [each for each in recording.real() if each.region == plan.region]
    clusters = of_type(there, aws.RDS_CLUSTER)
    if clusters:
        # A snapshot costs nothing while the cluster's own backups reach as far back (Amazon Aurora User Guide, backup
        # storage usage; read 2026-11-26).
        free = min(float(each.inputs.get("backupRetentionPeriod", 1)) for each in clusters)
        yield _Store("aurora-storage", "aurora-snapshot", len(clusters), free)
    tables = of_type(there, aws.DYNAMODB_TABLE, aws.DYNAMODB_TABLE_REPLICA)
    if count := sum(not is_of_runbooks(each) for each in tables):
        yield _Store("table-storage", "table-snapshot", count, 0)


def _of_rule(
    plan: Resource, rule: Mapping[str, Any], store: _Store, recording: Recording
) -> Iterator[tuple[str, float, str, str]]:
    """What is priced, how many of the store's size, in which Region, and where transfer goes."""
    runs, own = runs_a_month(str(rule["schedule"])) * store.count, str(plan.region)
    yield store.kept, runs * _months(rule, store.free_days), own, ""
    for copy in rule.get("copyActions", ()):
        region = _region_of(copy["destinationVaultArn"], recording) or own
        if region != own:
            yield "transfer-to-region", runs, own, region
        yield store.kept, runs * _months(copy), region, ""


def _months(kept: Mapping[str, Any], free_days: float = 0) -> float:
    """For how long a backup is kept and paid for; one that is never deleted counts as a year's."""
    days = float((kept.get("lifecycle") or {}).get("deleteAfter") or 12 * _DAYS_A_MONTH)
    return max(0.0, days - free_days) / _DAYS_A_MONTH


def _region_of(vault: object, recording: Recording) -> str | None:
    """Where a vault is: a resource of the program, or the ARN of one in another account."""
    if found := recording.referred(vault):
        return found.region
    arn = _BACKUP_VAULT_ARN.match(str(vault))
    return arn["region"] if arn else None


def runs_a_month(schedule: str) -> float:
    """How many times a month a plan's schedule starts: every hour, every few hours, every day, or on a day of the
    month. Any other counts as every day.

    Args:
        schedule: `cron(minute hour day-of-month month day-of-week year)`.
    """
    return HOURS_A_MONTH / hours_between_starts(schedule)


def hours_between_starts(schedule: str) -> float:
    """The same as hours from one start to the next.

    Args:
        schedule: as in `runs_a_month`.
    """
    fields: Sequence[str] = schedule.removeprefix("cron(").removesuffix(")").split()
    hour, day = (fields[1], fields[2]) if len(fields) > 2 else ("", "")
    if hour == "*":
        return 1.0
    if step := re.fullmatch(r"(?:\*|\d+)/(\d+)", hour):
        return float(step[1])
    return HOURS_A_MONTH if re.fullmatch(r"\d+|L", day) else _HOURS_A_DAY
