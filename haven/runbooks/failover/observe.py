"""Looks at the writing Region: as this machine sees it, and as independent witnesses do. Within 7 seconds, changing
nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from haven.runbooks.failover import database, loss
from haven.runbooks.failover.decision import Seen, Through, Witness
from haven.runbooks.failover.guard import Heartbeat
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.engine import BUSY
from haven.runbooks.workflow.requests import Branches, CallError, Pause, RefusedError, failure
from haven.runbooks.workflow.table import Table

_LOOKS, _EVERY_SECONDS, _WITHIN_SECONDS = 3, 1.0, 4.0
_SILENT_INTERVALS = 3
"""Heartbeats that must be missing before their silence is an observation. An assumption."""
_DOWN = ("failed", "inaccessible-encryption-credentials", "incompatible-network", "stopped", "stopping")
"""States of a cluster that can't be written (Aurora User Guide, viewing DB cluster status; read 2026-11-26)."""


@dataclass(frozen=True)
class Observation:
    """What was found."""

    writer: str | None
    """The Region that the database is written in, as the other Region has it; None: there is none, or no answer."""
    seen: Seen
    witnesses: Sequence[Witness]
    now_ms: float
    """AWS's time in the Region that becomes the writing one."""
    steady: bool = False
    """Whether the database is still written in the Region that is left, and nothing is about to change that."""

    def describe(self) -> Mapping[str, Any]:
        """For the journal."""
        return {
            "writer": self.writer,
            "seen": self.seen.value,
            "witnesses": [{"name": each.name, "lost": each.lost, "detail": each.detail} for each in self.witnesses],
        }


async def observe(site: Site, *, silent: bool = False) -> Observation:
    """Look at both Regions at once.

    Args:
        site: from where to where.
        silent: whether the Region that is left has just been asked for something else, and didn't answer.

    Raises:
        CallError: the Region that becomes the writing one doesn't answer.
    """
    written = database.current(site)
    heard = loss.heartbeats(site, site.table)
    seen, cluster, arrived = await Branches([_seen(site, silent=silent), written, heard])
    for each in (seen, cluster, arrived):
        if (error := failure(each)) is not None:
            raise error
    heartbeats, answer = arrived
    now = site.time_ms(answer)
    witnesses = [by_heartbeats(site, heartbeats, now, seen), _by_replication(site, cluster)]
    steady = database.is_steady_in(cluster, site.old)
    return Observation(database.writing_region(cluster), seen, witnesses, now, steady)


async def _seen(site: Site, *, silent: bool) -> Seen:
    """Several looks: one that doesn't answer is the last, for a silent Region isn't waited for twice."""
    if silent:
        return Seen.UNREACHABLE
    begin = site.clock.monotonic()
    looks = [await _look(site)]
    while len(looks) < _LOOKS and looks[-1] is not Seen.UNREACHABLE:
        if site.clock.monotonic() - begin > _WITHIN_SECONDS:
            break
        await Pause(_EVERY_SECONDS)
        looks.append(await _look(site))
    return looks[0] if len(set(looks)) == 1 else Seen.FLAPPING


async def _look(site: Site) -> Seen:
    try:
        found = await database.member(site.old, site.old_side.database.cluster, observes=True)
        if found is None or found["Status"] in _DOWN:
            return Seen.DOWN
    except CallError as error:  # a refusal too: it answers, but not what was asked
        return Seen.FLAPPING if isinstance(error, RefusedError) and error.code in BUSY else Seen.UNREACHABLE
    return Seen.READ_ONLY if await _takes_no_writes(site) else Seen.UP


async def _takes_no_writes(site: Site) -> bool:
    """Whether the Region's own heartbeat into its own database is silent."""
    operations = site.manifest.operations
    if operations is None or site.old not in operations.tables:
        return False
    table = Table(site.old, operations.tables[site.old])
    try:
        own, answer = await loss.heartbeats(site, table, observes=True)
    except CallError:
        return False
    return is_silent(_of_database(own), site.time_ms(answer)) is True


def by_heartbeats(site: Site, found: Sequence[Heartbeat], now: float, seen: Seen) -> Witness:
    """The database's, where it is read there; and those of buckets and tables, which show whether the Region lives.

    Args:
        site: from where to where.
        found: what arrived in the Region that becomes the writing one.
        now: AWS's time, in milliseconds since the epoch.
        seen: where the writing Region itself answers that its database takes no writes, that the Region lives doesn't
            contradict it.
    """
    name, read = "heartbeats in the other Region", bool(site.new_side.database.standby)
    database = is_silent(_of_database(found), now)
    if read and seen in (Seen.DOWN, Seen.READ_ONLY):
        return _by_silence(name, database)
    copies = by_copies(name, found, now)
    known = [each for each in (database if read else None, copies.lost) if each is not None]
    elsewhere = any(is_silent(each, now) for each in found if each.store != loss.DATABASE)
    through = Through.HEARTBEATS if elsewhere else Through.DATABASE
    return replace(_by_silence(name, all(known) if known else None), through=through)


def by_copies(name: str, found: Sequence[Heartbeat], now: float) -> Witness:
    """Buckets and tables are written in both Regions: what arrives of them comes from the other one."""
    known = [each for each in (is_silent(each, now) for each in found if not each.ordered) if each is not None]
    return _by_silence(name, all(known) if known else None)


def _by_silence(name: str, lost: bool | None) -> Witness:
    return Witness(name, lost, {True: "silent", False: "arrive", None: "there are none"}[lost])


def _of_database(found: Sequence[Heartbeat]) -> Heartbeat | None:
    return next((each for each in found if each.store == "database"), None)


def is_silent(heartbeat: Heartbeat | None, now: float) -> bool | None:
    """Whether a heartbeat is missing for longer than it may be; None: there was never one."""
    if heartbeat is None or heartbeat.newest_ms is None:
        return None
    return now - heartbeat.newest_ms > _SILENT_INTERVALS * heartbeat.interval_ms


def _by_replication(site: Site, cluster: Mapping[str, Any] | None) -> Witness:
    """What RDS in the other Region has about replication; that it is connected proves nothing about clients."""
    name = f"RDS in {site.to}"
    members = cluster["GlobalClusterMembers"] if cluster else []
    states = [each.get("SynchronizationStatus") for each in members]
    if "pending-resync" in states:
        return Witness(name, True, "replication is cut off", Through.DATABASE)
    detail = "replication is connected" if "connected" in states else "it names no state"
    return Witness(name, None, detail, Through.DATABASE)
