"""A front, as a process, and an engine that does what a test asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.components.workloads.serving.processes import FrontProcess, ScriptedEngine, StartFront


@pytest.fixture
def engine() -> Iterator[ScriptedEngine]:
    made = ScriptedEngine()
    yield made
    made.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartFront]:
    made: list[FrontProcess] = []

    def run(*options: str, **more: Any) -> FrontProcess:
        made.append(FrontProcess(tmp_path, *options, **more))
        return made[-1]

    yield run
    for each in made:
        each.stop()
