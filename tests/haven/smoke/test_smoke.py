"""`haven smoke` with a small program and a stand-in for what deploys, in the embedded emulator."""

import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from haven.base.deployment_error import DeploymentError
from haven.base.exits import BAD_INPUT, FINDINGS
from haven.base.problems import Problems
from haven.cli.main import main
from haven.emulator import ministack
from haven.emulator.clients import Clients
from haven.emulator.deployers import choice
from haven.emulator.deployers.choice import Choice
from haven.emulator.deployers.deployment import DeploymentProgress, Order
from haven.emulator.drift import ResourceDrift
from haven.runbooks.clients import clients
from haven.smoke.promotion import Promotion
from haven.smoke.request import REMOVAL, Request
from haven.smoke.run import run
from tests.environments import PRIMARY, RECOVERY, ROOT
from tests.haven.runbooks.loopback_aws import LoopbackAws, serving

ACCOUNT = "000000000000"
REGIONS = f"{PRIMARY},{RECOVERY}"
PROGRAM = """
import pulumi, pulumi_aws as aws
name = f"/haven/{pulumi.get_stack()}"
regions = {"primary": "eu-west-1", "recovery": "eu-central-1"}
for region in regions.values():
    provider = aws.Provider(region, region=region)
    aws.cloudwatch.LogGroup(
        f"logs-{region}", name=name, retention_in_days=7, opts=pulumi.ResourceOptions(provider=provider))
side = {"database": {"cluster": "none"}, "cache": "none"}
sides = dict.fromkeys(regions.values(), side)
pulumi.export("tier", "warm")
pulumi.export("active", "eu-west-1")
pulumi.export("regions", regions)
pulumi.export("manifest", {"regions": regions, "database": {"globalCluster": "none"}, "sides": sides})
"""
REMOVE = "the command that deletes everything"
LINE = """
import sys
from tests.haven.smoke.test_smoke import line
line(*sys.argv[1:])
"""


@dataclass
class Standin:
    """Deploys log groups with boto3, in place of Pulumi and Terraform."""

    while_deploying: Callable[[], None] = lambda: None
    while_destroying: Callable[[], None] = lambda: None
    name: str = "a stand-in"
    left_out: Sequence[str] = ()
    removal: str = REMOVE
    order: Order | None = None

    def open(self, order: Order) -> "Standin":
        self.order = order
        return self

    def declare(self, *_: Any) -> None:
        raise AssertionError("nothing gets this far")

    def _logs(self) -> Iterator[Any]:
        assert self.order
        clients = Clients(self.order.url)
        return (clients.of("logs", region) for region in (PRIMARY, RECOVERY))

    def deploy(self, watch: DeploymentProgress) -> None:
        assert self.order
        for logs in self._logs():
            logs.create_log_group(logGroupName=f"/haven/{self.order.stack.name}")
            watch(1, 2)
        self.while_deploying()

    def drift(self, _: DeploymentProgress) -> list[ResourceDrift]:
        return []

    def destroy(self, _: DeploymentProgress) -> None:
        assert self.order
        self.while_destroying()
        for logs in self._logs():
            logs.delete_log_group(logGroupName=f"/haven/{self.order.stack.name}")


