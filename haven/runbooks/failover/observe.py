"""Looks at the writing Region: as this machine sees it, and as independent witnesses do. Within 7 seconds, changing
nothing.

RDS and EC2 there say what it is, for they close its database. A silent operations table isn't a silent Region.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from haven.runbooks.failover import database, loss
from haven.runbooks.failover.decision import LEAST_WITNESSES, Seen, Through, Witness, witnesses_of_loss
from haven.runbooks.failover.guard import PLANNED_OLDEST_MS, Heartbeat
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.engine import BUSY
from haven.runbooks.workflow.requests import (
    Branches,
    Call,
    CallError,
    Pause,
    RefusedError,
    UnansweredError,
    failure,
    require_calls,
    together,
)
from haven.runbooks.workflow.table import Table

_LOOKS, _EVERY_SECONDS, _WITHIN_SECONDS = 3, 1.0, 4.0
_SILENT_INTERVALS = 3
"""Heartbeats that must be missing before their silence is an observation. An assumption."""
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
"""Error codes of AWS's services that answer, and don't let this principal ask (IAM User Guide, troubleshooting access
denied error messages; read 2026-11-26)."""
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
    at: float = 0.0
    """When the looks began, by this machine's wall clock, in seconds since the epoch."""

    def describe(self) -> Mapping[str, Any]:
        """For the journal."""
        return {
            "writer": self.writer,
            "seen": self.seen.value,
            "at": self.at,
            "witnesses": [{"name": each.name, "lost": each.lost, "detail": each.detail} for each in self.witnesses],
        }


async def observe(site: Site, *, silent: bool = False) -> Observation:
    """Look at both Regions at once.

    Args:
        site: from where to where.
        silent: whether RDS and EC2 in the Region that is left have just been asked, and didn't answer.

    Raises:
        CallError: the Region that becomes the writing one doesn't answer.
    """
    at, written = site.clock.wall(), database.current(site)
    heard = loss.heartbeats(site, site.table)
    refused: list[str] = []
    seen, cluster, (heartbeats, answer) = await together(_seen(site, refused, silent=silent), written, heard)
    now = site.time_ms(answer)
    witnesses = [by_heartbeats(site, heartbeats, now, seen), _by_replication(site, cluster)]
    witnesses += [Witness("this machine", None, each) for each in refused[:1]]
    steady = database.is_steady_in(cluster, site.old)
    return Observation(database.writing_region(cluster), seen, witnesses, now, steady, at)


async def _seen(site: Site, refused: list[str], *, silent: bool) -> Seen:
    """Several looks: one that doesn't answer is the last, for a silent Region isn't waited for twice. To `refused` goes
    what RDS there doesn't answer this machine, and what helps."""
    if silent:
        return Seen.UNREACHABLE
    begin = site.clock.monotonic()
    looks = [await _look(site, refused)]
    while len(looks) < _LOOKS and looks[-1] is not Seen.UNREACHABLE:
        if site.clock.monotonic() - begin > _WITHIN_SECONDS:
            break
        await Pause(_EVERY_SECONDS)
        looks.append(await _look(site, refused))
    return looks[0] if len(set(looks)) == 1 else Seen.FLAPPING


async def _look(site: Site, refused: list[str]) -> Seen:
    """RDS, EC2 and the Region's own heartbeats at once: of two that are silent the second isn't waited for in turn."""
    member = database.member(site.old, site.old_side.database.cluster, observes=True)
    outcomes = await Branches([member, _ec2_answers(site), _takes_no_writes(site)])
    require_calls(outcomes)
    found, ec2_answers, takes_no_writes = outcomes
    if isinstance(found, RefusedError):
        return _of_refusal(site, found, refused)
    if failure(found):
        if not ec2_answers:
            return Seen.UNREACHABLE
        refused.append(f"RDS in {site.old} doesn't answer ({found}), and EC2 there does")
        return Seen.PARTLY
    if found is None or found["Status"] in _DOWN:
        return Seen.DOWN
    return Seen.READ_ONLY if takes_no_writes else Seen.UP


def _of_refusal(site: Site, error: RefusedError, refused: list[str]) -> Seen:
    """It answers, but not what was asked."""
    if error.code in BUSY:
        return Seen.FLAPPING
    if error.code in _DENIED:
        role = site.manifest.operations.role if site.manifest.operations else ""
        refused.append(f"{error}: take the operator's role ({role or 'haven-STACK-operator'}), or allow it")
        return Seen.UNKNOWN
    refused.append(f"RDS in {site.old} refuses the question: {error}")
    return Seen.PARTLY


