"""On a terminal of 80 columns the real commands lose nothing: no line is wider, and every word is there."""

import signal
import subprocess
import time

import pytest

from haven.base.exits import INTERRUPTED
from tests.gateway import Call
from tests.haven.cli.recovery.terminal import COLUMNS, Screen, on_a_terminal, terminal
from tests.haven.runbooks.failover.ground import Ground
from tests.haven.runbooks.failover.stopped.test_screens import BACK, fenced
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(300), pytest.mark.emulator]
PLANNED = ("failover", "--to", R, "--planned")


def fits_and_has_all_of(screen: Screen, ground: Ground, *words: str) -> str:
    """The screen as one line, once it is known to have the lines that the same command writes into a pipe."""
    _, text, _ = ground.haven(*words)
    whole = [" ".join(each.split()) for each in text.splitlines() if " may be lost " not in each]
    assert screen.widest <= COLUMNS, max(screen.lines, key=len)
    assert any(len(each) > COLUMNS for each in text.splitlines())  # else nothing had to be made to fit
    assert [each for each in whole if each.replace(" ", "") not in screen.words.replace(" ", "")] == []
    return screen.words


def test_the_plan_and_the_status_fit_and_the_lines_of_a_pipe_stay_whole(ground: Ground) -> None:
    ground.beat(seconds_ago=0)
    words = (*PLANNED, "--dry-run")
    plan = fits_and_has_all_of(on_a_terminal(ground.command(*words), ground.variables), ground, *words)
    assert f"promote-database: Promote the database in {R} (within 1800 s, predicted 294 to 480 s, after" in plan
    command = ground.command("status")
    status = on_a_terminal(command[: command.index("--records")], ground.variables)
    assert status.widest <= COLUMNS, max(status.lines, key=len)
    assert f"sim, tier warm: writes go to {P} (at " in status.words
    assert "readings: " in status.words


def test_whoever_waits_for_the_lease_reads_whose_it_is_and_until_when(ground: Ground) -> None:
    ground.beat(seconds_ago=0)
    lease = {"token": {"N": "1"}, "renewals": {"N": "0"}, "holder": {"S": "x"}, "state": {"S": "held"}}
    who = "arn:aws:iam::000000000000:user/somebody-with-a-long-name (root@another-machine)"
    item = {"id": {"S": "lease"}, "entry": {"S": "0"}, "who": {"S": who}, **lease}
    for region, table in ground.document["operations"]["tables"].items():
        ground.aws.of("dynamodb", region).put_item(TableName=table, Item=item)
    variables = {**ground.variables, "TERM": "xterm"}
    variables.pop("COLUMNS", None)
    with (
        terminal() as (out, screen),
        subprocess.Popen(
            ground.command(*PLANNED, "--confirm", "sim"),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=variables,
        ) as process,
    ):
        while "free in" not in screen.words:
            assert process.poll() is None, screen.words
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
    assert process.returncode == INTERRUPTED, screen.words
    assert screen.widest <= COLUMNS, max(screen.lines, key=len)
    assert "Wait for the lease (0 of 61 s)" in screen.words
    assert f"{who} has it (token 1); free in 61 s at the latest, unless they renew it" in screen.words
    assert "Nothing was changed." in screen.words


@pytest.mark.exhaustive
def test_a_failover_that_is_called_off_lists_no_promotion_and_its_whole_run_fits(ground: Ground) -> None:
    ground.beat(seconds_ago=0)
    fenced(ground)
    ground.beat(seconds_ago=0)
    words = ("failover", *BACK, "--dry-run")
    preview = fits_and_has_all_of(on_a_terminal(ground.command(*words), ground.variables), ground, *words)
    assert f"Steps to {P}, each after those that it names; {P} writes already, and nothing is promoted:" in preview
    assert "promote-" not in preview
    assert "await-serving: Wait until eu-west-1 serves (within 1800 s, after judge-loss, check-tables)" in preview
    assert f"ends, and stays so the old writer: confirmed Steps to {P}" in preview
    begin = len(ground.gateway.calls)
    run = on_a_terminal(ground.command("failover", *BACK, "--confirm", "sim"), ground.variables)
    assert run.widest <= COLUMNS, max(run.lines, key=len)
    assert f"- Verify that {P} is the writing Region: done (" in run.words
    assert "sim: done" in run.words
    assert [each for each in map(operation, ground.gateway.calls[begin:]) if each.endswith("GlobalCluster")] == []
    assert ground.closed() == []


def operation(call: Call) -> str:
    return call.operation.rpartition(".")[2]
