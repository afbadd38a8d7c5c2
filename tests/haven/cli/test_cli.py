"""The command line as a person meets it: what it prints, where, and with which exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from haven.cli.main import main
from haven.program import run as planning
from tests.environments import PRIMARY, RECOVERY, ROOT
from tests.haven.cli.small_project import Run, replace_program, write_stack
from tests.progress import without_progress

COMMANDS = (
    '"audit", "check-destroy", "data", "demo", "environments", "failback", "failover", "gate", "plan", "pr",'
    ' "preflight", "reconcile", "refresh-command", "smoke", "status", "validate"'
)


def in_a_process(*arguments: str, cwd: Path = ROOT, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "haven", *arguments], cwd=cwd, capture_output=True, text=True, check=False, **options
    )


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["demo", "-h"]])
def test_help_goes_to_standard_output_and_lists_the_exit_codes(arguments: list[str]) -> None:
    done = in_a_process(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit codes: 0 all is well" in done.stdout


def test_help_on_a_terminal_of_80_columns_cuts_no_command_s_summary() -> None:
    done = in_a_process("--help", env={**os.environ, "COLUMNS": "80"})
    summaries = done.stdout.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(summaries) == len(COMMANDS.split(", "))
    assert [each for each in summaries if not each.endswith(".") or each.endswith("...")] == []


def test_version_is_the_packages() -> None:
    from importlib.metadata import version

    assert in_a_process("--version").stdout == f"haven {version('haven-dr')}\n"


TIERS = 'allowed: "backup", "pilot-light", "warm", "active-active"'


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], f"COMMAND: got nothing; allowed: {COMMANDS}; fix: see haven --help"),
        (["plam"], f'COMMAND: got "plam"; allowed: {COMMANDS}; fix: did you mean plan?'),
        (["xyz"], f'COMMAND: got "xyz"; allowed: {COMMANDS}; fix: see haven --help'),
        (["plan"], "STACK: got nothing; allowed: a value; fix: see haven plan --help"),
        (
            ["plan", "prod", "--jsn"],
            'option: got "--jsn"; allowed: "--all-tiers", "--compare", "--detail", "--help", "--json", ',
        ),
        (
            ["plan", "--jsn", "prod"],
            'option: got "--jsn"; allowed: "--all-tiers", "--compare", "--detail", "--help", "--json", ',
        ),
        (["plan", "prod", "--tier", "warm"], 'option: got "--tier"; allowed: "--all-tiers", "--compare", "--detail", '),
        (["--jsn", "plan", "prod"], 'option: got "--jsn"; allowed: "--help", "--version", "-C"; fix: see haven --help'),
        (["plan", "prod", "-x"], 'option: got "-x"; allowed: "--all-tiers", "--compare", '),
        (["plan", "prod", "more"], 'argument: got "more"; allowed: nothing more; fix: see haven plan --help'),
        (["pr"], "--base: got nothing; allowed: a value; fix: see haven pr --help"),
        (["plan", "prod", "--compare"], "--compare: got nothing; allowed: a value; fix: see haven plan --help"),
        (["plan", "prod", "--json=yes"], "--json: got a value; allowed: nothing; fix: see haven plan --help"),
        (["plan", "prod", "--compare", "wrm"], f'--compare: got "wrm"; {TIERS}; fix: did you mean warm?'),
        (
            ["plan", "prod", "--compare", "Active-Active"],
            f'--compare: got "Active-Active"; {TIERS}; fix: did you mean active-active?',
        ),
        (["status", "prod", "--watch", "1"], '--watch: got "1"; allowed: a whole number of 5 or more; fix: see '),
        (["plan", "prod", "--compare", "x"], f'--compare: got "x"; {TIERS}; fix: see haven plan --help'),
        (["plan", "prd"], 'STACK: got "prd"; allowed: "prod"; fix: did you mean prod?'),
        (["plan", "dev"], 'STACK: got "dev"; allowed: "prod"; fix: make stacks/Pulumi.dev.yaml, from a copy'),
        (["plan", ""], 'STACK: got ""; allowed: "prod"; fix: name a stack, or the path of its file, which ends in'),
        (["validate", "README.md"], 'STACK: got "README.md"; allowed: "prod"; fix: name a stack, or the path of its'),
        (["failover", "prod", "--to"], "--to: got nothing; allowed: a value; fix: see haven failover --help"),
        (
            ["plan", "stacks/Pulumi.prd.yaml"],
            'STACK: got "stacks/Pulumi.prd.yaml", where there is no file; allowed: the path of a stack file; '
            "fix: did you mean stacks/Pulumi.prod.yaml?",
        ),
        (
            ["plan", "stacks/Pulumi.demo.yaml"],
            'STACK: got "stacks/Pulumi.demo.yaml", where there is no file; allowed: the path of a stack file; '
            "fix: check the path",
        ),
        (["plan", "prod", "-C", "nowhere"], '-C: got "nowhere"; allowed: a directory; fix: name one that is there'),
        (["-C", "nowhere", "plan", "prod"], '-C: got "nowhere"; allowed: a directory'),
        (["plan", "prod", "-C", "/"], "the project: got no Pulumi.yaml in / or above it; allowed: "),
        (["plan", "-C", "/"], "the project: got no Pulumi.yaml in / or above it; allowed: "),
        (["-C", "/", "plan"], "the project: got no Pulumi.yaml in / or above it; allowed: "),
    ],
)
def test_a_wrong_command_line_is_one_problem_on_standard_error(
    project: Path, run: Run, arguments: list[str], problem: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    headline, line = err.splitlines()
    assert headline in ("1 problem in the command line:", "1 problem:")
    assert line.startswith(f"  {problem}")


def test_every_problem_of_a_command_line_is_reported_at_once(project: Path, run: Run) -> None:
    code, out, err = run("plan", "--jsn", "--polcy", "--compare", "wrm")
    assert (code, out) == (2, "")
    headline, *problems = [line.partition("; allowed")[0] for line in err.splitlines()]
    assert headline == "4 problems in the command line:"
    assert problems == [
        '  option: got "--jsn"',
        '  option: got "--polcy"',
        '  --compare: got "wrm"',
        "  STACK: got nothing",
    ]


def test_help_is_shown_although_something_else_is_wrong(run: Run) -> None:
    code, out, _ = run("plan", "--jsn", "--help")
    assert code == 0
    assert out.startswith("Usage: haven plan [OPTIONS] STACK\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion_script(shell: str) -> None:
    done = in_a_process(env={**os.environ, "_HAVEN_COMPLETE": f"{shell}_source"})
    assert "_HAVEN_COMPLETE" in done.stdout
    assert f"{shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("words", "last", "offered"),
    [
        ("haven ", 1, json.loads(f"[{COMMANDS}]")),
        ("haven plan p", 2, ["prod"]),
        ("haven plan prod --compare ", 4, ["backup", "pilot-light", "warm", "active-active"]),
        ("haven gate --a", 2, ["--accept", "--active"]),
    ],
)
def test_commands_options_stacks_and_tiers_are_completed(
    project: Path, words: str, last: int, offered: list[str]
) -> None:
    asked = {"_HAVEN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(last)}
    done = in_a_process(cwd=project, env={**os.environ, **asked})
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == offered


def test_the_nearest_option_is_named(project: Path, run: Run) -> None:
    assert run("plan", "prod", "--jsn")[2].endswith("fix: did you mean --json?\n")


def test_a_plan_is_shown_and_what_the_program_prints_stays_out_of_it(project: Path, run: Run) -> None:
    code, out, err = run("plan", "prod")
    assert code == 0
    assert out.startswith("Stack prod: tier warm, writes go to eu-west-1\n")
    assert "a program may print" not in out
    assert err == "a program may print\n"


def test_a_plan_is_one_screen_and_the_rest_is_in_a_file_or_asked_for(project: Path, run: Run) -> None:
    screen, detailed = (run("plan", "prod", *more)[1] for more in ([], ["--detail"]))
    assert len(screen.splitlines()) <= 40
    assert screen.endswith("\nEverything in detail: --detail, or .haven/plan-prod.txt\n")
    assert "Part part: 1" not in screen
    assert "  Part part: 1\n" in detailed
    assert (project / ".haven" / "plan-prod.txt").read_text() == detailed
    assert (project / ".haven" / ".gitignore").read_text() == "*\n"


def test_a_project_that_may_only_be_read_is_planned_all_the_same(project: Path, run: Run) -> None:
    (project / ".haven").write_text("a file in its place")
    assert run("plan", "prod")[1].endswith("\nEverything in detail: --detail\n")


def test_a_plan_reports_on_standard_error_what_it_does(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["plan", "prod", "--compare", "backup"])
    lines = capsys.readouterr().err.splitlines()
    steps = [line for line in lines if line.startswith("> ") and " s): " not in line]
    assert steps == [
        "> Running the program of stack prod, tier warm",
        "> Running the program of stack prod, tier backup",
        "> Predicting recovery time, data loss, availability and cost",
        "> Predicting recovery time, data loss, availability and cost",
    ]


@pytest.mark.parametrize("arguments", [["plan", "prod"], ["plan", "prod", "--json"], ["--help"]])
def test_a_full_disk_is_one_sentence(project: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "haven", *arguments],
            cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert without_progress(done.stderr).splitlines()[-1] == (
        "haven can't go on: the output can't be written: No space left on device"
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("arguments", [["plan", "prod"], ["--version"]])
def test_a_closed_standard_output_is_one_sentence(project: Path, arguments: list[str]) -> None:
    command = 'exec "$0" -m haven "$@" >&-'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, *arguments],
        cwd=project,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("haven can't go on: standard output is closed")


def test_a_closed_standard_error_changes_no_exit_code(project: Path) -> None:
    command = 'exec "$0" -m haven "$@" 2>&-'
    for arguments, code in ((["plan", "prod"], 0), (["plan", "prd"], 2)):
        done = subprocess.run(
            ["/bin/sh", "-c", command, sys.executable, *arguments], cwd=project, stdout=subprocess.PIPE, check=False
        )
        assert done.returncode == code
        assert b"Traceback" not in done.stdout


def test_a_plan_for_programs_is_json_and_nothing_else(project: Path, run: Run) -> None:
    code, out, _ = run("plan", "prod", "--json")
    assert code == 0
    printed = json.loads(out)
    assert (printed["stack"], printed["tier"], printed["active"]) == ("prod", "warm", "eu-west-1")
    assert [each["component"] for each in printed["resources"]] == ["Part"]


def test_a_stack_file_may_be_named_by_its_path_and_the_project_by_an_option(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert run("plan", "stacks/Pulumi.prod.yaml")[0] == 0
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert run("plan", "prod")[0] == 2
    assert run("-C", str(project), "plan", "prod")[0] == 0
    assert run("plan", "prod", "-C", str(project / "program"))[0] == 0


def test_two_runs_print_the_same(project: Path, run: Run) -> None:
    assert run("plan", "prod", "--json") == run("plan", "prod", "--json")


def test_comparing_shows_what_another_tier_adds_changes_and_removes(project: Path, run: Run) -> None:
    code, out, _ = run("plan", "prod", "--compare", "active-active")
    assert code == 0
    assert out.startswith("From tier warm to tier active-active\n1 added, 1 changed, 0 removed\n")
    assert "        tier: warm -> active-active\n" in run("plan", "prod", "--compare", "active-active", "--detail")[1]


def test_comparing_a_stack_with_its_own_tier_is_refused(project: Path, run: Run) -> None:
    code, out, err = run("plan", "prod", "--compare", "warm")
    assert (code, out) == (2, "")
    assert '--compare: got "warm", the stack\'s own tier; allowed: "backup", "pilot-light", "active-active"; ' in err


def test_a_comparison_for_programs_has_the_plan_too(project: Path, run: Run) -> None:
    printed = json.loads(run("plan", "prod", "--compare", "active-active", "--json")[1])
    assert (printed["tier"], printed["compare"]["tier"]) == ("warm", "active-active")
    assert [each["name"] for each in printed["compare"]["added"]] == ["queue"]
    assert [each["name"] for each in printed["compare"]["changed"]] == ["part-bucket"]


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--compare", "backup"], ["--compare", "backup", "--json"]])
def test_no_secret_is_ever_printed(project: Path, run: Run, arguments: list[str]) -> None:
    write_stack(project, "prod", "haven:tier: warm", "haven:token: {secure: AAABcipher}", "haven:tag: {secure: x}")
    code, out, err = run("plan", "prod", *arguments)
    assert code == 0
    assert "hush-hush" not in out + err
    assert "cipher" not in out + err


def test_encrypted_values_are_listed(project: Path, run: Run) -> None:
    write_stack(project, "prod", "haven:tier: warm", "haven:tags: {owner: {secure: x}}")
    assert "- not decrypted and not in this plan: haven:tags.owner\n" in run("plan", "prod")[1]
    assert "not in this plan\n  haven:tags.owner\n" in run("plan", "prod", "--detail")[1]
    assert json.loads(run("plan", "prod", "--json")[1])["placeholders"] == ["haven:tags.owner"]


def test_a_project_without_a_program_is_a_problem(project: Path, run: Run) -> None:
    (project / "program" / "__main__.py").unlink()
    code, _, err = run("plan", "prod")
    assert code == 2
    assert "the program: got no __main__.py in" in err


def test_a_missing_package_exits_3_and_says_which(project: Path, run: Run) -> None:
    replace_program(project, "import a_package_that_is_not_there")
    code, out, err = run("plan", "prod")
    assert (code, out) == (3, "")
    assert err == "haven can't go on: the Python package a_package_that_is_not_there is missing; run make setup\n"


def test_an_interrupt_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "start_directory", interrupted)
    assert run("plan", "prod") == (130, "", "interrupted\n")


def test_a_real_ctrl_c_ends_a_running_program_quietly(project: Path) -> None:
    replace_program(project, "import time\nopen('started', 'w').close()\ntime.sleep(60)")
    # As in a terminal: a shell that runs the tests in the background lets its children ignore Ctrl-C.
    heed = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.executable, sys.argv[1:])"
    )
    command = [sys.executable, "-c", heed, sys.executable, "-m", "haven", "plan", "prod"]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (project / "started").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, without_progress(err)) == (130, "", "interrupted\n")


def test_a_reader_that_goes_away_is_no_error(project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "haven", "plan", "prod", "--json"],
        cwd=project, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    gone = "haven: the reader closed the output; the rest is not written\n"
    assert (done.returncode, without_progress(done.stderr)) == (0, f"a program may print\n{gone}")


def test_a_terminal_without_utf8_gets_question_marks_and_no_traceback(project: Path) -> None:
    write_stack(project, "prod", "haven:tier: warm", 'haven:bäd: "ü"', "a:b:ç: 1")
    environment_ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = in_a_process("plan", "prod", cwd=project, env=environment_)
    assert done.returncode == 2
    assert "a:b:? (line 4)" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_other_tier_gets_what_it_could_not_have_lowered_and_says_so(project: Path, run: Run) -> None:
    write_stack(
        project,
        "prod",
        "haven:tier: warm",
        "haven:objectives: {rtoMinutes: 30}",
        "haven:systems: {a: {kind: x, tier: warm}, b: {kind: x, tier: backup}, c: {kind: x}}",
        "haven:database: {restoreSnapshot: arn, instances: 2}",
    )
    code, out, _ = run("plan", "prod", "--compare", "backup")
    assert code == 0
    assert "\nsystem a is compared at tier backup: it can't be above its environment\n" in out
    assert "system b" not in out
    assert "restoreSnapshot" not in out
    assert "out of the tier's reach" in out
    assert "restoreSnapshot is left out" in run("plan", "prod", "--compare", "pilot-light")[1]


def test_the_demo_is_handed_the_stack_and_the_directory(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import types

    asked: list[tuple[str, Path, bool]] = []

    def demo_run(stack: str, start: Path, *, detail: bool) -> int:
        asked.append((stack, start, detail))
        return 3

    monkeypatch.setitem(sys.modules, "haven.emulator.demo", types.SimpleNamespace(run=demo_run))
    monkeypatch.setattr("haven.emulator.demo", types.SimpleNamespace(run=demo_run), raising=False)
    assert run("demo")[0] == 3
    assert run("demo", "warm", "-C", "program", "--detail")[0] == 3
    assert asked == [("demo", Path(), False), ("warm", Path("program"), True)]


def test_the_warm_stack_is_planned_offline_without_credentials(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    code, out, err = run("plan", "warm", "--json")
    assert (code, err) == (0, "")
    printed = json.loads(out)
    assert (printed["stack"], printed["tier"], printed["active"]) == ("warm", "warm", PRIMARY)
    assert printed["regions"].keys() == {PRIMARY, RECOVERY}
    for region, described in printed["regions"].items():
        assert described["count"] == sum(each["region"] == region for each in printed["resources"]) > 100
