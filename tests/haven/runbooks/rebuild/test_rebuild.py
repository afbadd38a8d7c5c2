"""A Region's contents are lost: what is given up, what is waited for, and how it ends after a stop at any point."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.rebuild.run import Rebuilder
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import STORES, Model, P, R
from tests.simulation.operators import Machine, machine, manifest_document, start
from tests.simulation.regions import DATABASE, Region

TABLE = "haven-sim-sessions"
BEGIN, HOUR = 600.0, 3600.0
REASON = "the provider writes that the Region's data is lost"


class Lost(Model):
    """AWS after a failover to R; what P had is gone, or P is silent. Removals take a minute, an assumption."""

    def __init__(self, *, silent: bool = True, deployed_at: float = 2 * HOUR, answers_at: float = HOUR) -> None:
        super().__init__()
        for store in STORES:
            self.regions[P].writer[store], self.regions[R].writer[store] = False, True
            self.source[store] = R
        self.members, self.groups, self.replicas = {P, R}, {P, R}, {R}
        self.gone = True
        """Whether P has nothing of the environment."""
        self.connected = False
        """Whether RDS in R has P's member as connected."""
        self.beats = False
        """Whether heartbeats of buckets arrive from P."""
        self.deployed = False
        if silent:
            self.regions[P].alive = False
            self.regions[P].reachable = lambda now: now >= answers_at
        self.at(deployed_at, self._deploy)

    def _deploy(self, now: float) -> None:
        """Somebody runs the commands that the steps name, as soon as they are named."""
        if P in self.members | self.groups:
            self.at(now + HOUR, self._deploy)
            return
        self.gone, self.deployed = False, True
        self.members, self.groups, self.replicas = {P, R}, {P, R}, {P, R}

    def _has(self, call: Call, code: str) -> None:
        if call.region == P and self.gone:
            raise RefusedError(code)

    def _copied(self, region: str, now: float) -> float:
        return now if self.beats else 0.0

    def _describe_global_clusters(self, call: Call, region: Region) -> Answer:
        found = super()._describe_global_clusters(call, region)
        (cluster,) = found["GlobalClusters"]
        cluster["GlobalClusterMembers"] = [
            {**each, "SynchronizationStatus": "connected" if self.connected or self.deployed else "pending-resync"}
            for each in cluster["GlobalClusterMembers"]
            if each["DBClusterArn"].split(":")[3] in self.members
        ]
        return found

    def _describe_db_clusters(self, call: Call, region: Region) -> Answer:
        self._has(call, "DBClusterNotFoundFault")
        return super()._describe_db_clusters(call, region)

    def _describe_cluster(self, call: Call, region: Region) -> Answer:
        self._has(call, "ResourceNotFoundException")
        return {"cluster": {"status": "ACTIVE"}}

    def _describe_table(self, call: Call, region: Region) -> Answer:
        self._has(call, "ResourceNotFoundException")
        listed = [{"RegionName": each, "ReplicaStatus": "ACTIVE"} for each in sorted(self.replicas)]
        return {"Table": {"TableStatus": "ACTIVE", "Replicas": listed if len(listed) > 1 else []}}

    def _describe_replication_groups(self, call: Call, region: Region) -> Answer:
        self._has(call, "ReplicationGroupNotFoundFault")
        return super()._describe_replication_groups(call, region)

    def _describe_global_replication_groups(self, call: Call, region: Region) -> Answer:
        found = super()._describe_global_replication_groups(call, region)
        members = [{"ReplicationGroupId": f"cache-{each}", "ReplicationGroupRegion": each} for each in self.groups]
        found["GlobalReplicationGroups"][0]["Members"] = members
        return found

    def _remove_from_global_cluster(self, call: Call, region: Region) -> Answer:
        assert (call.region, call.arguments["DbClusterIdentifier"].split(":")[3]) == (R, P)
        self.at(self._time + 60, lambda _: self.members.discard(P))
        return {}

    def _disassociate_global_replication_group(self, call: Call, region: Region) -> Answer:
        expected = {"ReplicationGroupId": f"cache-{P}", "ReplicationGroupRegion": P}
        assert call.arguments == {"GlobalReplicationGroupId": "global", **expected}
        self.at(self._time + 60, lambda _: self.groups.discard(P))
        return {}


