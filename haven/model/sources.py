"""What AWS promises and what others measured: each figure once, with its source and the day it was read."""

from dataclasses import dataclass

_READ = "2026-11-21"


@dataclass(frozen=True)
class Fact:
    """A figure that somebody stands behind."""

    value: float
    unit: str
    says: str
    source: str
    read: str = _READ


@dataclass(frozen=True)
class Assumption:
    """A figure that nobody stands behind; it is shown as an assumption wherever it is used."""

    value: float
    unit: str
    says: str
    why: str


BACKUP_INTERVAL_MINUTES = Fact(
    60, "min", "AWS Backup takes snapshots at most once an hour", "AWS Backup developer guide, backup plan options"
)
BACKUP_START_WINDOW_MINUTES = Fact(
    60, "min", "a backup job may start up to its start window late; the window is at least 60 min",
    "AWS Backup developer guide, backup plan options",
)  # fmt: skip
AURORA_GLOBAL_LAG_MINUTES = Fact(
    1, "min", "Aurora Global Database loses seconds in an unplanned failover; shown as the minute they fit in",
    "Amazon Aurora user guide, disaster recovery with Aurora Global Database",
)  # fmt: skip
OBJECT_REPLICATION_MINUTES = Fact(
    15, "min", "S3 replication time control: 99.99 % of objects within 15 min by design (the SLA says 99.9 %)",
    "Amazon S3 user guide, replication time control; S3 RTC SLA",
)  # fmt: skip
CUT_OVER_FAST_MINUTES = Fact(
    1.5,
    "min",
    "health checks every 10 s, three in a row, then a record's TTL of 60 s",
    "Amazon Route 53 guide; arithmetic",
)
CUT_OVER_MINUTES = Fact(
    2.5,
    "min",
    "health checks every 30 s, three in a row, then a record's TTL of 60 s",
    "Amazon Route 53 guide; arithmetic",
)
ASYNCHRONOUS_LEAST_MINUTES = Fact(
    1 / 60, "min", "asynchronous copies are never at zero: what was just written is not there yet", "by definition"
)
PILOT_LIGHT_LEAST_MINUTES = Fact(
    10, "min", "a pilot light takes tens of minutes: what is off must be started first",
    "AWS whitepaper: disaster recovery of workloads on AWS",
)  # fmt: skip

BACKUP_LEAST_MINUTES = Fact(
    60, "min", "restoring from backups takes hours", "AWS whitepaper: disaster recovery of workloads on AWS"
)

BACKUP_MOST_MINUTES = Assumption(1440, "min", "a restore is done within a day", "no source; depends on data size")
PILOT_LIGHT_MOST_MINUTES = Assumption(60, "min", "capacity and instances start within the hour", "no source")
WARM_MOST_MINUTES = Assumption(20, "min", "promotion, missing nodes and traffic together", "no source")
ACTIVE_MOST_MINUTES = Assumption(10, "min", "promotion of the one SQL writer", "no source; 8 min were measured once")
CACHE_LAG_MOST_MINUTES = Assumption(
    1, "min", "a Global Datastore stays within a minute", "usually under 1 s; AWS names no bound"
)
BACKUP_RPO_MOST_MINUTES = Assumption(240, "min", "backup job and copy take up to two hours", "depends on data size")
