"""`haven pr` in repositories of a small project: which stacks a change touches, and what is text of them."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from haven.cli.main import main
from haven.pull_request.report import Report, make_report
from haven.pull_request.report_json import as_json
from haven.pull_request.verdict import ReportedWaiver
from tests.haven.pull_request.repository import PROGRAM, STACK, edit, git, make, stack_file

DAY = date(2026, 11, 21)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One stack's tier and Region changed, one deleted, one added, another that nobody can plan."""
    directory = make(tmp_path_factory.mktemp("changed") / "shop")
    edit(stack_file(directory, "one"), "haven:tier: warm", "haven:tier: backup\n  haven:buckets: 2")
    edit(stack_file(directory, "one"), "eu-west-1", "eu-west-2")
    git(directory, "commit", "--quiet", "--all", "--message=another tier")
    stack_file(directory, "two").unlink()
    stack_file(directory, "three").write_text(STACK)
    stack_file(directory, "four").write_text("config:\n  haven:tier: warm\n  haven:tier: backup\n")
    return make_report(directory, "main", DAY)


def stacks_of(report: Report) -> dict[str, dict[str, Any]]:
    return {each["stack"]: each for each in as_json(report)["stacks"]}


def test_a_changed_stack_is_reported_with_its_tier_before_and_after(changed: Report) -> None:
    one = stacks_of(changed)["one"]
    assert (one["change"], one["tier"]) == ("changed", {"before": "warm", "after": "backup"})
    assert [each["name"] for each in one["added"]] == ["bucket-0", "bucket-1"]
    assert one["removed"] == []
    [queue] = one["changed"]
    assert queue["properties"] == [{"path": "tier", "before": "warm", "after": "backup"}]


def test_another_region_for_an_environment_that_stands_is_an_error(changed: Report) -> None:
    [error] = stacks_of(changed)["one"]["errors"]
    assert error["what"] == "haven:regions"
    assert "eu-west-2" in error["got"]
    assert "eu-west-1" in error["allowed"]
    assert "make a new stack" in error["fix"]


def test_a_stack_that_was_not_there_has_everything_to_add(changed: Report) -> None:
    three = stacks_of(changed)["three"]
    assert (three["change"], three["tier"]) == ("added", {"before": None, "after": "warm"})
    assert ([each["name"] for each in three["added"]], three["errors"]) == (["part-queue"], [])


def test_a_stack_whose_file_is_gone_has_everything_to_remove(changed: Report) -> None:
    two = stacks_of(changed)["two"]
    assert (two["change"], two["tier"]) == ("deleted", {"before": "warm", "after": None})
    assert ([each["name"] for each in two["removed"]], two["policy"]) == (["part-queue"], None)


def test_what_is_wrong_with_a_stack_file_is_reported_and_the_other_stacks_go_on(changed: Report) -> None:
    four = stacks_of(changed)["four"]
    assert [each["what"].partition(" ")[0] for each in four["problems"]] == ["haven:tier"]
    assert four["policy"] is None


def test_the_policies_judge_every_stack_that_there_is(changed: Report) -> None:
    policies = {name: each["policy"] is not None for name, each in stacks_of(changed).items()}
    assert policies == {"one": True, "two": False, "three": True, "four": False}


def test_only_stacks_that_a_change_touches_are_reported(project: Path) -> None:
    (project / "README.md").write_text("words")
    stack_file(project, "one").write_text(STACK + "  haven:buckets: 1\n")
    found = stacks_of(make_report(project, "main", DAY))
    assert found.keys() == {"one"}
    assert [each["name"] for each in found["one"]["added"]] == ["bucket-0"]


def test_a_change_of_the_program_touches_every_stack_and_the_base_runs_its_own(project: Path) -> None:
    edit(project / "program" / "__main__.py", 'Part("part")', 'Part("whole")')
    found = stacks_of(make_report(project, "main", DAY))
    assert found.keys() == {"one", "two"}
    for each in found.values():
        names = [[one["name"] for one in each[group]] for group in ("added", "changed", "removed")]
        assert names == [["whole-queue"], [], ["part-queue"]]


def test_a_file_of_the_program_that_git_does_not_know_yet_counts_too(project: Path) -> None:
    (project / "program" / "more.py").touch()
    assert stacks_of(make_report(project, "main", DAY)).keys() == {"one", "two"}


def test_each_side_takes_the_packages_of_its_own_checkout(project: Path) -> None:
    package = project / "components" / "__init__.py"
    package.parent.mkdir()
    package.write_text("NAME = 'small'")
    program = project / "program" / "__main__.py"
    program.write_text(program.read_text().replace('Part("part")', "import components\nPart(components.NAME)"))
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=a package")
    git(project, "branch", "--force", "main")
    package.write_text("NAME = 'large'")
    one = stacks_of(make_report(project, "main", DAY))["one"]
    names = [[each["name"] for each in one[group]] for group in ("added", "removed")]
    assert (names, one["failures"]) == ([["large-queue"], ["small-queue"]], [])


def test_what_others_merged_meanwhile_is_no_part_of_the_change(project: Path) -> None:
    git(project, "checkout", "--quiet", "main")
    stack_file(project, "two").write_text(STACK + "  haven:buckets: 3\n")
    git(project, "commit", "--quiet", "--all", "--message=meanwhile")
    git(project, "checkout", "--quiet", "change")
    stack_file(project, "one").write_text(STACK + "  haven:buckets: 1\n")
    assert stacks_of(make_report(project, "main", DAY)).keys() == {"one"}


