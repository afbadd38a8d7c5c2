"""What goes wrong around a failover: one clear error each, nothing lost, and the journal shows how to go on."""

import json
import random
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.base.exits import BAD_INPUT, INTERRUPTED, MISSING_DEPENDENCY, OK
from tests.environments import ROOT
from tests.gateway import Call, Fault
from tests.haven.runbooks.failover.ground import HAVEN, MUTATING, Ground
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(900), pytest.mark.emulator, pytest.mark.exhaustive]
LOST = ("--to", R, "--confirm", "sim", "--force", "the provider confirms the loss")


def lose(ground: Ground) -> None:
    """The primary Region refuses, and its newest heartbeat is a minute old."""
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE


PROMOTES = "FailoverGlobalCluster"


def expire_from(ground: Ground, number: int) -> list[Call]:
    """Let AWS take the credentials no longer from the n-th call on; what it refuses is in the list."""
    calls, refused = iter(range(1_000_000)), list[Call]()

    def chosen(call: Call) -> Fault | None:
        if next(calls) < number:
            return None
        refused.append(call)
        return Fault.EXPIRED

    ground.gateway.chosen = chosen
    return refused


def one_error(text: str) -> list[str]:
    """The lines of standard error that aren't progress."""
    return [each for each in text.splitlines() if each and not each.startswith((">", " "))]


def test_credentials_that_expire_anywhere_are_one_error_and_the_next_run_goes_on(ground: Ground) -> None:
    lose(ground)
    refused: list[Call] = []
    for number in (0, 1, 4, 8, 12, 16, 20, 26, 34, 42, 50, 60):
        since = expire_from(ground, number)
        code, _, error = ground.haven("failover", *LOST)
        ground.gateway.chosen = lambda _: None
        refused += since
        ground.expire_lease()
        if code == OK:
            break
        assert code == MISSING_DEPENDENCY, (number, error)
        (line,) = one_error(error)
        assert "ExpiredToken" in line, (number, line)
        assert "sign in, and run the same command once more" in line, (number, line)
        goes_on = "it goes on from where this one ended; nothing more was changed" in line
        assert goes_on is (number > 0), (number, line)  # the first call is before anything begins
    code, text, _ = ground.haven("failover", *LOST, "--json")
    assert (code, ground.writer) == (OK, R), text
    assert json.loads(text)["state"] in ("done", "nothing to do")
    sent, denied = (sum(each.operation == PROMOTES for each in calls) for calls in (ground.gateway.calls, refused))
    assert sent - denied == 1


def test_a_disk_that_is_full_refuses_to_begin_and_changes_nothing(ground: Ground) -> None:
    lose(ground)
    records = ground.folder / ground.machine
    records.mkdir()
    (records / "audit.jsonl").write_bytes(b"")

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = subprocess.run(
        ground.command("failover", *LOST),
        capture_output=True,
        text=True,
        check=False,
        env={**ground.variables, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=full,
    )
    assert done.returncode == MISSING_DEPENDENCY, done.stderr
    assert "the audit can't be written here: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    changed = [each for each in ground.gateway.calls if each.service not in ("dynamodb", "s3")]
    assert [each for each in changed if each.operation.startswith(MUTATING)] == []
    assert ground.writer == P


def test_an_audit_bucket_that_takes_nothing_refuses_to_begin_and_changes_nothing(ground: Ground) -> None:
    lose(ground)
    ground.gateway.faults[R, "s3"] = Fault.DENY
    code, _, error = ground.haven("failover", *LOST)
    assert (code, "takes no record: AccessDenied" in error) == (MISSING_DEPENDENCY, True), error
    assert ground.writer == P


def test_ctrl_c_at_any_moment_ends_it_with_its_state(
    ground: Ground, record_property: Callable[[str, object], None]
) -> None:
    lose(ground)
    rng = random.Random(11)
    slowest = 0.0
    for _ in range(20):
        seconds = _interrupted(ground, rng.uniform(0.3, 6.0))
        slowest = max(slowest, seconds)
        ground.expire_lease()
    record_property("figure", f"Ctrl-C at 20 random moments: the slowest ended after {slowest:.2f} s")
    code, text, _ = ground.haven("failover", *LOST, "--json")
    assert (code, ground.writer) == (OK, R), text


def _interrupted(ground: Ground, after: float) -> float:
    """Seconds that a process went on after a Ctrl-C; 0 where it had ended."""
    with subprocess.Popen(
        ground.command("failover", *LOST), env=ground.variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        time.sleep(after)
        if process.poll() is not None:
            return 0.0
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        error = process.communicate()[1].decode()
    seconds = time.monotonic() - begin
    if process.returncode in (OK, -signal.SIGINT):  # it had just ended, or Python had just begun
        return seconds
    assert process.returncode == INTERRUPTED, error
    assert re.search("Nothing was changed|To go on, run the same command once more|^interrupted", error, re.M), error
    assert "Traceback" not in error
    return seconds


def test_a_step_that_only_another_version_knows_is_named_and_nothing_is_changed(ground: Ground) -> None:
    lose(ground)
    calls: list[Call] = []

    def until_the_promotion(call: Call) -> Fault | None:
        calls.append(call)
        return Fault.EXPIRED if any(each.operation == "FailoverGlobalCluster" for each in calls) else None

    ground.gateway.chosen = until_the_promotion
    assert ground.haven("failover", *LOST)[0] == MISSING_DEPENDENCY
    ground.gateway.chosen = lambda _: None
    ground.expire_lease()
    table = ground.aws.of("dynamodb", R)
    items = table.scan(TableName="operations")["Items"]
    for each in items:
        if "promote-database" in each.get("body", {}).get("S", ""):
            body = each["body"]["S"].replace('"step":"promote-database"', '"step":"warp-database"')
            table.put_item(TableName="operations", Item={**each, "body": {"S": body}})
    code, _, error = ground.haven("failover", *LOST)
    assert (code, 'step "warp-database"' in error) == (BAD_INPUT, True), error
    assert "use the version of haven that began the workflow" in error
    assert ground.writer == P


def test_what_can_be_known_without_aws_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    def haven(*words: str) -> tuple[int, str]:
        variables = {"PATH": "/usr/bin", "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
        command = [*HAVEN, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables, cwd=ROOT)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    code, error = haven("failover", "warm", "--to", "us-east-9")
    assert (code, '--to: got "us-east-9"; allowed: "eu-west-1", "eu-central-1"' in error) == (BAD_INPUT, True), error
    code, error = haven("failover", "x", "--region", R, "--to", "Frankfurt")
    assert (code, '--to: got "Frankfurt"; allowed: a Region\'s name' in error) == (BAD_INPUT, True), error
    code, error = haven("audit", "verify", "warm", "--in", "us-east-9")
    assert (code, '--in: got "us-east-9"' in error) == (BAD_INPUT, True), error
    code, error = haven("failover", "worm", "--to", R)
    assert (code, "worm" in error) == (BAD_INPUT, True), error
    code, error = haven("failover", "warm", "--to", R)
    assert (code, "this machine has no AWS credentials" in error) == (MISSING_DEPENDENCY, True), error


def test_an_environment_without_a_manifest_is_named_with_where_it_was_looked_for(ground: Ground) -> None:
    command = [*HAVEN, "failover", "nobody", "--region", P, "--region", R, "--to", R]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ground.variables)
    assert done.returncode == BAD_INPUT, done.stderr
    assert "environment nobody" in done.stderr
    assert "parameter /haven/nobody/manifest in one of its Regions" in done.stderr
