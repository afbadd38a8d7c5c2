"""`haven status`: what an environment's Regions report of themselves."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problems
from haven.cli import output
from haven.cli.command_line import Command, directory_option
from haven.cli.recovery.environment import EnvironmentSource, environment_options, source

if TYPE_CHECKING:
    from haven.runbooks.manifest import Located

_LEAST_SECONDS = 5


@click.command("status", cls=Command, short_help="Show who writes where, lag, standby and objectives.")
@environment_options
@click.option(
    "--watch",
    type=click.IntRange(min=_LEAST_SECONDS),
    metavar="SECONDS",
    help="Ask again every SECONDS (5 or more), until Ctrl-C.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema: haven/cli/schemas/status.v1.json).")
@directory_option
def status(
    *,
    environment: str,
    regions: tuple[str, ...],
    manifest: Path | None,
    watch: int | None,
    as_json: bool,
    directory: str | None,
) -> int:
    """Ask both Regions of ENVIRONMENT who writes where, how far copies are behind, and what is ready.

    Needs AWS credentials that may read, and neither Pulumi nor its state: what to ask comes from the recovery manifest,
    which either Region has. A Region that doesn't answer within seconds is reported as unknown. Changes nothing.
    Exit code 1: something is wrong or unknown.
    """
    from haven.runbooks.status import report

    chosen = source(environment, regions, manifest, directory)
    located = chosen.located()
    while True:
        seen = report.observe(located, chosen.client)
        if as_json:
            output.emit_json(report.document(seen))
        else:
            output.emit_lines(report.screen(seen, output.style()).splitlines())
        if watch is None:
            return OK if seen.fine else FINDINGS
        time.sleep(watch)
        located = _again(chosen, located)


def _again(chosen: EnvironmentSource, before: "Located") -> "Located":
    """The manifest as it is now; where nobody gives it, the one from before, with the reason."""
    from haven.runbooks.manifest import SilentError

    try:
        return chosen.located(again=True)
    except Problems as error:
        return replace(before, remarks=[each.render() for each in error.problems])
    except SilentError as error:
        return replace(before, remarks=[str(error)])
