"""What `haven plan` points out without being asked for the policies."""

from pathlib import Path

import pytest

from haven.base.exits import FINDINGS, OK
from haven.cli.main import main
from tests.environments import ROOT

STACK = """config:
  haven:account: "111122223333"
  haven:tier: backup
  haven:regions: {primary: eu-west-1, recovery: eu-central-1}
  haven:demote: eu-west-1
"""
CONFINED = """  haven:residency:
    classes: {records: {regions: [eu-west-1]}}
    stores: {database: records}
"""


def planned(text: str, place: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    file = place / "Pulumi.test.yaml"
    file.write_text(text)
    code = main(["plan", str(file), "-C", str(ROOT), *more])
    return code, " ".join(capsys.readouterr().out.split())


def test_a_class_of_data_that_the_plan_contradicts_is_a_finding_without_asking_for_the_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = planned(STACK + CONFINED, tmp_path, capsys)
    assert code == FINDINGS
    assert "eu-central-1" in out[out.index("mandatory") :]
    assert "-allowed-regions" in out or "in-allowed-regions" in out


def test_a_demoted_region_that_is_the_active_one_is_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = planned(STACK, tmp_path, capsys)
    assert code == OK
    assert "haven:demote names eu-west-1, the active Region" in out
    assert "write haven:demote: eu-central-1" in planned(STACK, tmp_path, capsys, "--detail")[1]
