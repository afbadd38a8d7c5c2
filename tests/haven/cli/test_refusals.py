"""What the program, the config or this machine refuses, as the command line shows it."""

import json
from pathlib import Path

import pytest

from haven.base.exits import BAD_INPUT, MISSING_DEPENDENCY
from tests.environments import environment
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


@pytest.mark.parametrize(
    ("words", "got", "allowed"),
    [
        (("--preview", "nowhere.json"), '--preview: got "nowhere.json", which isn\'t there', "a file"),
        (("--up-log", "Pulumi.yaml", "--up-log", "stacks"), '--up-log: got "stacks", which is a folder', "a file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    project: Path, run: Run, words: tuple[str, ...], got: str, allowed: str
) -> None:
    assert project.is_dir()
    code, out, err = run("reconcile", "prod", *words)
    assert (code, out) == (BAD_INPUT, "")
    assert err.splitlines()[1:] == [f"  {got}; allowed: {allowed} that can be read; fix: check the path"]


@pytest.mark.parametrize("records", ["Pulumi.yaml", "Pulumi.yaml/records"])
@pytest.mark.parametrize("command", [("failover", "prod", "--to", "eu-central-1"), ("failback", "prod")])
def test_records_that_can_be_kept_nowhere_are_refused_before_aws_is_asked(
    project: Path, run: Run, command: tuple[str, ...], records: str
) -> None:
    assert project.is_dir()
    code, out, err = run(*command, "--records", records)
    assert (code, out) == (BAD_INPUT, "")
    assert f'  --records: got "{records}": ' in err
    assert "Pulumi.yaml is no folder; allowed: a folder" in err
    assert "fix: name a folder that can be written" in err


def test_a_folder_of_records_that_is_a_file_is_named_so(project: Path, run: Run) -> None:
    assert (project / "Pulumi.yaml").is_file()
    code, _, err = run("audit", "verify", "prod", "--in", "eu-central-1", "--records", "Pulumi.yaml")
    assert code == BAD_INPUT
    assert '--records: got "Pulumi.yaml", which is a file; allowed: a folder that can be read; fix: ' in err


SECRET = "hush-hush"
FILES = {
    "one value": (SECRET, "one value"),
    "an ini file": (f"[default]\nkey = {SECRET}\n", "no YAML (line 2, column 1)"),
    "an open bracket": (f'{{"token": "{SECRET}"', "no YAML (line 1, column 22)"),
    "a list": (f"- {SECRET}\n", "a list"),
    "a map": (f"token: {SECRET}\nenvironment: {SECRET}\n", "a map without config"),
    "a config of another form": (f"config: {SECRET}\n", "a map whose config is none"),
    "an alias": (f"x: *{SECRET}\n", "no YAML (line 1)"),
    "nothing": ("", "an empty file"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["status", "plan"])
def test_nothing_is_shown_of_a_path_that_is_no_stack_file(project: Path, run: Run, command: str, name: str) -> None:
    text, got = FILES[name]
    (project / "credentials").write_text(text)
    code, out, err = run(command, "./credentials")
    assert (code, out) == (BAD_INPUT, "")
    assert SECRET not in err
    assert err.startswith(f"1 problem in credentials:\n  STACK: got {got}; allowed: a stack file: ")


def test_a_broken_stack_file_is_still_shown_by_line(project: Path, run: Run) -> None:
    (project / "stacks" / "Pulumi.prod.yaml").write_text("config:\n  haven:tier: [warm\n  haven:x: y\n")
    for named in ("prod", "stacks/Pulumi.prod.yaml"):
        assert 'got "haven:x: y"' in run("plan", named)[2]


ALL = [
    "status",
    "preflight --failover",
    "failover --to eu-central-1",
    "failback",
    "reconcile",
    "audit publish --in eu-west-1",
]
VERIFY = "audit verify --in eu-west-1 --records records"


@pytest.fixture
def kept(project: Path) -> str:
    """A manifest of environment `staging`, in the folder of a project with a stack `prod`."""
    document = {**environment("warm").outputs["manifest"], "environment": "staging"}
    (project / "kept.json").write_text(json.dumps(document))
    (project / "records").mkdir()
    (project / "records" / "audit.jsonl").write_text("")
    return "kept.json"


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("command", [*ALL, VERIFY])
def test_another_environment_s_manifest_is_refused_by_every_command_before_aws_is_asked(
    run: Run, kept: str, command: str
) -> None:
    name, *more = command.split()
    words = [name, more.pop(0)] if name == "audit" else [name]
    code, out, err = run(*words, "prod", "--manifest", kept, *more)
    assert (code, out) == (BAD_INPUT, "")
    typed = " ".join(["haven", *words, "staging", "--manifest", kept, *more])
    assert err.splitlines()[1:] == [
        '  ENVIRONMENT: got "prod"; allowed: "staging", as kept.json has it; fix: give the manifest of prod with'
        f" --manifest FILE, or leave --manifest out; if you mean staging: {typed}"
    ]


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("name", ["staging", "acme/shop/staging", "acme/staging", "stacks/Pulumi.staging.yaml"])
def test_an_environment_is_named_by_its_stack_in_each_of_pulumi_s_ways(run: Run, kept: str, name: str) -> None:
    code, _, err = run("status", name, "--manifest", kept)
    assert (code, "no AWS credentials" in err) == (MISSING_DEPENDENCY, True), err


@pytest.mark.usefixtures("nobody")
def test_the_confirmation_stays_as_it_was_typed_in_the_words_to_run(run: Run, kept: str) -> None:
    _, _, err = run("failover", "--confirm", "prod", "--planned", "prod", "--to", "eu-central-1", "--manifest", kept)
    assert "haven failover --confirm prod --planned staging --to eu-central-1 --manifest kept.json" in err


def test_everything_that_is_wrong_with_the_words_of_a_failover_is_one_error(run: Run, kept: str) -> None:
    words = ("--to", "us-east-1", "--force", "", "--accept-loss", "")
    code, out, err = run("failover", "staging", "--manifest", kept, "--records", kept, *words)
    assert (code, out) == (BAD_INPUT, "")
    assert [each.partition(": got ")[0].strip() for each in err.splitlines()[1:]] == [
        "--force",
        "--accept-loss",
        "--records",
        "--to",
    ]


def test_a_region_twice_and_regions_beside_a_file_are_named_at_once(run: Run, kept: str) -> None:
    regions = ("--region", "eu-west-1", "--region", "eu-west-1")
    code, out, err = run("status", "staging", "--manifest", kept, *regions)
    assert (code, out) == (BAD_INPUT, "")
    assert err.splitlines()[1:] == [
        '  --region: got "eu-west-1", 2 times; allowed: each Region once; fix: leave the others out',
        "  --manifest: got a file, with --region beside it; allowed: one of the two; fix: leave --region out: the file"
        " has the whole manifest, and no Region is read",
    ]


IN_AWS = (
    "haven:tier: warm",
    "haven:account: '111122223333'",
    "haven:regions: {primary: eu-west-1, recovery: eu-central-1}",
)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("command", [("preflight",), ("preflight", "--failover"), ("status",)])
def test_a_machine_without_credentials_lacks_something(command: tuple[str, ...], project: Path, run: Run) -> None:
    write_stack(project, "prod", *IN_AWS)
    code, shown, problems = run(command[0], "prod", *command[1:])
    assert code == MISSING_DEPENDENCY
    assert "credentials" in shown + problems
    assert "sign in, and run the same command once more" in shown + problems
    assert "goes on" not in shown + problems  # there is nothing that a reading command could go on with


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("command", ["status", "preflight --failover", "failover --to eu-west-1"])
def test_a_region_that_is_none_is_refused_before_anybody_is_asked(command: str, project: Path, run: Run) -> None:
    first, *more = command.split()
    code, shown, problems = run(first, "prod", *more, "--region", "Foo", "--region", "eu-west-1")
    assert (code, shown) == (BAD_INPUT, "")
    assert problems.splitlines()[1:] == [
        '  --region: got "Foo"; allowed: a Region\'s name; fix: write a Region, such as --region eu-west-1'
    ]
