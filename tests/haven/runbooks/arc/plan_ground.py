"""The ground of `haven failover` with a Region switch plan: the emulator has no ARC, so the gateway answers from the
model (`tests/simulation/aws/region_switch.py`). What comes from there is a model; the database's writer really moves in
the emulator."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from haven.runbooks.executions import GRACEFUL, SERVICE
from tests.gateway import Answer, Call
from tests.haven.runbooks.failover.ground import Ground, new_ground
from tests.simulation.aws.region_switch import OPERATIONS, ArcError, RegionSwitch
from tests.simulation.model import PLAN, P, R

KIND = "application/x-amz-json-1.0"


@dataclass
class PlanGround:
    """An environment with a plan."""

    ground: Ground
    arc: RegionSwitch

    def with_arc(self, *words: str) -> tuple[int, dict[str, Any], str]:
        """Exit code, JSON document and standard error of one command."""
        name = self.ground.document["environment"]
        code, text, error = self.ground.haven(
            "failover", "--to", R, "--with", "arc", "--confirm", name, "--json", *words
        )
        return code, json.loads(text) if text else {}, error

    @property
    def again(self) -> str:
        """How a command that watches the plan begins, as a process prints it."""
        return f"haven failover {self.ground.named} --to {R} --with arc"

    def started(self, *words: str, **options: Any) -> "subprocess.Popen[str]":
        """A command that is under way."""
        command = self.ground.command("failover", "--to", R, "--with", "arc", *words)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env=self.ground.variables, text=True, **{"stdout": pipe, "stderr": pipe, **options}
        )

    def asked(self, operation: str) -> list[Call]:
        """The calls of ARC of one kind."""
        return [
            each
            for each in self.ground.gateway.calls
            if (each.service, each.operation.rpartition(".")[2]) == (SERVICE, operation)
        ]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until something is so; the test's own limit ends it otherwise."""
        while not condition():
            time.sleep(0.05)


@contextmanager
def plan_ground(folder: Path) -> Iterator[PlanGround]:
    """An environment of tier `warm` whose manifest names a plan."""
    with new_ground(folder) as ground:
        yield with_plan(ground)


def with_plan(ground: Ground) -> PlanGround:
    """Let an environment's manifest name a plan, and the gateway answer for it."""
    document = ground.document
    (ground.folder / "manifest.json").write_text(json.dumps({**document, "recoveryPlan": PLAN}))

    def move(region: str, mode: str) -> bool:
        other = P if region == R else R
        if ground.writer == region:
            return True  # a switchover that was taken is at its end in the emulator
        if mode == GRACEFUL and (other, "*") in ground.gateway.faults:
            return False  # the lost Region, which the emulator behind the gateway still has
        target = f"arn:aws:rds:{region}:000000000000:cluster:{document['sides'][region]['database']['cluster']}"
        named = {"GlobalClusterIdentifier": document["database"]["globalCluster"], "TargetDbClusterIdentifier": target}
        if mode == GRACEFUL:
            ground.aws.of("rds", other).switchover_global_cluster(**named)
        else:
            ground.aws.of("rds", region).failover_global_cluster(**named, AllowDataLoss=True)
        return True

    arc = RegionSwitch(PLAN, (P, R), time.time, move)

    def answer(call: Call) -> Answer:
        try:
            found = arc.answer(call.operation.rpartition(".")[2], call.arguments, call.region)
        except ArcError as error:
            return 400, KIND, json.dumps({"__type": error.code, "message": error.message})
        return 200, KIND, json.dumps(found, default=datetime.timestamp)

    ground.gateway.answers |= {(SERVICE, each): answer for each in OPERATIONS}
    return PlanGround(ground, arc)
