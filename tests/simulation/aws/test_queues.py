"""Who gets messages while and after Regions change places: consumers of one Region alone; nothing is left closed."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, machine, start
from tests.simulation.regions import CACHE, OF_ITS_OWNER, Queue

REASON = "the status page confirms the loss"


class Ground:
    """One environment whose operators come one after the other."""

    def __init__(self, **faults: str) -> None:
        self.model = Model()
        self.faults = faults
        """Call of SQS to what comes of it in P."""
        self.simulation = Simulation(self.model, self._fault)
        self.count = 0

    def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
        found = self.faults.get(call.operation) if call.region == P else None
        return Fault(found) if found else None

    def go(self, to: str, *, planned: bool, force: str = "") -> Report:
        """Fail over, an hour after the last one."""
        self.count += 1
        made = machine(self.simulation, f"op{self.count}", to=to, manifest=PATIENT[1])
        start(self.simulation, made, Request(planned, force), self.simulation.now + 4000)
        self.simulation.run()
        self.model.advance(self.simulation.now + 60)
        assert isinstance(made.outcome[0], Report), made.outcome
        return made.outcome[0]

    @property
    def queues(self) -> tuple[Queue, Queue]:
        """Those of P and R."""
        return self.model.regions[P].queue, self.model.regions[R].queue

    def happened(self, *operations: str) -> list[tuple[str, str]]:
        """Calls that changed something, and where."""
        return [(what, region) for _, _, what, region in self.model.effects if what in operations]


def denied(ground: Ground) -> tuple[bool, bool]:
    """Whether consumers in P get no messages, and those in R."""
    one, other = ground.queues
    return one.denied, other.denied


def test_a_planned_failover_stops_consumers_before_it_promotes_and_lets_them_in_again_after_it() -> None:
    ground = Ground()
    report = ground.go(R, planned=True)
    assert (report.state, report.why) == (State.DONE, [])
    assert ground.happened("set_queue_attributes", "switchover_global_cluster") == [
        ("set_queue_attributes", P),
        ("switchover_global_cluster", P),
        ("set_queue_attributes", P),
    ]
    assert ground.queues == (Queue(), Queue())


def test_after_an_unplanned_failover_of_a_region_that_answers_its_consumers_get_nothing() -> None:
    ground = Ground()
    assert ground.go(R, planned=False, force=REASON).state is State.DONE
    assert denied(ground) == (True, False)
    assert ground.go(R, planned=False).state is State.NOTHING


def test_the_way_back_opens_what_was_closed_when_it_is_the_writing_region_and_not_before() -> None:
    ground = Ground()
    ground.go(R, planned=False, force=REASON)
    before = len(ground.model.effects)
    assert ground.go(P, planned=True).state is State.DONE
    del ground.model.effects[:before]
    assert ground.happened("set_queue_attributes", "switchover_global_cluster") == [
        ("set_queue_attributes", R),
        ("switchover_global_cluster", R),
        ("set_queue_attributes", P),
        ("set_queue_attributes", R),
    ]
    assert ground.queues == (Queue(), Queue())


def test_an_abort_lets_consumers_in_again() -> None:
    ground = Ground()
    ground.model.at(3900, lambda now: ground.model.cut(now, CACHE))
    report = ground.go(R, planned=True)
    assert report.state is State.UNDONE
    assert ground.happened("set_queue_attributes") == [("set_queue_attributes", P)] * 2
    assert ground.queues == (Queue(), Queue())


@pytest.mark.parametrize("operation", ["get_queue_url", "get_queue_attributes", "set_queue_attributes"])
def test_a_queue_that_cannot_be_closed_stops_a_planned_failover_and_no_other(operation: str) -> None:
    ground = Ground(**{operation: "throttle"})
    report = ground.go(R, planned=False, force=REASON)
    assert report.state is State.DONE
    (why,) = report.why
    assert why.startswith("close-queue:jobs: not done within 240 s: ")
    assert "Throttling" in why
    assert denied(ground) == (False, False)
    ground = Ground(**{operation: "throttle"})
    report = ground.go(R, planned=True)
    assert report.state is State.UNDONE
    assert "close-queue:jobs: not done within 240 s" in report.why[0]
    assert [region for region, each in ground.model.regions.items() if each.closed] == []


def test_what_somebody_adds_to_the_policy_meanwhile_stays() -> None:
    ground = Ground()
    ground.go(R, planned=False, force=REASON)
    ours = ground.queues[0].policy
    assert ours.startswith(OF_ITS_OWNER.removesuffix("]}"))
    ground.queues[0].policy = ours.replace('"Sid":"EventsOfTheBus"', '"Sid":"Another"')
    ground.go(P, planned=True)
    assert ground.queues[0].policy == OF_ITS_OWNER.replace('"Sid":"EventsOfTheBus"', '"Sid":"Another"')


def test_a_failover_that_finds_the_writing_region_s_queue_closed_opens_it() -> None:
    ground = Ground()
    ground.go(R, planned=False, force=REASON)
    one, other = ground.queues
    other.policy = one.policy.replace(P, R)
    other.heed()
    assert ground.go(R, planned=False).state is State.DONE
    assert denied(ground) == (True, False)