def test_a_project_below_the_top_of_its_repository_is_reported_alike(tmp_path: Path) -> None:
    top = tmp_path / "top"
    project = make(top / "shop")
    (project / ".git").rename(top / ".git")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message=below")
    git(top, "branch", "--force", "main")
    stack_file(project, "one").write_text(STACK + "  haven:buckets: 1\n")
    found = stacks_of(make_report(project, "main", DAY))
    assert {name: [one["name"] for one in each["added"]] for name, each in found.items()} == {"one": ["bucket-0"]}


def test_violations_and_waivers_are_read_as_the_policies_write_them(project: Path) -> None:
    last = datetime.now(UTC).date() + timedelta(days=10)
    waiver = f"{{rule: bucket-encrypted, resource: bucket-0, reason: the vendor's bucket, until: '{last}'}}"
    stack_file(project, "one").write_text(STACK + f"  haven:buckets: 2\n  haven:policy: {{waivers: [{waiver}]}}\n")
    [one] = make_report(project, "main", last).stacks
    assert one.verdict
    assert (one.refused, one.verdict.waived) == (True, 1)
    assert one.verdict.ending(last) == [ReportedWaiver("bucket-encrypted", "bucket-0", last, "the vendor's bucket")]
    [found] = [each for each in one.verdict.violations if each.rule == "bucket-encrypted"]
    assert (found.level, found.resource) == ("mandatory", "bucket-1")
    assert all((found.severity, found.got, found.allowed, found.fix))
    assert found.page.startswith("https://")


def test_secrets_are_compared_and_never_shown(project: Path) -> None:
    stack_file(project, "one").write_text(STACK + "  haven:password: tell-nobody\n")
    report = make_report(project, "main", DAY)
    [queue] = stacks_of(report)["one"]["changed"]
    assert queue["properties"] == [{"path": "password", "before": "(secret)", "after": "(secret)"}]
    assert "tell-nobody" not in json.dumps(as_json(report))


def test_a_base_whose_program_fails_leaves_the_difference_open_and_nothing_else(project: Path) -> None:
    (project / "program" / "__main__.py").write_text("raise ValueError('as it was')")
    git(project, "commit", "--quiet", "--all", "--message=broken")
    git(project, "branch", "--force", "main")
    (project / "program" / "__main__.py").write_text(PROGRAM)
    found = stacks_of(make_report(project, "main", DAY))["one"]
    assert (found["added"], found["errors"], found["policy"] is not None) == ([], [], True)
    assert "base branch's program doesn't run" in found["failures"][0]
    assert "ValueError: as it was" in found["failures"][0]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(words)
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_prints_a_comment_saves_the_rest_and_exits_one(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(stack_file(project, "one"), "eu-west-1", "eu-west-2")
    code, out, _ = run(capsys, "pr", "--base", "main", "-C", str(project), "--save", str(tmp_path / "saved"))
    assert code == 1
    assert "**Not to be merged as it is:** `one`." in out
    assert (tmp_path / "saved" / "comment.md").read_text() == out
    assert (tmp_path / "saved" / "report.md").read_text() == out
    assert json.loads((tmp_path / "saved" / "report.json").read_text())["stacks"][0]["stack"] == "one"
    sarif = json.loads((tmp_path / "saved" / "policies.sarif").read_text())
    assert [each["automationDetails"]["id"] for each in sarif["runs"]] == ["haven/one/"]


def test_a_change_that_touches_no_stack_has_a_short_report(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "README.md").write_text("words")
    code, out, _ = run(capsys, "pr", "--base", "main", "-C", str(project))
    assert (code, out.splitlines()[-1]) == (0, "No stack is touched by this change.")


def test_a_stack_file_that_is_wrong_exits_two_and_is_in_the_comment(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack_file(project, "one").write_text("config:\n  haven:tier: warm\nconfg: {}\n")
    code, out, _ = run(capsys, "pr", "--base", "main", "-C", str(project))
    assert code == 2
    assert "**Not judged:** `one`." in out
    assert "`confg (line 3)`" in out


@pytest.mark.parametrize(
    ("base", "got"),
    [("nowhere", '"nowhere"'), ("--upload-pack=touch", '"--upload-pack=touch"'), ("alone", '"alone", which shares')],
)
def test_a_base_that_is_none_is_refused(project: Path, capsys: pytest.CaptureFixture[str], base: str, got: str) -> None:
    git(project, "checkout", "--quiet", "--orphan", "alone")
    git(project, "commit", "--quiet", "--message=alone")
    git(project, "checkout", "--quiet", "change")
    code, out, err = run(capsys, "pr", f"--base={base}", "-C", str(project))
    assert (code, out) == (2, "")
    assert f"--base: got {got}" in err


def test_a_directory_without_a_repository_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    code, _, err = run(capsys, "pr", "--base", "main", "-C", str(tmp_path))
    assert code == 2
    assert "allowed: a directory in a git repository" in err


def test_the_environments_are_those_with_an_account_of_their_own_and_no_emulator(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(stack_file(project, "two"), "210987654321", "111122223333")
    stack_file(project, "three").write_text(STACK + "  haven:active: eu-central-1\n")
    stack_file(project, "four").write_text(STACK + "  haven:emulator: http://127.0.0.1:4566\n")
    code, out, _ = run(capsys, "environments", "-C", str(project))
    assert code == 0
    assert json.loads(out) == [
        {"stack": "one", "account": "210987654321", "region": "eu-west-1"},
        {"stack": "three", "account": "210987654321", "region": "eu-central-1"},
    ]


def test_environments_with_a_file_that_is_wrong_are_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack_file(project, "two").write_text("nothing\n")
    code, out, err = run(capsys, "environments", "-C", str(project))
    assert (code, out) == (2, "")
    assert "two: the file" in err
