"""`haven validate`: everything that is wrong with a stack at once, without running its program."""

import subprocess
import sys
from pathlib import Path

import pytest

from haven.cli.main import main
from tests.environments import EVERY_STACK, ROOT

WRONG = """config:
  haven:account: 0123
  haven:tier: hot
  haven:regions: {primary: eu-west-1, recovery: eu-west-1}
  haven:database: {instanceClass: db.t4g.large, instances: "3"}
  haven:policy: {levels: {database-encripted: advisory}}
"""


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_every_sample_stack_is_valid(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", stack, "-C", str(ROOT)]) == 0
    assert capsys.readouterr().out.endswith(f"stacks/Pulumi.{stack}.yaml is valid.\n")


@pytest.mark.parametrize("command", [["validate"], ["plan", "--policy"]])
def test_problems_of_file_values_rules_and_names_come_together(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(WRONG)
    monkeypatch.chdir(ROOT)
    assert main([*command, str(file)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.partition(": got")[0] for line in shown.err.splitlines()] == [
        f"5 problems in {file}:",
        "  haven:account (line 2)",
        "  haven:tier",
        "  haven:database.instanceClass",
        "  haven:regions.recovery",
        "  haven:policy.levels.database-encripted",
    ]


def test_it_loads_neither_pulumi_nor_boto3() -> None:
    code = (
        "import sys; from haven.cli.main import main; main(['validate', 'warm']);"
        " print([each for each in ('pulumi', 'pulumi_aws', 'boto3', 'rich') if each in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "stacks/Pulumi.warm.yaml is valid.\n[]\n"


HOOK = """
from haven.base.problems import Problem

def problems(stack, config):
    if config["shop:size"] == "9":
        yield Problem("shop:size", config["shop:size"], "less", "write shop:size: 8")
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of somebody else's, whose program can't be run."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nmain: program/\nconfig:\n  shop:size: {type: integer}\n")
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "__main__.py").write_text("raise SystemExit('was run')")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  shop:size: 9\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_program_takes_part_with_a_file_of_its_own(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "program" / "validate.py").write_text(HOOK)
    assert main(["validate", "prod"]) == 2
    assert capsys.readouterr().err == (
        "1 problem in Pulumi.prod.yaml:\n  shop:size: got 9; allowed: less; fix: write shop:size: 8\n"
    )


def test_without_that_file_it_says_what_was_not_checked(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "prod"]) == 0
    assert capsys.readouterr().out == (
        "Pulumi.prod.yaml is a valid stack file; the program has no validate.py, so its own rules were not checked: "
        "see haven plan.\n"
    )
