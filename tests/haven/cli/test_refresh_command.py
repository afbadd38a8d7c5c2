"""`haven refresh-command` prints a command that asks one Region alone."""

import shlex
from pathlib import Path

import pytest

from haven.base.exits import BAD_INPUT, OK
from haven.cli.main import main
from tests.environments import PRIMARY, RECOVERY, ROOT, environment


def test_after_a_failover_the_printed_refresh_has_every_resource_of_the_active_region_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.backup.yaml"
    file.write_text((ROOT / "stacks" / "Pulumi.backup.yaml").read_text() + f"\n  haven:active: {RECOVERY}\n")
    assert main(["refresh-command", str(file), "-C", str(ROOT)]) == OK
    words = shlex.split(capsys.readouterr().out.replace("\\\n", ""))
    assert words[:4] == ["pulumi", "refresh", "--stack", "backup"]
    targets = {each for each in words[4:] if each != "--target"}
    declared = environment("backup", active=RECOVERY).real()
    regions = {each.urn: each.region for each in declared}
    assert targets == {urn for urn, region in regions.items() if region == RECOVERY}
    assert PRIMARY not in {regions[each] for each in targets}


def test_a_region_that_the_stack_does_not_use_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refresh-command", "backup", "--region", "us-east-1", "-C", str(ROOT)]) == BAD_INPUT
    assert '--region: got "us-east-1"; allowed: "eu-central-1", "eu-west-1"' in capsys.readouterr().err