class Terminal(io.StringIO):
    """Somebody at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("emulator")
    with ministack.Emulator(ROOT / ".haven" / "emulator", place) as running:
        yield running.url


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "infra").mkdir(parents=True)
    (root / "stacks").mkdir()
    (root / "infra" / "__main__.py").write_text(PROGRAM)
    (root / "Pulumi.yaml").write_text("name: small\nmain: infra/\nstackConfigDir: stacks\nruntime: python\n")
    return root


def smoke(project: Path, url: str, deployer: Standin | None, typed: str = "", **changes: Any) -> tuple[int, str]:
    """Exit code and output of a run; confirmed beforehand, unless something is typed."""
    request = Request(**{"account": ACCOUNT, "regions": REGIONS, "endpoint": url, "confirmed": not typed, **changes})
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "choose", lambda _: Choice(deployer, ["nothing here"]))
        code = run(request, project, out, Terminal(f"{typed}\n"))
    return code, out.getvalue()


def groups(url: str) -> list[str]:
    """Log groups of first runs, in both Regions."""
    clients = Clients(url)
    prefix = "/haven/smoke-"
    return [
        each["logGroupName"]
        for region in (PRIMARY, RECOVERY)
        for each in clients.listed("logs", region, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    ]


def runs(project: Path) -> list[Path]:
    return sorted((project / ".haven" / "smoke").iterdir())


def fail() -> None:
    raise DeploymentError("AWS refuses")


def test_everything_that_is_wrong_with_a_request_is_one_error(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    words = ["--account", "12", "--regions", "eu-west-1,eu-centrall-1", "--endpoint-url", "https://example.com"]
    assert main(["smoke", *words, "-C", str(project)]) == BAD_INPUT
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("4 problems in the request:")
    assert 'ACCOUNT: got "12"; allowed: the account\'s 12 digits' in errors
    assert "did you mean eu-central-1?" in errors
    assert "--endpoint-url: got " in errors
    assert "the confirmation: got standard input that is no terminal" in errors


def test_without_account_and_regions_both_are_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke", "--account", "", "--regions", "", "--yes", "-C", str(project)]) == BAD_INPUT
    errors = capsys.readouterr().err
    assert "ACCOUNT: got nothing" in errors
    assert "REGIONS: got nothing" in errors


def test_credentials_of_another_account_are_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(LoopbackAws(account="444455556666")) as aws:
        words = ["--account", "111122223333", "--regions", REGIONS, "--endpoint-url", aws.url, "--yes"]
        assert main(["smoke", *words, "-C", str(project)]) == BAD_INPUT
    assert "the credentials: got account 444455556666; allowed: account 111122223333" in capsys.readouterr().err
    assert {operation for operation, _ in aws.asked} == {"GetCallerIdentity"}


def test_another_answer_than_the_account_deploys_nothing(project: Path, emulator: str) -> None:
    with pytest.raises(Problems, match='the confirmation: got "yes"; allowed: 000000000000'):
        smoke(project, emulator, Standin(while_deploying=fail), typed="yes")
    assert groups(emulator) == []
    assert runs(project) == []


def test_the_typed_account_deploys_after_an_estimate_by_the_hour(project: Path, emulator: str) -> None:
    _, output = smoke(project, emulator, Standin(while_deploying=fail), typed=ACCOUNT)
    assert output.index("USD an hour as deployed") < output.index(f"Type {ACCOUNT}") < output.index("AWS refuses")


def test_a_failed_deployment_is_cleaned_up(project: Path, emulator: str) -> None:
    code, output = smoke(project, emulator, Standin(while_deploying=fail))
    assert code == FINDINGS
    assert "Failed: AWS refuses" in output
    assert "Failed; nothing is left" in output
    assert groups(emulator) == []


def test_what_can_t_be_destroyed_is_named_with_the_command_and_the_next_run_is_refused(
    project: Path, emulator: str
) -> None:
    deployer = Standin(while_deploying=fail, while_destroying=fail)
    code, output = smoke(project, emulator, deployer)
    assert code == FINDINGS
    (folder,) = runs(project)
    assert f"LEFT: log group /haven/{folder.name} in {PRIMARY}" in output
    assert f"destroy it: {REMOVE}" in output
    assert "NOT cleaned up" in output
    with pytest.raises(Problems, match=f"an earlier run: got {folder}; .* fix: {REMOVE}; then rm -r {folder}"):
        smoke(project, emulator, Standin())
    deployer.while_destroying = lambda: None
    deployer.destroy(lambda *_: None)
    assert groups(emulator) == []


def line(project: str, url: str, report: str, hangs: str) -> None:
    """Run in a process of its own: a deployment, or a destruction too, that takes long."""

    def linger(where: str) -> None:
        with Path(report).open("a") as file:
            file.write(f"{where} ")
        time.sleep(60)

    deployer = Standin(while_deploying=lambda: linger("deploying"))
    if hangs == "destroying":
        deployer.while_destroying = lambda: linger("destroying")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "choose", lambda _: Choice(deployer, []))
        sys.exit(run(Request(ACCOUNT, REGIONS, url, confirmed=True), Path(project)))


def _wait_for(word: str, report: Path, process: "subprocess.Popen[str]") -> None:
    last = time.monotonic() + 120
    while word not in (report.read_text() if report.exists() else ""):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < last
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_cleaned_up(
    project: Path, emulator: str, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    report = tmp_path / "report"
    command = [sys.executable, "-c", LINE, str(project), emulator, str(report), "deploying"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        _wait_for("deploying", report, process)
        assert len(groups(emulator)) == 2
        process.send_signal(number)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == code
    assert "haven smoke waits for what AWS has begun" in errors
    assert "one more Ctrl-C ends that at once" in output
    assert "nothing is left" in output
    assert groups(emulator) == []


def test_one_more_ctrl_c_ends_the_cleaning_and_leaves_the_command(project: Path, emulator: str, tmp_path: Path) -> None:
    report = tmp_path / "report"
    command = [sys.executable, "-c", LINE, str(project), emulator, str(report), "destroying"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        _wait_for("deploying", report, process)
        process.send_signal(signal.SIGINT)
        _wait_for("destroying", report, process)
        time.sleep(1.5)  # within a second it counts as the same one
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"destroy it by hand: {REMOVE}" in output
    (folder,) = runs(project)
    assert (folder / REMOVAL).read_text() == f"{REMOVE}\n"
    for region in (PRIMARY, RECOVERY):
        Clients(emulator).of("logs", region).delete_log_group(logGroupName=f"/haven/{folder.name}")


def test_snapshots_that_a_failback_kept_are_deleted_and_no_others(emulator: str, tmp_path: Path) -> None:
    rds = Clients(emulator).of("rds", PRIMARY)
    rds.create_db_cluster(
        DBClusterIdentifier="kept", Engine="aurora-postgresql", MasterUsername="a", MasterUserPassword="not-a-secret"
    )
    for name in ("haven-kept-2026-11-26", "of-somebody"):
        rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier="kept")
    manifest = {"sides": {PRIMARY: {"database": {"cluster": "kept"}}}}
    client = clients(emulator)
    promotion = Promotion(manifest, ACCOUNT, client, client, tmp_path, emulated=True)
    assert list(promotion.delete_kept()) == ["haven-kept-2026-11-26"]
    left = rds.describe_db_cluster_snapshots(DBClusterIdentifier="kept")["DBClusterSnapshots"]
    assert [each["DBClusterSnapshotIdentifier"] for each in left] == ["of-somebody"]
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="of-somebody")
    rds.delete_db_cluster(DBClusterIdentifier="kept", SkipFinalSnapshot=True)


def test_snapshots_on_every_page_are_deleted(tmp_path: Path) -> None:
    rds = boto3.client("rds", PRIMARY, aws_access_key_id="test", aws_secret_access_key="test")
    asked = {"DBClusterIdentifier": "kept", "SnapshotType": "manual"}
    pages = {"": ("haven-kept-1", "2"), "2": ("of-somebody", "3"), "3": ("haven-kept-2", "")}
    with Stubber(rds) as stub:
        for marker, (name, following) in pages.items():
            found = {"DBClusterSnapshots": [{"DBClusterSnapshotIdentifier": name}]}
            more = {"Marker": following} if following else {}
            here = {"Marker": marker} if marker else {}
            stub.add_response("describe_db_cluster_snapshots", {**found, **more}, {**asked, **here})
        for name in ("haven-kept-1", "haven-kept-2"):
            stub.add_response("delete_db_cluster_snapshot", {}, {"DBClusterSnapshotIdentifier": name})
        manifest = {"sides": {PRIMARY: {"database": {"cluster": "kept"}}}}
        promotion = Promotion(manifest, ACCOUNT, lambda *_: rds, lambda *_: rds, tmp_path, emulated=False)
        assert list(promotion.delete_kept()) == ["haven-kept-1", "haven-kept-2"]
        stub.assert_no_pending_responses()