async def _ec2_answers(site: Site) -> bool:
    """Whether EC2 there answers, or refuses; 5 is the least that a page may have (EC2 API, DescribeNetworkAcls; read
    2026-11-27)."""
    try:
        await Call("ec2", site.old, "describe_network_acls", {"MaxResults": 5}, observes=True)
    except UnansweredError:
        return False
    except RefusedError:
        pass
    return True


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
    now, beat = site.time_ms(answer), _of_database(own)
    if _unread_seconds(own, now) is not None:  # what it can't read, while it reads the rest, takes no writes either
        return False
    return beat is not None and beat.newest_ms is not None and _is_late(beat.newest_ms, beat.interval_ms, now)


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
    if (unread := _unread_seconds(found, now)) is not None:
        return _of_the_recorder(name, unread)
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
    if (unread := _unread_seconds(found, now)) is not None:
        return _of_the_recorder(name, unread)
    known = [each for each in (is_silent(each, now) for each in found if not each.ordered) if each is not None]
    return _by_silence(name, all(known) if known else None)


def _unread_seconds(found: Sequence[Heartbeat], now: float) -> float | None:
    """For how long the function that records heartbeats has recorded nothing, where that is too long; else None."""
    newest = max((each.seen_ms for each in found if each.seen_ms is not None), default=None)
    return None if newest is None or now - newest <= loss.READ_WITHIN_MS else (now - newest) / 1000


def _of_the_recorder(name: str, seconds: float) -> Witness:
    return Witness(name, None, f"not known: the heartbeat function there has recorded nothing for {seconds:.0f} s")


def _by_silence(name: str, lost: bool | None) -> Witness:
    return Witness(name, lost, {True: "silent", False: "arrive", None: "there are none that prove anything"}[lost])


def _of_database(found: Sequence[Heartbeat]) -> Heartbeat | None:
    return next((each for each in found if each.store == "database"), None)


def is_silent(heartbeat: Heartbeat | None, now: float) -> bool | None:
    """Whether a heartbeat is missing for longer than it may be; None: there was never one, nobody looks any more, or
    S3 may take so long: what arrives late of a bucket shows neither that the Region lives nor that it doesn't."""
    if heartbeat is None or heartbeat.newest_ms is None:
        return None
    if heartbeat.seen_ms is not None and now - heartbeat.seen_ms > loss.READ_WITHIN_MS:
        return None
    late = _is_late(heartbeat.newest_ms, heartbeat.interval_ms, now)
    may_be_late = heartbeat.within_ms > PLANNED_OLDEST_MS and now - heartbeat.newest_ms <= heartbeat.within_ms
    return None if late and may_be_late else late


def _is_late(newest_ms: float, interval_ms: float, now: float) -> bool:
    return now - newest_ms > _SILENT_INTERVALS * interval_ms


def _by_replication(site: Site, cluster: Mapping[str, Any] | None) -> Witness:
    """What RDS in the other Region has about replication; that it is connected proves nothing about clients."""
    name = f"RDS in {site.to}"
    members = cluster["GlobalClusterMembers"] if cluster else []
    states = [each.get("SynchronizationStatus") for each in members]
    if "pending-resync" in states:
        return Witness(name, True, "replication is cut off", Through.DATABASE)
    detail = "replication is connected" if "connected" in states else "it names no state"
    return Witness(name, None, detail, Through.DATABASE)


async def lost(site: Site) -> str:
    """Why the Region that is left counts as lost when the other one is written already; empty: it doesn't.

    It doesn't answer this machine, and as many independent observations agree as a failover needs.

    Args:
        site: from where to where.
    """
    own = database.member(site.old, site.old_side.database.cluster, observes=True)
    written = database.global_cluster(site.to, site.manifest.database.global_cluster)
    answers = await Branches([own, written, loss.heartbeats(site, site.table)])
    require_calls(answers)
    silent, *known = map(failure, answers)
    if not isinstance(silent, UnansweredError) or any(known):
        return ""
    _, cluster, (heartbeats, answer) = answers
    count = witnesses_of_loss(witnesses_of_the_left(site, cluster, heartbeats, site.time_ms(answer)))
    if count < LEAST_WITNESSES:
        return ""
    return f"{site.old} doesn't answer, and {count} independent observations agree that it is lost"


def witnesses_of_the_left(
    site: Site, cluster: Mapping[str, Any] | None, heartbeats: Sequence[Heartbeat], now: float
) -> list[Witness]:
    """Observations of the Region that is left when the other one is written: its own writers have nothing to write.

    Args:
        site: from where to where.
        cluster: the global database, as the other Region has it.
        heartbeats: what arrived there.
        now: AWS's time, in milliseconds since the epoch.
    """
    copies = by_copies(f"heartbeats of buckets and tables from {site.old}", heartbeats, now)
    return [_by_member(site, cluster), copies]


def _by_member(site: Site, cluster: Mapping[str, Any] | None) -> Witness:
    """What RDS in the writing Region has about the other member."""
    name = f"RDS in {site.to}"
    members = database.members(cluster)
    if site.old not in members:
        return Witness(name, None, f"no member in {site.old}", Through.DATABASE)
    state = members[site.old].get("SynchronizationStatus")
    lost = {"pending-resync": True, "connected": False}.get(str(state))
    detail = f"the member in {site.old} is {state or 'in no state that is named'}"
    return Witness(name, lost, detail, Through.DATABASE)
