"""The global database as RDS describes it, and a switchover that RDS takes or takes back.

FailoverState is `pending`, `switching-over` or `cancelling`, and gone when nothing is under way; a switchover that is
cancelled takes both members back to their previous states (RDS API Reference, FailoverState; read 2026-11-27). When
that happens, and how long it takes, are assumptions of the model.
"""

from collections.abc import Callable, Mapping

from haven.runbooks.observation import region_of
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.simulation.regions import DATABASE, Region, Replication

VERIFYING_SECONDS, CANCELLING_SECONDS = 2.0, 20.0


class Switchovers:
    """RDS, for one global database."""

    old: str
    regions: dict[str, Region]
    replication: dict[str, Replication]
    source: dict[str, str]
    busy: dict[str, float]
    stale_until: float
    promotion_seconds: float
    at: Callable[[float, Callable[[float], None]], None]
    _time: float
    _writer: Callable[[str], str]
    _promote: Callable[..., None]
    _require_promotable: Callable[[str, str, str], None]

    takes_back_after: float | None = None
    """Seconds after which RDS takes the next switchover back. None: it takes none back."""
    taken_back = 0
    """How many it has taken back."""
    _state = ""
    """Of the switchover that is under way."""

    def _describe_global_clusters(self, call: Call, region: Region) -> Answer:
        stale = self._time < self.stale_until
        writer = self.source[DATABASE] if self._state else self._writer(DATABASE)
        writer = self.old if stale else writer
        cut_at = self.replication[DATABASE].cut_at
        cut = cut_at is not None and self._time > cut_at + 20
        members = [
            {
                "DBClusterArn": f"arn:aws:rds:{each}:111122223333:cluster:db",
                "IsWriter": each == writer,
                "SynchronizationStatus": "pending-resync" if cut else "connected",
            }
            for each in self.regions
        ]
        found: Mapping[str, object] = {"GlobalClusterMembers": members, "Status": "available"}
        if DATABASE in self.busy and not stale:
            status = "switching-over" if self._state else "failing-over"
            found = {**found, "Status": status, "FailoverState": {"Status": self._state or status}}
        return {"GlobalClusters": [found]}

    def _switchover_global_cluster(self, call: Call, region: Region) -> Answer:
        target = region_of(call.arguments["TargetDbClusterIdentifier"])
        self._require_promotable(target, DATABASE, "InvalidGlobalClusterStateFault")
        source = self.regions[self.source[DATABASE]]
        if (
            call.region != self.source[DATABASE]
            or not source.reachable(self._time)
            or source.status != "available"
            or self.replication[DATABASE].cut_at is not None
        ):
            raise RefusedError("InvalidDBClusterStateFault")
        source.writer[DATABASE] = False
        if self.takes_back_after is None:
            self._promote(DATABASE, target, lossless=True)
        else:
            self._take_back(source, self.takes_back_after)
        return {}

    def _take_back(self, source: Region, after: float) -> None:
        """It is verified, begun, cancelled, and over; another one is taken then."""
        self.takes_back_after = None
        end = self._time + after + CANCELLING_SECONDS
        self.busy[DATABASE] = end
        self._state = "pending"

        def becomes(state: str) -> Callable[[float], None]:
            return lambda _: setattr(self, "_state", state)

        def over(_: float) -> None:
            self.busy.pop(DATABASE)
            source.writer[DATABASE] = True
            self._state, self.taken_back = "", self.taken_back + 1

        self.at(self._time + min(VERIFYING_SECONDS, after), becomes("switching-over"))
        self.at(end - CANCELLING_SECONDS, becomes("cancelling"))
        self.at(end, over)
