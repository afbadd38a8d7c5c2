"""The demo's deployer under the Pulumi CLI: what the emulator lacks takes along what needs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from haven.emulator import gap_handling
from tests.engine.conftest import BINARIES, Engine
from tests.environments import ROOT, environment

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]

DEPLOY = """
import sys
from pathlib import Path
from haven.config.stack_file import load_stack
from haven.emulator import gap_handling
from haven.emulator.deployers import pulumi_deployer
from haven.emulator.deployers.deployment import Order
from haven.program.run import run_program

root, folder = map(Path, sys.argv[1:])
stack = load_stack("demo", root)
adapted = gap_handling.adapt(run_program(stack))
deployment = pulumi_deployer.find(folder).open(Order(stack, adapted, "http://127.0.0.1:9", folder))
deployment.deploy(lambda *_, **__: None)
print(deployment.drift(lambda *_, **__: None), file=sys.stderr)
"""
"""A process of its own: the program leaves Pulumi's runtime behind in the one that runs it."""


def test_what_the_emulator_lacks_is_left_out_with_what_needs_it(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    path = os.pathsep.join([str(BINARIES), os.environ["PATH"]])
    given = {**os.environ, "PATH": path, "PULUMI_HOME": str(engine.directory / "home"), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", DEPLOY, str(ROOT), str(folder)]
    done = subprocess.run(words, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    [state] = (folder / "state").rglob("demo.json")
    resources = json.loads(state.read_text())["checkpoint"]["latest"]["resources"]
    deployed = {each["urn"] for each in resources}
    needed = {urn for each in resources for urn in each.get("dependencies", ())}
    adapted = gap_handling.adapt(environment("demo"))
    absent = adapted.absent()
    assert [why for why in absent.values() if why.startswith("needs ")]
    expected = {each.urn for each in adapted.recording.real()} - absent.keys()
    assert expected - deployed == set()
    assert absent.keys() & deployed == set()
    assert needed - deployed == set()
    assert done.stderr.splitlines()[-1] == "[]"
