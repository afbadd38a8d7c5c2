"""Failover and failback, many times in a row, as AWS's state goes from one to the next."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.judging import Preview
from haven.runbooks.reconcile.keeping import keep
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, Machine, machine, start

HOUR = 4000.0


class Ground:
    """One environment and its operators."""

    def __init__(self) -> None:
        self.model = Model()
        self.simulation = Simulation(self.model)
        self.count = 0

    def go(self, to: str, *, planned: bool) -> Report:
        """Fail over."""
        self.count += 1
        made = machine(self.simulation, f"op{self.count}", to=to, manifest=PATIENT[1])
        start(self.simulation, made, Request(planned), self.simulation.now + HOUR)
        self.simulation.run()
        assert isinstance(made.outcome[0], Report), made.outcome
        return made.outcome[0]

    def writers(self) -> set[str]:
        """The Regions that take writes."""
        return {name for name, each in self.model.regions.items() for store in each.writer if each.accepts(store)}


def test_twenty_times_there_and_back_loses_nothing_and_leaves_nothing() -> None:
    ground = Ground()
    for _ in range(20):
        for to in (R, P):
            report = ground.go(to, planned=True)
            assert (report.state, report.why, report.divergence) == (State.DONE, [], "")
            assert ground.writers() == {to}
            assert ground.model.regions[P].off is (to == R)
            assert not ground.model.regions[R].off
    assert len(ground.model.losses) == 80
    assert {lost for _, lost, _ in ground.model.losses} == {0.0}
    assert set(ground.model.both_open.values()) == {0.0}
    assert [each.closed for each in ground.model.regions.values()] == [set(), set()]


def test_what_the_old_side_had_is_kept_before_the_way_back() -> None:
    ground = Ground()
    ground.model.at(HOUR - 100, ground.model.kill)
    away = ground.go(R, planned=False)
    assert away.state is State.DONE
    assert away.divergence.startswith("possible")
    assert away.divergence.endswith("RDS says: Global failover to DB cluster db-eu-central-1 completed")
    ground.model.at(ground.simulation.now + 100, ground.model.revive)
    home = ground.go(P, planned=True)
    assert (home.state, home.why) == (
        State.DONE,
        ["keep-divergence: compare before anybody deletes: haven-kept-db-2026"],
    )
    assert ground.model.regions[P].snapshots == ["rds:unplanned-global-failover-db-2026", "haven-kept-db-2026"]
    operations = [what for _, _, what, _ in ground.model.effects]
    assert operations.index("copy_db_cluster_snapshot") < operations.index("switchover_global_cluster")


@pytest.mark.parametrize("to", [R, P])
def test_a_region_that_is_the_writing_one_needs_nothing(to: str) -> None:
    ground = Ground()
    if to == R:
        ground.go(R, planned=True)
    effects = len(ground.model.effects)
    assert ground.go(to, planned=True).state is State.NOTHING
    assert len(ground.model.effects) == effects


def test_an_old_writer_that_a_late_call_left_closed_is_opened_by_a_failover_to_it() -> None:
    ground = Ground()
    ground.model.regions[P].closed.update({1, 2})
    report = ground.go(P, planned=True)
    assert (report.state, report.why) == (State.DONE, ["judge-loss: not judged: the database is promoted already"])
    assert ground.writers() == {P}
    assert ground.model.losses == []
    assert ground.go(P, planned=True).state is State.NOTHING


def test_what_the_old_side_had_is_kept_without_a_way_back_too_and_once() -> None:
    ground = Ground()
    ground.model.at(HOUR - 100, ground.model.kill)
    assert ground.go(R, planned=False).state is State.DONE
    ground.model.revive(ground.simulation.now)
    for name in ("keeper", "another one"):
        made = machine(ground.simulation, name, to=R, manifest=PATIENT[1])
        ground.simulation.start(name, keep(made.operator, P), made.outcome.append)
        ground.simulation.run()
        assert made.outcome == [""]
    assert ground.model.regions[P].snapshots == ["rds:unplanned-global-failover-db-2026", "haven-kept-db-2026"]
    assert ground.writers() == {R}
    assert ground.go(P, planned=True).state is State.DONE


def test_a_process_that_ends_between_the_journal_s_last_entry_and_the_lease_s_notes_leaves_no_failover_open() -> None:
    ground = Ground()

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        body = str(call.arguments.get("Item", {}).get("body", {}).get("S", ""))
        return Fault("crash-after") if owner == "killed" and '"kind":"end"' in body else None

    ground.simulation = Simulation(ground.model, fault)
    killed = machine(ground.simulation, "killed", manifest=PATIENT[1])
    start(ground.simulation, killed, Request(planned=True), HOUR)
    ground.simulation.run()
    assert (killed.outcome, ground.writers()) == ([], {R})
    assert ground.go(R, planned=True).state is State.NOTHING
    assert ground.go(P, planned=True).state is State.DONE
    assert ground.writers() == {P}


def test_an_open_failover_the_other_way_is_left_open_only_by_whoever_was_shown_that_and_gave_a_reason() -> None:
    ground = Ground()
    ground.model.regions[R].workloads.wrong_since = 0.0
    assert ground.go(R, planned=True).state is State.INCOMPLETE
    left = "a failover to eu-central-1 is open (workflow-op1), which haven failover sim --to eu-central-1 ends"
    needs = ["needs a reason, given with --force, for leaving that one open"]
    typed = "whoever decides that types: haven failover sim --to eu-west-1 --planned --force REASON"
    report = ground.go(P, planned=True)
    assert (report.state, report.why) == (State.REFUSED, [left, *needs, typed])
    made, preview = previewed(ground, Request(planned=True))
    assert (preview.why_not, preview.overrides, preview.needs) == (left, [], [*needs, typed])
    forced = Request(planned=True, force="the other Region has no GPUs")
    report = ended(ground, machine(ground.simulation, "unseen", to=P, manifest=PATIENT[1]), forced)
    assert report.why == [left, "it wasn't shown before the confirmation: type the same command once more"]
    made, preview = previewed(ground, forced)
    wrong = "wrong answers: models in eu-west-1 that give them for 15 minutes get traffic"
    assert (preview.why_not, preview.overrides) == ("", [f"an open workflow: {left}, and stays so", wrong])
    assert (ended(ground, made, forced).state, ground.writers()) == (State.DONE, {P})
    (begun,) = [each for each in made.operator.journal.entries if each.kind == "begin"][-1:]
    assert (begun.data["goal"]["force"], begun.data["goal"]["leavesOpen"]) == (forced.force, left)
    ground.model.regions[R].workloads.wrong_since = None
    assert (ground.go(R, planned=True).state, ground.writers()) == (State.DONE, {R})


def test_a_failover_that_was_interrupted_behind_the_fence_is_called_off_by_one_to_the_region_that_writes() -> None:
    ground = Ground()

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        return Fault("crash-before") if owner == "killed" and call.operation == "switchover_global_cluster" else None

    ground.simulation = Simulation(ground.model, fault)
    killed = machine(ground.simulation, "killed", manifest=PATIENT[1])
    start(ground.simulation, killed, Request(planned=True), HOUR)
    ground.simulation.run()
    assert ground.model.regions[P].closed
    called_off = Request(planned=True, force="the trouble is over, nobody has to move")
    made, preview = previewed(ground, called_off)
    assert preview.why_not == ""
    assert (ended(ground, made, called_off).state, ground.writers()) == (State.DONE, {P})
    assert [each.closed for each in ground.model.regions.values()] == [set(), set()]
    before = [what for _, _, what, _ in ground.model.effects]
    assert "switchover_global_cluster" not in before
    assert (ground.go(R, planned=True).state, ground.writers()) == (State.DONE, {R})
    later = [what for _, _, what, _ in ground.model.effects][len(before) :]
    assert later.index("create_network_acl_entry") < later.index("switchover_global_cluster")
    assert {lost for _, lost, _ in ground.model.losses} == {0.0}
    assert ground.go(P, planned=True).state is State.DONE
    ground.simulation.abandon()


def previewed(ground: Ground, request: Request) -> tuple[Machine, Preview]:
    """What an operator of a failover to the primary Region is shown."""
    ground.count += 1
    made = machine(ground.simulation, f"op{ground.count}", to=P, manifest=PATIENT[1])
    shown: list[Preview] = []
    ground.simulation.start(made.name, made.operator.preview(request), shown.append)
    ground.simulation.run()
    (found,) = shown
    return made, found


def ended(ground: Ground, made: Machine, request: Request) -> Report:
    """What came of the run of an operator that is there already."""
    start(ground.simulation, made, request, ground.simulation.now + 10)
    ground.simulation.run()
    report: Report = made.outcome[0]
    return report


def test_a_second_failover_within_the_hour_is_refused_before_the_confirmation_with_the_flag_that_it_needs() -> None:
    ground = Ground()
    assert ground.go(R, planned=True).state is State.DONE
    _, preview = previewed(ground, Request(planned=True))
    assert preview.why_not.endswith("a second one within 3600 s needs an acknowledgement")
    assert preview.needs == [
        "needs --acknowledge, for another failover within the hour",
        "whoever decides that types: haven failover sim --to eu-west-1 --planned --acknowledge",
    ]
    assert previewed(ground, Request(planned=True, acknowledged=True))[1].why_not == ""


def test_what_each_step_took_is_recorded_in_the_words_of_the_plan() -> None:
    ground = Ground()
    record = ground.go(R, planned=True).record
    assert record is not None
    assert (record.kind, record.stack, record.tier, record.lost_region, record.succeeded) == (
        "failover", "sim", "warm", P, True
    )  # fmt: skip
    took = record.measured.steps
    assert {"fence", "promote database", "promote cache", "await-serving"} <= set(took)
    assert took["promote database"] > 0
    assert record.measured.environment is not None
    assert record.measured.writes is not None
    before = [seconds for name, seconds in took.items() if not name.startswith(("rest", "reopen"))]
    assert max(before) <= record.measured.environment < took["rest-workloads"]
    assert record.measured.writes <= record.measured.environment
    home = ground.go(P, planned=True).record
    assert home is not None
    assert home.kind == "failback"


def test_after_a_loss_the_time_counts_from_the_last_heartbeat_that_arrived() -> None:
    ground = Ground()
    ground.model.at(HOUR - 300, ground.model.kill)
    record = ground.go(R, planned=False).record
    assert record is not None
    assert record.note == "seconds from the newest heartbeat that had arrived"
    assert record.measured.environment is not None
    assert record.measured.environment >= 290 + record.measured.steps["promote database"]