def manifest(tier: str = "warm") -> RecoveryManifest:
    """The simulator's environment with a replicated table."""
    document: dict[str, Any] = json.loads(json.dumps({**manifest_document(), "tier": tier}))
    document["replicatedTables"] = [TABLE]
    return parse(json.dumps(document), "a test")


def rebuilder(simulation: Simulation, name: str, at: float, force: str = "") -> Machine:
    """A machine that begins a rebuild at a time."""
    made = machine(simulation, name, manifest=manifest(), make=Rebuilder)
    start(simulation, made, Request(planned=False, force=force), at)
    return made


def rebuilt(model: Model, force: str = "") -> Report:
    """How one run ended."""
    simulation = Simulation(model)
    made = rebuilder(simulation, "operator", BEGIN, force)
    simulation.run()
    (found,) = made.outcome
    assert isinstance(found, Report), found
    return found


def operations(model: Model) -> list[str]:
    """What was changed."""
    return [operation for _, _, operation, _ in model.effects]


RELEASES = ["disassociate_global_replication_group", "remove_from_global_cluster"]


@pytest.mark.parametrize("silent", [True, False])
def test_a_lost_region_is_given_up_and_the_run_ends_when_pulumi_has_made_a_new_secondary(silent: bool) -> None:
    model = Lost(silent=silent)
    found = rebuilt(model)
    assert (found.state, found.divergence) == (State.DONE, "")
    assert set(found.endings.values()) == {"done"}
    assert sorted(operations(model)) == RELEASES
    assert {region for _, _, _, region in model.effects} == {R}


def test_while_pulumi_has_not_deployed_the_run_ends_incomplete_with_the_command() -> None:
    model = Lost(deployed_at=100 * HOUR)
    model.at(3 * HOUR, lambda _: model.replicas.add(P))
    found = rebuilt(model)
    assert found.state is State.INCOMPLETE
    assert f"aws dynamodb update-table --region {R} --table-name {TABLE}" in " ".join(found.why)
    table = Lost(deployed_at=100 * HOUR)
    table._describe_table = lambda *_: {  # type: ignore[method-assign]
        "Table": {"TableStatus": "ACTIVE", "Replicas": [{"RegionName": P, "ReplicaStatus": "ACTIVE"}]}
    }
    assert f"with haven:active: {R} deployed: pulumi refresh, set haven:rebuilt: true, pulumi up" in " ".join(
        rebuilt(table).why
    )


def test_a_region_that_answers_and_has_anything_is_not_given_up_even_by_force() -> None:
    model = Lost(silent=False)
    model.gone = False
    found = rebuilt(model, REASON)
    assert (found.state, operations(model)) == (State.REFUSED, [])
    assert f"{P} isn't lost: it has database db-{P}, cache cache-{P}, cluster c-{P}, table {TABLE}" in found.why[0]


def test_a_region_that_comes_back_after_the_decision_is_not_given_up() -> None:
    model = Lost(answers_at=BEGIN + 10)
    model.gone = False
    simulation = Simulation(model, lambda owner, call, now: Fault("pause", 30) if is_intent(call) else None)
    made = rebuilder(simulation, "operator", BEGIN)
    simulation.run()
    found = made.outcome[0]
    assert (found.state, operations(model)) == (State.UNDONE, []), found
    assert f"{P} answers again, and has database db-{P}" in " ".join(found.why)


def is_intent(call: Call) -> bool:
    """Whether a decision goes into the journal."""
    return '"kind":"decision"' in str(call.arguments.get("Item", {}).get("body", {}).get("S", ""))


