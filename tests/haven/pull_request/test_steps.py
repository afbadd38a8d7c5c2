"""Every `run:` of the workflows is run here, with stand-ins for what asks AWS, GitHub or Pulumi's state."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests import suite
from tests.environments import ROOT
from tests.haven.pull_request.workflows import jobs

RUNS = sorted({run for job in jobs() for run in job.runs})
PREVIEW = [
    "pulumi preview --stack prod --policy-pack policies --json --non-interactive",
    "haven gate .haven/preview/prod.json --stack prod",
]
UP = "pulumi up --stack prod --policy-pack policies --yes --skip-preview --non-interactive"
CALLS = {
    ".github/scripts/deploy.sh": ["haven preflight prod", *PREVIEW, UP],
    ".github/scripts/environments.sh": ["haven environments"],
    ".github/scripts/newest.sh": ["gh api repos/o/r/commits/main --jq .sha"],
    ".github/scripts/preflight.sh": ["haven preflight prod --failover"],
    ".github/scripts/preview.sh": PREVIEW,
    ".github/scripts/provider_mirror.sh": ["terraform -chdir=FOLDER providers mirror mirror"],
    ".github/scripts/summary.sh": [],
}
"""What each script asks of whom, when all goes well."""
OWN_TESTS = {"python3 .github/scripts/comment.py .haven/pr/comment.md": "test_posting.py"}


class Destination:
    """A checkout with stand-ins that write down how they are called and answer as configured."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        shutil.copytree(ROOT / ".github", directory / ".github")
        self.log = directory / "calls"
        self.log.touch()
        for name in ("output", "summary"):
            (directory / name).touch()
        (directory / "bin").mkdir()
        (directory / ".venv" / "bin").mkdir(parents=True)
        (directory / ".haven" / "pr").mkdir(parents=True)
        (directory / ".haven" / "pr" / "comment.md").write_text("the report\n")
        for name in ("pulumi", "gh", "aws", "terraform"):
            self._stand_in(directory / "bin" / name)
        self._stand_in(directory / ".venv" / "bin" / "haven")
        python = directory / ".venv" / "bin" / "python"
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        python.chmod(0o755)

    def _stand_in(self, file: Path) -> None:
        name = file.name
        file.write_text(
            f'#!/bin/sh\necho "{name} $*" >>{shlex.quote(str(self.log))}\n'
            '[ "$1" = preflight ] && exit "${preflight_ENDS:-0}"\n'
            f'printf "%s\\n" "${{{name}_SAYS:-}}"\nexit "${{{name}_ENDS:-0}}"\n'
        )
        file.chmod(0o755)

    def run(self, words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment: Mapping[str, str] = {
            "PATH": f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "STACK": "prod",
            "GITHUB_OUTPUT": str(self.directory / "output"),
            "GITHUB_STEP_SUMMARY": str(self.directory / "summary"),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_REF_NAME": "main",
            "GITHUB_SHA": "abc",
            "gh_SAYS": "abc",
            "HAVEN_TERRAFORM_PLUGINS": "mirror",
            **settings,
        }
        # As the runner does it: bash -e {0}, in the checkout.
        return subprocess.run(
            ["bash", "-e", "-c", words],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        return re.sub(r"-chdir=\S+", "-chdir=FOLDER", self.log.read_text()).splitlines()

    def text(self, name: str) -> str:
        return (self.directory / name).read_text()


@pytest.fixture
def place(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


@pytest.mark.parametrize("words", [each for each in RUNS if each not in OWN_TESTS])
def test_every_step_of_a_workflow_runs(words: str, place: Destination) -> None:
    if words.startswith("make "):
        planned = subprocess.run(
            ["make", "--dry-run", *words.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert planned.returncode == 0, planned.stderr
        return
    done = place.run(words)
    assert done.returncode == 0, done.stderr
    assert place.calls == CALLS[words]


def test_no_script_lies_about_that_no_workflow_runs() -> None:
    scripts = {f".github/scripts/{each.name}" for each in (ROOT / ".github" / "scripts").iterdir() if each.is_file()}
    assert scripts == {word for run in RUNS for word in run.split() if word.startswith(".github/")}


def test_a_pull_request_runs_all_that_make_check_runs() -> None:
    [job] = [each for each in jobs() if (each.file, each.name) == ("pull-request.yaml", "check")]
    [rule] = [each for each in (ROOT / "Makefile").read_text().splitlines() if each.startswith("check:")]
    wanted = [*rule.partition(":")[2].partition("#")[0].split(), "types", "test"]
    assert [*suite.SUITES["check"]] == [*suite.SUITES["test"], suite.TYPES]
    assert [each for each in job.runs if each.startswith("make ")] == [
        f"make {each}" for each in ("setup", *wanted, "pr")
    ]


def test_the_matrix_gets_what_haven_lists(place: Destination) -> None:
    place.run(".github/scripts/environments.sh", haven_SAYS='[{"stack": "prod"}]')
    assert place.text("output") == 'environments=[{"stack": "prod"}]\n'


def test_a_list_that_fails_fails_the_step(place: Destination) -> None:
    assert place.run(".github/scripts/environments.sh", haven_ENDS="2").returncode != 0
    assert place.text("output") == ""


def test_the_summary_has_the_report(place: Destination) -> None:
    place.run(".github/scripts/summary.sh")
    assert place.text("summary") == "the report\n"


def test_a_report_that_could_not_be_made_is_missed_on_the_page_too(place: Destination) -> None:
    (place.directory / ".haven" / "pr" / "comment.md").unlink()
    assert place.run(".github/scripts/summary.sh").returncode == 0
    assert place.text("summary") == "No report: the log of the step before has the reason.\n"


def test_a_preview_goes_to_the_gate_as_pulumi_wrote_it(place: Destination) -> None:
    place.run(".github/scripts/preview.sh", pulumi_SAYS='{"steps": []}')
    assert place.text(".haven/preview/prod.json") == '{"steps": []}\n'
    assert "| `prod` | passed | passed |" in place.text("summary").splitlines()


def test_what_the_gate_says_is_in_the_log_and_in_the_summary(place: Destination) -> None:
    done = place.run(".github/scripts/preview.sh", haven_SAYS="1 deletion: models", haven_ENDS="1")
    assert "1 deletion: models" in done.stdout.splitlines()
    assert place.text("summary").endswith("\n~~~~text\n1 deletion: models\n~~~~\n")


@pytest.mark.parametrize(("preview", "verdict"), [("nothing", "passed"), ("replaced-bucket", "refused")])
def test_the_real_gate_reads_what_pulumi_writes(preview: str, verdict: str, place: Destination) -> None:
    haven = place.directory / ".venv" / "bin" / "haven"
    haven.unlink()
    real = shlex.quote(str(Path(sys.executable).with_name("haven")))
    haven.write_text(f'#!/bin/sh\n[ "$1" = preflight ] || exec {real} "$@"\n')  # no AWS to ask here
    haven.chmod(0o755)
    (place.directory / "Pulumi.yaml").write_text("name: haven\nruntime: python\n")
    (place.directory / "Pulumi.prod.yaml").write_text("config: {}\n")
    written = (ROOT / "tests" / "haven" / "gate" / "previews" / f"{preview}.json").read_text()
    done = place.run(".github/scripts/deploy.sh", pulumi_SAYS=written)
    assert f"| `prod` | passed | {verdict} |" in place.text("summary").splitlines()
    assert ((done.returncode == 0), UP in place.calls) == ((verdict == "passed"),) * 2


@pytest.mark.parametrize("who", ["pulumi", "haven"])
@pytest.mark.parametrize("script", ["preview", "deploy"])
def test_a_refusal_of_the_policies_or_of_the_gate_deploys_nothing_and_is_shown(
    who: str, script: str, place: Destination
) -> None:
    done = place.run(f".github/scripts/{script}.sh", **{f"{who}_ENDS": "1"})
    assert done.returncode != 0
    assert place.calls == [*(["haven preflight prod"] if script == "deploy" else []), *PREVIEW]
    verdicts = ["refused" if each == who else "passed" for each in ("pulumi", "haven")]
    assert f"| `prod` | {verdicts[0]} | {verdicts[1]} |" in place.text("summary").splitlines()


def test_a_preflight_that_fails_deploys_nothing(place: Destination) -> None:
    assert place.run(".github/scripts/deploy.sh", preflight_ENDS="1").returncode == 1
    assert place.calls == ["haven preflight prod"]


def test_what_forbids_a_failover_fails_the_job_and_is_on_its_page(place: Destination) -> None:
    haven = place.directory / ".venv" / "bin" / "haven"
    haven.write_text("#!/bin/sh\necho 1 blocker\nexit 1\n")
    done = place.run(".github/scripts/preflight.sh")
    assert (done.returncode, done.stdout) == (1, "1 blocker\n")
    assert place.text("summary").endswith("~~~~text\n1 blocker\n~~~~\n")


def test_no_workflow_refreshes_the_state_which_would_wait_for_a_lost_region_without_end(place: Destination) -> None:
    for words in (each for each in RUNS if each.startswith(".github/scripts/")):
        place.run(words)
    assert UP in place.calls
    assert [each for each in place.calls if "refresh" in each] == []
    assert "refresh" not in yaml.safe_load((ROOT / "Pulumi.yaml").read_text()).get("options", {})
    assert [job.name for job in jobs() if "PULUMI_OPTION" in str(job.body)] == []


def test_an_update_that_fails_fails_the_deployment(place: Destination) -> None:
    (place.directory / ".github" / "scripts" / "preview.sh").write_text("#!/bin/sh\n")
    assert place.run(".github/scripts/deploy.sh", pulumi_ENDS="1").returncode == 1


def test_a_stack_s_name_is_never_taken_for_shell(place: Destination) -> None:
    place.run(".github/scripts/deploy.sh", STACK="prod; touch hit `touch hit` $(touch hit)")
    assert not (place.directory / "hit").exists()


def test_a_run_that_a_newer_one_has_overtaken_deploys_nothing(place: Destination) -> None:
    done = place.run(".github/scripts/newest.sh", gh_SAYS="def")
    assert done.returncode == 1
    assert "main is at def by now" in done.stdout
    assert place.run(".github/scripts/newest.sh", gh_ENDS="1").returncode != 0


def test_make_pr_takes_the_base_from_the_environment_and_never_as_shell(tmp_path: Path) -> None:
    haven = tmp_path / "haven"
    haven.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    haven.chmod(0o755)
    words = ["make", "--silent", "--old-file=setup", f"BIN={tmp_path}", "pr"]
    base = f"a $(touch {tmp_path}/hit) `touch {tmp_path}/hit` ; x"
    for given, wanted in ((base, base), (None, "main")):
        environment = {name: value for name, value in os.environ.items() if name not in ("BASE", "MAKEFLAGS")}
        environment |= {"BASE": given} if given else {}
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == f"pr|--base|{wanted}|--save|.haven/pr|"
    assert not (tmp_path / "hit").exists()
