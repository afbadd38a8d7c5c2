"""`make smoke`'s command, whole, with the embedded emulator in AWS's place: the first run on an account."""

import re
from pathlib import Path

import pytest

from haven.base.exits import OK
from haven.cli.main import main
from haven.emulator.ministack import Emulator
from haven.emulator.read_back import leftovers
from haven.terraform import cli
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.exhaustive, pytest.mark.timeout(3600)]

ACCOUNT = "000000000000"
"""The emulator's own, as its STS answers."""


def test_the_first_run_deploys_fails_over_and_back_and_leaves_nothing(
    provider: cli.Terraform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    regions = (PRIMARY, RECOVERY)
    everywhere = (*regions, "eu-north-1")
    with Emulator(ROOT / ".haven" / "emulator", tmp_path / "emulator") as emulator:
        before = {
            each for each in leftovers.existing(emulator.url, everywhere) if each.kind not in ("key", "alias of a key")
        }
        words = ["--account", ACCOUNT, "--regions", ",".join(regions), "--endpoint-url", emulator.url, "--yes"]
        code = main(["smoke", *words, "-C", str(ROOT)])
        output = capsys.readouterr().out
        assert code == OK, output
        assert ", 0 wrong\n" in output
        assert "Deployed again: nothing would change\n" in output
        assert re.search(r"Failed over:  haven failover, \d+ steps; in eu-central-1 [1-9]\d* created", output)
        assert re.search(r"Failed back:  haven failback, \d+ steps; nothing would change\n", output)
        assert "Destroyed:    nothing left\n" in output
        assert "not done here: FailoverGlobalReplicationGroup to eu-central-1" in output
        assert "not done here: resizing node groups: no GPU node is started" in output
        assert "USD an hour as deployed" in output
        after = {
            each for each in leftovers.existing(emulator.url, everywhere) if each.kind not in ("key", "alias of a key")
        }
        assert after == before
