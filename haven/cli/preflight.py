"""`haven preflight`: what would stop a deployment in AWS."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems
from haven.cli import output
from haven.cli.command_line import Command, directory_option, stack_argument

if TYPE_CHECKING:
    from haven.base.terminal import Style
    from haven.runbooks.preflight import Check

_SCHEMA = "preflight.v1"
"""Of `--json`: the file haven/cli/schemas/preflight.v1.json."""
_COLOURS = {"ok": "green", "problem": "red", "unknown": "yellow"}
_USAGE = (
    "Each quota is compared with what this environment needs. What already runs in the account isn't subtracted: the"
    " Service Quotas console shows it."
)


@click.command(cls=Command)
@stack_argument()
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@directory_option
def preflight(stack: str, as_json: bool, directory: str | None) -> int:
    """Ask AWS whether a stack can be deployed with these credentials.

    Asks whether the credentials are of the stack's account, whether the quotas of both Regions are large enough for the
    environment at full scale, and whether the stack's zones offer its instance types. Changes nothing. Exits 1
    for a problem, and for what is unknown about the account or the active Region; the standby Region may be lost.
    """
    from haven.config import stack_file
    from haven.model.catalog import Catalog
    from haven.program import run
    from haven.runbooks import preflight as runbook
    from haven.runbooks.clients import clients

    loaded = stack_file.load_stack(stack, run.start_directory(directory))
    account = loaded.config.get("haven:account")
    if not account:
        fix = "add haven:account: a stack without one is deployed to an emulator"
        raise Problems([Problem("haven:account", "nothing", "the account's 12 digits", fix)], loaded.where)
    with output.steps() as steps:
        recording = run.recorded(loaded, steps)
        steps.step("Asking AWS")
        client = clients(loaded.config.get("haven:emulator") or None)
        found = list(runbook.checks(recording, account, client, Catalog(loaded.project.file.parent)))
    if as_json:
        output.emit_json({"schema": _SCHEMA, "stack": loaded.name, "checks": [asdict(each) for each in found]})
    else:
        output.emit("\n".join(_lines(found, loaded.name, output.style())) + "\n")
    active = str(recording.outputs.get("active"))
    return FINDINGS if any(runbook.blocks(each, active) for each in found) else OK


def _lines(found: "Sequence[Check]", stack: str, style: "Style") -> list[str]:
    counts = [f"{sum(each.status == status for each in found)} {status}" for status in _COLOURS]
    lines = [style.paint(f"Preflight of stack {stack}: {', '.join(counts)}", "bold")]
    for each in found:
        place = f" in {each.region}" if each.region else ""
        lines.append(f"  {style.paint(each.status, _COLOURS[each.status])}  {each.what}{place}: {each.got}")
        if each.fix:
            lines += [*style.wrapped(f"needed: {each.needed}", 4), f"    fix: {each.fix}"]
    return [*lines, *style.wrapped(_USAGE, 0)]
