"""What AWS refuses for now: the runbook waits, takes the next zone, or goes on without."""

import json
from collections import Counter
from typing import Any

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.resuming.deciding import DIVERGENCE
from haven.runbooks.manifest import parse
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import machine, manifest_document, start
from tests.simulation.regions import Region

NAMES = {"db-a": "eu-central-1a", "db-b": "eu-central-1b"}


class Refusing(Model):
    """AWS that refuses some calls for a while, and whose snapshots are never copied to the end."""

    def __init__(self, refusals: dict[str, tuple[str, int]], **more: Any) -> None:
        super().__init__(**more)
        self.left = {operation: [code] * count for operation, (code, count) in refusals.items()}
        self.asked: list[Call] = []

    def answer(self, call: Call, now: float, owner: str) -> Answer:
        if call.region != P or self.regions[P].alive:
            self.asked.append(call)
            if left := self.left.get(call.operation):
                raise RefusedError(left.pop())
        return super().answer(call, now, owner)

    def _describe_db_cluster_snapshots(self, call: Call, region: Region) -> Answer:
        found = super()._describe_db_cluster_snapshots(call, region)["DBClusterSnapshots"]
        copies = [
            {**each, "Status": "creating"} for each in found if "haven-kept" in each["DBClusterSnapshotIdentifier"]
        ]
        return {"DBClusterSnapshots": [each for each in found if "haven-kept" not in str(each)] + copies}


def failed_over(model: Model, *, planned: bool, standby: int = 1, fault: Any = lambda *_: None) -> Report:
    """How one failover to R ends."""
    simulation = Simulation(model, fault)
    if not planned:
        model.at(100, model.kill)
    document = json.loads(json.dumps(manifest_document(standby=standby, rpo_minutes=1e6)))
    document["sides"][R]["database"]["instances"] = NAMES
    made = machine(simulation, "a", manifest=parse(json.dumps(document), "a test"))
    start(simulation, made, Request(planned), 150)
    simulation.run()
    report = made.outcome[0]
    assert isinstance(report, Report)
    return report


@pytest.mark.parametrize(
    ("operation", "code", "planned"),
    [
        ("switchover_global_cluster", "InvalidGlobalClusterStateFault", True),
        ("failover_global_cluster", "InvalidDBClusterStateFault", False),
        ("failover_global_replication_group", "InvalidGlobalReplicationGroupState", False),
    ],
)
def test_what_a_store_can_not_do_in_its_present_state_is_asked_for_again(
    operation: str, code: str, planned: bool
) -> None:
    model = Refusing({operation: (code, 8)})
    assert failed_over(model, planned=planned).state is State.DONE
    assert Counter(what for _, _, what, _ in model.effects)[operation] == 1


def test_an_instance_is_made_in_the_next_zone_where_its_own_has_no_capacity() -> None:
    model = Refusing({"create_db_instance": ("InsufficientDBInstanceCapacity", 3)}, instances=0)
    assert failed_over(model, planned=False, standby=0).state is State.DONE
    made = [each.arguments for each in model.asked if each.operation == "create_db_instance"]
    assert [each["DBInstanceIdentifier"] for each in made] == ["db-a", "db-b", "db-a", "db-b"]
    assert all(each["AvailabilityZone"] == NAMES[each["DBInstanceIdentifier"]] for each in made)


def test_an_unplanned_failover_asks_for_a_copy_of_an_old_volume_and_does_not_wait_for_it() -> None:
    model = Refusing({})
    model.regions[R].snapshots.append("rds:unplanned-global-failover-db-2026")
    assert failed_over(model, planned=False).state is State.DONE
    assert "haven-kept-db-2026" in model.regions[R].snapshots


def test_events_that_may_not_be_read_are_named_and_stop_nothing() -> None:
    found = failed_over(Refusing({"describe_events": ("AccessDenied", 99)}), planned=False)
    assert (found.state, found.divergence.partition(";")[0]) == (State.DONE, DIVERGENCE.partition(";")[0])
    assert "RDS says" not in found.divergence
    assert "read-events: RDS's events can't be read: AccessDenied" in found.why


def test_a_planned_failover_asks_for_no_events_and_an_unplanned_one_for_those_since_it_began() -> None:
    for planned in (True, False):
        model = Refusing({})
        assert failed_over(model, planned=planned).state is State.DONE
        asked = [each.arguments for each in model.asked if each.operation == "describe_events"]
        assert [each["SourceIdentifier"] for each in asked] == [f"db-{R}"] * (not planned)
        assert all(1 <= each["Duration"] <= 60 for each in asked)


def test_a_switchover_is_asked_for_in_the_region_of_the_primary_and_a_failover_in_the_other_one() -> None:
    for planned, operation, region in ((True, "switchover_global_cluster", P), (False, "failover_global_cluster", R)):
        model = Refusing({})
        assert failed_over(model, planned=planned).state is State.DONE
        assert [each.region for each in model.asked if each.operation == operation] == [region]


class Cancelling(Model):
    """AWS that takes a switchover, and takes it back."""

    def _switchover_global_cluster(self, call: Call, region: Region) -> Answer:
        return {}

    def _failover_global_replication_group(self, call: Call, region: Region) -> Answer:
        raise RefusedError("InvalidParameterValue")


def test_a_switchover_that_aws_takes_back_leaves_the_old_writer_open_again() -> None:
    model = Cancelling()
    report = failed_over(model, planned=True)
    assert report.state is State.UNDONE, report
    assert model.regions[P].closed == set()
    assert {each.mode for each in model.regions.values()} == {"read-write"}
    assert model.regions[P].writer == {"database": True, "cache": True}


def test_a_region_whose_api_throttles_answers_so_its_writer_has_to_be_closed() -> None:
    def throttled(_: str, call: Call, now: float) -> Fault | None:
        return Fault("throttle") if (call.region, call.operation) == (P, "describe_db_clusters") else None

    model = Model()
    model.at(100, model.cut)
    report = failed_over(model, planned=True, fault=throttled)
    assert (report.state, "flapping" in report.why[0]) == (State.REFUSED, True)
