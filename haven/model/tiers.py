"""The four tiers: the standby capacity in the recovery Region, and the recovery times and data loss they promise."""

import math
from dataclasses import dataclass
from enum import Enum, StrEnum
from fractions import Fraction

from haven.model import sources
from haven.model.sources import Assumption, SourcedFigure


class Tier(StrEnum):
    """How much standby capacity the recovery Region has, from the least to the most."""

    BACKUP = "backup"
    PILOT_LIGHT = "pilot-light"
    WARM = "warm"
    ACTIVE_ACTIVE = "active-active"

    @property
    def rank(self) -> int:
        """Position from the least (0) to the most (3)."""
        return list(Tier).index(self)


class DatabaseStandby(Enum):
    """The standby part of the Aurora global database."""

    NONE = "none"
    HEADLESS = "headless member"
    READERS = "reader"
    FULL = "readers as many as the primary's instances"


class EndpointStandby(Enum):
    """The interface endpoints of the network."""

    NONE = "none"
    START = "what nodes and pods need to start, in one zone"
    """A standby that serves nobody: the loss of that zone delays a start there until `up` adds the others."""
    ALL = "every service, in every zone"
    """A Region that takes over within minutes creates nothing for it."""


class Routing(Enum):
    """How DNS sends traffic to a Region."""

    MANUAL = "manual"
    FAILOVER = "failover records"
    LATENCY = "latency records"


@dataclass(frozen=True)
class Standby:
    """The resources of a Region that takes no traffic. Node counts are the primary's, multiplied by the shares."""

    network: bool
    nat: bool
    endpoints: EndpointStandby
    cluster: bool
    system_nodes: Fraction
    gpu_nodes: Fraction | None
    """None: `haven:cluster.standbyShare`, or `STANDBY_SHARE` where the stack file has none."""
    database: DatabaseStandby
    write_forwarding: bool
    cache: bool
    object_time_control: bool
    tables: bool
    """Whether tables have a replica."""
    access_points: bool
    """Whether a Multi-Region Access Point covers the buckets of both Regions."""
    routing: Routing


_NOTHING, _EVERYTHING = Fraction(0), Fraction(1)
_SMALL_SYSTEM = Fraction(1, 100)

STANDBY: dict[Tier, Standby] = {
    Tier.BACKUP: Standby(
        network=False, nat=False, endpoints=EndpointStandby.NONE, cluster=False, system_nodes=_NOTHING,
        gpu_nodes=_NOTHING, database=DatabaseStandby.NONE,
        write_forwarding=False, cache=False, object_time_control=False, tables=False,
        access_points=False, routing=Routing.MANUAL,
    ),
    Tier.PILOT_LIGHT: Standby(
        network=True, nat=False, endpoints=EndpointStandby.START, cluster=True, system_nodes=_SMALL_SYSTEM,
        gpu_nodes=_NOTHING, database=DatabaseStandby.HEADLESS,
        write_forwarding=False, cache=False, object_time_control=True,
        tables=True, access_points=False, routing=Routing.FAILOVER,
    ),
    Tier.WARM: Standby(
        network=True, nat=True, endpoints=EndpointStandby.ALL, cluster=True, system_nodes=_EVERYTHING, gpu_nodes=None,
        database=DatabaseStandby.READERS, write_forwarding=False, cache=True, object_time_control=True, tables=True,
        access_points=False, routing=Routing.FAILOVER,
    ),
    Tier.ACTIVE_ACTIVE: Standby(
        network=True, nat=True, endpoints=EndpointStandby.ALL, cluster=True, system_nodes=_EVERYTHING,
        gpu_nodes=_EVERYTHING, database=DatabaseStandby.FULL,
        write_forwarding=True, cache=True, object_time_control=True,
        tables=True, access_points=True, routing=Routing.LATENCY,
    ),
}  # fmt: skip

LEAST_SYSTEM_NODES = 2
"""Two, so that the standby cluster's add-ons survive the loss of a node."""


def standby_count(full: int, share: Fraction, least: int = 1) -> int:
    """The number of standby nodes: `full * share`, rounded up, at least `least`, at most `full`; a share of 0 is 0."""
    return 0 if share == 0 else min(full, max(least, math.ceil(full * share)))


