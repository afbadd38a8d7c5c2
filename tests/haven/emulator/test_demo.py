"""The main job, with a small program and a stand-in for what deploys; once in full, with the real one."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from haven.base.deployment_error import DeploymentError
from haven.base.exits import BAD_INPUT, FINDINGS, MISSING_DEPENDENCY, OK
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problems
from haven.cli.main import main
from haven.emulator import demo, ministack
from haven.emulator.clients import Clients
from haven.emulator.deployers import choice
from haven.emulator.deployers.choice import Choice
from haven.emulator.deployers.deployment import DeploymentProgress, Order
from haven.emulator.drift import ResourceDrift
from haven.emulator.gap_handling import KUBERNETES

ROOT = Path(__file__).parents[3]
PROGRAM = """
import pulumi, pulumi_aws as aws
outputs = {"tier": "warm", "active": "eu-west-1", "regions": {"primary": "eu-west-1", "recovery": "eu-central-1"}}
for region in outputs["regions"].values():
    provider = aws.Provider(region, region=region)
    aws.cloudwatch.LogGroup(
        f"logs-{region}", name="logs", retention_in_days=7, opts=pulumi.ResourceOptions(provider=provider))
for name, value in outputs.items():
    pulumi.export(name, value)
"""
OBJECTS = """
import pulumi_kubernetes as kubernetes
on_it = pulumi.ResourceOptions(provider=kubernetes.Provider("cluster", kubeconfig="of the cluster"))
for name in ("serving", "training"):
    kubernetes.core.v1.Namespace(name, metadata={"name": name}, opts=on_it)
