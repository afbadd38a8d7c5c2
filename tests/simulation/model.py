"""One model of what AWS documents: states, transitions and how long they take. Times are assumptions of the model.

Two Regions with a global database, a cache and node groups, and a third Region with one table. It knows at every
moment which Region takes writes of clients, so it knows what is lost, and when both took them.
"""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import cached_property, lru_cache
from typing import Any

from haven.runbooks.executions import GRACEFUL, SERVICE
from haven.runbooks.workflow.requests import Answer, Call, RefusedError, UnansweredError
from tests.simulation.aws.network_acls import NetworkAcls
from tests.simulation.aws.node_groups import NodeGroups
from tests.simulation.aws.queues import Queues
from tests.simulation.aws.region_switch import RegionSwitch
from tests.simulation.aws.switchover import Switchovers
from tests.simulation.clock import EPOCH
from tests.simulation.regions import CACHE, DATABASE, Region, Replication
from tests.simulation.tables import RECORDS, Tables
from tests.simulation.workloads import FULL, Workloads, described

P, R, THIRD = "eu-west-1", "eu-central-1", "eu-west-3"
INTERVAL = 10.0
STORES = (DATABASE, CACHE)
BUCKET, TABLE = "bucket:models", "table:sessions"
"""Written in both Regions: what arrives of them comes from the other one."""
LAG = 0.5
OBJECT_LAG = 100.0
"""[assumption] Of the bucket: more than a minute, and within the 15 that S3 promises."""
PLAN = "arn:aws:arc-region-switch::000000000000:plan/haven-sim-plan:abc123"
GROUP_ROLE = {True: "PRIMARY", False: "SECONDARY"}


@lru_cache(maxsize=100_000)
def _dated(seconds: int) -> Answer:
    return {"HTTPHeaders": {"date": formatdate(seconds, usegmt=True)}}


