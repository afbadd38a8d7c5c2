"""The global database: an instance for a member without one, and its promotion."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from haven.runbooks.failover import fence, loss
from haven.runbooks.failover.site import Site, described
from haven.runbooks.observation import region_of
from haven.runbooks.workflow.journal import ACCEPTED, StepRecord, Workflow
from haven.runbooks.workflow.requests import Call, RefusedError, Stopwatch, pages
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

_ENGINE = "aurora-postgresql"
AVAILABLE = "available"
CHANGING = ("failing-over", "switching-over", "modifying", "upgrading", "promoting", "creating")
"""States of a global cluster in which it takes no promotion (Aurora User Guide, managed failovers; read 2026-11-26)."""
INSTANCE, PROMOTED, KEEP = "create-instance", "promote-database", "keep-divergence"
NO_ROOM = "SnapshotQuotaExceeded"
"""RDS's error code: the account has as many manual snapshots as it may have in the Region."""
_SWITCHOVER = "switchover_global_cluster"
_STATES = ("InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault")
_SHOWS_SECONDS = 60.0
"""In which RDS may not show yet that it has begun a switchover. An assumption, as `Step.settle`."""
_REFUSED_SECONDS = 120.0
"""For so long a switchover is sent again that RDS refuses although the old writer is steady. An assumption: a state
that passes has passed by then, and until then clients write nowhere."""
NO_CAPACITY = "InsufficientDBInstanceCapacity"
"""RDS's error code: the zone has no instance of the class."""
EVENTS = "read-events"
_LONGEST_MINUTES = 20_160
"""RDS keeps events for 14 days (RDS API Reference, DescribeEvents; read 2026-11-26)."""
OF_THE_OLD_VOLUME, KEPT, _NAME_LENGTH = "rds:unplanned-global-failover-", "haven-kept-", 63
_DIGEST, _END = 8, 20
"""Characters of a hash in a name that is too long, and of the name's end, which has the time."""
_DELETING = "deleting"
_DEAD = (
    "failed",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "inaccessible-encryption-credentials",
    "insufficient-capacity",
)
"""States of an instance that it doesn't leave by itself: those at which RDS's own waiter gives up, or which its API
calls failures (botocore's model of RDS, DBInstanceAvailable and DeleteDBInstance); the key's (AWS re:Post, inaccessible
encryption state: "terminal"); and the capacity's, of which AWS Support says that the instance has to be deleted
(sori883.dev, RDS insufficient-capacity). Read 2026-11-27."""


async def global_cluster(region: str, name: str) -> Mapping[str, Any] | None:
    """The global database as one Region describes it; None: it has none.

    Raises:
        CallError: no answer.
    """
    call = Call("rds", region, "describe_global_clusters", {"GlobalClusterIdentifier": name})
    return await described(call, "GlobalClusters", "GlobalClusterNotFoundFault")


async def current(site: Site) -> Mapping[str, Any] | None:
    """The global database that the new Region has: the restored one, once there is one; None: it has none.

    Raises:
        CallError: no answer.
    """
    if site.restores and (restored := await global_cluster(site.to, site.new_side.database.global_cluster)):
        return restored
    return await global_cluster(site.to, site.manifest.database.global_cluster)


async def member(region: str, name: str, *, observes: bool = False) -> Mapping[str, Any] | None:
    """One Region's cluster; None: it has none.

    Raises:
        CallError: no answer.
    """
    call = Call("rds", region, "describe_db_clusters", {"DBClusterIdentifier": name}, observes=observes)
    return await described(call, "DBClusters", "DBClusterNotFoundFault")


async def instances(region: str, cluster: str) -> Sequence[Mapping[str, Any]]:
    """The instances of one Region's cluster.

    Raises:
        CallError: no answer.
    """
    named = {"Name": "db-cluster-id", "Values": [cluster]}
    found: Sequence[Mapping[str, Any]] = (await Call("rds", region, "describe_db_instances", {"Filters": [named]}))[
        "DBInstances"
    ]
    return found


