"""Unplanned failovers there and back under clients that go on writing: `haven reconcile` names each missing row.

Heartbeats are the function's own, in the real stores. The delay of replication is injected. The emulator neither takes
a snapshot of an old volume nor copies one: both are the test's own here; what they stand for is the old server's data.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import pytest

from haven.base.exits import FINDINGS, OK
from haven_components.resilience.heartbeat_function.beats import Beat, now_ms
from haven_components.resilience.heartbeat_function.cache import Cache
from haven_components.resilience.heartbeat_function.database import Database
from haven_components.resilience.heartbeat_function.handler import recorder
from haven_components.resilience.heartbeat_function.postgres import Login
from tests.gateway import Answer, Call, Fault
from tests.haven.runbooks.failover.ground_stores import Stores
from tests.haven.runbooks.reconcile.test_in_the_emulator import activated, reconcile, wrong
from tests.haven.runbooks.reconcile.test_rows_of_real_stores import Functions, functions, of_rows
from tests.ports import free_port
from tests.simulation.model import P, R
from tests.stores.postgres_pair import DATABASE
from tests.stores.redis_pair import ask
from tests.stores.writing import Writer, wait_for
from tests.workloads.stores import USER

__all__ = ["functions"]
pytestmark = [pytest.mark.timeout(2400), pytest.mark.emulator, pytest.mark.exhaustive]
DIRECTIONS, ROWS = 4, 10_000
DELAY_SECONDS, BEAT_SECONDS = 1.0, 1.0
BATCH, PAUSE_SECONDS = 10, 0.04
FORCED = ("--acknowledge", "--confirm", "sim", "--force", "the provider confirms the loss")


@dataclass
class Client:
    """Writes to both stores of a Region, in a thread of its own, whatever happens meanwhile."""

    real: Stores
    region: str
    rows: dict[int, float] = field(default_factory=dict)
    """Acknowledged ones, each with the time before it was sent."""
    keys: dict[str, float] = field(default_factory=dict)
    """The same of the cache."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        member, cache = self.real.database.members[self.region], self.real.cache.members[self.region]
        with Writer(member.server, member.door) as writer:
            while not self._ended.wait(PAUSE_SECONDS):
                at = time.time()
                written = writer.write(BATCH)
                self.rows |= dict.fromkeys(written, at)
                if len(written) < BATCH:
                    break
                key, at = f"key-{written[-1]}", time.time()
                ask(cache.door.port, "SET", key, "x")
                self.keys[key] = at

    def wait_for(self, rows: int) -> None:
        """Wait until so many are acknowledged."""
        wait_for(lambda: len(self.rows) >= rows or not self._thread.is_alive(), 300)
        assert len(self.rows) >= rows

    def end(self) -> None:
        """Write nothing more."""
        assert self._thread.is_alive()
        self._ended.set()
        self._thread.join()


