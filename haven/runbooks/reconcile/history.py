"""What the journals have of the last failover to the Region that writes: whether it may have lost something."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.failover import plan
from haven.runbooks.failover.resuming.leaving import LEFT
from haven.runbooks.failover.site import FAILOVER, REGION_SWITCH, command_of, kind_of
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.reconcile.checks import Check
from haven.runbooks.status.readings import State as Found
from haven.runbooks.workflow import journal
from haven.runbooks.workflow.journal import Entry, Workflow
from haven.runbooks.workflow.lease import Lease
from haven.runbooks.workflow.report import State
from haven.runbooks.workflow.requests import Branches, CallError
from haven.runbooks.workflow.table import Table
from haven.runbooks.workflow.threads import MachineClock, Threads

AREA = "journal"


@dataclass(frozen=True)
class History:
    """The last workflow of each Region's journal."""

    last: Mapping[str, Workflow | None]
    """Region to its last workflow. None: there was none."""
    completed: Mapping[str, Workflow | None]
    """Region to the last workflow that promoted it. None: there was none."""
    unknown: Mapping[str, str]
    """Regions whose journal isn't known to why."""
    left: Collection[str] = ()
    """Workflows that somebody left open with `--force`: nobody goes on with them."""

    def unplanned(self, writer: str) -> bool | None:
        """Whether the writing Region was promoted without the other one; None: nobody knows."""
        if writer not in self.completed:
            return None
        found = self.completed[writer]
        return found is not None and not found.goal["planned"]

    def created_instance(self, writer: str) -> bool:
        """Whether a failover may have created a database instance there."""
        found = self.completed.get(writer)
        return found is not None and found.step(plan.INSTANCE).may_have_happened


def read(manifest: RecoveryManifest, reading: Client, once: Client) -> History:
    """Ask both Regions' journals at once; one that doesn't answer is unknown.

    Raises:
        CredentialsError: this machine has no credentials, or expired ones.
    """
    if manifest.operations is None:
        return History({}, {}, dict.fromkeys(manifest.both, "the environment has no operations tables"))
    tables = [Table(region, manifest.operations.tables[region]) for region in manifest.both]
    every_table = [Table(region, table) for region, table in sorted(manifest.operations.tables.items())]
    lease = Lease(every_table, "", "", MachineClock())
    *answers, notes = Threads(reading, once).run(_stored(tables, lease))
    unknown, last, completed = {}, {}, {}
    for table, answer in zip(tables, answers, strict=True):
        if isinstance(answer, CallError):
            unknown[table.region] = str(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            every = list(_workflows(answer))
            last[table.region] = every[-1] if every else None
            completed[table.region] = next((each for each in reversed(every) if _is_done(each)), None)
    left = () if isinstance(notes, BaseException) else notes.get("left", ())
    return History(last, completed, unknown, left)


def _workflows(entries: Sequence[Entry]) -> Iterator[Workflow]:
    begins = [place for place, each in enumerate(entries) if each.kind == journal.BEGIN]
    for begin, end in itertools.pairwise([*begins, len(entries)]):
        found = journal.replay(entries[begin:end])
        if found is not None:
            yield found


def _is_done(workflow: Workflow) -> bool:
    """A Region switch that ended otherwise may have moved the writer, and nobody goes on with it."""
    state = workflow.end["state"] if workflow.end is not None else None
    return state == State.DONE if kind_of(workflow) == FAILOVER else _may_have_switched(workflow, state)


def _may_have_switched(workflow: Workflow, state: str | None) -> bool:
    return kind_of(workflow) == REGION_SWITCH and state in (State.DONE, State.INCOMPLETE)


async def _stored(tables: list[Table], lease: Lease) -> list[Any]:
    return await Branches([*(journal.stored(each) for each in tables), lease.left_notes()])


def checks(manifest: RecoveryManifest, history: History) -> list[Check]:
    """A failover that is still open, and a journal that isn't known."""
    found = [Check(AREA, region, Found.UNKNOWN, why) for region, why in history.unknown.items()]
    for region, workflow in history.last.items():
        if workflow is None:
            continue
        kind = kind_of(workflow)
        if workflow.end is None and workflow.id in history.left:
            found.append(Check(AREA, region, Found.OK, f"{kind} {workflow.id}: {LEFT}"))
        elif workflow.end is None:
            command = command_of(kind, manifest, region)
            found.append(Check(AREA, region, Found.WRONG, f"{kind} {workflow.id} hasn't ended", [command]))
        else:
            how = (
                ("planned " if workflow.goal["planned"] else "unplanned ") if kind in (FAILOVER, REGION_SWITCH) else ""
            )
            found.append(Check(AREA, region, Found.OK, f"{how}{kind} {workflow.id}: {workflow.end['state']}"))
    return found
