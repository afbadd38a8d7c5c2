"""The fixture of the living tests with a plan."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.haven.runbooks.arc.plan_ground import PlanGround, plan_ground


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[PlanGround]:
    """An environment of tier `warm` with a Region switch plan, in an emulator of its own."""
    with plan_ground(tmp_path) as made:
        yield made
