"""Ctrl-C in real processes: what a run, or the one before it, left closed is named, with the command that opens it."""

import signal
import subprocess
from collections.abc import Callable

import pytest

from haven.base.exits import INTERRUPTED
from tests.gateway import Call, Fault
from tests.haven.runbooks.failover.ground import Ground
from tests.simulation.model import P, R

pytestmark = pytest.mark.timeout(300)
WORDS = ("--to", R, "--planned", "--confirm", "sim")


def silent(operation: str) -> Callable[[Call], Fault | None]:
    """Nothing answers one operation."""
    return lambda call: Fault.BLACKHOLE if call.operation.endswith(operation) else None


def interrupted(ground: Ground, at: str) -> str:
    """What a run writes from Ctrl-C on, which comes with a line that begins so."""
    command = ground.command("failover", *WORDS)
    with subprocess.Popen(command, env=ground.variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        seen = []
        for line in process.stderr:
            seen.append(line)
            if line.startswith(at):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == INTERRUPTED, "".join(seen) + rest
    return rest


@pytest.mark.exhaustive
def test_ctrl_c_names_who_is_shut_out_also_where_an_earlier_run_has_done_it_and_the_command_that_calls_it_off(
    ground: Ground,
) -> None:
    with ground.beating():
        ground.beat(seconds_ago=0)
        ground.gateway.chosen = silent("PutParameter")
        rest = interrupted(ground, f"> Ask applications in {P} not to write for a while: running (1")
        assert f"Applications in {P} and {R} may be asked not to write" in rest, rest
        assert "closed to clients" not in rest
        called_off = f"calls it off: haven failover {ground.named} --to {P} {ground.kept} --planned --force REASON"
        assert called_off in rest
        ground.expire_lease()
        ground.gateway.chosen = silent("SwitchoverGlobalCluster")
        rest = interrupted(ground, "> Judge what may be lost: done")
        closed = f"Database and cache in {P} may be closed to clients, and stay so until this has gone on."
        assert closed in rest, rest
        assert f"Consumers in {P} may get no messages of jobs until then." in rest
        assert (set(ground.closed()), ground.stopped()) == ({P}, [P])
        rest = interrupted(ground, "> Wait for the lease: running")
        assert "Nothing was changed" not in rest
        assert "This run changed nothing, but an earlier one did. " in rest
        assert closed in rest
        assert "To go on, run the same command once more" in rest
        ground.gateway.chosen = lambda _: None
