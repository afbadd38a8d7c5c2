"""A switchover that RDS accepts and takes back: the old writer is the writer once more, and FailoverState is gone."""

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.simulation.clock import Fault
from tests.simulation.model import P, R
from tests.simulation.regions import Region
from tests.simulation.resumed.test_lost_meanwhile import PLANNED, UNPLANNED, Ground, asks

AFTER = [1.0, 50.0, 600.0]


def taken_back(after: float, *, dies_too: bool = False, stopped: bool = False) -> Ground:
    """An environment whose first switchover is taken back.

    Args:
        after: seconds after which it is.
        dies_too: whether P is lost for good meanwhile.
        stopped: whether the operator's process dies with the call.
    """

    def what(ground: Ground) -> Fault | None:
        if dies_too:
            ground.model.at(ground.simulation.now + after / 2, ground.model.kill)
        return Fault("crash-after") if stopped else None

    ground = Ground(asks("switchover_global_cluster"), what)
    ground.model.takes_back_after = after
    return ground


def until_it_ends(ground: Ground, request: Request) -> Report:
    """The same command once more, as long as RDS hasn't decided yet."""
    report = ground.go(request)
    while report is not None and report.state is State.INCOMPLETE and ground.count < 5:
        report = ground.go(request)
    assert report is not None
    return report


@pytest.mark.parametrize("stopped", [False, True], ids=["one process", "two processes"])
@pytest.mark.parametrize("after", AFTER)
def test_a_region_that_is_up_is_switched_over_from_by_the_same_command(after: float, stopped: bool) -> None:
    ground = taken_back(after, stopped=stopped)
    first = ground.go(PLANNED)
    assert (first is None) is stopped
    assert first is None or first.state is State.INCOMPLETE, first
    last = until_it_ends(ground, PLANNED)
    assert (last.state, ground.writers, last.divergence) == (State.DONE, {R}, ""), last
    assert set(ground.model.both_open.values()) == {0.0}
    assert ground.promotions == [
        "failover_global_replication_group", "switchover_global_cluster", "switchover_global_cluster"
    ]  # fmt: skip


@pytest.mark.parametrize("stopped", [False, True], ids=["one process", "two processes"])
@pytest.mark.parametrize("after", AFTER)
def test_a_region_that_dies_is_failed_over_from_once_somebody_takes_it_for_lost(after: float, stopped: bool) -> None:
    ground = taken_back(after, dies_too=True, stopped=stopped)
    first = ground.go(PLANNED)
    assert (first is None) is stopped
    assert first is None or first.state is State.INCOMPLETE, first
    last = until_it_ends(ground, UNPLANNED)
    assert (last.state, ground.writers) == (State.DONE, {R}), last
    assert set(ground.model.both_open.values()) == {0.0}
    assert ground.promotions[:2] == ["failover_global_cluster", "failover_global_replication_group"]


@pytest.mark.parametrize("after", AFTER)
def test_where_the_cache_has_not_moved_either_the_old_region_is_opened_again(
    after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = taken_back(after)

    def refused(call: Call, region: Region) -> Answer:
        raise RefusedError("InvalidParameterValue")

    monkeypatch.setattr(ground.model, "_failover_global_replication_group", refused)
    report = ground.go(PLANNED)
    assert report is not None
    assert (report.state, ground.writers, ground.model.regions[P].closed) == (State.UNDONE, {P}, set()), report
    assert {each.mode for each in ground.model.regions.values()} == {"read-write"}
    assert ground.model.regions[R].nodes == (1, 1, 4)
