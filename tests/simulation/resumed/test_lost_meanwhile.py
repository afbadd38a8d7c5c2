"""A failover that somebody goes on with, when the Region that is left has become another one: lost, back, or opened."""

from collections.abc import Callable
from typing import Any

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.journal import BEGIN, TAKEOVER, Entry, replay
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, machine, start

PLANNED, UNPLANNED = Request(planned=True), Request(planned=False)
SURE = Request(planned=False, force="the provider confirms the loss", accept_loss="unknown")


class Ground:
    """One environment in which something happens at the first call of one kind."""

    def __init__(self, when: Callable[[Call], bool], what: Callable[["Ground"], Fault | None], **model: Any) -> None:
        self.model = Model(**model)
        self.simulation = Simulation(self.model, self._fault)
        self.count = 0
        self.hidden = False
        """Whether operators alone don't reach P."""
        self.sent: set[str] = set()
        """The calls that were sent, whatever came of them."""
        self._when, self._what, self._happened = when, what, False

    def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
        self.sent.add(call.operation)
        if self.hidden and call.region == P:
            return Fault("timeout-before")
        if self._happened or not self._when(call):
            return None
        self._happened = True
        return self._what(self)

    def go(self, request: Request, after: float = 300.0) -> Report | None:
        """What comes of one operator; None: the process died."""
        self.count += 1
        made = machine(self.simulation, f"op{self.count}", manifest=PATIENT[1])
        self.last = made
        start(self.simulation, made, request, self.simulation.now + after)
        self.simulation.run()
        self.simulation.abandon()
        if not made.outcome:
            return None
        assert isinstance(made.outcome[0], Report), made.outcome
        return made.outcome[0]

    @property
    def promotions(self) -> list[str]:
        """What was promoted, by which call."""
        return sorted(what for _, _, what, _ in self.model.effects if what.startswith(("failover_", "switchover_")))

    @property
    def writers(self) -> set[str]:
        """The Regions that take writes."""
        regions = self.model.regions.items()
        return {name for name, each in regions for store in each.writer if each.accepts(store)}


def dies(ground: Ground) -> None:
    """P is lost for good."""
    ground.model.kill(ground.simulation.now)


def dies_with_the_process(ground: Ground) -> Fault:
    """P is lost for good, and so is the operator's machine."""
    dies(ground)
    return Fault("crash-before")


def asks(operation: str, **arguments: Any) -> Callable[[Call], bool]:
    """Whether a call is the one that is meant."""
    return lambda call: call.operation == operation and arguments.items() <= call.arguments.items()


def done(step: str) -> Callable[[Call], bool]:
    """Whether a call writes into the journal that a step is done."""
    return lambda call: (
        call.operation == "put_item"
        and all(each in str(call.arguments["Item"]["body"]) for each in ('"kind":"done"', f'"step":"{step}"'))
    )


@pytest.mark.parametrize("request_", [UNPLANNED, SURE], ids=["two witnesses", "a reason"])
def test_a_switchover_whose_old_region_dies_becomes_a_failover_when_somebody_takes_the_region_for_lost(
    request_: Request,
) -> None:
    ground = Ground(asks("switchover_global_cluster"), dies)
    first = ground.go(PLANNED)
    assert first is not None
    typed = f"haven failover sim --to {R} --force REASON"
    way_out = f"if {P} is lost, this makes it an unplanned failover: {typed}"
    assert (first.state, any(each.startswith(way_out) for each in first.why)) == (State.INCOMPLETE, True), first.why
    again = ground.go(PLANNED)
    assert again is not None
    assert (again.state, again.why[-1].startswith(way_out)) == (State.INCOMPLETE, True), again.why
    last = ground.go(request_)
    assert last is not None
    assert (last.state, ground.writers) == (State.DONE, {R}), last
    assert ground.promotions == ["failover_global_cluster", "failover_global_replication_group"]
    assert ground.model.regions[P].off
    assert last.divergence


def test_a_switchover_of_a_region_that_is_up_stays_one_whatever_is_typed() -> None:
    ground = Ground(asks("switchover_global_cluster"), lambda _: Fault("crash-before"))
    assert ground.go(PLANNED) is None
    last = ground.go(UNPLANNED)
    assert last is not None
    assert (last.state, last.divergence, ground.writers) == (State.DONE, "", {R})
    assert ground.promotions == ["failover_global_replication_group", "switchover_global_cluster"]
    assert {lost for _, lost, _ in ground.model.losses} == {0.0}