def writing_region(cluster: Mapping[str, Any] | None) -> str | None:
    """The Region of the member that is written; None: there is none, or no such database."""
    if cluster is None:
        return None
    arns = [each["DBClusterArn"] for each in cluster["GlobalClusterMembers"] if each["IsWriter"]]
    return region_of(arns[0]) if len(arns) == 1 else None


def is_steady_in(cluster: Mapping[str, Any] | None, region: str) -> bool:
    """Whether a Region's member is the writer, and nothing is about to change that."""
    if cluster is None or cluster["Status"] != AVAILABLE or cluster.get("FailoverState"):
        return False
    return writing_region(cluster) == region


def members(cluster: Mapping[str, Any] | None) -> Mapping[str, Mapping[str, Any]]:
    """Region to the member there; empty: no such database."""
    return {region_of(each["DBClusterArn"]): each for each in (cluster["GlobalClusterMembers"] if cluster else ())}


def promotion(site: Site) -> Looking:
    """Done when the member in the new Region is the writer and available."""
    name = site.manifest.database.global_cluster
    watch, refused = Stopwatch(site.clock), Stopwatch(site.clock)

    async def look(workflow: Workflow) -> Look:
        cluster = await global_cluster(site.to, name)
        if cluster is None:
            return Impossible(f"{name} doesn't exist")
        own = members(cluster).get(site.to)
        if own is None:
            return Impossible(f"{name} has no member in {site.to}")
        if writing_region(cluster) == site.to:
            found = await member(site.to, site.new_side.database.cluster)
            status = found["Status"] if found else "missing"
            return Done() if status == AVAILABLE else Waiting(f"{site.new_side.database.cluster} is {status}")
        if cluster.get("FailoverState") or cluster["Status"] in CHANGING:
            return Waiting(f"{name} is {cluster['Status']}")
        if _may_switch_over(workflow) and watch.seconds() < _SHOWS_SECONDS:
            return Waiting("a switchover that was sent before it became unplanned may show yet")
        if not (_is_refused(workflow) and is_steady_in(cluster, site.old)):
            refused.restart()
        why = workflow.step(PROMOTED).answer if refused.seconds() > _REFUSED_SECONDS else ""
        return await _guarded(site, workflow, own["DBClusterArn"], refused=why)

    return look


async def _guarded(site: Site, workflow: Workflow, arn: str, *, refused: str) -> Look:
    """The promotion, where neither loss nor fence forbids it, nor RDS for so long that it won't take it any more."""
    if refused:
        return Impossible(f"RDS refuses the switchover: {refused}")
    why, not_after = await loss.refusal(site, workflow, "database")
    why = why or await fence.gone(site, workflow)
    return Impossible(why) if why else Missing(_call(site, workflow, arn)._replace(not_after=not_after))


def _call(site: Site, workflow: Workflow, arn: str) -> Call:
    """The Region that is asked differs: a switchover is the primary's, a failover the secondary's (Aurora User Guide,
    switchover and failover by CLI; read 2026-11-26)."""
    names = {"GlobalClusterIdentifier": site.manifest.database.global_cluster, "TargetDbClusterIdentifier": arn}
    if workflow.goal["planned"]:
        return Call("rds", site.old, _SWITCHOVER, names, changes=True)
    return Call("rds", site.to, "failover_global_cluster", {**names, "AllowDataLoss": True}, changes=True)


def _is_refused(workflow: Workflow) -> bool:
    """Whether RDS refused the last switchover with one of the two errors of a state: those are all that it has beside
    "not found", so a cause that stays, such as different patch levels, comes as one of them too (botocore's model of
    RDS, SwitchoverGlobalCluster; read 2026-11-27)."""
    return bool(workflow.goal["planned"]) and workflow.step(PROMOTED).answer.startswith(_STATES)


def is_under_way(workflow: Workflow) -> bool:
    """Whether RDS has accepted the promotion."""
    record = workflow.step(PROMOTED)
    return record.done or record.outcome == ACCEPTED


def _may_switch_over(workflow: Workflow) -> bool:
    """Whether a workflow that was planned once may have begun a switchover."""
    record = workflow.step(PROMOTED)
    return not workflow.goal["planned"] and record.may_have_happened and _SWITCHOVER in str(record.intent.get("call"))


