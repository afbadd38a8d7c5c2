"""`haven audit`: whether the records of failovers are as they were written."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from haven.base.exits import FINDINGS, OK
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems, choices, shown
from haven.base.terminal import plural
from haven.cli import output
from haven.cli.command_line import WHERE, Command, CommandGroup, directory_option
from haven.cli.recovery.environment import EnvironmentSource, environment_options, source

if TYPE_CHECKING:
    from haven.runbooks.manifest import Operations
    from haven.runbooks.workflow.audit import Finding
    from haven.runbooks.workflow.journal import Entry
    from haven.runbooks.workflow.requests import Runbook

_Function = TypeVar("_Function", bound=Callable[..., Any])
_IN = click.option("--in", "where", required=True, metavar="REGION", help="The Region that the failovers led to.")


def _records(help_: str) -> Callable[[_Function], _Function]:
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    return click.option("--records", type=folder, metavar="DIR", help=help_)


@click.group("audit", cls=CommandGroup, short_help="Verify and publish the records of what runbooks did.")
def audit() -> None:
    """The records of what runbooks did: who, when, why, which call, which answer."""


@audit.command("verify", cls=Command)
@environment_options
@_IN
@_records("Verify this machine's copy instead of the bucket.")
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
    from haven.runbooks.workflow.journal import stored
    from haven.runbooks.workflow.table import Table

    own = _own(records / AUDIT) if records is not None else None
    chosen = source(environment, regions, manifest, directory, first=where)
    chosen.require_region("--in", where)
    located = chosen.located().manifest
    found = operations(located, where, "--in")
    entries: list[Entry] = _done(chosen, lambda: stored(Table(where, found.tables[where])))
    known = [(chain.Head(**each.data["audit"]), each.who) for each in entries if each.data.get("audit")]
    heads = [each for each, _ in known]
    if own is not None:
        content, sessions = own, chain.sessions(own)
        heads = [each for each in heads if each.session in sessions]
    else:
        content = _bucket(chosen, where, found.audit[where]) if where in found.audit else b""
    findings = list(chain.verify(content, heads))
    who = {head.session: name for head, name in known}
    lines = [_line(each, who.get(each.session, ""), located.named, where) for each in findings]
    count = content.count(b"\n")
    if not (count or heads or findings):
        output.emit_lines([f"There is no record of a runbook in {where}{_elsewhere(found, where)}"])
        return OK
    verdict = f"{plural(len(findings), 'finding')} in" if findings else "Nothing is wrong with"
    output.emit_lines([f"{verdict} {plural(count, 'record')}", *lines])
    return FINDINGS if findings else OK


def _elsewhere(found: "Operations", where: str) -> str:
    others = [each for each in found.audit if each != where]
    return f": those of a failover are in the Region that it led to, also {' and '.join(others)}" if others else ""


def _line(finding: "Finding", who: str, named: str, where: str) -> str:
    """A finding, and where the record may be that it misses."""
    line = f"  {finding.session or 'record'} {finding.index}: {finding.problem}"
    if not who:
        return line
    hint = f"; if they are there: haven audit publish {named} --in {where}" if finding.missing else ""
    return f"{line}; written by {who}{hint}"


@audit.command("publish", cls=Command)
@environment_options
@_IN
@_records("Where this machine's copy is. Omitted: .haven/recovery/ENVIRONMENT here.")
@directory_option
def publish(
    *,
    environment: str,
    regions: tuple[str, ...],
    manifest: Path | None,
    where: str,
    records: Path | None,
    directory: str | None,
) -> int:
    """Write the audit's records that only this machine has to the bucket: it didn't take them in time.

    A record that the bucket has is left as it is.
    """
    from haven.runbooks.failover.assembly import AUDIT, operations
    from haven.runbooks.workflow import audit as chain

    chosen = source(environment, regions, manifest, directory, first=where)
    chosen.require_region("--in", where)
    located = chosen.located().manifest
    found = operations(located, where, "--in")
    content = _own((records or Path.cwd() / ".haven" / "recovery" / located.environment) / AUDIT)
    if where not in found.audit:
        got = f"{where}, where {located.environment} has no audit bucket"
        raise Problems([Problem("--in", got, choices(found.audit), "name a Region that has one")], WHERE)
    bucket = chain.Bucket(where, found.audit[where])
    keys = _keys(chosen, where, bucket.name)
    count = _done(chosen, lambda: chain.publish(content, bucket, keys))
    output.emit(f"{plural(count, 'record')} written to {bucket.name}\n")
    return OK


def _own(file: Path) -> bytes:
    """This machine's copy of the audit."""
    if file.is_file():
        return file.read_bytes()
    fix = "run it on the machine of the failover, in the same folder, or name the folder with --records"
    raise Problems([Problem("--records", f"no {shown(str(file))}", "the audit of a failover", fix)], WHERE)


def _done(chosen: EnvironmentSource, runbook: "Callable[[], Runbook]") -> Any:
    from haven.runbooks.workflow.requests import CallError
    from haven.runbooks.workflow.threads import Threads

    threads = Threads(chosen.client, chosen.client_once)
    try:
        return threads.run(runbook())
    except CallError as error:
        raise MissingDependency(str(error)) from error


def _keys(chosen: EnvironmentSource, region: str, name: str) -> list[str]:
    from haven.runbooks.clients import asked
    from haven.runbooks.workflow.audit import FOLDER

    s3 = chosen.client("s3", region)

    def read() -> list[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=FOLDER)
        return sorted(each["Key"] for page in pages for each in page.get("Contents", []))

    return asked(f"S3 in {region} for the audit in {name}", read)


def _bucket(chosen: EnvironmentSource, region: str, name: str) -> bytes:
    from haven.runbooks.clients import asked

    s3, keys = chosen.client("s3", region), _keys(chosen, region, name)

    def read() -> bytes:
        return b"".join(s3.get_object(Bucket=name, Key=key)["Body"].read() + b"\n" for key in keys)

    return asked(f"S3 in {region} for the audit in {name}", read)
