"""A planned failover whose switchover RDS refuses, or accepts and doesn't make."""

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from haven.runbooks.workflow.steps import Progress
from tests.simulation.clock import Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, Machine, machine, start
from tests.simulation.regions import CACHE, DATABASE, Region

BEGIN = 150.0
CALLED_OFF = Request(planned=True, force="nobody has to move", acknowledged=True)


class Refusing(Model):
    """RDS refuses a switchover with the error of a state, for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.until = BEGIN + seconds

    def _switchover_global_cluster(self, call: Call, region: Region) -> Answer:
        if self._time < self.until:
            raise RefusedError("InvalidDBClusterStateFault", "engine patch levels differ")
        return super()._switchover_global_cluster(call, region)


class Idle(Model):
    """RDS accepts a switchover, and makes none."""

    def _switchover_global_cluster(self, call: Call, region: Region) -> Answer:
        return {}


def run(model: Model) -> tuple[Simulation, Report, dict[str, float]]:
    """A planned failover, and when each of its steps ended."""
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=PATIENT[1])
    ended: dict[str, float] = {}

    def report(progress: Progress) -> None:
        if progress.state != "running":
            ended[progress.step] = simulation.now - BEGIN

    made.operator.report = report
    start(simulation, made, Request(planned=True), BEGIN)
    simulation.run()
    found = made.outcome[0]
    assert isinstance(found, Report), found
    return simulation, found, ended


def test_a_switchover_that_rds_refuses_for_good_is_given_up_before_the_cache_is_promoted_and_all_is_undone() -> None:
    model = Refusing(1e9)
    before = {name: (each.nodes, each.mode) for name, each in model.regions.items()}
    _, report, ended = run(model)
    assert report.state is State.UNDONE
    assert "RDS refuses the switchover: InvalidDBClusterStateFault: engine patch levels differ" in report.why[0]
    assert ended["promote-database"] - ended["judge-loss"] < 150
    assert [store for store in (DATABASE, CACHE) if model.regions[P].accepts(store)] == [DATABASE, CACHE]
    assert {name: (each.nodes, each.mode) for name, each in model.regions.items()} == before
    assert "failover_global_replication_group" not in [what for _, _, what, _ in model.effects]
    assert not [each for each in report.why if "unplanned" in each]


def test_a_state_that_passes_within_two_minutes_stops_nothing() -> None:
    model = Refusing(100)
    _, report, _ = run(model)
    assert (report.state, model.source) == (State.DONE, {DATABASE: R, CACHE: R})


def test_the_cache_is_promoted_once_rds_has_accepted_the_switchover_and_not_only_once_it_is_made() -> None:
    model = Model()
    run(model)
    when = {what: at for at, _, what, _ in model.effects}
    accepted, cache = when["switchover_global_cluster"], when["failover_global_replication_group"]
    assert accepted < cache < accepted + model.promotion_seconds


def test_unplanned_neither_promotion_waits_for_the_other_one() -> None:
    class Busy(Model):
        def _failover_global_cluster(self, call: Call, region: Region) -> Answer:
            if self._time < BEGIN + 400:
                raise RefusedError("InvalidGlobalClusterStateFault")
            return super()._failover_global_cluster(call, region)

    model = Busy()
    model.at(100, model.kill)
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=PATIENT[1])
    start(simulation, made, Request(planned=False), BEGIN)
    simulation.run()
    assert made.outcome[0].state is State.DONE  # after nearly seven minutes of refusals
    when = {what: at for at, _, what, _ in model.effects}
    assert when["failover_global_replication_group"] < BEGIN + 100 < when["failover_global_cluster"]


def test_a_switchover_that_rds_accepts_and_doesn_t_make_names_the_command_that_calls_it_off_and_it_works() -> None:
    model = Idle()
    simulation, report, _ = run(model)
    assert report.state is State.INCOMPLETE
    typed = "haven failover sim --to eu-west-1 --planned --force REASON"
    assert report.why[-1] == f"eu-west-1 is up and writes: whoever calls it off types: {typed}"
    assert not [each for each in report.why if "unplanned" in each]
    again: Machine = machine(simulation, "b", to=P, manifest=PATIENT[1])
    simulation.start("b", again.operator.preview(CALLED_OFF), lambda _: None)
    simulation.run()
    start(simulation, again, CALLED_OFF, simulation.now + 5)
    simulation.run()
    assert again.outcome[0].state is State.DONE
    assert [store for store in (DATABASE, CACHE) if model.regions[P].accepts(store)] == [DATABASE, CACHE]
    assert [each.closed for each in model.regions.values()] == [set(), set()]


def test_a_region_that_is_lost_meanwhile_is_still_given_up_by_an_unplanned_failover() -> None:
    model = Idle()
    model.at(BEGIN + 70, model.kill)
    _, report, _ = run(model)
    assert report.state is State.INCOMPLETE
    assert [each for each in report.why if "if eu-west-1 is lost, this makes it an unplanned failover" in each]
