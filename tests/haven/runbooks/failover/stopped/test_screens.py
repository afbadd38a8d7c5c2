"""What the screens of a real command show of a failover that is open, called off, or done already."""

import json
import subprocess

import pytest

from haven.base.exits import OK
from tests.gateway import Fault
from tests.haven.runbooks.failover.ground import Ground
from tests.simulation.model import P, R

pytestmark = pytest.mark.timeout(300)
WORDS = ("--to", R, "--confirm", "sim")
BACK = ("--to", P, "--planned", "--force", "the trouble is over, nobody has to move")
REASON = ("--force", "the provider confirms the loss")


def fenced(ground: Ground) -> None:
    """A planned failover is killed when the old writer is closed."""
    ground.gateway.chosen = lambda call: Fault.BLACKHOLE if call.operation.endswith("SwitchoverGlobalCluster") else None
    killed(ground, "> Judge what may be lost: done", "--planned")
    ground.gateway.chosen = lambda _: None


def killed(ground: Ground, at: str, *words: str) -> None:
    """A run ends with a line that begins so, as a machine does that is turned off."""
    command = ground.command("failover", *WORDS, *words)
    with subprocess.Popen(command, env=ground.variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line.startswith(at) for line in process.stderr)
        process.kill()
    ground.expire_lease()


@pytest.mark.exhaustive
def test_a_failover_that_is_called_off_needs_no_loss_accepted_however_long_the_old_writer_was_closed(
    ground: Ground,
) -> None:
    ground.beat(seconds_ago=0)
    fenced(ground)
    ground.beat(seconds_ago=600)
    code, text, _ = ground.haven("failover", *BACK, "--dry-run")
    assert (code, "--accept-loss" in text, "s may be lost" in text) == (OK, False, False), text
    code, text, error = ground.haven("failover", *BACK, "--confirm", "sim")
    assert (code, "--accept-loss" in error, ground.closed()) == (OK, False, []), text + error


def test_where_the_region_writes_already_nothing_is_to_be_done_and_nobody_is_asked(ground: Ground) -> None:
    before = len(ground.gateway.calls)
    for words in ((), ("--dry-run",), ("--planned",)):
        code, text, _ = ground.haven("failover", "--to", P, *words, "--json")
        document = json.loads(text)
        assert (code, document["state"], document["steps"], document["losses"]) == (OK, "nothing to do", {}, [])
    code, text, error = ground.haven("failover", "--to", P)
    assert (code, f"  {P} is the writing Region already: nothing is to be done\n" in text) == (OK, True), text
    assert "promote" not in text
    assert "Type sim" not in error
    changing = ("Put", "Create", "Update", "Delete", "Set", "Switchover", "Failover")
    asked = ground.gateway.calls[before:]
    assert [each.operation for each in asked if each.operation.rpartition(".")[2].startswith(changing)] == []


@pytest.mark.exhaustive
def test_a_run_that_goes_on_shows_what_is_done_and_predicts_only_the_rest(ground: Ground) -> None:
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    ground.gateway.faults[R, "elasticloadbalancing"] = Fault.BLACKHOLE
    _, text, _ = ground.haven("failover", "--to", R, *REASON, "--dry-run", "--json")
    whole = json.loads(text)["predicted"]
    killed(ground, f"> Wait until {R} serves: running", *REASON)
    ground.beat(seconds_ago=3600)
    code, text, _ = ground.haven("failover", "--to", R, "--dry-run")
    assert code == OK, text
    assert f"  promote-database: Promote the database in {R} (done)\n" in text
    assert "s may be lost" not in text
    assert "--accept-loss" not in text
    _, text, _ = ground.haven("failover", "--to", R, "--dry-run", "--json")
    document = json.loads(text)
    assert (document["steps"]["promote-database"], document["steps"]["verify"]) == ("done", "planned")
    assert "promote-database" not in document["predicted"]
    assert document["predicted"]["until verified"]["p95"] < whole["until verified"]["p95"] / 2


@pytest.mark.exhaustive
def test_the_status_names_what_a_killed_failover_left_open_and_who_is_shut_out(ground: Ground) -> None:
    ground.beat(seconds_ago=0)
    fine = readings(ground)
    assert fine["journal", R] == [f"no failover to {R} is open"]
    assert fine["access", P] == ["open to clients and consumers, and applications may write"]
    fenced(ground)
    found = readings(ground)
    (opened,) = found["journal", R]
    assert opened.startswith(f"a failover to {R} is open at step "), opened
    assert f"haven failover {ground.named} --to {R} ends it" in opened
    assert found["journal", P] == [f"no failover to {P} is open"]
    clients, consumers, applications = found["access", P]
    assert clients.startswith("a failover closed database and cache to clients (acl-"), clients
    assert consumers == "a failover closed queues to consumers: jobs-eu-west-1-queue"
    assert applications == "applications are asked not to write (read-only)"


def readings(ground: Ground) -> dict[tuple[str, str], list[str]]:
    """Area and Region of the status to what it describes."""
    words = ground.command("status", "--json")
    place = words.index("--records")
    command = [*words[:place], *words[place + 2 :]]
    done = subprocess.run(command, env=ground.variables, capture_output=True, text=True, check=False)
    found: dict[tuple[str, str], list[str]] = {}
    for each in json.loads(done.stdout)["readings"]:
        found.setdefault((each["area"], each["region"]), []).append(each["description"])
    return found
