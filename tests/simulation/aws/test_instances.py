"""The instance of a headless member, and Aurora's snapshots of old volumes: states and names as RDS has them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from haven.program import aws_types
from haven.runbooks.failover.database import KEPT, OF_THE_OLD_VOLUME, copy_of, fitting, kept_as
from haven.runbooks.failover.decision import Request
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.environments import environment
from tests.simulation.clock import Simulation
from tests.simulation.model import Model, R
from tests.simulation.operators import PATIENT, machine, manifest_document, start
from tests.simulation.regions import Region

BEGIN = 150.0
NAMES = {"db-a": "eu-central-1a", "db-b": "eu-central-1b"}
DEAD = ("failed", "incompatible-network", "insufficient-capacity", "inaccessible-encryption-credentials")


class Instances(Model):
    """RDS, whose instances by name come to these states; one that isn't named comes to none."""

    def __init__(self, states: Mapping[str, str], there: Mapping[str, str]) -> None:
        super().__init__(instances=0)
        self.states, self.there = dict(states), dict(there)
        self.at(100, self.kill)

    def _describe_db_instances(self, call: Call, region: Region) -> Answer:
        return {
            "DBInstances": [
                {"DBInstanceIdentifier": name, "DBInstanceStatus": each} for name, each in self.there.items()
            ]
        }

    def _create_db_instance(self, call: Call, region: Region) -> Answer:
        name = call.arguments["DBInstanceIdentifier"]
        if name in self.there:
            raise RefusedError("DBInstanceAlreadyExists")
        self.there[name] = "creating"
        self.at(self._time + 60, lambda _: self._come(name, region))
        return {}

    def _come(self, name: str, region: Region) -> None:
        self.there[name] = self.states[name]
        region.instances = sum(each == "available" for each in self.there.values())


def manifest() -> RecoveryManifest:
    """One whose headless member has two names, each in a zone of its own."""
    document = json.loads(json.dumps(manifest_document(standby=0, rpo_minutes=1e6)))
    document["sides"][R]["database"]["instances"] = NAMES
    return parse(json.dumps(document), "a test")


def run(model: Instances) -> tuple[Report, float, list[str]]:
    """What came of an unplanned failover, how long that took, and the instances that were made."""
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=manifest())
    start(simulation, made, Request(planned=False, force="the provider confirms it", accept_loss="unknown"), BEGIN)
    simulation.run()
    entries = [each.data for each in made.operator.journal.entries if each.kind == "intent"]
    names = [each["arguments"]["DBInstanceIdentifier"] for each in entries if each["step"] == "create-instance"]
    report = made.outcome[0]
    assert isinstance(report, Report), report
    return report, simulation.now - BEGIN, names


def test_an_instance_is_made_as_pulumi_declares_it() -> None:
    made = _call_of_a_new_instance()
    declared = [each for each in environment("warm").real() if each.type == aws_types.RDS_CLUSTER_INSTANCE]
    alike = {
        "Engine": "engine",
        "PromotionTier": "promotionTier",
        "PubliclyAccessible": "publiclyAccessible",
        "AutoMinorVersionUpgrade": "autoMinorVersionUpgrade",
    }
    first = next(each for each in declared if each.inputs["promotionTier"] == 0)
    assert {name: made[name] for name in alike} == {name: str(first.inputs[each]) for name, each in alike.items()}


def _call_of_a_new_instance() -> Mapping[str, str]:
    simulation = Simulation(Instances({"db-a": "available"}, {}))
    made = machine(simulation, "a", manifest=manifest())
    start(simulation, made, Request(planned=False, force="the provider confirms it", accept_loss="unknown"), BEGIN)
    simulation.run()
    intents = [each.data for each in made.operator.journal.entries if each.kind == "intent"]
    (found,) = (each["arguments"] for each in intents if each["step"] == "create-instance")
    return dict(found)


