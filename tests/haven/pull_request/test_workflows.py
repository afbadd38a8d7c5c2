"""The workflow files: what linters say, and the rules that keep a pull request from doing what it may not."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from haven.pull_request import markdown
from tests.environments import ROOT
from tests.haven.pull_request.workflows import DIRECTORY, FILES, Job, jobs, workflow

JOBS = [pytest.param(each, id=f"{each.file}-{each.name}") for each in jobs()]
WRITERS = [pytest.param(each, id=f"{each.file}-{each.name}") for each in jobs() if each.writes - {"id-token"}]
WORKFLOWS = [pytest.param(each, id=each.name) for each in FILES]
BIN = Path(sys.executable).parent


def tool(*words: str) -> str:
    done = subprocess.run([str(BIN / words[0]), *words[1:]], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_zizmor_finds_nothing_in_its_strictest_setting_but_one() -> None:
    assert "No findings" in tool("zizmor", "--offline", "--strict-collection", "--persona", "pedantic", str(DIRECTORY))


def test_every_workflow_has_the_form_that_github_reads() -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, FILES))


def test_shellcheck_finds_nothing_in_the_scripts() -> None:
    if not (BIN / "shellcheck").exists():
        pytest.skip("shellcheck has no wheel for this machine")
    scripts = sorted((ROOT / ".github" / "scripts").glob("*.sh"))
    assert scripts
    tool("shellcheck", "--enable=check-extra-masked-returns", *map(str, scripts))


@pytest.mark.parametrize("file", WORKFLOWS)
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(file: Path) -> None:
    used = re.findall(r"uses: *(.*)", file.read_text())
    assert used
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_one_action_has_one_version_everywhere() -> None:
    used = {each for file in FILES for each in re.findall(r"uses: *(.*)", file.read_text())}
    assert len({each.partition("@")[0] for each in used}) == len(used)


@pytest.mark.parametrize("file", WORKFLOWS)
def test_no_workflow_runs_with_the_repository_s_rights_on_behalf_of_strangers(file: Path) -> None:
    found = workflow(file.name)
    assert found["permissions"] == {}
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(found[True])  # YAML's word for `on`


@pytest.mark.parametrize("job", JOBS)
def test_every_job_names_its_permissions_its_time_and_its_runner(job: Job) -> None:
    assert job.body["permissions"].keys() >= {"contents"}
    assert job.body["permissions"]["contents"] == "read"
    assert job.body["timeout-minutes"] <= 180
    assert job.body["runs-on"] == "ubuntu-24.04"


@pytest.mark.parametrize("job", JOBS)
def test_no_checkout_leaves_the_token_behind(job: Job) -> None:
    checkouts = [each for each in job.steps if each.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(each["with"]["persist-credentials"] is False for each in checkouts)


@pytest.mark.parametrize("job", JOBS)
def test_nothing_is_put_into_a_shell_s_text(job: Job) -> None:
    assert not [each for each in job.runs if "${{" in each or "\n" in each]


@pytest.mark.parametrize("job", WRITERS)
def test_a_job_that_may_write_runs_nothing_of_the_pull_request_and_never_for_a_fork(job: Job) -> None:
    assert set(job.runs) <= {"python3 .github/scripts/comment.py .haven/pr/comment.md"}
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job.body["if"]
    assert "needs.check.outputs.report != ''" in job.body["if"]
    if job.runs:
        [checkout] = [each for each in job.steps if each.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


def test_a_fork_s_pull_request_gets_its_report_on_the_page_of_the_run() -> None:
    check = workflow("pull-request.yaml")["jobs"]["check"]
    assert "if" not in check
    [step] = [each for each in check["steps"] if each.get("run") == ".github/scripts/summary.sh"]
    assert "fork" not in step["if"]


def test_a_preview_is_not_for_forks_and_a_deployment_only_of_main() -> None:
    preview, deploy = workflow("preview.yaml")["jobs"], workflow("deploy.yaml")["jobs"]
    assert "head.repo.full_name == github.repository" in preview["environments"]["if"]
    assert deploy["environments"]["if"] == "${{ github.ref == 'refs/heads/main' }}"
    assert (preview["preview"]["needs"], deploy["deploy"]["needs"]) == ("environments", "environments")


@pytest.mark.parametrize("name", ["preview", "preflight", "deploy"])
def test_credentials_come_last_and_from_the_environment_s_own_role(name: str) -> None:
    job = workflow(f"{name}.yaml")["jobs"][name]
    last: dict[str, Any]
    *_, credentials, last = job["steps"]
    assert credentials["uses"].startswith("aws-actions/configure-aws-credentials@")
    assert credentials["with"]["role-to-assume"] == "${{ vars.AWS_ROLE_ARN }}"
    assert credentials["with"]["allowed-account-ids"] == "${{ matrix.account }}"
    assert last["run"] == f".github/scripts/{name}.sh"
    assert job["environment"] == f"{'' if name == 'deploy' else f'{name}-'}${{{{ matrix.stack }}}}"


def test_no_deployment_is_cut_off_by_the_next_one() -> None:
    group = workflow("deploy.yaml")["jobs"]["deploy"]["concurrency"]
    assert group == {"group": "deploy-${{ matrix.stack }}", "cancel-in-progress": False}


def test_the_pulumi_cli_has_the_version_of_the_locked_sdk() -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    [sdk] = [each["version"] for each in locked if each["name"] == "pulumi"]
    steps = [step for job in jobs() for step in job.steps if step.get("uses", "").startswith("pulumi/actions@")]
    assert [each["with"] for each in steps] == [{"pulumi-version": sdk}] * 2


def test_the_script_that_posts_knows_the_report_s_markers() -> None:
    spec = importlib.util.spec_from_file_location("comment", ROOT / ".github" / "scripts" / "comment.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (script.MARKER, script.NO_CHANGES) == (markdown.MARKER, markdown.NO_CHANGES)
