"""What to do while nodes don't come."""

import pytest

from haven.runbooks.failover.capacity import Choice, Group, choose


@pytest.mark.parametrize(
    ("running", "waited", "expected"),
    [
        (3, 0, Choice.FULL),
        (2, 899, Choice.WAIT),
        (0, 899, Choice.WAIT),
        (2, 900, Choice.DEGRADED),
        (1, 900, Choice.SHORT),
        (0, 900, Choice.SHORT),
    ],
)
def test_the_least_opens_traffic_after_patience(running: int, waited: float, expected: Choice) -> None:
    assert choose(Group(running, wanted=3, least=2), waited=waited, patience=900) is expected


def test_a_group_without_a_least_needs_one_node() -> None:
    assert choose(Group(0, wanted=1, least=0), waited=900, patience=900) is Choice.SHORT
