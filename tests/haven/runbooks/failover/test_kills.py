"""The real process, killed at its calls again and again; each time another machine goes on, until all is done."""

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.base.exits import OK
from tests.gateway import Call, Fault
from tests.haven.runbooks.failover.ground import MUTATING, Ground
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(3000), pytest.mark.emulator]
HURRIED = (sys.executable, str(Path(__file__).with_name("hurried.py")))
KILLS = (20, pytest.param(240, marks=pytest.mark.exhaustive))
UNPLANNED_KILLS = (5, pytest.param(60, marks=pytest.mark.exhaustive))
NEVER = 1_000_000
LATEST = 20
"""The last of its changing calls at which a process is killed. One that makes fewer ends by itself."""


class Killer:
    """Kills a process at its n-th changing call: before AWS learns of it, or before the process has the answer."""

    def __init__(self, ground: Ground) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.kills = 0
        self.points: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        """Calls that the emulator answered with success or refused."""
        self._lock = threading.Lock()
        self._left, self._before = 0, False
        ground.gateway.chosen, ground.gateway.done = self._chosen, self._answered

    def run(self, ground: Ground, words: tuple[str, ...], at: int, *, before: bool) -> bool:
        """Run a process until it ends or is killed; whether it ended by itself."""
        self._left, self._before = at, before
        home = ground.folder / ground.machine
        home.mkdir(exist_ok=True)
        with subprocess.Popen(
            ground.command(*words),
            env={**ground.variables, "HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=home,
        ) as process:
            self.process = process
            printed = process.communicate()[0].decode()
        assert "Traceback" not in printed, printed
        assert process.returncode in (OK, -9), printed
        return process.returncode == OK

    def _chosen(self, call: Call) -> Fault | None:
        return Fault.REFUSE if self._before and self._hits(call) else None

    def _answered(self, call: Call) -> None:
        self.done[call.operation.rpartition(".")[2]] += 1
        if not self._before:
            self._hits(call)

    def _hits(self, call: Call) -> bool:
        name = call.operation.rpartition(".")[2]
        if not name.startswith((*MUTATING, "PUT")) or call.region not in (P, R):
            return False
        with self._lock:
            self._left -= 1
            if self._left == 0 and self.process and self.process.poll() is None:
                self.process.kill()
                self.kills += 1
                self.points[f"{'before' if self._before else 'after'} {name.partition(' ')[0]}"] += 1
        return self._left <= 0


@pytest.mark.parametrize("kills", KILLS)
def test_processes_that_are_killed_end_the_same_failovers_with_each_promotion_made_once(
    ground: Ground, record_property: Callable[[str, object], None], kills: int
) -> None:
    ground.python = HURRIED
    killer, rng, trips = Killer(ground), random.Random(2), 0
    with ground.beating():
        while killer.kills < kills:
            trips += 1
            target = R if trips % 2 else P
            ground.beat(seconds_ago=0)  # the one before may just have opened what was closed
            words = ("failover", "--to", target, "--planned", "--acknowledge", "--confirm", "sim")
            machine = 0
            while True:
                machine += 1
                ground.machine = f"machine-{trips}-{machine}"
                if killer.run(ground, words, rng.randint(1, LATEST), before=rng.random() < 0.5):
                    break
                ground.expire_lease()
            assert ground.writer == target
            assert killer.done["SwitchoverGlobalCluster"] == trips
            assert (ground.closed(), ground.stopped()) == ([], [])
    for region in (P, R):
        assert unknown_to_the_bucket(ground, region) == []
    record_property(
        "figure",
        f"{killer.kills} SIGKILLs in {trips} planned failovers there and back, each gone on with from another home "
        f"directory: {killer.done['SwitchoverGlobalCluster']} promotions; killed {dict(killer.points)}",
    )
    assert killer.done["CreateNetworkAclEntry"] == killer.done["DeleteNetworkAclEntry"] == 4 * trips  # two ACLs


@pytest.mark.parametrize("kills", UNPLANNED_KILLS)
def test_processes_that_are_killed_while_the_primary_region_refuses_every_call_promote_once_each_time(
    ground: Ground, record_property: Callable[[str, object], None], kills: int
) -> None:
    ground.python = HURRIED
    killer, rng, trips = Killer(ground), random.Random(3), 0
    lost = ("--force", "the provider confirms the loss", "--accept-loss", "unknown")
    while killer.kills < kills:
        trips += 1
        ground.beat(seconds_ago=60)
        ground.gateway.faults[P, "*"] = Fault.REFUSE
        machine = 0
        while True:
            machine += 1
            ground.machine = f"lost-{trips}-{machine}"
            words = ("failover", "--to", R, "--acknowledge", "--confirm", "sim", *lost)
            if killer.run(ground, words, rng.randint(1, LATEST), before=rng.random() < 0.5):
                break
            ground.expire_lease()
        assert (ground.writer, ground.closed(), ground.stopped()) == (R, [], [])
        assert killer.done["FailoverGlobalCluster"] == trips
        del ground.gateway.faults[P, "*"]
        with ground.beating():
            ground.beat(seconds_ago=0)
            assert killer.run(ground, ("failback", "--acknowledge", "--confirm", "sim"), NEVER, before=False)
        assert (ground.writer, killer.done["SwitchoverGlobalCluster"]) == (P, trips)
    record_property(
        "figure",
        f"{killer.kills} SIGKILLs in {trips} unplanned failovers while the primary Region refused every call: "
        f"{killer.done['FailoverGlobalCluster']} promotions; killed {dict(killer.points)}",
    )


def unknown_to_the_bucket(ground: Ground, region: str) -> list[str]:
    """What another machine misses of the audit; a process that was killed before its first entry changed nothing."""
    _, text, _ = ground.haven("audit verify", "--in", region)
    return [each for each in text.splitlines()[1:] if "no closing record" not in each]
