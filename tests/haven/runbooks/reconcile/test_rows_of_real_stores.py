"""`haven reconcile` with PostgreSQL behind both members: rows that only the old side has are named, and are kept.

The gateway answers for Lambda by running the function's own code against the Region's server, past its door: a fence
closes a side to clients, and the function's rules aren't Aurora's.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from haven.base.exits import FINDINGS, OK
from haven_components.resilience.heartbeat_function import comparison
from haven_components.resilience.heartbeat_function.database import Database
from haven_components.resilience.heartbeat_function.postgres import Login
from tests.gateway import Answer, Call, Fault
from tests.haven.runbooks.failover.ground import Ground, manifest, new_ground
from tests.haven.runbooks.failover.ground_stores import Stores, stores
from tests.haven.runbooks.failover.test_kills import HURRIED
from tests.haven.runbooks.failover.test_with_real_stores import written
from tests.haven.runbooks.reconcile.test_in_the_emulator import FUNCTIONS, fill, reconcile
from tests.ports import free_port
from tests.simulation.model import P, R
from tests.stores.postgres_pair import DATABASE
from tests.stores.writing import wait_for
from tests.workloads.stores import USER, Postgres

pytestmark = [pytest.mark.timeout(900), pytest.mark.emulator, pytest.mark.exhaustive]
RESTORED = "haven-compare-db-1"


@dataclass
class Functions:
    """The Lambda functions of both Regions."""

    real: Stores
    restored: dict[str, Postgres] = field(default_factory=dict)
    """Name of a cluster to what was restored from the old volume."""

    def __post_init__(self) -> None:
        for name in FUNCTIONS.values():
            operation = f"POST /2015-03-31/functions/{name}/invocations"
            self.real.ground.gateway.answers["lambda", operation] = self._invoke

    def restore(self, region: str, cluster: str, server: Postgres) -> None:
        """A cluster beside a Region's member, as the commands that reconcile lists make one."""
        self.restored[cluster] = server
        rds, subnets = self.real.ground.aws.of("rds", region), manifest()["sides"][region]["database"]["subnetGroup"]
        engine = {"Engine": "aurora-postgresql", "DBClusterIdentifier": cluster, "DBSubnetGroupName": subnets}
        rds.create_db_cluster(**engine, MasterUsername="root", MasterUserPassword="not-a-secret-1")
        rds.create_db_instance(**engine, DBInstanceIdentifier=f"{cluster}-1", DBInstanceClass="db.r6g.large")

    def _invoke(self, call: Call) -> Answer:
        assert call.request is not None
        request = json.loads(call.request.body)[comparison.EVENT]
        member = self.real.database.members[call.region].server
        server = self.restored[request["cluster"]] if request["cluster"] else member
        found = Database(call.region, ["127.0.0.1"], server.port, DATABASE, str, lambda: Login(USER, ""), None)
        return 200, "application/json", json.dumps(comparison.answer(found, {**request, "cluster": ""}))


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    with new_ground(tmp_path) as ground:
        ground.python = HURRIED
        with stores(ground) as real:
            fill(ground)
            yield Functions(real)


def of_rows(ground: Ground, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code, and the one check about rows of the database."""
    code, document = reconcile(ground, *words)
    about = ("rows of", f"table {DATABASE}/")
    (found,) = [each for each in document["checks"] if each["description"].startswith(about)]
    return code, found


def test_rows_that_only_the_old_side_has_are_named_and_kept(
    functions: Functions, record_property: Callable[[str, object], None]
) -> None:
    real, ground = functions.real, functions.real.ground
    before = written(real, P, 700)
    wait_for(lambda: real.database.rows(R) >= before)
    _, check = of_rows(ground)
    assert check["description"] == f"rows of 1 table: no difference in {len(before)} rows"

    real.lose(P)
    late = written(real, P, 60)
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    words = ("--to", R, "--confirm", "sim", "--force", "the provider confirms the loss")
    code, text, _ = ground.haven("failover", *words)
    assert (code, ground.writer) == (OK, R), text
    code, check = of_rows(ground)
    assert (check["state"], "the Region doesn't answer" in check["description"]) == ("unknown", True)

    newer = written(real, R, 300)
    late |= written(real, P, 40)  # alive and unreachable: its clients go on writing
    ground.gateway.faults.clear()
    code, check = of_rows(ground)
    assert (code, check["state"], set(map(int, check["names"]))) == (FINDINGS, "wrong", late), check["description"]

    real.database.rejoin(P)
    real.database.members[P].feed.mend()
    wait_for(lambda: real.database.rows(P) == before | newer)
    _, check = of_rows(ground)
    assert check["state"] == "ok", check["description"]

    (kept,) = real.database.kept
    restored = replace(real.database.members[P].server, data=kept, port=free_port())
    restored.start()
    functions.restore(P, RESTORED, restored)
    try:
        code, check = of_rows(ground, "--old-volume", RESTORED)
        rows = {int(each) for each in restored.sql(DATABASE, "select id from written").split()}
    finally:
        restored.stop("immediate")
    assert (code, check["state"], set(map(int, check["names"]))) == (FINDINGS, "wrong", late), check["description"]
    assert rows >= late
    record_property(
        "figure",
        f"reconcile: of {len(before | late | newer)} rows it names exactly the {len(late)} that only the old side has,"
        " on its member and on the kept copy",
    )


def test_a_row_that_was_changed_by_hand_in_a_member_is_a_difference(functions: Functions) -> None:
    real = functions.real
    rows = sorted(written(real, P, 20))
    wait_for(lambda: real.database.rows(R) >= set(rows))
    real.database.members[R].feed.cut()
    real.database.fail_over(R)
    real.database.members[R].server.sql(DATABASE, f"update written set at = now() where id = {rows[3]}")
    _, check = of_rows(real.ground)
    assert (check["state"], check["names"]) == ("wrong", [str(rows[3])]), check["description"]
