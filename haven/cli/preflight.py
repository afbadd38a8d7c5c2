"""`haven preflight`: what would stop a deployment in AWS, or a failover."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haven.base.exits import FINDINGS, MISSING_DEPENDENCY, OK
from haven.base.problems import Problem, Problems
from haven.base.terminal import plural
from haven.cli import output
from haven.cli.command_line import WHERE, Command, directory_option
from haven.cli.recovery.environment import EnvironmentSource, environment_options, source

if TYPE_CHECKING:
    from haven.base.terminal import Style
    from haven.runbooks.preflight.checks import Check
    from haven.runbooks.preflight.failover import Readiness

_SCHEMA = "preflight.v1"
"""Of `--json`: the file haven/cli/schemas/preflight.v1.json."""
_COLOURS = {"ok": "green", "problem": "red", "unknown": "yellow"}
_USAGE = (
    "Each quota is compared with what this environment needs. What already runs in the account isn't subtracted: the"
    " Service Quotas console shows it."
)


@click.command(cls=Command, short_help="Ask AWS whether a deployment or a failover would work.")
@environment_options
@click.option(
    "--failover", is_flag=True, help="Could the environment fail over now? Needs the recovery manifest alone."
)
@click.option(
    "--to", metavar="REGION", help="Fail over to REGION; implies --failover. Omitted: the Region that isn't written."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema: haven/cli/schemas/preflight.v1.json).")
@directory_option
def preflight(
    *,
    environment: str,
    regions: tuple[str, ...],
    manifest: Path | None,
    failover: bool,
    to: str | None,
    as_json: bool,
    directory: str | None,
) -> int:
    """Ask AWS whether ENVIRONMENT can be deployed with these credentials, or with --failover whether it can fail over.

    A deployment: whether the credentials are of the stack's account, whether the quotas of both Regions are large
    enough for the environment at full scale, and whether the stack's zones offer its instance types.

    A failover: manifest, lease, heartbeats, database, images, weights, keys, secrets, certificates, endpoints, backups,
    quotas and reservations, within seconds even while a Region doesn't answer.

    Changes nothing. Exit code 1: something forbids it. So does what is unknown, but for what is unknown of the Region
    that may be lost. Exit code 3: nobody could be asked, for want of credentials or of an answer.
    """
    if failover or to is not None:
        return _failover(source(environment, regions, manifest, directory, first=to), to, directory, as_json=as_json)
    _require_no_manifest(regions, manifest)
    return _deployment(environment, directory, as_json=as_json)


def _require_no_manifest(regions: Sequence[str], manifest: Path | None) -> None:
    given = {"--region": bool(regions), "--manifest": manifest is not None}
    fix = "add --failover: whether a stack can be deployed follows from its stack file"
    problems = [Problem(name, "a value", "nothing without --failover", fix) for name, there in given.items() if there]
    if problems:
        raise Problems(problems, WHERE)


def _deployment(stack: str, directory: str | None, *, as_json: bool) -> int:
    from haven.config import stack_file
    from haven.model.catalog import Catalog
    from haven.program import run
    from haven.runbooks.clients import clients, signed_in
    from haven.runbooks.preflight.deployment import answered, checks, regions

    loaded = stack_file.load_stack(stack, run.start_directory(directory))
    account = loaded.config.get("haven:account")
    if not account:
        fix = "add haven:account: a stack without one is deployed to an emulator"
        raise Problems([Problem("haven:account", "nothing", "the account's 12 digits", fix)], loaded.where)
    with output.steps() as steps:
        recording = run.recorded(loaded, steps)
    url = loaded.config.get("haven:emulator") or None
    credentials = signed_in(regions(recording), output.note) if url is None else None
    with output.steps() as steps:
        steps.step("Asking AWS")
        client = clients(url, credentials=credentials)
        found = list(checks(recording, account, client, Catalog(loaded.project.file.parent)))
    style = output.style()
    title = f"Preflight of stack {loaded.name}: {_counts(found)}"
    lines = [style.paint(title, "bold"), *_lines(found, style), *style.wrapped(_USAGE, 0)]
    code = _print(found, lines, {"stack": loaded.name}, as_json=as_json)
    return MISSING_DEPENDENCY if not answered(found) else code


def _failover(chosen: EnvironmentSource, to: str | None, directory: str | None, *, as_json: bool) -> int:
    from haven.runbooks.preflight.failover import observe

    if to is not None:
        chosen.require_region("--to", to)
    located = chosen.located()
    if to is not None and to not in located.manifest.both:
        allowed = " or ".join(located.manifest.both)
        raise Problems([Problem("--to", to, allowed, "name one of the environment's Regions")], WHERE)
    found = observe(located, chosen.client, to, catalog=_catalog(directory))
    more = {"to": found.to, "ready": found.ready, "warnings": found.warnings}
    code = _print(found.checks, _screen(found), {"stack": found.environment, "failover": more}, as_json=as_json)
    return code if found.answered else MISSING_DEPENDENCY


def _catalog(directory: str | None) -> Any:
    """The project's figures, where there is a project."""
    from haven.config.project import nearest_project
    from haven.model.catalog import Catalog
    from haven.program.run import start_directory

    file = nearest_project(start_directory(directory))
    return Catalog(file.parent if file else None)


def _screen(found: "Readiness") -> list[str]:
    """The verdict, then what forbids the failover, then the warnings, then the rest."""
    style = output.style()
    blockers = [each for each in found.checks if each.blocks]
    verdict = plural(len(blockers), "blocker") if blockers else "nothing forbids it"
    title = f"Failover of {found.environment} to {found.to}: {verdict}, {found.warnings} warnings"
    lines = [
        style.paint(title, "bold red" if blockers else "bold"),
        f"  {_counts(found.checks)}; asked for {found.took_seconds:.1f} s",
    ]
    groups = {
        "Blockers": blockers,
        "Warnings": [each for each in found.checks if each.status != "ok" and not each.blocks],
        "Ready": [each for each in found.checks if each.status == "ok"],
    }
    for name, checks in groups.items():
        if checks:
            lines += ["", style.paint(name, "bold"), *_lines(checks, style)]
    return lines


def _print(found: "Sequence[Check]", lines: Iterable[str], about: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        output.emit_json({"schema": _SCHEMA, **about, "checks": [asdict(each) for each in found]})
    else:
        output.emit_lines(lines)
    return FINDINGS if any(each.blocks for each in found) else OK


def _counts(found: "Sequence[Check]") -> str:
    return ", ".join(f"{sum(each.status == status for each in found)} {status}" for status in _COLOURS)


def _lines(found: "Sequence[Check]", style: "Style") -> list[str]:
    lines = []
    for each in found:
        place = f" in {each.region}" if each.region else ""
        lines.append(f"  {style.paint(each.status, _COLOURS[each.status])}  {each.what}{place}: {each.got}")
        if each.fix:
            lines += [*style.wrapped(f"needed: {each.needed}", 4), f"    fix: {each.fix}"]
    return lines