STANDBY_SHARE = 1 / 3
"""The standby share of the GPU nodes in tier warm, where the stack file has none."""


def gpu_share(tier: Tier, own: float | None) -> Fraction:
    """The standby share of a system's GPU nodes.

    Args:
        tier: the system's tier.
        own: the share in the stack file, used in tier warm only. None: `STANDBY_SHARE`.
    """
    share = STANDBY[tier].gpu_nodes
    return Fraction(STANDBY_SHARE if own is None else own).limit_denominator(1000) if share is None else share


def database_instances(tier: Tier, full: int) -> int:
    """The number of standby database instances, given `full` instances in the active Region."""
    kind = STANDBY[tier].database
    if kind in (DatabaseStandby.NONE, DatabaseStandby.HEADLESS):
        return 0
    return full if kind is DatabaseStandby.FULL else 1


@dataclass(frozen=True)
class Promise:
    """The recovery time or data loss of a tier, in minutes: best case and worst case."""

    description: str
    best_case: SourcedFigure | None
    """None: everything is lost, in the best case too."""
    worst_case: SourcedFigure | Assumption | None
    """None: neither a source nor an assumption gives a bound."""


def _total(first: SourcedFigure, second: SourcedFigure, description: str) -> SourcedFigure:
    return SourcedFigure(first.value + second.value, "min", description, f"{first.source}; arithmetic")


_BACKUP_RPO = _total(
    sources.BACKUP_INTERVAL_MINUTES,
    sources.BACKUP_START_WINDOW_MINUTES,
    "interval + start window; the backup job and its copy come on top",
)
_OBJECTS_UNTIMED = Promise("objects not yet replicated", sources.ASYNCHRONOUS_BEST_CASE_MINUTES, None)
_OBJECTS_TIMED = Promise(
    "objects not yet replicated", sources.ASYNCHRONOUS_BEST_CASE_MINUTES, sources.OBJECT_REPLICATION_MINUTES
)
_DATABASE_REPLICATED = Promise(
    "committed database writes", sources.ASYNCHRONOUS_BEST_CASE_MINUTES, sources.AURORA_GLOBAL_LAG_MINUTES
)
_CACHE_REBUILT = Promise("cached entries: the cache starts empty", None, None)
_CACHE_REPLICATED = Promise(
    "cached entries", sources.ASYNCHRONOUS_BEST_CASE_MINUTES, sources.CACHE_LAG_WORST_CASE_MINUTES
)

PROMISES: dict[Tier, dict[str, Promise]] = {
    Tier.BACKUP: {
        "rto": Promise(
            "time to recover once decided", sources.BACKUP_BEST_CASE_MINUTES, sources.BACKUP_WORST_CASE_MINUTES
        ),
        "rpo.database": Promise("committed database writes", _BACKUP_RPO, sources.BACKUP_RPO_WORST_CASE_MINUTES),
        "rpo.objects": _OBJECTS_UNTIMED,
        "rpo.cache": _CACHE_REBUILT,
    },
    Tier.PILOT_LIGHT: {
        "rto": Promise(
            "time to recover once decided",
            sources.PILOT_LIGHT_BEST_CASE_MINUTES,
            sources.PILOT_LIGHT_WORST_CASE_MINUTES,
        ),
        "rpo.database": _DATABASE_REPLICATED,
        "rpo.objects": _OBJECTS_TIMED,
        "rpo.cache": _CACHE_REBUILT,
    },
    Tier.WARM: {
        "rto": Promise("time to recover once decided", sources.CUT_OVER_MINUTES, sources.WARM_WORST_CASE_MINUTES),
        "rpo.database": _DATABASE_REPLICATED,
        "rpo.objects": _OBJECTS_TIMED,
        "rpo.cache": _CACHE_REPLICATED,
    },
    Tier.ACTIVE_ACTIVE: {
        "rto": Promise(
            "time to recover once decided: reads after the DNS answer, SQL and cache writes after the promotion",
            sources.CUT_OVER_FAST_MINUTES,
            sources.ACTIVE_WORST_CASE_MINUTES,
        ),
        "rpo.database": _DATABASE_REPLICATED,
        "rpo.objects": _OBJECTS_TIMED,
        "rpo.cache": _CACHE_REPLICATED,
    },
}