@pytest.mark.parametrize("state", DEAD)
def test_an_instance_in_a_state_that_it_does_not_leave_is_not_waited_for_and_the_next_name_is_taken(state: str) -> None:
    report, _, names = run(Instances({"db-a": state, "db-b": "available"}, {}))
    assert (report.state, names) == (State.DONE, ["db-a", "db-b"])


def test_an_instance_that_an_earlier_run_left_dead_is_not_waited_for_either() -> None:
    report, _, names = run(Instances({"db-b": "available"}, {"db-a": "insufficient-capacity"}))
    assert (report.state, names) == (State.DONE, ["db-b"])


def test_where_no_name_is_left_the_command_that_deletes_the_instances_is_named_at_once() -> None:
    report, took, _ = run(Instances({"db-a": "failed", "db-b": "insufficient-capacity"}, {}))
    assert (report.state, took < 400) == (State.UNDONE, True)
    for name in NAMES:
        typed = f"aws rds delete-db-instance --region {R} --db-instance-identifier {name} --skip-final-snapshot"
        assert typed in report.why[0]


def test_an_instance_that_is_being_deleted_counts_for_nothing_but_its_name() -> None:
    report, _, names = run(Instances({"db-b": "available"}, {"db-a": "deleting"}))
    assert (report.state, names) == (State.DONE, ["db-b"])


def test_where_every_name_is_being_deleted_the_first_that_is_free_again_is_made() -> None:
    model = Instances({"db-a": "available"}, dict.fromkeys(NAMES, "deleting"))
    model.at(BEGIN + 300, lambda _: model.there.clear())
    report, _, names = run(model)
    assert (report.state, names) == (State.DONE, ["db-a"])


LONG = f"{OF_THE_OLD_VOLUME}haven-customer-facing-production-db-euw1"


def test_snapshots_of_one_day_and_of_long_names_have_a_copy_each_whose_name_rds_takes() -> None:
    taken = [f"{LONG}-2026-11-26-{hour:02d}-15" for hour in range(24)]
    taken += [each.replace("euw1", "euc1") for each in taken]
    copies = {copy_of(each) for each in taken}
    assert len(copies) == len(taken)
    assert max(map(len, copies)) <= 63
    assert all(each.startswith(KEPT) and "--" not in each and each.endswith("-15") for each in copies)
    assert copy_of(f"{OF_THE_OLD_VOLUME}db-2026") == f"{KEPT}db-2026"
    assert len(fitting("haven-compare-" + "x" * 60, 61)) <= 61


def test_a_copy_under_the_name_of_an_earlier_version_counts_for_its_own_snapshot_alone() -> None:
    first, second = f"{LONG}-2026-11-26-08-15", f"{LONG}-2026-11-26-20-15"
    cut = f"{KEPT}{first.removeprefix(OF_THE_OLD_VOLUME)}"[:63].rstrip("-")
    source = f"arn:aws:rds:{R}:111122223333:cluster-snapshot:{first}"
    found: dict[str, Mapping[str, Any]] = {cut: {"SourceDBClusterSnapshotArn": source}}
    assert (kept_as(first, found), kept_as(second, found)) == (cut, "")
    assert kept_as(first, {cut: {}}) == ""
    assert kept_as(second, {copy_of(second): {}}) == copy_of(second)


def test_events_are_read_to_the_last_page_and_kept_in_their_order() -> None:
    class Paged(Model):
        def _describe_events(self, call: Call, region: Region) -> Answer:
            number = int(call.arguments.get("Marker", "0"))
            event = {"Message": f"event {2 - number}", "Date": datetime(2026, 11, 27, 3, 2 - number, tzinfo=UTC)}
            return {"Events": [event], **({"Marker": str(number + 1)} if number < 2 else {})}

    model = Paged()
    model.at(100, model.kill)
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=PATIENT[1])
    start(simulation, made, Request(planned=False), BEGIN)
    simulation.run()
    assert made.outcome[0].divergence.endswith("RDS says: event 0; event 1; event 2")