"""
LINE = """
import sys
from pathlib import Path
from tests.haven.emulator.test_demo import line
line(*map(Path, sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    ministack.install(place)
    return place


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Path:
    """A project with one ephemeral stack, and the emulator's environment already in place."""
    root = tmp_path / "project"
    (root / "infra").mkdir(parents=True)
    (root / "stacks").mkdir()
    (root / "infra" / "__main__.py").write_text(PROGRAM)
    (root / "Pulumi.yaml").write_text("name: small\nmain: infra/\nstackConfigDir: stacks\nruntime: python\n")
    config = "config:\n  haven:ephemeral: true\n  haven:emulator: http://127.0.0.1:4566\n"
    (root / "stacks" / "Pulumi.small.yaml").write_text(config)
    (root / ".haven").mkdir()
    (root / ".haven" / "emulator").symlink_to(home)
    return root


@dataclass
class Standin:
    """Deploys log groups with boto3, in place of Pulumi and Terraform."""

    days: int = 7
    drifting: Sequence[ResourceDrift] = ()
    leaves: Sequence[str] = ()
    during: Callable[[Order], None] = lambda _: None
    name: str = "a stand-in"
    left_out: Sequence[str] = ()
    removal: str = "nothing: the emulator's contents end with it"
    orders: list[Order] = field(default_factory=list)

    def open(self, order: Order) -> "Standin":
        self.orders.append(order)
        return self

    def _logs(self) -> Iterator[Any]:
        clients = Clients(self.orders[-1].url)
        return (clients.of("logs", region) for region in ("eu-west-1", "eu-central-1"))

    def declare(self, *_: Any) -> None:
        raise AssertionError("a demo has one declaration")

    def deploy(self, watch: DeploymentProgress) -> None:
        watch(0, 2)
        self.during(self.orders[-1])
        for done, logs in enumerate(self._logs(), start=1):
            logs.create_log_group(logGroupName="logs")
            logs.put_retention_policy(logGroupName="logs", retentionInDays=self.days)
            watch(done, 2)

    def drift(self, watch: DeploymentProgress) -> list[ResourceDrift]:
        watch(2, 2)
        return list(self.drifting)

    def destroy(self, watch: DeploymentProgress) -> None:
        for logs in self._logs():
            logs.delete_log_group(logGroupName="logs")
            for each in self.leaves:
                logs.create_log_group(logGroupName=each)
        watch(2, 2)


def _run(project: Path, monkeypatch: pytest.MonkeyPatch, deployer: Standin | None, **more: Any) -> tuple[int, str]:
    unavailable = [] if deployer else ["no Pulumi here", "no Terraform here"]
    monkeypatch.setattr(choice, "choose", lambda _: Choice(deployer, unavailable))
    out = io.StringIO()
    code = demo.run("small", project, out, **more)
    return code, out.getvalue()


def _whole(project: Path) -> str:
    return (project / ".haven" / "demo-small.txt").read_text()


def _words(text: str) -> str:
    return " ".join(text.split())


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_stack_that_is_deployed_as_expected_ends_with_zero_and_leaves_no_files(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer = Standin()
    code, output = _run(project, monkeypatch, deployer)
    assert code == OK, output
    assert "Stack small: tier warm" in output
    assert "Deployed:       2 resources\n" in output
    assert "Read back:      2 as planned, 0 wrong\n" in output
    assert "Deployed again: nothing would change\n" in output
    assert "Destroyed:      nothing left\n" in output
    assert "Passed: as planned, stable, and destroyed\n" in output
    assert "WRONG" not in output
    assert list((project / ".haven" / "runs").iterdir()) == []
    assert not deployer.orders[0].folder.exists()


def test_the_report_is_one_screen_and_the_rest_is_in_a_file_or_asked_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, screen = _run(project, monkeypatch, Standin())
    assert len(screen.splitlines()) <= 40
    assert "log group" not in screen
    assert f"Everything in detail: {project / '.haven' / 'demo-small.txt'}, or haven demo --detail\n" in screen
    assert _whole(project).count("and 1 log group as expected") == 2
    _, detailed = _run(project, monkeypatch, Standin(), detail=True)
    assert detailed == _whole(project)


def test_progress_goes_to_standard_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(project, monkeypatch, Standin())
    steps = [line for line in capsys.readouterr().err.splitlines() if " s): " not in line]
    assert steps == [
        "> Running the program of stack small",
        "> Deploying",
        "> Reading back what is there",
        "> Comparing with a second deployment",
        "> Destroying",
    ]


def test_the_emulator_is_gone_at_the_end(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = []

    def remember(order: Order) -> None:
        pids.extend(_emulators(order))

    code, output = _run(project, monkeypatch, Standin(during=remember))
    assert code == OK, output
    assert len(pids) == 1
    assert not _runs(pids[0])


def _emulators(order: Order) -> list[int]:
    """Processes whose files are in this run's folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={order.folder}".encode() in each.read_bytes():
                found.append(int(each.parent.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def test_what_isn_t_as_planned_ends_with_one_and_shows_both_sides(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = _run(project, monkeypatch, Standin(days=14))
    assert code == FINDINGS
    assert "WRONG log group logs expected: kept 7 days; actual: kept 14 days" in _words(output)
    (folder,) = (project / ".haven" / "runs").iterdir()
    assert f"logs: {folder}" in output


@pytest.mark.exhaustive
def test_what_a_second_deployment_would_change_without_a_known_defect_ends_with_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifted = ResourceDrift("aws_vpc.it", "aws_vpc", "replace", ("cidr_block",), frozenset())
    code, output = _run(project, monkeypatch, Standin(drifting=[drifted]))
    assert code == FINDINGS
    assert "WRONG: aws_vpc.it (replace): cidr_block" in output
    assert "nothing left" in output  # and it is destroyed all the same


def test_a_known_defect_is_shown_by_name_and_ends_with_zero(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drifted = ResourceDrift("s.it", "aws_secretsmanager_secret", "update", ("replica",), frozenset())
    code, output = _run(project, monkeypatch, Standin(drifting=[drifted]))
    assert code == OK
    assert "Deployed again: 0 unexpected changes, 1 known gap of the emulator" in output
    assert "it loses a secret's replicas" in _whole(project)


def test_what_is_left_after_the_destruction_ends_with_one_and_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = _run(project, monkeypatch, Standin(leaves=["left-behind"]))
    assert code == FINDINGS
    assert "WRONG: log group left-behind is left in eu-central-1" in output


@pytest.mark.exhaustive
def test_what_is_left_out_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, output = _run(project, monkeypatch, Standin(left_out=["Global Datastore (cache): an unknown action"]))
    assert "not deployed, for the emulator lacks them: 1 kind" in output
    assert "- Global Datastore (cache): an unknown action" in _whole(project)


@pytest.mark.exhaustive
def test_kubernetes_objects_are_counted_in_one_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = project / "infra" / "__main__.py"
    program.write_text(f"{program.read_text()}\n{OBJECTS}")
    code, output = _run(project, monkeypatch, Standin())
    assert code == OK
    assert "Deployed:       2 resources\n" in output
    assert f"2 Kubernetes objects left out by design: {KUBERNETES}" in output
    assert "Read back:      2 as planned, 0 wrong" in output


def test_a_failed_deployment_ends_with_one_says_why_and_keeps_its_logs(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(order: Order) -> None:
        raise DeploymentError(f"the provider refuses; its log: {order.folder}")

    code, output = _run(project, monkeypatch, Standin(during=fail))
    assert code == FINDINGS
    assert "Failed: the provider refuses; its log: " in output
    (log,) = (project / ".haven" / "runs").glob("*/emulator/emulator.log")
    assert "Running on" in log.read_text()


def test_an_emulator_killed_half_way_is_the_reason_and_the_next_run_works(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(order: Order) -> None:
        (pid,) = _emulators(order)
        os.kill(pid, signal.SIGKILL)

    code, output = _run(project, monkeypatch, Standin(during=kill))
    log = next((project / ".haven" / "runs").glob("*/emulator/emulator.log"))
    assert code == FINDINGS
    assert f"Failed: the emulator ended unexpectedly (killed by signal 9); its log: {log}" in output
    code, output = _run(project, monkeypatch, Standin())
    assert code == OK, output


def test_an_occupied_port_is_refused_with_its_fix(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Problems) as refused:
            _run(project, monkeypatch, Standin(), port=other.getsockname()[1])
    assert "the emulator's port: got " in refused.value.render()
    assert "fix: choose another port" in refused.value.render()


def test_without_a_way_to_deploy_the_plan_is_shown_and_what_is_missing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = _run(project, monkeypatch, None)
    assert code == MISSING_DEPENDENCY
    assert "Stack small: tier warm" in output
    assert "no Pulumi here" in output
    assert "no Terraform here" in output


def test_a_stack_that_is_meant_to_last_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "stacks" / "Pulumi.small.yaml").write_text("config:\n  haven:ephemeral: false\n")
    with pytest.raises(Problems) as refused:
        _run(project, monkeypatch, Standin())
    assert "haven:ephemeral: got false; allowed: true" in refused.value.render()
    assert "haven:emulator: got nothing; allowed: a URL" in refused.value.render()


def test_bad_input_goes_to_standard_error_and_nothing_to_standard_output(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "smal", "-C", str(project)]) == BAD_INPUT
    output, errors = capsys.readouterr()
    assert output == ""
    assert "did you mean small?" in errors


def test_each_unavailable_deployer_has_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_: Path) -> Any:
        raise MissingDependency("not here")

    monkeypatch.setattr("haven.emulator.deployers.pulumi_deployer.find", unavailable)
    monkeypatch.setattr("haven.emulator.deployers.terraform_deployer.find", unavailable)
    assert choice.choose(tmp_path) == Choice(None, ["not here", "not here"])


def line(project: Path, report: Path) -> None:
    """Run in a process of its own: a deployment that takes long, and says which process the emulator is."""

    def linger(order: Order) -> None:
        report.write_text("".join(f"{pid} " for pid in _emulators(order)))
        time.sleep(60)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "choose", lambda _: Choice(Standin(during=linger), []))
        sys.exit(demo.run("small", project))


MORE_ENDS = ((signal.SIGTERM, 143), (signal.SIGKILL, -9))


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), *(pytest.param(*each, marks=pytest.mark.exhaustive) for each in MORE_ENDS)],
)
def test_however_it_is_ended_no_process_stays(project: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    report = tmp_path / "pids"
    command = [sys.executable, "-c", LINE, str(project), str(report)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        last = time.monotonic() + 60
        while not (report.exists() and report.read_text().endswith(" ")):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < last
            time.sleep(0.05)
        (pid,) = map(int, report.read_text().split())
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == code
    last = time.monotonic() + 30
    while _runs(pid):
        assert time.monotonic() < last
        time.sleep(0.05)
    assert ("Interrupted" in output) == (number != signal.SIGKILL)


def _account_to_throw_away(folder: Path) -> str:
    """The account's own stack, in a file that may be deployed into an emulator."""
    lines = (ROOT / "stacks" / "Pulumi.account.yaml").read_text().splitlines()
    kept = [line for line in lines if "haven:account:" not in line]
    file = folder / "Pulumi.account.yaml"
    file.write_text("\n".join([*kept, "  haven:ephemeral: true", "  haven:emulator: http://127.0.0.1:4566", ""]))
    return str(file)


@pytest.mark.emulator
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["environment", pytest.param("account", marks=pytest.mark.exhaustive)])
def test_a_stack_is_deployed_as_expected_is_stable_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    chosen = choice.choose(tmp_path)
    if chosen.deployer is None:
        pytest.skip(f"nothing to deploy with: {'; '.join(chosen.unavailable)}")
    out = io.StringIO()
    stack = "demo" if kind == "environment" else _account_to_throw_away(tmp_path)
    code = demo.run(stack, ROOT, out)
    assert code == OK, out.getvalue()
