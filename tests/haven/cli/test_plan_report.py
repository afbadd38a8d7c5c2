"""`haven plan --report FILE`: a file that is written whole or not at all."""

import os
import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, OK
from tests.haven.cli.small_project import Run, write_stack

OLD = "what was there"


@pytest.mark.parametrize(("name", "start"), [("report.html", "<!doctype html>"), ("report.md", "## Stack prod")])
def test_a_report_has_every_tier_and_replaces_the_file(name: str, start: str, project: Path, run: Run) -> None:
    (project / name).write_text(OLD)
    code, shown, notes = run("plan", "prod", "--report", name)
    assert code == OK
    assert "Stack prod" in shown
    assert f"Report: {name}" in notes
    text = (project / name).read_text()
    assert text.startswith(start)
    assert all(tier in text for tier in ("backup", "pilot-light", "warm", "active-active"))
    assert [each.name for each in project.iterdir() if name in each.name] == [name]


def test_the_topology_alone_is_a_picture_of_the_stacks_own_tier(project: Path, run: Run) -> None:
    for name in ("topology.svg", "topology.png"):
        code, _, notes = run("plan", "prod", "--report", name)
        assert code == OK
        assert f"Report: {name}" in notes
        assert "tier backup" not in notes
    picture = ET.parse(project / "topology.svg").getroot()
    header = (project / "topology.png").read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n")
    width, height = (float(each) for each in picture.attrib["viewBox"].split()[2:])
    assert struct.unpack(">II", header[16:]) == (2 * width, 2 * height)


def test_a_report_goes_with_strict_json_and_policies(project: Path, run: Run) -> None:
    write_stack(project, "prod", "haven:tier: warm", "haven:objectives: {rtoMinutes: 1}")
    code, shown, _ = run("plan", "prod", "--strict", "--json", "--policy", "--report", "report.html")
    assert code == FINDINGS
    assert shown.startswith("{")
    assert "Not judged" not in (project / "report.html").read_text()


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("none/report.html", '--report: got "none/report.html", which can\'t be written (No such file or directory)'),
        (
            "report.pdf",
            '--report: got "report.pdf"; allowed: a name that ends in ".html", ".md", ".svg", ".png"; fix: write',
        ),
        ("", '--report: got "."; allowed: a name that ends in ".html", ".md", ".svg", ".png"; fix: write prod.html'),
        ("..", "fix: write prod.html"),
        ("folder.html", '--report: got "folder.html", a directory; allowed: a file'),
        ("stacks/Pulumi.prod.yaml/report.md", "which can't be written (Not a directory)"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_anything_runs(
    file: str, problem: str, project: Path, run: Run
) -> None:
    (project / "folder.html").mkdir()
    (project / "program" / "__main__.py").write_text("raise SystemExit('the program has run')")
    code, shown, problems = run("plan", "prod", "--report", file)
    assert (code, shown) == (BAD_INPUT, "")
    assert problem in problems
    assert len(problems.strip().splitlines()) == 2


def test_a_report_that_fails_at_the_end_leaves_the_old_file(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError(28, os.strerror(28))

    (project / "report.html").write_text(OLD)
    monkeypatch.setattr("haven.cli.plan_report.Path.write_bytes", full)
    code, _, problems = run("plan", "prod", "--report", "report.html")
    assert code == BAD_INPUT
    assert "No space left on device" in problems
    assert (project / "report.html").read_text() == OLD
    assert not list(project.glob(".report*"))


@pytest.mark.parametrize("option", [["--all-tiers"], ["--compare", "backup"], ["--policy", "--sarif"]])
def test_a_report_does_not_go_with_what_prints_something_else(option: list[str], project: Path, run: Run) -> None:
    code, _, problems = run("plan", "prod", "--report", "report.html", *option)
    assert code == BAD_INPUT
    assert "--report: got " in problems


def test_an_account_has_no_report(project: Path, run: Run) -> None:
    write_stack(project, "shared", "haven:kind: account")
    code, _, problems = run("plan", "shared", "--report", "report.html")
    assert code == BAD_INPUT
    assert "--report: got stack shared of kind account" in problems
