"""A snapshot of an earlier failover's old volume that can't be copied, for the account may have no more of them."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.reconcile.keeping import keep
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call, RefusedError
from tests.simulation.clock import Simulation
from tests.simulation.model import Model, R
from tests.simulation.operators import PATIENT, machine, start
from tests.simulation.regions import Region

SNAPSHOT = "rds:unplanned-global-failover-db-2025"
FIX = (
    f"{SNAPSHOT} can't be copied: {R} has as many manual cluster snapshots as its quota allows (SnapshotQuotaExceeded);"
    " delete some that nobody needs, or raise the quota in Service Quotas (Amazon RDS); then this keeps it: aws rds"
    f" copy-db-cluster-snapshot --region {R} --source-db-cluster-snapshot-identifier {SNAPSHOT}"
)


def full(monkeypatch: pytest.MonkeyPatch) -> Model:
    """AWS where R has such a snapshot, and no room for another one."""

    def refused(self: Model, call: Call, region: Region) -> None:
        raise RefusedError("SnapshotQuotaExceeded")

    monkeypatch.setattr(Model, "_copy_db_cluster_snapshot", refused)
    model = Model()
    model.regions[R].snapshots.append(SNAPSHOT)
    return model


@pytest.mark.parametrize("planned", [True, False])
def test_a_snapshot_without_room_stops_a_planned_failover_and_no_other(
    planned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = full(monkeypatch)
    if not planned:
        model.at(100, model.kill)
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=PATIENT[1])
    start(simulation, made, Request(planned), 150)
    simulation.run()
    report = made.outcome[0]
    assert isinstance(report, Report)
    assert (report.state, model.regions[R].writer["database"]) == (
        (State.UNDONE, False) if planned else (State.DONE, True)
    )
    assert FIX in "; ".join(report.why)
    if not planned:
        promoted = min(at for at, _, what, _ in model.effects if what == "failover_global_cluster")
        assert promoted < 200


def test_reconcile_names_the_same_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(full(monkeypatch))
    made = machine(simulation, "keeper", manifest=PATIENT[1])
    simulation.start("keeper", keep(made.operator, R), made.outcome.append)
    simulation.run()
    assert FIX in made.outcome[0]