def instance(site: Site) -> Looking:
    """Done when the member in the new Region has an instance that is available: one without can't be promoted.

    Where its zone has no capacity, or the instance has come to a state that it doesn't leave, one is made under the
    manifest's next name, in that one's zone.
    """
    side = site.new_side.database

    async def look(workflow: Workflow) -> Look:
        states = {
            str(each["DBInstanceIdentifier"]): str(each["DBInstanceStatus"])
            for each in await instances(site.to, side.cluster)
        }
        if AVAILABLE in states.values():
            return Done()
        gone = {name: state for name, state in states.items() if state in (*_DEAD, _DELETING)}
        if coming := [name for name in states if name not in gone]:
            return Waiting(f"{coming[0]} is {states[coming[0]]}")
        free = [each for each in _in_turn(side.instances, workflow.step(INSTANCE)) if each not in gone]
        if not free:
            return _none_left(site.to, gone)
        name, zone = free[0], side.instances[free[0]]
        arguments = {
            "DBInstanceIdentifier": name,
            "DBClusterIdentifier": side.cluster,
            "DBSubnetGroupName": side.subnet_group,
            "DBInstanceClass": site.manifest.database.instance_class,
            "Engine": _ENGINE,
            "PromotionTier": 0,
            # As declared; RDS's own defaults depend on the subnet group, and upgrade one member of the two by itself.
            "PubliclyAccessible": False,
            "AutoMinorVersionUpgrade": False,
            **({"AvailabilityZone": zone} if zone else {}),
        }
        return Missing(Call("rds", site.to, "create_db_instance", arguments, changes=True))

    return look


def _in_turn(places: Mapping[str, str | None], record: StepRecord) -> list[str]:
    """Names of instances to make: first the one that was tried last, or the next after it where its zone had no
    capacity."""
    names = sorted(places)
    last = str(record.intent.get("arguments", {}).get("DBInstanceIdentifier", ""))
    first = names.index(last) + record.answer.startswith(NO_CAPACITY) if last in names else 0
    first %= len(names)
    return [*names[first:], *names[:first]]


def _none_left(region: str, gone: Mapping[str, str]) -> Look:
    """Each of the manifest's names is taken by an instance that won't be available."""
    for name, state in gone.items():
        if state == _DELETING:
            return Waiting(f"{name} is {state}")
    listed = ", ".join(f"{name} is {state}" for name, state in gone.items())
    typed = " && ".join(
        f"aws rds delete-db-instance --region {region} --db-instance-identifier {each} --skip-final-snapshot"
        for each in gone
    )
    return Impossible(f"{listed}, which it doesn't leave, and no other name is free; delete it with: {typed}")


def kept(site: Site) -> Looking:
    """Done when what an earlier failover may have left on the new Region's old volume is in a snapshot of its own.

    After an unplanned failover Aurora gives the old primary a new volume, and tries to take a snapshot of the old one,
    which goes with the cluster's automated backups (Aurora User Guide, managed unplanned failovers; read 2026-11-26).
    Copies are full: an unplanned failover asks for them, and doesn't wait until they are there.
    """
    cluster = site.new_side.database.cluster
    asked: set[str] = set()

    async def look(workflow: Workflow) -> Look:
        if asked and workflow.step(KEEP).answer.startswith(NO_ROOM):
            return Impossible(no_room(site.to, *asked))
        found = await _snapshots(site.to, cluster)
        states = {name: str(each["Status"]) for name, each in found.items()}
        waits = bool(workflow.goal.get("planned", True))
        for snapshot in sorted(each for each in states if each.startswith(OF_THE_OLD_VOLUME)):
            copy = kept_as(snapshot, found)
            if not copy:
                if states[snapshot] != AVAILABLE:
                    if waits:
                        return Waiting(f"{snapshot} is {states[snapshot]}")
                    continue
                asked.add(snapshot)
                names = {
                    "SourceDBClusterSnapshotIdentifier": snapshot,
                    "TargetDBClusterSnapshotIdentifier": copy_of(snapshot),
                }
                return Missing(Call("rds", site.to, "copy_db_cluster_snapshot", names, changes=True))
            if waits and states[copy] != AVAILABLE:
                return Waiting(f"{copy} is {states[copy]}")
        copies = [each for each in states if each.startswith(KEPT)]
        return Done({"snapshots": copies}, f"compare before anybody deletes: {', '.join(copies)}" if copies else "")

    return look


