"""Which environment a runbook command works on: a name, and where its recovery manifest is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from haven.base.problems import Problem, Problems, shown
from haven.cli.command_line import stack_argument

if TYPE_CHECKING:
    from haven.runbooks.clients import Client
    from haven.runbooks.manifest import Located

_Function = TypeVar("_Function", bound=Callable[..., Any])


def environment_options(function: _Function) -> _Function:
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


@dataclass(frozen=True)
class EnvironmentSource:
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


def source(name: str, regions: Sequence[str], manifest: Path | None, directory: str | None) -> EnvironmentSource:
    """Find out where to ask.

    Raises:
        Problems: neither a Region, nor a file, nor a stack file says where the manifest is.
    """
    from haven.runbooks.clients import clients

    if manifest is not None or regions:
        return EnvironmentSource(name, regions, manifest, clients(None))
    named, url, environment = _from_stack_file(name, directory)
    return EnvironmentSource(environment, named, None, clients(url))


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
