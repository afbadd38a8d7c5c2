"""Starts a training process and kills it."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.environments import ROOT

EVERY = 4
"""Steps between two checkpoints."""


def killed(
    location: str, folder: Path, seconds: float, environment: Mapping[str, str] | None = None
) -> tuple[int, int]:
    """Train, and kill the process some seconds after its first line.

    Args:
        location: where its checkpoints are.
        folder: where it puts the one that it goes on from.
        seconds: after its first line.
        environment: its environment. Omitted: that of the tests.

    Returns:
        Where it began, and the last step that it finished.
    """
    command = [sys.executable, "-m", "tests.haven.checkpoints.training_process", location, str(folder)]
    with subprocess.Popen(
        [*command, str(EVERY), "1000000"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("from "), "it went on from a torn checkpoint"
        time.sleep(seconds)
        process.kill()
        lines = process.stdout.read().split("\n")[:-1]  # what comes after the last line break isn't a whole line
    begin = int(first.removeprefix("from "))
    return begin, max((int(each) for each in lines), default=begin)