class Model(Switchovers, NetworkAcls, NodeGroups, Queues):
    """AWS, for one environment whose writer is in P; or in R, after a failover."""

    def __init__(
        self,
        *,
        instances: int = 1,
        aws_fences: bool = True,
        promotion_seconds: float = 40.0,
        to: str = R,
        forwards: bool = False,
    ) -> None:
        self.old, self.new = (P, R) if to == R else (R, P)
        full = Workloads(FULL, FULL, suspended=False)
        written = Region(nodes=(3, 3, 4), running=3, workloads=full)
        standby = Region(instances=instances, off=to == P)
        self.regions = {P: written, R: standby} if to == R else {P: standby, R: written}
        self.third = Tables()
        for store in STORES:
            self.regions[self.old].writer[store] = True
            self.regions[self.new].writer[store] = False
        self.replication = {store: Replication() for store in STORES}
        self.source = dict.fromkeys(STORES, self.old)
        """Store to the Region that is replicated from."""
        self.aws_fences = aws_fences
        self.forwards = forwards
        """Whether the database's readers forward the writes of their clients."""
        self.promotion_seconds = promotion_seconds
        self.busy: dict[str, float] = {}
        """Store to when its promotion ends."""
        self.both_open: dict[str, float] = dict.fromkeys(STORES, 0.0)
        """Seconds for which both Regions took writes."""
        self.losses: list[tuple[str, float, float]] = []
        """Store, seconds of acknowledged writes that the promoted side lacks, and when."""
        self.opened_wrong: list[float] = []
        """When traffic was sent to a Region whose models had given wrong answers for a while."""
        self.effects: list[tuple[float, str, str, str]] = []
        """When, by whom, what and where: calls that changed something."""
        self.stale_until = 0.0
        """Until then reads show the global database as it was."""
        self.silent: set[str] = set()
        self._died_at: float | None = None
        self._cut_off_at: float | None = None
        """Since when no bucket's objects arrive."""
        self._mended_at = -100.0
        self.went_back = False  # whether anything was promoted in the Region that is left
        self._timeline: list[tuple[float, Callable[[float], None]]] = []
        self._time = 0.0

    @cached_property
    def arc(self) -> RegionSwitch:
        """ARC, where somebody uses it."""
        return RegionSwitch(PLAN, (P, R), lambda: EPOCH + self._time, self._move_writer, self._is_source)

    # What happens by itself

    def at(self, when: float, event: Callable[[float], None]) -> None:
        """Let something happen at a time."""
        self._timeline.append((when, event))
        self._timeline.sort(key=lambda each: each[0])

    def advance(self, now: float) -> None:
        """Let time pass."""
        while self._timeline and self._timeline[0][0] <= now:
            when, event = self._timeline.pop(0)
            self._pass(max(when, self._time))
            event(when)
        self._pass(now)

    def _pass(self, now: float) -> None:
        regions = self.regions
        for store, source in self.source.items():
            found = self.replication[store]
            if regions[source].accepts(store):
                found.last_write = found.last_beat = now
                other = regions[R if source == P else P]
                if other.writer[store] and other.accepts(store):
                    self.both_open[store] += now - self._time
            elif self.forwards and store == DATABASE and regions[source].accepts_forwarded(now):
                found.last_write = now
        self._time = now

    def position(self, store: str) -> float:
        """What the source acknowledged until then has arrived in the other Region."""
        found = self.replication[store]
        return found.position if found.cut_at is not None else min(self._time - LAG, self._time)

    def cut(self, now: float, *stores: str) -> None:
        """Let nothing more arrive."""
        for store in stores or STORES:
            found = self.replication[store]
            if found.cut_at is None:
                found.position, found.cut_at = now - LAG, now
        if not stores and self._cut_off_at is None:
            self._cut_off_at = now

    def mend(self, now: float) -> None:
        """Let everything arrive."""
        self._cut_off_at, self._mended_at = None, now
        for store in STORES:
            if store not in self.busy:
                self.replication[store].cut_at = None

    def is_well(self, now: float) -> bool:
        """Whether everything that the Region that is left writes arrives, and has done so for half a minute."""
        cut = any(each.cut_at is not None for each in self.replication.values())
        return self.regions[self.old].alive and not cut and self._cut_off_at is None and now > self._mended_at + 30

    def drain(self, now: float) -> None:
        """Let what is written to the cache arrive, if it still comes from the Region that is left."""
        old = self.regions[self.old]
        if self.source[CACHE] == self.old and CACHE not in self.busy and old.alive and self._cut_off_at is None:
            self.replication[CACHE].cut_at = None

    def kill(self, now: float) -> None:
        """The Region that is left is lost."""
        self.cut(now)
        self._died_at = now
        self.regions[self.old].alive = False
        self.regions[self.old].reachable = lambda _: False

    def fail(self, now: float) -> None:
        """The database of the Region that is left fails, and nothing else does."""
        self.cut(now, DATABASE)
        self.regions[self.old].fail()

    def revive(self, now: float) -> None:
        """The Region that is left answers again: RDS and ElastiCache make its members copies of the promoted ones."""
        region = self.regions[self.old]
        region.alive, region.reachable, region.database_writes = True, lambda _: True, True
        region.status = "available"
        region.out.clear()
        for store in STORES:
            if self.regions[self.new].writer[store]:
                region.writer[store] = False
                if store == DATABASE:
                    region.snapshots.append("rds:unplanned-global-failover-db-2026")
        self.mend(now)

    # What is asked

    def answer(self, call: Call, now: float, owner: str) -> Answer:
        """The answer to a call."""
        self.advance(now)
        service, where, operation, *_ = call
        if where == THIRD:
            return self.third.answer(call) or {}
        region = self.regions[where]
        if where in self.silent or not region.answers(service, now):
            raise UnansweredError(f"{service} in {where} is silent")
        answer = self._heartbeats(call, now) if operation == "query" else None
        if answer is None and service in RECORDS:
            answer = region.tables.answer(call)
        if answer is None:
            own = self.arc.call if service == SERVICE else getattr(self, f"_{operation}")
            answer = own(call, region)
            if call.changes:
                self.effects.append((now, owner, operation, where))
        return {**answer, "ResponseMetadata": _dated(int(EPOCH + now))}

    def _heartbeats(self, call: Call, now: float) -> Answer | None:
        if call.arguments["ExpressionAttributeValues"][":id"]["S"] != "heartbeat":
            return None
        copied = self._copied(call.region, now)
        items = [self._item(BUCKET, copied - OBJECT_LAG, now), self._item(TABLE, copied, now)]
        for store in STORES:
            if store == DATABASE and not self.regions[call.region].instances:
                continue  # nothing there reads a member without an instance
            last = self.replication[store].last_beat
            newest = last if call.region == self.source[store] else min(last, self.position(store))
            items.append(self._item(store, newest, now))
        return {"Items": items}

    def _copied(self, region: str, now: float) -> float:
        """When the newest object was written that has arrived from the other Region."""
        cut = self._cut_off_at if self.regions[R if region == P else P].alive else self._died_at
        return (now if cut is None else cut) - LAG

    @staticmethod
    def _item(store: str, newest: float, now: float) -> Mapping[str, Any]:
        beat = (EPOCH + newest // INTERVAL * INTERVAL) * 1000
        return {
            "entry": {"S": store},
            "newest": {"N": repr(beat)},
            "interval": {"N": "10000"},
            "seen": {"N": repr((EPOCH + now) * 1000)},
        }

    # RDS

    def _writer(self, store: str) -> str:
        return self.new if self.regions[self.new].writer[store] else self.old

    def _describe_db_clusters(self, call: Call, region: Region) -> Answer:
        return {"DBClusters": [{"Status": region.status}]}

    def _describe_db_instances(self, call: Call, region: Region) -> Answer:
        found = {"DBInstanceIdentifier": "db-1", "DBInstanceStatus": "available"}
        return {"DBInstances": [found] * region.instances}

    def _create_db_instance(self, call: Call, region: Region) -> Answer:
        if region.instances:
            raise RefusedError("DBInstanceAlreadyExists")
        region.instances = 1
        return {}

    def _describe_db_cluster_snapshots(self, call: Call, region: Region) -> Answer:
        found = [{"DBClusterSnapshotIdentifier": each, "Status": "available"} for each in region.snapshots]
        return {"DBClusterSnapshots": found}

    def _describe_events(self, call: Call, region: Region) -> Answer:
        return {
            "Events": [{"Message": f"Global failover to DB cluster {call.arguments['SourceIdentifier']} completed"}]
        }

    def _copy_db_cluster_snapshot(self, call: Call, region: Region) -> Answer:
        region.snapshots.append(call.arguments["TargetDBClusterSnapshotIdentifier"])
        return {}

    def _describe_db_subnet_groups(self, call: Call, region: Region) -> Answer:
        return {"DBSubnetGroups": [{"Subnets": [{"SubnetIdentifier": "subnet-1"}]}]}

    def _move_writer(self, target: str, mode: str) -> bool:
        """What ARC's block for Aurora does; whether RDS takes it."""
        if target == self.source[DATABASE] or DATABASE in self.busy:
            return True  # it is moved, or moves already
        source, graceful = self.regions[self.source[DATABASE]], mode == GRACEFUL
        if graceful and not (source.reachable(self._time) and self.replication[DATABASE].cut_at is None):
            return False
        if graceful:
            source.writer[DATABASE] = False
        self._promote(DATABASE, target, lossless=graceful)
        return True

    def _is_source(self, region: str) -> bool:
        return self.source[DATABASE] == region

    def _failover_global_cluster(self, call: Call, region: Region) -> Answer:
        self._require_promotable(call.region, DATABASE, "InvalidGlobalClusterStateFault")
        if not region.instances:
            raise RefusedError("InvalidDBClusterStateFault")
        assert call.arguments["AllowDataLoss"] is True
        self._promote(DATABASE, call.region, lossless=False)
        return {}

    def _require_promotable(self, region: str, store: str, code: str) -> None:
        if region == self.source[store] or store in self.busy:
            raise RefusedError(code)

    def _promote(self, store: str, region: str, *, lossless: bool) -> None:
        found, old = self.replication[store], self.regions[self.source[store]]
        lost = 0.0 if lossless else max(0.0, found.last_write - self.position(store))
        self.losses.append((store, lost, self._time))
        healthy = found.cut_at is None
        if not lossless:
            self.cut(self._time, store)
        if old.reachable(self._time) and (self.aws_fences or healthy):
            old.writer[store] = False
        self.busy[store] = self._time + self.promotion_seconds
        self.at(self.busy[store], lambda _: self._promoted(store, region))

    def _promoted(self, store: str, region: str) -> None:
        """Replication goes the other way from now on, as soon as the old side can be reached."""
        self.busy.pop(store)
        old = self.regions[self.source[store]]
        self.regions[region].writer[store] = True
        self.went_back = self.went_back or region == self.old
        self.source[store] = region
        self.replication[store].last_write = self.replication[store].last_beat = self._time
        if old.reachable(self._time):  # what AWS didn't fence at once, it makes a copy later
            self.replication[store].cut_at = None
            self.at(self._time + 60, lambda _: old.writer.update({store: False}))

    # ElastiCache

    def _describe_replication_groups(self, call: Call, region: Region) -> Answer:
        role = GROUP_ROLE[region.writer[CACHE]]
        info = {"GlobalReplicationGroupId": "global", "GlobalReplicationGroupMemberRole": role}
        return {"ReplicationGroups": [{"Status": "available", "GlobalReplicationGroupInfo": info}]}

    def _describe_global_replication_groups(self, call: Call, region: Region) -> Answer:
        return {"GlobalReplicationGroups": [{"Status": "modifying" if CACHE in self.busy else "available"}]}

    def _failover_global_replication_group(self, call: Call, region: Region) -> Answer:
        self._require_promotable(call.region, CACHE, "InvalidGlobalReplicationGroupState")
        self._promote(CACHE, call.region, lossless=False)
        return {}

    # EKS, load balancers, CloudWatch

    def _describe_cluster(self, call: Call, region: Region) -> Answer:
        return described(call)

    def _read(self, call: Call, region: Region) -> Answer:
        return region.workloads.read(call.arguments["path"], region.running)

    def _patch(self, call: Call, region: Region) -> Answer:
        return region.workloads.patch(call.arguments["path"], call.arguments["body"])

    def _ask(self, call: Call, region: Region) -> Answer:
        return region.workloads.ask(region.running)

    def _resolve(self, call: Call, region: Region) -> Answer:
        other = P if self.regions[P].alive and not self.regions[P].off else R
        host = call.arguments["host"]
        return {"addresses": [host if any(each in host for each in (P, R)) else f"{other}.example.com"]}

    def _describe_table(self, call: Call, region: Region) -> Answer:
        return {"Table": {"TableStatus": "ACTIVE"}}

    def _get_parameter(self, call: Call, region: Region) -> Answer:
        return {"Parameter": {"Value": region.mode}}

    def _put_parameter(self, call: Call, region: Region) -> Answer:
        assert call.arguments["Overwrite"] is True
        region.mode = call.arguments["Value"]
        return {}

    def _describe_target_groups(self, call: Call, region: Region) -> Answer:
        return {"TargetGroups": [{"TargetGroupArn": "arn"}]}

    def _describe_target_health(self, call: Call, region: Region) -> Answer:
        state = "healthy" if min(region.running, region.workloads.replicas) else "unhealthy"
        return {"TargetHealthDescriptions": [{"TargetHealth": {"State": state}}]}

    def _describe_alarms(self, call: Call, region: Region) -> Answer:
        return {"MetricAlarms": [{"AlarmName": call.arguments["AlarmNames"][0]}]}

    def _get_metric_data(self, call: Call, region: Region) -> Answer:
        off = self.regions[P if call.region == R else R].off
        return {"MetricDataResults": [{"Timestamps": [0], "Values": [1.0 if off else 0.0]}]}

    def _put_metric_data(self, call: Call, region: Region) -> Answer:
        other = self.regions[P if call.region == R else R]
        value = call.arguments["MetricData"][0]["Value"]
        wrong = region.workloads.wrong_since
        if value == 1.0 and wrong is not None and wrong < self._time - 60:
            self.opened_wrong.append(self._time)
        self.at(self._time + 30, lambda _: setattr(other, "off", value == 1.0))
        return {}
