"""`haven refresh-command` prints a command that asks one Region alone."""

import shlex
from pathlib import Path

import pytest

from haven.base.exits import BAD_INPUT, OK
from haven.cli.main import main
from haven.program import aws_types as aws
from tests.environments import PRIMARY, RECOVERY, ROOT, environment


def printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stack: str, *options: str
) -> tuple[list[str], set[str]]:
    """The command that is printed for a stack after a failover, and its targets."""
    file = tmp_path / f"Pulumi.{stack}.yaml"
    file.write_text((ROOT / "stacks" / file.name).read_text() + f"\n  haven:active: {RECOVERY}\n")
    assert main(["refresh-command", str(file), *options, "-C", str(ROOT)]) == OK
    words = shlex.split(capsys.readouterr().out.replace("\\\n", ""), comments=True)
    return words[:4], {each for each in words[4:] if each != "--target"}


def test_after_a_failover_the_printed_refresh_has_every_resource_of_the_active_region_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, targets = printed(tmp_path, capsys, "backup")
    assert command == ["pulumi", "refresh", "--stack", "backup"]
    declared = environment("backup", active=RECOVERY).real()
    assert targets == {each.urn for each in declared if each.region == RECOVERY}


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_what_the_provider_reads_through_both_regions_is_left_out(
    region: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, targets = printed(tmp_path, capsys, "warm", "--region", region)
    declared = {each.urn: each for each in environment("warm", active=RECOVERY).real() if each.region == region}
    left_out = [declared[urn] for urn in declared.keys() - targets]
    assert left_out
    assert {each.type for each in left_out} <= {aws.DYNAMODB_TABLE, aws.DYNAMODB_TABLE_REPLICA}
    assert targets < declared.keys()


def test_a_region_that_the_stack_does_not_use_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refresh-command", "backup", "--region", "us-east-1", "-C", str(ROOT)]) == BAD_INPUT
    assert '--region: got "us-east-1"; allowed: "eu-central-1", "eu-north-1", "eu-west-1"' in capsys.readouterr().err
