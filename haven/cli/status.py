"""`haven status`: what an environment's Regions report of themselves."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems, shown
from haven.cli import output
from haven.cli.command_line import Command, directory_option, stack_argument

if TYPE_CHECKING:
    from haven.runbooks.clients import Client
    from haven.runbooks.manifest import Located

_LEAST_SECONDS = 5
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _environment_options(function: _Function) -> _Function:
    """`ENVIRONMENT`, and where its manifest is when no project is at hand."""
    manifest = click.option(
        "--manifest",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Use this copy of the recovery manifest instead of the one in AWS.",
    )
    regions = click.option(
        "--region",
        "regions",
        multiple=True,
        metavar="REGION",
        help="Read the recovery manifest there (may be repeated). Omitted: both Regions that the stack file names.",
    )
    return stack_argument("environment", metavar="ENVIRONMENT")(manifest(regions(function)))


@click.command("status", cls=Command)
@_environment_options
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

    chosen = _source(environment, regions, manifest, directory)
    while True:
        seen = report.observe(chosen.located(), chosen.client)
        if as_json:
            output.emit_json(report.document(seen))
        else:
            output.emit(report.screen(seen, output.style()))
        if watch is None:
            return OK if seen.fine else FINDINGS
        time.sleep(watch)


@dataclass(frozen=True)
class _EnvironmentSource:
    """One environment and the AWS to ask."""

    name: str
    regions: Sequence[str]
    manifest: Path | None
    client: "Client"

    def located(self) -> "Located":
        """Its manifest.

        Raises:
            MissingDependency: this machine has no credentials.
            Problems: there is none, or it can't be read.
        """
        from haven.runbooks.manifest import Located, locate, read_file

        if self.manifest is not None:
            return Located(read_file(self.manifest))
        return locate(self.name, self.regions, self.client)


def _source(name: str, regions: Sequence[str], manifest: Path | None, directory: str | None) -> _EnvironmentSource:
    """Find out where to ask.

    Raises:
        Problems: neither a Region, nor a file, nor a stack file says where the manifest is.
    """
    from haven.runbooks.clients import clients

    if manifest is not None or regions:
        return _EnvironmentSource(name, regions, manifest, clients(None))
    named, url, environment = _from_stack_file(name, directory)
    return _EnvironmentSource(environment, named, None, clients(url))


def _from_stack_file(name: str, directory: str | None) -> tuple[Sequence[str], str | None, str]:
    import json

    from haven.config import stack_file
    from haven.program.run import start_directory

    loaded = stack_file.load_stack(name, start_directory(directory))
    try:
        regions = json.loads(loaded.config.get("haven:regions") or "")
        return [regions["primary"], regions["recovery"]], loaded.config.get("haven:emulator") or None, loaded.name
    except (ValueError, KeyError, TypeError):
        got = shown(loaded.config.get("haven:regions"))
        problem = Problem("haven:regions", got, "primary and recovery", "set both, or give --region or --manifest")
        raise Problems([problem], loaded.where) from None