def test_a_switchover_that_was_taken_and_does_not_show_yet_is_not_followed_by_a_failover() -> None:
    def taken(ground: Ground) -> Fault:
        ground.model.stale_until = ground.simulation.now + 200
        ground.model.at(ground.simulation.now + 1, ground.model.kill)
        return Fault("crash-after")

    ground = Ground(asks("switchover_global_cluster"), taken, promotion_seconds=230)
    assert ground.go(PLANNED, 100) is None
    last = ground.go(SURE, 90)
    assert last is not None
    assert ground.promotions == ["failover_global_replication_group", "switchover_global_cluster"]
    assert "failover_global_cluster" not in ground.sent
    assert (last.state, ground.writers) == (State.DONE, {R}), last


@pytest.mark.parametrize("planned", [True, False])
def test_the_loss_of_the_old_region_after_the_promotion_keeps_no_traffic_from_the_new_one(planned: bool) -> None:
    ground = Ground(asks("describe_target_groups"), dies)
    if not planned:
        ground.model.regions[P].database_writes = False
    report = ground.go(PLANNED if planned else SURE)
    assert report is not None
    assert (report.state, ground.writers, report.divergence) == (State.DONE, {R}, "")
    assert (ground.model.regions[P].off, ground.model.regions[R].mode) == (True, "read-write")
    off = min(at for at, _, what, region in ground.model.effects if what == "put_metric_data" and region == R)
    promoted = max(at for at, _, what, _ in ground.model.effects if what.endswith(("_cluster", "_group")))
    assert off - promoted < 200


def test_who_goes_on_after_the_promotion_of_a_lost_region_needs_nothing_there() -> None:
    ground = Ground(asks("describe_target_groups"), dies_with_the_process)
    assert ground.go(PLANNED) is None
    effects = len(ground.model.effects)
    last = ground.go(UNPLANNED)
    assert last is not None
    assert (last.state, ground.model.regions[P].off, last.divergence) == (State.DONE, True, "")
    assert not [each for each in ground.model.effects[effects:] if each[3] == P]
    assert "turn-new-on" not in last.endings


def test_an_abort_that_needs_the_lost_region_waits_for_it_and_goes_forward_when_somebody_fails_over() -> None:
    ground = Ground(asks("create_network_acl_entry", RuleNumber=2), dies)
    first = ground.go(PLANNED)
    assert first is not None
    assert first.state is State.INCOMPLETE
    left = f"undo-close-old-writer: {P} doesn't answer, and counts as lost"
    assert left in first.why
    again = ground.go(PLANNED)
    assert again is not None
    assert (again.state, left in again.why) == (State.INCOMPLETE, True)
    last = ground.go(UNPLANNED)
    assert last is not None
    assert (last.state, ground.writers, ground.model.regions[P].off) == (State.DONE, {R}, True), last
    assert ground.model.regions[R].nodes[1] == 3
    assert ground.promotions == ["failover_global_cluster", "failover_global_replication_group"]


def test_a_region_that_is_lost_before_it_was_closed_locks_nothing() -> None:
    """Whether it is open can't be read, so nobody says `undone`; whoever fails over goes forward."""
    ground = Ground(lambda call: '"kind":"decision"' in str(call.arguments.get("Item")), dies)
    first = ground.go(PLANNED)
    assert first is not None
    assert (first.state, ground.promotions) == (State.INCOMPLETE, []), first
    assert {region for _, _, _, region in ground.model.effects} == {R}
    assert first.why[-1].startswith(f"if {P} is lost, this makes it an unplanned failover")
    last = ground.go(SURE)
    assert last is not None
    assert (last.state, ground.writers) == (State.DONE, {R}), last


def test_an_abort_that_waits_for_a_region_ends_when_the_region_is_back() -> None:
    ground = Ground(asks("create_network_acl_entry", RuleNumber=2), dies)
    first = ground.go(PLANNED)
    assert first is not None
    assert first.state is State.INCOMPLETE
    ground.model.revive(ground.simulation.now)
    last = ground.go(UNPLANNED)
    assert last is not None
    assert (last.state, ground.model.regions[P].closed, ground.writers) == (State.UNDONE, set(), {P}), last
    assert ground.promotions == []


