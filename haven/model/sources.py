"""Sourced figures and assumptions behind the tiers' promises: each figure once, with its source and its date."""

from dataclasses import dataclass

_RETRIEVED_ON = "2026-11-21"


@dataclass(frozen=True)
class SourcedFigure:
    """A figure that a source states."""

    value: float
    unit: str
    description: str
    source: str
    """Title of the AWS page or paper; "arithmetic" where the figure is computed from one."""
    retrieved_on: str = _RETRIEVED_ON
    """The day on which the source was last read, ISO 8601."""


@dataclass(frozen=True)
class Assumption:
    """A figure without a source. Every output that uses it marks it as an assumption."""

    value: float
    unit: str
    description: str
    why: str
    """What the figure is based on, or what it depends on."""


BACKUP_INTERVAL_MINUTES = SourcedFigure(
    60, "min", "AWS Backup takes snapshots at most once an hour", "AWS Backup developer guide, backup plan options"
)
BACKUP_START_WINDOW_MINUTES = SourcedFigure(
    60, "min", "a backup job may start up to its start window late; the window is at least 60 min",
    "AWS Backup developer guide, backup plan options",
)  # fmt: skip
AURORA_GLOBAL_LAG_MINUTES = SourcedFigure(
    1, "min", "Aurora Global Database loses seconds in an unplanned failover; shown as the minute they fit in",
    "Amazon Aurora user guide, disaster recovery with Aurora Global Database",
)  # fmt: skip
OBJECT_REPLICATION_MINUTES = SourcedFigure(
    15, "min", "S3 replication time control: 99.99 % of objects within 15 min by design (the SLA says 99.9 %)",
    "Amazon S3 user guide, replication time control; S3 RTC SLA",
)  # fmt: skip
CUT_OVER_FAST_MINUTES = SourcedFigure(
    1.5,
    "min",
    "health checks every 10 s, three in a row, then a record's TTL of 60 s",
    "Amazon Route 53 guide; arithmetic",
)
CUT_OVER_MINUTES = SourcedFigure(
    2.5,
    "min",
    "health checks every 30 s, three in a row, then a record's TTL of 60 s",
    "Amazon Route 53 guide; arithmetic",
)
ASYNCHRONOUS_BEST_CASE_MINUTES = SourcedFigure(
    1 / 60,
    "min",
    "asynchronous replication never reaches zero lag: the latest writes are missing on the other side",
    "by definition",
)
PILOT_LIGHT_BEST_CASE_MINUTES = SourcedFigure(
    10, "min", "a pilot light takes tens of minutes: capacity that is off has to start first",
    "AWS whitepaper: disaster recovery of workloads on AWS",
)  # fmt: skip

BACKUP_BEST_CASE_MINUTES = SourcedFigure(
    60, "min", "restoring from backups takes hours", "AWS whitepaper: disaster recovery of workloads on AWS"
)

BACKUP_WORST_CASE_MINUTES = Assumption(1440, "min", "a restore is done within a day", "no source; depends on data size")
PILOT_LIGHT_WORST_CASE_MINUTES = Assumption(60, "min", "capacity and instances start within the hour", "no source")
WARM_WORST_CASE_MINUTES = Assumption(20, "min", "promotion, missing nodes and traffic together", "no source")
ACTIVE_WORST_CASE_MINUTES = Assumption(
    10, "min", "promotion of the one SQL writer", "no source; 8 min were measured once"
)
CACHE_LAG_WORST_CASE_MINUTES = Assumption(
    1, "min", "a Global Datastore stays within a minute", "usually under 1 s; AWS names no bound"
)
BACKUP_RPO_WORST_CASE_MINUTES = Assumption(
    240, "min", "backup job and copy take up to two hours", "depends on data size"
)

BACKUP_JOB_MINUTES = Assumption(30, "min", "a backup job of the database", "no source; depends on data size")
BACKUP_COPY_MINUTES = Assumption(30, "min", "its copy into the other Region", "no source; depends on data size")
BACKUP_MINUTES = {"assumedJobMinutes": BACKUP_JOB_MINUTES, "assumedCopyMinutes": BACKUP_COPY_MINUTES}
"""Key of `haven:backups` -> what its omission means."""

REPLICATED_WRITES_A_MONTH = Assumption(
    10,
    "million",
    "writes a month that are replicated",
    "about 4 a second; no source; haven:cost.usage.aurora-replicated-write has your own",
)
DATABASE_SIZE = Assumption(100, "GB", "size of the database", "no source; haven:database.assumedSizeGb has your own")