@pytest.mark.parametrize(("connected", "beats"), [(True, False), (False, True)])
def test_a_silent_region_that_a_witness_contradicts_is_given_up_by_force_alone(connected: bool, beats: bool) -> None:
    refused = Lost()
    refused.connected, refused.beats = connected, beats
    found = rebuilt(refused)
    assert (found.state, operations(refused)) == (State.REFUSED, [])
    assert "independent observations report the loss" in found.why[0]
    forced = Lost()
    forced.connected, forced.beats = connected, beats
    assert rebuilt(forced, REASON).state is State.DONE


def test_without_a_promotion_before_it_nothing_is_given_up() -> None:
    model = Lost()
    model.regions[R].writer[DATABASE] = False
    found = rebuilt(model, REASON)
    assert (found.state, operations(model)) == (State.REFUSED, [])
    assert "fail over first" in found.why[0]


def test_a_second_rebuild_changes_nothing() -> None:
    model = Lost()
    simulation = Simulation(model)
    machines = [rebuilder(simulation, f"op{place}", BEGIN + place * 4 * HOUR) for place in range(2)]
    simulation.run()
    assert [each.outcome[0].state for each in machines] == [State.DONE, State.NOTHING]
    assert sorted(operations(model)) == RELEASES


def test_what_is_open_is_not_gone_on_with_as_something_else() -> None:
    model = Lost(deployed_at=100 * HOUR)
    simulation = Simulation(model)
    rebuilder(simulation, "first", BEGIN)
    simulation.run()
    other = machine(simulation, "other", manifest=manifest())
    start(simulation, other, Request(planned=False, force=REASON), simulation.now + 100)
    simulation.run()
    (found,) = other.outcome
    assert (found.state, "which haven failback sim --rebuild ends" in found.why[0]) == (State.REFUSED, True)


def stopped(stops: Sequence[tuple[int, str]]) -> tuple[Lost, list[Machine], list[int]]:
    """A rebuild whose first operators stop at the numbers of their calls; the last one doesn't."""
    model, counts, points = Lost(), Counter[str](), list[int]()

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        counts[owner] += 1
        if call.changes and owner == "op0" and call.operation != "update_item":  # the lease is renewed all the time
            points.append(counts[owner])
        place = int(owner.removeprefix("op"))
        number, kind = stops[place] if place < len(stops) else (0, "")
        return Fault(kind) if number == counts[owner] else None

    simulation = Simulation(model, fault)
    machines = [rebuilder(simulation, f"op{place}", BEGIN + place * 4 * HOUR) for place in range(len(stops) + 1)]
    simulation.run()
    simulation.abandon()
    return model, machines, points


KINDS = ("crash-before", "crash-after")
LOST_ANSWERS = ("timeout-before", "timeout-after", "error-after")


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_a_stop_or_a_lost_answer_at_any_change_ends_in_one_state_and_releases_each_once(every: int) -> None:
    _, _, points = stopped([])
    assert len(points) > len(RELEASES)
    for kind in (*KINDS, *LOST_ANSWERS):
        for number in points[::every]:
            model, machines, _ = stopped([(number, kind)])
            states = [each.outcome[0].state for each in machines if each.outcome and hasattr(each.outcome[0], "state")]
            assert states[-1:] in ([State.DONE], [State.NOTHING]), (number, kind, machines[-1].outcome)
            assert sorted(operations(model)) == RELEASES, (number, kind)
            assert (model.members, model.groups) == ({P, R}, {P, R}), (number, kind)


def test_two_stops_at_any_changes_end_in_one_state() -> None:
    _, _, points = stopped([])
    for one in points[::2]:
        for other in points[::3]:
            model, machines, _ = stopped([(one, "crash-after"), (other, "crash-before")])
            assert machines[-1].outcome[0].state in (State.DONE, State.NOTHING), (one, other, machines[-1].outcome)
            assert sorted(operations(model)) == RELEASES, (one, other)
