"""The fixture of the living tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.haven.runbooks.failover.ground import Ground, new_ground


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """An environment of tier `warm`, in an emulator of its own."""
    with new_ground(tmp_path) as made:
        yield made