def no_room(region: str, *snapshots: str) -> str:
    """Why snapshots aren't kept, and what helps.

    Args:
        region: where they are.
        snapshots: those that aren't copied.
    """
    typed = " && ".join(copying(region, each) for each in sorted(snapshots))
    return (
        f"{', '.join(sorted(snapshots))} can't be copied: {region} has as many manual cluster snapshots as its quota"
        f" allows ({NO_ROOM}); delete some that nobody needs, or raise the quota in Service Quotas (Amazon RDS); then"
        f" this keeps it: {typed}"
    )


def copying(region: str, snapshot: str) -> str:
    """The command that keeps a snapshot."""
    return (
        f"aws rds copy-db-cluster-snapshot --region {region} --source-db-cluster-snapshot-identifier {snapshot}"
        f" --target-db-cluster-snapshot-identifier {copy_of(snapshot)}"
    )


async def _snapshots(region: str, cluster: str) -> Mapping[str, Mapping[str, Any]]:
    """A cluster's snapshots, manual and automated, by their names."""
    call = Call("rds", region, "describe_db_cluster_snapshots", {"DBClusterIdentifier": cluster})
    found = await pages(call, "Marker", "Marker")
    return {str(each["DBClusterSnapshotIdentifier"]): each for page in found for each in page["DBClusterSnapshots"]}


def events_read(site: Site) -> Looking:
    """Done when RDS's events about the new Region's member since the failover began have been read.

    Aurora tries to stop the old writer itself, and its events say what came of it (Aurora User Guide, managed unplanned
    failovers; read 2026-11-26). They are kept in RDS's own words. What can't be read is reported, and stops nothing.
    """

    async def look(workflow: Workflow) -> Look:
        minutes = math.ceil((site.clock.wall() - workflow.goal["observedMs"] / 1000) / 60)
        asked = {
            "SourceType": "db-cluster",
            "SourceIdentifier": site.new_side.database.cluster,
            "Duration": min(max(minutes, 1), _LONGEST_MINUTES),
        }
        try:
            listed = await pages(Call("rds", site.to, "describe_events", asked), "Marker", "Marker")
        except RefusedError as error:
            return Done(remark=f"RDS's events can't be read: {error.code}")
        # In which order RDS lists them isn't documented.
        found = sorted((each for page in listed for each in page["Events"]), key=_when)
        events = [str(each["Message"]) for each in found]
        return Done({"events": events})

    return look


def _when(event: Mapping[str, Any]) -> float:
    """When it happened; one without a time comes first."""
    return float(event["Date"].timestamp()) if event.get("Date") else 0.0


def copy_of(snapshot: str) -> str:
    """Name of the manual copy of Aurora's snapshot of an old volume, and of no other one's."""
    return fitting(f"{KEPT}{snapshot.removeprefix(OF_THE_OLD_VOLUME)}", _NAME_LENGTH)


def fitting(name: str, most: int) -> str:
    """A name that RDS takes: too long a one has a hash in place of its middle, for its end has the time.

    Args:
        name: the whole one.
        most: characters that RDS takes.
    """
    if len(name) <= most:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    begin = name[: most - _DIGEST - _END - 2]
    return f"{begin.rstrip('-')}-{digest}-{name[-_END:].lstrip('-')}"


def kept_as(snapshot: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """Name of the copy that there is of a snapshot; empty: there is none.

    Earlier versions cut the end of a name, which is that of several snapshots then: such a copy counts for the one that
    RDS names as its source.

    Args:
        snapshot: Aurora's, of an old volume.
        found: the cluster's snapshots by their names.
    """
    name = copy_of(snapshot)
    if name in found:
        return name
    cut = f"{KEPT}{snapshot.removeprefix(OF_THE_OLD_VOLUME)}"[:_NAME_LENGTH].rstrip("-")
    source = str(found.get(cut, {}).get("SourceDBClusterSnapshotArn") or "")
    return cut if source.endswith(f":{snapshot}") else ""
