"""The distribution: what is in it, and what it does beside a consumer's own packages."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.environments import ROOT
from tests.package.conftest import Consumer, ran
from tests.package.programs import MISTAKEN

PACKAGES = {
    "haven": "haven",
    "haven_components": "components/haven_components",
    "haven_policies": "policies/haven_policies",
}
MISTAKES = {number for number, line in enumerate(MISTAKEN.splitlines(), 1) if "# MISTAKE" in line}


def test_the_wheel_holds_all_of_its_three_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {each for each in archive.namelist() if ".dist-info/" not in each}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PACKAGES.values()],
        check=True, cwd=ROOT, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    there = {each for each in tracked if (ROOT / each).is_file()}
    assert held == {each.removeprefix("components/").removeprefix("policies/") for each in there}
    assert {f"{package}/py.typed" for package in PACKAGES} <= held
    assert {"haven/config/presets/gdpr.yaml", "haven/emulator/requirements.txt"} <= held


def test_the_wheel_has_the_command_and_says_what_it_depends_on(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        (commands,) = (each for each in archive.namelist() if each.endswith(".dist-info/entry_points.txt"))
        text, entries = archive.read(metadata).decode(), archive.read(commands).decode()
    assert "\nName: haven-dr\n" in text
    assert "\nRequires-Dist: pulumi-aws<8,>=7.20\n" in text
    assert "\nhaven = haven." in entries


def test_a_consumer_s_tests_pass_under_mocks_with_warnings_as_errors(consumer: Consumer) -> None:
    done = consumer.run("python", "-W", "error", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert "warning" not in done.stdout


def test_pyright_finds_a_consumer_s_mistakes_in_arguments_and_no_others(consumer: Consumer) -> None:
    (consumer.directory / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "standard"}))
    tool = str(Path(sys.executable).parent / "basedpyright")
    interpreter = str(consumer.binaries / "python")
    words = [tool, "--outputjson", "--pythonpath", interpreter, "environment.py", "test_environment.py", "mistaken.py"]
    done = ran(words, cwd=consumer.directory)
    reported = [each for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    found = {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in reported}
    assert found == {("mistaken.py", each) for each in MISTAKES}, done.stdout


@pytest.mark.exhaustive
def test_mypy_finds_a_consumer_s_mistakes_in_arguments_and_no_others(consumer: Consumer) -> None:
    tool = str(Path(sys.executable).parent / "mypy")
    interpreter = str(consumer.binaries / "python")
    words = [tool, "--strict", "--allow-untyped-decorators", "--output=json", "--python-executable", interpreter]
    done = ran([*words, "environment.py", "test_environment.py", "mistaken.py"], cwd=consumer.directory)
    reported = [json.loads(each) for each in done.stdout.splitlines()]
    found = {(each["file"], each["line"]) for each in reported if each["severity"] == "error"}
    assert found == {("mistaken.py", each) for each in MISTAKES}, done.stdout + done.stderr


def test_the_installed_tool_shows_its_help(consumer: Consumer) -> None:
    done = consumer.run("haven", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: haven" in done.stdout


@pytest.mark.parametrize("words", [["plan"], ["plan", "prod"], ["environments"]], ids=" ".join)
def test_outside_a_project_the_installed_tool_says_in_one_sentence_what_it_needs(
    consumer: Consumer, tmp_path: Path, words: list[str]
) -> None:
    done = consumer.run("haven", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    headline, sentence = done.stderr.splitlines()
    assert headline.startswith("1 problem")
    assert sentence == (
        f"  the project: got no Pulumi.yaml in {tmp_path} or above it; allowed: a project with Haven's program: "
        "Pulumi.yaml, infra/ and stacks/, as in a checkout of its repository; fix: run haven in such a checkout, or "
        "name it with -C DIR"
    )
