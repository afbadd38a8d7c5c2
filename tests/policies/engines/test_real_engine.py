"""The pack under the Pulumi CLI, where this machine has one: the engine loads it, and passes it the stack's config."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments import ROOT

PROGRAM = """
import pulumi
pulumi.Stash("kept", input="something")
"""
WAIVER = {
    "rule": "database-encrypted",
    "resource": "a-cluster-that-is-not-there",
    "reason": "so that the pack has something to report",
    "until": "2099-12-31",
}

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="no Pulumi CLI on PATH")


def test_the_engine_loads_the_pack_and_it_reads_the_stack_s_config(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: {name: python, options: {toolchain: pip}}\n")
    config = {"config": {"haven:policy": {"waivers": [WAIVER]}}}
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps(config))
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }

    def pulumi(*words: str) -> str:
        command = ["pulumi", *words, "--non-interactive"]
        ran = subprocess.run(
            command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    pulumi("stack", "init", "dev")
    output = pulumi("preview", "--stack", "dev", "--policy-pack", str(ROOT / "policies"))
    assert "haven@v0.1.0" in output
    assert "The waiver of database-encrypted for a-cluster-that-is-not-there lets nothing pass" in output
