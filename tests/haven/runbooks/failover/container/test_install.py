"""What the container's image installs, from its lock, makes a failover without Pulumi."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from haven.base.exits import OK
from tests.environments import ROOT
from tests.gateway import Fault
from tests.haven.runbooks.failover.ground import Ground
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(900), pytest.mark.emulator, pytest.mark.exhaustive]


def test_what_the_image_installs_fails_over_without_pulumi(ground: Ground, tmp_path: Path) -> None:
    place = tmp_path / "opt" / "haven"
    done = subprocess.run(
        [str(ROOT / "container" / "install"), str(place)],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = subprocess.run(
        [str(place / "bin" / "python"), "-c", "import importlib.util; print(importlib.util.find_spec('pulumi'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "None"

    installed = replace(ground, python=[str(place / "bin" / "haven")])
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    lost = ("--to", R, "--confirm", "sim", "--force", "the provider confirms the loss")
    code, text, error = installed.haven("failover", *lost)
    assert (code, ground.writer) == (OK, R), text + error
    assert installed.haven("audit verify", "--in", R)[0] == OK
