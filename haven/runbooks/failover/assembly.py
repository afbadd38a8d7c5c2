"""Puts one operator's process together: manifest, clients, disk, identity."""

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from haven.base.problems import Problem, Problems, choices, shown
from haven.model.drills import Place
from haven.runbooks.clients import Client, asked
from haven.runbooks.failover.run import Operator
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import Operations, RecoveryManifest
from haven.runbooks.workflow.audit import Audit, Bucket
from haven.runbooks.workflow.journal import Journal
from haven.runbooks.workflow.lease import Lease
from haven.runbooks.workflow.local_file import LocalFile
from haven.runbooks.workflow.steps import Progress
from haven.runbooks.workflow.table import Table
from haven.runbooks.workflow.threads import MachineClock

JOURNAL, AUDIT = "journal.jsonl", "audit.jsonl"
"""Files in the folder of records."""


def identity(client: Client, region: str, account: str | None = None) -> str:
    """Who works: the principal of the credentials, the user of this machine and its name.

    Args:
        client: of this machine.
        region: which has to answer.
        account: the environment's. None: any is good.

    Raises:
        UnansweredError: STS in the Region doesn't answer, or there are no credentials.
        Problems: they are another account's.
    """
    what = f"STS in {region}, which has to answer for anything to be done there, for the credentials"
    found = asked(what, lambda: client("sts", region).get_caller_identity())
    if account is not None and found["Account"] != account:
        fix = "sign in to the environment's account, or set AWS_PROFILE to a profile of it; nothing was changed"
        raise Problems([Problem("the credentials", f"account {found['Account']}", f"account {account}", fix)])
    return f"{found['Arn']} ({_user()}@{socket.gethostname()})"


def _user() -> str:
    """The name of this machine's user; the number of one who has none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # up to Python 3.12, and from 3.13 on
        return f"uid {os.getuid()}"


def operations(manifest: RecoveryManifest, to: str, option: str = "--to") -> Operations:
    """What runbooks keep of themselves.

    Args:
        manifest: the environment's.
        to: the Region.
        option: of the command line that named it.

    Raises:
        Problems: the Region is none of the environment's, or the manifest lacks it.
    """
    if to not in manifest.both:
        fix = "name one of the environment's Regions"
        raise Problems([Problem(option, shown(to), choices(manifest.both), fix)], "the command line")
    found = manifest.operations
    if found is None or to not in found.tables or len(found.tables) % 2 == 0:
        got = shown(sorted(found.tables) if found else [])
        allowed = f"an operations table in {' and '.join(manifest.both)} and in a third Region"
        fix = (
            "name a third Region in haven:operations.witnessRegion and deploy; until then promote by hand"
            " (docs/promotion.md)"
        )
        raise Problems([Problem("operations.tables", got, allowed, fix)], "the recovery manifest")
    return found


def operator(
    manifest: RecoveryManifest,
    to: str,
    client: Client,
    records: Path,
    report: Callable[[Progress], None],
    *,
    make: Callable[..., Operator] = Operator,
    place: Place = Place.AWS,
    options: Sequence[str] = (),
) -> Operator:
    """A process that is ready to run a failover, or another workflow.

    Args:
        manifest: the environment's.
        to: the Region that becomes the writing one, or that is it.
        client: for the question who this is.
        records: the folder of the local copies of journal and audit.
        report: is given what each step does.
        make: what runs it. Omitted: a failover's operator.
        place: where it is run.
        options: of the command line that the next command needs as well.

    Raises:
        Problems: the manifest lacks what it needs.
        UnansweredError: the credentials can't be found out.
    """
    found = operations(manifest, to)
    if manifest.sides[manifest.other(to)].database.global_cluster:
        got = f"{shown(to)}, and tier backup restores into {manifest.other(to)} only"
        fix = "bring the data home as docs/restore.md describes (Home)"
        raise Problems([Problem("--to", got, choices([manifest.other(to)]), fix)], "the command line")
    who = identity(client, to, manifest.account if place is Place.AWS else None)
    clock, holder = MachineClock(), secrets.token_hex(8)
    bucket = Bucket(to, found.audit[to]) if to in found.audit else None
    journal, audit = (LocalFile(records / name) for name in (JOURNAL, AUDIT))
    tables = [Table(region, found.tables[region]) for region in sorted(found.tables)]
    return make(
        Site(manifest, to, clock, options),
        Lease(tables, holder, who, clock),
        Journal(Table(to, found.tables[to]), journal, clock, who, holder),
        Audit(holder, who, audit, bucket, clock),
        lambda: secrets.token_hex(6),
        report,
        partial(_close, journal, audit),
        place,
    )


def _close(*files: LocalFile) -> None:
    for each in files:
        each.close()