def read_only(ground: Ground) -> None:
    """The database of P takes no writes, and what arrives from P ends: who says so can't be wrong for long."""
    ground.model.regions[P].database_writes = False
    ground.model.cut(ground.simulation.now)


def opened_again(ground: Ground) -> None:
    """P is well, and somebody has removed the fence there."""
    ground.model.regions[P].closed.clear()
    ground.model.regions[P].database_writes = True


def test_a_fence_that_somebody_removed_is_closed_once_more_before_anything_is_promoted() -> None:
    ground = Ground(asks("failover_global_cluster"), lambda _: Fault("crash-before"), aws_fences=False)
    read_only(ground)
    assert ground.go(SURE) is None
    opened_again(ground)
    last = ground.go(UNPLANNED)
    assert last is not None
    assert (last.state, set(ground.model.both_open.values())) == (State.DONE, {0.0}), last


def test_a_region_that_is_up_again_is_not_failed_over_from_by_the_reason_of_another_hour() -> None:
    ground = Ground(done("close-old-writer"), lambda _: Fault("crash-after"))
    read_only(ground)
    assert ground.go(SURE) is None
    assert ground.model.regions[P].closed == {1, 2}
    opened_again(ground)
    ground.model.mend(ground.simulation.now)
    last = ground.go(UNPLANNED)
    assert last is not None
    assert (last.state, ground.promotions, ground.writers) == (State.UNDONE, [], {P}), last
    assert last.why[0] == "the writing Region is up: a planned failover loses nothing"


def test_a_fence_that_is_removed_after_it_was_confirmed_stops_the_promotion() -> None:
    ground = Ground(done("judge-loss"), opened_again)
    read_only(ground)
    report = ground.go(SURE)
    assert report is not None
    assert (report.state, ground.promotions) == (State.UNDONE, []), report
    assert f"somebody has opened {P} to clients again" in "; ".join(report.why)


def test_a_journal_from_before_a_workflow_could_change_its_kind_is_read_as_it_was_meant() -> None:
    begun = {"workflow": "w", "goal": {"planned": True, "force": "", "to": R}}
    older = {"id": "w", "force": "a reason", "acceptLoss": ""}
    entries = [Entry(1, BEGIN, 1, "a", 0.0, begun), Entry(2, TAKEOVER, 2, "b", 0.0, older)]
    found = replay(entries)
    assert found is not None
    assert (found.goal["planned"], found.goal["force"], found.turns) == (True, "a reason", 0)


def test_what_an_interrupted_failover_changed_is_undone_by_the_one_that_calls_it_off() -> None:
    """Its nodes are at full scale, and its applications were asked not to write; the Region that is left is back."""
    ground = Ground(asks("failover_global_cluster"), lambda _: Fault("crash-before"))
    ground.model.kill(0.0)
    assert ground.go(SURE) is None
    ground.model.revive(ground.simulation.now)
    left = ground.model.regions[R].nodes
    request = Request(planned=True, force="it was a false alarm")
    made = machine(ground.simulation, "off", to=P, manifest=PATIENT[1])
    ground.simulation.start("off", made.operator.preview(request), lambda _: None)
    ground.simulation.run()
    start(ground.simulation, made, request, ground.simulation.now + 10)
    ground.simulation.run()
    assert (made.outcome[0].state, ground.writers) == (State.DONE, {P})
    assert left[1] > ground.model.regions[R].nodes[1]
    assert {each.mode for each in ground.model.regions.values()} == {"read-write"}
    assert made.operator.lease.notes["open"] is None
    ground.simulation.abandon()


def test_a_preview_of_an_open_failover_shows_what_the_run_decides() -> None:
    ground = Ground(done("judge-loss"), lambda _: Fault("crash-after"))
    ground.model.kill(0.0)
    assert ground.go(SURE) is None
    ground.model.revive(ground.simulation.now)
    made = machine(ground.simulation, "again", manifest=PATIENT[1])
    shown: list[Any] = []
    ground.simulation.start("again", made.operator.preview(UNPLANNED), shown.append)
    ground.simulation.run()
    start(ground.simulation, made, UNPLANNED, ground.simulation.now + 10)
    ground.simulation.run()
    assert made.outcome[0].state is State.UNDONE
    assert (shown[0].decision.allowed, shown[0].decision.why) == (False, made.outcome[0].why[0])
    assert not any("decision" in each for each in shown[0].overrides)
    ground.simulation.abandon()
