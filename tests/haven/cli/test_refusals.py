"""What the program or the config refuses, as the command line shows it."""

from pathlib import Path

import pytest

from tests.haven.cli.small_project import Run, replace_program, write_stack

REFUSING = """
import pulumi
from haven.base.problems import Problem, Problems
class Refused(Problems, pulumi.RunError):
    pass
raise Refused([Problem("haven:tier", "x", "y", "z"), Problem("shop:size", "a", "b", "c")], "somewhere")
"""


def test_a_refused_config_is_reported_problem_by_problem_under_the_stacks_file(project: Path, run: Run) -> None:
    replace_program(project, REFUSING)
    code, out, err = run("plan", "prod")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "2 problems in stacks/Pulumi.prod.yaml:",
        "  haven:tier: got x; allowed: y; fix: z",
        "  shop:size: got a; allowed: b; fix: c",
    ]


def test_what_is_wrong_with_the_file_and_with_the_config_comes_together_and_nothing_twice(
    project: Path, run: Run
) -> None:
    replace_program(project, REFUSING)
    write_stack(project, "prod", "haven:tier: 0x1F", "haven:account: 0123")
    code, _, err = run("plan", "prod")
    assert code == 2
    assert [line.partition(": got")[0] for line in err.splitlines()] == [
        "3 problems in stacks/Pulumi.prod.yaml:",
        "  haven:tier (line 2)",
        "  haven:account (line 3)",
        "  shop:size",
    ]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (
            "import pulumi\nraise pulumi.RunError('the Regions were edited')",
            "the program: got an error: the Regions were edited; allowed: what the program accepts; fix: ",
        ),
        (
            "import pulumi\nraise pulumi.InputPropertiesError('GlobalCache refuses its arguments',"
            " [{'property_path': 'shards', 'reason': 'got 0; allowed: 1 or more; fix: raise it'}])",
            "GlobalCache shards: got 0; allowed: 1 or more; fix: raise it",
        ),
        (
            "import pulumi\nraise pulumi.InputPropertiesError('Other refuses', [{'property_path': 'a',"
            " 'reason': 'is odd'}])",
            "Other a: got is odd; allowed: what the program accepts; fix: change a of Other in the program",
        ),
    ],
)
def test_a_refusal_by_the_program_or_a_component_has_no_traceback(
    project: Path, run: Run, source: str, line: str
) -> None:
    replace_program(project, source)
    code, out, err = run("plan", "prod")
    assert (code, out) == (2, "")
    assert err.startswith(f"1 problem in stacks/Pulumi.prod.yaml:\n  {line}")
    assert "Traceback" not in err


def test_a_folder_without_records_is_refused_before_aws_is_asked(project: Path, run: Run) -> None:
    code, out, err = run("audit", "verify", "prod", "--in", "eu-central-1", "--records", str(project))
    assert (code, out) == (2, "")
    assert "  --records: got no " in err
    assert "; allowed: the audit of a failover; fix: run it on the machine of the failover" in err
    assert "Traceback" not in err
