"""Copies what Aurora kept of an old volume, as one operator and with a record, before the old side is demoted."""

from collections.abc import Callable

from haven.runbooks.failover import database
from haven.runbooks.failover.run import Operator
from haven.runbooks.failover.site import Site
from haven.runbooks.workflow.engine import Engine
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import CallError, Pause, RefusedError
from haven.runbooks.workflow.steps import Done, Missing, Waiting

WITHIN_SECONDS = 3600.0
_EVERY_SECONDS = 15.0


async def keep(operator: Operator, old: str, report: Callable[[str], None] = lambda _: None) -> str:
    """Copy every snapshot of the old volume, and wait for the copies.

    Nothing of it is journaled but the end of its audit: a copy has its snapshot's name, so the same call can't be made
    twice.

    Args:
        operator: of the Region that writes; its lease, audit and clock are used.
        old: the Region with the snapshots.
        report: is given one line about each look and each copy.

    Returns:
        What is wrong; empty: nothing.

    Raises:
        LeaseError: somebody else is at work.
        AuditError: what is done can't be written down.
        CallError: no answer.
    """
    token = operator.journal.token = await operator.lease.acquire()
    problem: str = await operator.lease.giving_back(_held(operator, old, token, report))
    return problem


async def _held(operator: Operator, old: str, token: int, report: Callable[[str], None]) -> str:
    entries = await operator.journal.read()
    before = entries[-1].data["audit"] if entries else {}
    await operator.audit.open(str(before.get("hash", "")), keep=old, token=token)
    try:
        problem = await _kept(operator, old, report)
    except CallError as error:
        problem = str(error)
    unproved = await stop(operator, problem)
    return problem or unproved


async def stop(operator: Operator, problem: str) -> str:
    """Close the audit and give the lease back: a copy that is on its way then is none that somebody else may repeat.

    Args:
        operator: as `keep` has it.
        problem: for the audit.

    Returns:
        Why the journal doesn't have the end of the audit; empty: it has, or there is no audit.

    Raises:
        AuditError: what is done can't be written down.
        CallError: no answer.
    """
    engine = Engine(operator.journal, operator.lease, operator.audit, operator.site.clock)
    unproved = await engine.close(problem=problem) if operator.audit.head.count else ""
    await operator.lease.leave(operator.lease.notes, release=True)
    return unproved


async def _kept(operator: Operator, old: str, report: Callable[[str], None]) -> str:
    clock = operator.site.clock
    look = database.kept(Site(operator.site.manifest, old, clock))
    end = clock.monotonic() + WITHIN_SECONDS
    while clock.monotonic() < end:
        found = await look(Workflow("", {}))
        if isinstance(found, Done):
            return ""
        if isinstance(found, Missing):
            snapshot = str(found.call.arguments["SourceDBClusterSnapshotIdentifier"])
            until = await operator.lease.confirm()
            operator.audit.record("intent", call=str(found.call), arguments=found.call.arguments)
            report(f"a copy of {snapshot} may have been asked for")
            try:
                answer = await found.call._replace(not_after=until)
            except RefusedError as error:
                if error.code == database.NO_ROOM:
                    return database.no_room(old, snapshot)
                raise
            report(f"a copy of {snapshot} was asked for")
            operator.audit.record(
                "outcome", call=str(found.call), request=answer.get("ResponseMetadata", {}).get("RequestId")
            )
        elif isinstance(found, Waiting):
            report(found.reason)
        else:
            return found.why
        await operator.lease.keep()
        await Pause(_EVERY_SECONDS)
    return f"the copies aren't available within {WITHIN_SECONDS:.0f} s"
