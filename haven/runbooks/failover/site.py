"""The environment as one failover sees it: where from, where to, under which names."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from haven.runbooks.failover import guard
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.manifest import Side as ManifestSide
from haven.runbooks.observation import first
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Answer, Call, Clock, RefusedError
from haven.runbooks.workflow.table import Table

GPU_PATIENCE_SECONDS = 900.0
"""How long full capacity is waited for before the least that serves is enough. An assumption: a large model's cold
start took 966 s in the one run that was reported (kaito-project/kaito#2325)."""


FAILOVER, REGION_SWITCH = "failover", "region-switch"
"""Kinds of workflows that make the other Region the writing one: by Haven's steps, or by the plan of ARC."""
_ARC = "--with arc"


@dataclass(frozen=True)
class Site:
    """One direction of one environment."""

    manifest: RecoveryManifest
    to: str
    """The Region that becomes the writing one."""
    clock: Clock
    options: Sequence[str] = ()
    """Of the command line: what the next command needs besides the words that name the environment."""

    @property
    def old(self) -> str:
        """The Region that is left."""
        return self.manifest.other(self.to)

    @property
    def new_side(self) -> ManifestSide:
        """What is in the Region that becomes the writing one."""
        return self.manifest.sides[self.to]

    @property
    def old_side(self) -> ManifestSide:
        """What is in the Region that is left."""
        return self.manifest.sides[self.old]

    @property
    def own_options(self) -> Sequence[str]:
        """The same for Haven's own steps."""
        ends_with = tuple(self.options[-2:]) == tuple(_ARC.split())
        return self.options[:-2] if ends_with else self.options

    @property
    def restores(self) -> bool:
        """Whether the new side's database is restored from a backup, for nothing replicates it."""
        return bool(self.new_side.database.global_cluster)

    @property
    def table(self) -> Table:
        """The operations table that survives."""
        return self.table_of(self.to)

    def table_of(self, region: str) -> Table:
        """One Region's operations table."""
        assert self.manifest.operations is not None  # noqa: S101  run.py refuses a manifest without
        return Table(region, self.manifest.operations.tables[region])

    @property
    def mode(self) -> str:
        """Name of the parameter that tells applications whether they may write; empty: there is none."""
        return self.manifest.operations.mode if self.manifest.operations else ""

    @property
    def objective_ms(self) -> float | None:
        """The recovery point objective."""
        minutes = self.manifest.objectives.rpo_minutes
        return None if minutes is None else minutes * 60_000

    def heartbeats(self) -> Mapping[str, bool]:
        """Stores that must have one, and whether their replication is ordered."""
        assert self.manifest.operations is not None  # noqa: S101  run.py refuses a manifest without
        return self.manifest.operations.heartbeats.stores

    def within_ms(self, store: str) -> float:
        """How old a store's newest heartbeat may be while all is well, in milliseconds."""
        assert self.manifest.operations is not None  # noqa: S101  run.py refuses a manifest without
        return guard.within_ms(store, self.manifest.operations.heartbeats.objects_within_minutes)

    def command(self, *, planned: bool, force: str = "", accept_loss: str = "", acknowledged: bool = False) -> str:
        """The command of a failover in this direction.

        Args:
            planned: whether it is a switchover.
            force: the reason that goes with it; empty: none.
            accept_loss: what is accepted to be lost; empty: nothing beyond the objective.
            acknowledged: whether it may follow another one within the hour.
        """
        words = ["--to", self.to, *self.options]
        words += ["--planned"] if planned else []
        words += ["--acknowledge"] if acknowledged else []
        words += ["--force", force] if force else []
        words += ["--accept-loss", accept_loss] if accept_loss else []
        return f"haven failover {self.manifest.named} {shlex.join(words)}"

    def open_elsewhere(self, notes: Mapping[str, Any]) -> str:
        """The open workflow to the other Region, and what ends it; empty: there is none, or it was left open for good.

        Args:
            notes: of the lease.
        """
        found = notes.get("open") or {}
        if not found or found["to"] == self.to or found["workflow"] in notes.get("left", ()):
            return ""
        kind, to = found.get("kind", FAILOVER), found["to"]
        command = command_of(kind, self.manifest, to, self.own_options)
        return f"a {kind} to {to} is open ({found['workflow']}), which {command} ends"

    def time_ms(self, answer: Answer) -> float:
        """When AWS answered, in milliseconds since the epoch; by this machine's clock where the answer has no time."""
        return _aws_time_ms(answer) or self.clock.wall() * 1000


def kind_of(workflow: Workflow) -> str:
    """What a workflow does: a failover, or what `Operator.kind` names."""
    return str(workflow.goal.get("kind", FAILOVER))


def command_of(kind: str, manifest: RecoveryManifest, to: str, options: Sequence[str] = ()) -> str:
    """What begins a workflow of a kind, and goes on with one whose journal is in a Region.

    Args:
        kind: of the workflow.
        manifest: of the environment, with the words that name it.
        to: the Region that has the journal.
        options: what else the command needs. Omitted: nothing.
    """
    begin = f"haven failover {manifest.named} --to {to}"
    commands = {FAILOVER: begin, REGION_SWITCH: f"{begin} {_ARC}"}
    command = commands.get(kind, f"haven failback {manifest.named} --rebuild")
    return f"{command} {shlex.join(options)}" if options else command


async def described(call: Call, listed: str, absent: str) -> Mapping[str, Any] | None:
    """What a call describes by its name; None: there is no such thing.

    Args:
        call: asks for one thing.
        listed: where the answer lists it.
        absent: the error code with which AWS says that it doesn't exist.

    Raises:
        CallError: no answer.
    """
    try:
        return first((await call)[listed])
    except RefusedError as error:
        if error.code == absent:
            return None
        raise


def _aws_time_ms(answer: Answer) -> float | None:
    """When AWS answered, by AWS's clock, in milliseconds since the epoch, rounded up to a whole second.

    Operators' clocks may be minutes off; None where an answer has no time.
    """
    date = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders", {}).get("date")
    return None if date is None else _ms(date)


@lru_cache(maxsize=10_000)
def _ms(date: str) -> float:
    """Looks of one second have the same date, and the simulator's seeds have the same ones."""
    return (parsedate_to_datetime(date).timestamp() + 1) * 1000
