"""The policy pack under the Pulumi CLI: the engine loads it, and gives it the stack's config."""

import json
from pathlib import Path

import pytest

from tests.engine.conftest import Engine
from tests.environments import ROOT

PROGRAM = """
import pulumi
pulumi.Stash("kept", input="something")
"""
WAIVER = {
    "rule": "database-encrypted",
    "resource": "a-cluster-that-is-not-there",
    "reason": "so that the pack has something to say",
    "until": "2099-12-31",
}

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]


def test_the_engine_loads_the_pack_and_it_reads_the_stack_s_config(engine: Engine, tmp_path: Path) -> None:
    project = tmp_path / "small"
    project.mkdir()
    (project / "__main__.py").write_text(PROGRAM)
    (project / "Pulumi.yaml").write_text("name: small\nruntime: {name: python, options: {toolchain: pip}}\n")
    config = {"config": {"haven:policy": {"waivers": [WAIVER]}}}
    (project / "Pulumi.dev.yaml").write_text(json.dumps(config))
    engine.succeed("stack", "init", "dev", cwd=project)
    shown = engine.succeed("preview", "--stack", "dev", "--policy-pack", str(ROOT / "policies"), cwd=project)
    assert "haven@v0.1.0" in shown
    assert "The waiver of database-encrypted for a-cluster-that-is-not-there lets nothing pass" in shown
