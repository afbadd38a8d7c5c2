"""`haven audit`: whether the records of failovers are as they were written."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haven.base.exits import FINDINGS, OK
from haven.base.missing_dependency import MissingDependency
from haven.base.terminal import plural
from haven.cli import output
from haven.cli.command_line import Command, CommandGroup, directory_option
from haven.cli.recovery.environment import EnvironmentSource, environment_options, source

if TYPE_CHECKING:
    from haven.runbooks.workflow.audit import Head


@click.group("audit", cls=CommandGroup)
def audit() -> None:
    """The records of what runbooks did: who, when, why, which call, which answer."""


@audit.command("verify", cls=Command)
@environment_options
@click.option("--in", "where", required=True, metavar="REGION", help="The Region that the failovers led to.")
@click.option(
    "--records",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Verify this machine's copy instead of the bucket.",
)
@directory_option
def verify(
    *,
    environment: str,
    regions: tuple[str, ...],
    manifest: Path | None,
    where: str,
    records: Path | None,
    directory: str | None,
) -> int:
    """Hold the audit of ENVIRONMENT against its own hashes and against the journal.

    Finds records that were changed, deleted, reordered or cut off. Exit code 1: some were.
    """
    from haven.runbooks.failover.assembly import AUDIT, operations
    from haven.runbooks.workflow import audit as chain
    from haven.runbooks.workflow.table import Table

    chosen = source(environment, regions, manifest, directory)
    chosen.require_region("--in", where)
    found = operations(chosen.located().manifest, where)
    heads = _heads(chosen, Table(where, found.tables[where]))
    if records is not None:
        content = (records / AUDIT).read_bytes()
        own = chain.sessions(content)
        heads = [each for each in heads if each.session in own]
    else:
        content = _bucket(chosen, where, found.audit[where]) if where in found.audit else b""
    findings = list(chain.verify(content, heads))
    lines = [f"  {each.session or 'record'} {each.index}: {each.problem}" for each in findings]
    count = content.count(b"\n")
    verdict = f"{plural(len(findings), 'finding')} in" if findings else "Nothing is wrong with"
    output.emit("\n".join([f"{verdict} {plural(count, 'record')}", *lines]) + "\n")
    return FINDINGS if findings else OK


def _heads(chosen: EnvironmentSource, table: Any) -> "list[Head]":
    from haven.runbooks.workflow.audit import Head
    from haven.runbooks.workflow.journal import stored
    from haven.runbooks.workflow.requests import CallError, CredentialsError
    from haven.runbooks.workflow.threads import Threads

    try:
        entries = Threads(chosen.client, chosen.client_once).run(stored(table))
    except (CallError, CredentialsError) as error:
        raise MissingDependency(str(error)) from error
    return [Head(**each.data["audit"]) for each in entries if each.data.get("audit")]


def _bucket(chosen: EnvironmentSource, region: str, name: str) -> bytes:
    from haven.runbooks.clients import asked

    s3 = chosen.client("s3", region)

    def read() -> bytes:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix="audit/")
        keys = sorted(each["Key"] for page in pages for each in page.get("Contents", []))
        return b"".join(s3.get_object(Bucket=name, Key=key)["Body"].read() + b"\n" for key in keys)

    return asked(f"S3 in {region} for the audit in {name}", read)
