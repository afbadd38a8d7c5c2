"""The four tiers: what stands by in the recovery Region, and what such an environment can promise."""

import math
from dataclasses import dataclass
from enum import Enum, StrEnum
from fractions import Fraction

from haven.model import sources
from haven.model.sources import Assumption, Fact


class Tier(StrEnum):
    """How much stands by in the recovery Region, from the least to the most."""

    BACKUP = "backup"
    PILOT_LIGHT = "pilot-light"
    WARM = "warm"
    ACTIVE_ACTIVE = "active-active"

    @property
    def rank(self) -> int:
        """Position from the least (0) to the most (3)."""
        return list(Tier).index(self)


class Database(Enum):
    """What of the database stands by."""

    NONE = "none"
    HEADLESS = "headless member"
    READERS = "reader"
    FULL = "readers as many as the primary's instances"


class Routing(Enum):
    """How traffic is moved."""

    MANUAL = "manual"
    FAILOVER = "failover records"
    LATENCY = "latency records"


@dataclass(frozen=True)
class Standby:
    """What stands in a Region that does not serve. Counts of nodes follow from the primary's by the shares here."""

    network: bool
    nat: bool
    cluster: bool
    system_nodes: Fraction
    gpu_nodes: Fraction | None
    """None: the stack's own standby share."""
    database: Database
    write_forwarding: bool
    cache: bool
    object_time_control: bool
    tables: bool
    """Whether tables have a replica."""
    access_points: bool
    """Whether one name stands for both buckets of a pair."""
    routing: Routing


_NOTHING, _EVERYTHING = Fraction(0), Fraction(1)
_SMALL_SYSTEM = Fraction(1, 100)

STANDBY: dict[Tier, Standby] = {
    Tier.BACKUP: Standby(
        network=False, nat=False, cluster=False, system_nodes=_NOTHING, gpu_nodes=_NOTHING, database=Database.NONE,
        write_forwarding=False, cache=False, object_time_control=False, tables=False, access_points=False,
        routing=Routing.MANUAL,
    ),
    Tier.PILOT_LIGHT: Standby(
        network=True, nat=False, cluster=True, system_nodes=_SMALL_SYSTEM, gpu_nodes=_NOTHING,
        database=Database.HEADLESS, write_forwarding=False, cache=False, object_time_control=True, tables=True,
        access_points=False, routing=Routing.FAILOVER,
    ),
    Tier.WARM: Standby(
        network=True, nat=True, cluster=True, system_nodes=_EVERYTHING, gpu_nodes=None, database=Database.READERS,
        write_forwarding=False, cache=True, object_time_control=True, tables=True,
        access_points=False, routing=Routing.FAILOVER,
    ),
    Tier.ACTIVE_ACTIVE: Standby(
        network=True, nat=True, cluster=True, system_nodes=_EVERYTHING, gpu_nodes=_EVERYTHING, database=Database.FULL,
        write_forwarding=True, cache=True, object_time_control=True, tables=True, access_points=True,
        routing=Routing.LATENCY,
    ),
}  # fmt: skip

LEAST_SYSTEM_NODES = 2
"""Two, so that the cluster's own services survive the loss of a node while they stand by."""


def standby_count(full: int, share: Fraction, least: int = 1) -> int:
    """How many of `full` stand by: rounded up, at least `least`, never more than `full`; a share of 0 is none."""
    return 0 if share == 0 else min(full, max(least, math.ceil(full * share)))


STANDBY_SHARE = 1 / 3
"""The share of the GPU nodes that stands by in tier warm, where a stack names none."""


def gpu_share(tier: Tier, own: float | None) -> Fraction:
    """The share of a system's GPU nodes that stands by, given the stack's own share where it names one."""
    share = STANDBY[tier].gpu_nodes
    return Fraction(STANDBY_SHARE if own is None else own).limit_denominator(1000) if share is None else share


def database_instances(tier: Tier, full: int) -> int:
    """How many database instances stand by beside `full` ones in the Region that serves."""
    kind = STANDBY[tier].database
    if kind in (Database.NONE, Database.HEADLESS):
        return 0
    return full if kind is Database.FULL else 1


@dataclass(frozen=True)
class Promise:
    """What a tier can be held to: at best, and at most where anything may be said at all. Minutes."""

    says: str
    at_best: Fact
    at_most: Fact | Assumption | None
    """None: nothing can be promised."""


def _doubled(first: Fact, second: Fact, says: str) -> Fact:
    return Fact(first.value + second.value, "min", says, f"{first.source}; arithmetic")


_BACKUP_RPO = _doubled(
    sources.BACKUP_INTERVAL_MINUTES,
    sources.BACKUP_START_WINDOW_MINUTES,
    "interval + start window; the backup job and its copy come on top",
)
_OBJECTS_UNTIMED = Promise("objects not yet replicated", sources.ASYNCHRONOUS_LEAST_MINUTES, None)
_OBJECTS_TIMED = Promise(
    "objects not yet replicated", sources.ASYNCHRONOUS_LEAST_MINUTES, sources.OBJECT_REPLICATION_MINUTES
)
_DATABASE_REPLICATED = Promise(
    "committed database writes", sources.ASYNCHRONOUS_LEAST_MINUTES, sources.AURORA_GLOBAL_LAG_MINUTES
)
_CACHE_REBUILT = Promise("cached entries: the cache starts empty", sources.ASYNCHRONOUS_LEAST_MINUTES, None)
_CACHE_REPLICATED = Promise("cached entries", sources.ASYNCHRONOUS_LEAST_MINUTES, sources.CACHE_LAG_MOST_MINUTES)

PROMISES: dict[Tier, dict[str, Promise]] = {
    Tier.BACKUP: {
        "rto": Promise("time to recover", sources.BACKUP_LEAST_MINUTES, sources.BACKUP_MOST_MINUTES),
        "rpo.database": Promise("committed database writes", _BACKUP_RPO, sources.BACKUP_RPO_MOST_MINUTES),
        "rpo.objects": _OBJECTS_UNTIMED,
        "rpo.cache": _CACHE_REBUILT,
    },
    Tier.PILOT_LIGHT: {
        "rto": Promise("time to recover", sources.PILOT_LIGHT_LEAST_MINUTES, sources.PILOT_LIGHT_MOST_MINUTES),
        "rpo.database": _DATABASE_REPLICATED,
        "rpo.objects": _OBJECTS_TIMED,
        "rpo.cache": _CACHE_REBUILT,
    },
    Tier.WARM: {
        "rto": Promise("time to recover", sources.CUT_OVER_MINUTES, sources.WARM_MOST_MINUTES),
        "rpo.database": _DATABASE_REPLICATED,
        "rpo.objects": _OBJECTS_TIMED,
        "rpo.cache": _CACHE_REPLICATED,
    },
    Tier.ACTIVE_ACTIVE: {
        "rto": Promise(
            "time to recover: reads after the DNS answer, SQL and cache writes after the promotion of the one writer",
            sources.CUT_OVER_FAST_MINUTES,
            sources.ACTIVE_MOST_MINUTES,
        ),
        "rpo.database": _DATABASE_REPLICATED,
        "rpo.objects": _OBJECTS_TIMED,
        "rpo.cache": _CACHE_REPLICATED,
    },
}