@dataclass
class Environment:
    """Both Regions, and what the test knows of them."""

    functions: Functions
    client: Client = field(init=False)
    there: set[int] = field(default_factory=set)
    """Acknowledged rows that the writing Region has."""
    lost_keys: int = 0
    promoted: dict[str, float] = field(default_factory=dict)
    """Store to when it was promoted last."""

    def __post_init__(self) -> None:
        self.real, self.ground = self.functions.real, self.functions.real.ground
        answered = self.ground.gateway.done
        self.ground.gateway.done = partial(self._done, answered)
        promote = self.ground.gateway.answers["elasticache", "FailoverGlobalReplicationGroup"]
        self.ground.gateway.answers["elasticache", "FailoverGlobalReplicationGroup"] = partial(self._cache, promote)
        self.ground.gateway.answers["rds", "CopyDBClusterSnapshot"] = self._copy
        self.real.database.members[P].server.sql(DATABASE, "create role rds_iam")
        manifest = self.ground.folder / "manifest.json"
        document = json.loads(manifest.read_text())
        document["operations"]["heartbeats"]["stores"] = {"database": True, "cache#0": True}
        manifest.write_text(json.dumps(document))
        self.client = Client(self.real, P)
        self.delay(R)

    def delay(self, region: str) -> None:
        """Let what a Region follows arrive later."""
        for feed in (self.real.database.members[region].feed, self.real.cache.members[region].feed):
            feed.delay = DELAY_SECONDS

    def _done(self, answered: Callable[[Call], None], call: Call) -> None:
        if call.operation == "FailoverGlobalCluster":
            self.promoted["database"] = time.time()
        answered(call)

    def _cache(self, promote: Callable[[Call], Answer], call: Call) -> Answer:
        self.promoted["cache"] = time.time()
        return promote(call)

    def _copy(self, call: Call) -> Answer:
        names = {"DBClusterIdentifier": f"db-{call.region}"}
        copy = str(call.arguments["TargetDBClusterSnapshotIdentifier"])
        self.ground.aws.of("rds", call.region).create_db_cluster_snapshot(**names, DBClusterSnapshotIdentifier=copy)
        body = "<CopyDBClusterSnapshotResult><DBClusterSnapshot/></CopyDBClusterSnapshotResult>"
        return 200, "text/xml", f"<CopyDBClusterSnapshotResponse>{body}</CopyDBClusterSnapshotResponse>"

    @contextmanager
    def beating(self) -> Iterator[None]:
        """The heartbeat's functions of both Regions, more often than once in ten seconds."""
        ended = threading.Event()

        def rounds(region: str) -> None:
            record = recorder(self.ground.aws.of("dynamodb", region), "operations", round(BEAT_SECONDS * 1000))
            port, login = self.real.database.members[region].door.port, Login(USER, "")
            database = Database(region, ["127.0.0.1"], port, DATABASE, str, lambda: login, None)
            cache = Cache("127.0.0.1", self.real.cache.members[region].door.port, "", None)
            while not ended.wait(BEAT_SECONDS):
                seen: list[Beat] = []
                for look in (database.beat, cache.beat):
                    try:
                        seen += look()
                    except Exception:  # noqa: BLE001  a member that is being made a copy, or closed: the next round
                        continue
                record([each for each in seen if each.newest_ms is not None], now_ms())

        threads = [threading.Thread(target=rounds, args=(each,), daemon=True) for each in (P, R)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            ended.set()
            for each in threads:
                each.join()

    def lose(self, old: str, new: str) -> set[int]:
        """Cut a Region off under its client, and promote the other one; the rows that are missing."""
        self.client.wait_for(ROWS // DIRECTIONS)
        self.real.lose(old)
        self.ground.gateway.faults[old, "*"] = Fault.REFUSE
        code, text, error = self.ground.haven("failover", "--to", new, *FORCED)
        assert (code, self.ground.writer) == (OK, new), text + error
        assert "divergence: possible: the old writer couldn't be closed" in text
        stale, self.client = self.client, Client(self.real, new)
        stale.wait_for(len(stale.rows) + 50)  # alive and unreachable: its clients go on writing
        stale.end()
        arrived = self.real.database.rows(new)
        missing = stale.rows.keys() - arrived
        assert self.there <= arrived
        self.there |= stale.rows.keys() & arrived
        keys = [each for each in stale.keys if ask(self.real.cache.members[new].port, "GET", each) is None]
        self.lost_keys += len(keys)
        self._within("database", text, [stale.rows[each] for each in missing])
        self._within("cache#0", text, [stale.keys[each] for each in keys])
        return missing

    def _within(self, store: str, text: str, written: list[float]) -> None:
        """What is missing of the time before the promotion was written within the seconds that the command names."""
        (most,) = re.findall(rf"as judged before the promotion: {store}: up to ([0-9.]+) s may be lost", text)
        ages = [self.promoted[store.partition("#")[0]] - each for each in written]
        assert any(each > 0 for each in ages)
        assert max(ages) <= float(most)

    def rejoin(self, old: str, name: str) -> None:
        """As AWS does: a snapshot of the old volume, and the old members become copies of the new ones."""
        cluster = {"DBClusterIdentifier": f"db-{old}"}
        snapshot = f"rds:unplanned-global-failover-{name}"
        self.ground.aws.of("rds", old).create_db_cluster_snapshot(**cluster, DBClusterSnapshotIdentifier=snapshot)
        for pair in (self.real.database, self.real.cache):
            for member in pair.members.values():
                member.feed.delay = 0.0
                member.feed.mend()
        self.real.database.rejoin(old)
        self.real.cache.follow(old)
        self.delay(old)

    @contextmanager
    def restored(self, region: str, cluster: str) -> Iterator[None]:
        """What the kept snapshot has, as a cluster beside the member."""
        kept: Path = self.real.database.kept[-1]
        server = replace(self.real.database.members[P].server, data=kept, port=free_port())
        server.start()
        self.functions.restore(region, cluster, server)
        try:
            yield
        finally:
            server.stop("immediate")

    def names_exactly(self, missing: set[int], *words: str) -> None:
        """What `haven reconcile` names is what is missing, no row less and none more."""
        code, check = of_rows(self.ground, "--every-row", *words)
        assert (code, check["state"]) == (FINDINGS, "wrong"), check["description"]
        assert set(map(int, check["names"])) == missing, check["description"]
        assert len(check["names"]) == len(missing)

    def samples_lead_to_every_row(self) -> None:
        """What doesn't read every row says so, and how to."""
        _, check = of_rows(self.ground)
        assert "sampled rows" in check["description"]
        named = f"sim --manifest {self.ground.folder / 'whole.json'}"
        assert check["commands"] == [f"haven reconcile {named} --every-row"]

    def keep(self, name: str, old: str, new: str) -> str:
        """Copy what Aurora has of the old volume, and find all else clean; the cluster that a printed command makes."""
        _, document = reconcile(self.ground, "--every-row", "--keep", "--write", changes=[activated(new, old)])
        assert wrong(document).keys() <= {"config"}, wrong(document)
        (rows,) = [each for each in document["checks"] if each["description"].startswith("rows of 1 table: ")]
        assert (rows["state"], "no difference in" in rows["description"]) == ("ok", True), rows
        (kept,) = [each for each in document["checks"] if f" is kept as haven-kept-{name}:" in each["description"]]
        return str(kept["commands"][-1].partition("--old-volume ")[2])


def test_what_unplanned_failovers_there_and_back_lose_is_named_row_by_row(
    functions: Functions, record_property: Callable[[str, object], None]
) -> None:
    here = Environment(functions)
    lost: set[int] = set()
    with here.beating():
        for number, (old, new) in enumerate(islice(cycle(((P, R), (R, P))), DIRECTIONS)):
            missing = here.lose(old, new)
            here.ground.gateway.faults.clear()
            here.names_exactly(missing)  # as long as the old member is a writer of its own
            here.rejoin(old, f"there-{number}")
            cluster = here.keep(f"there-{number}", old, new)
            with here.restored(old, cluster):
                here.names_exactly(missing, "--old-volume", cluster)
            lost |= missing
        here.samples_lead_to_every_row()
        here.client.end()
        here.there |= here.client.rows.keys()
        wait_for(lambda: here.real.database.rows(R) == here.there)
        code, text, error = here.ground.haven("failover", "--to", R, "--planned", "--acknowledge", "--confirm", "sim")
        assert code == OK, text + error
    acknowledged = len(here.there) + len(lost)
    assert here.real.database.rows(R) == here.real.database.rows(P) == here.there
    code, check = of_rows(here.ground, "--every-row")
    assert check["description"] == f"rows of 1 table: no difference in {len(here.there)} rows"
    assert acknowledged >= ROWS
    record_property(
        "figure",
        f"{DIRECTIONS} unplanned failovers there and back: of {acknowledged} acknowledged rows {len(lost)} are missing,"
        f" and reconcile names exactly these, on the old member and on its kept copy; {here.lost_keys} missing keys of"
        f" the cache and all rows from before a promotion are younger than the bound that failover names",
    )
