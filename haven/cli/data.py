"""`haven data refresh`: renews a project's own figures about what AWS offers and what it costs."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from haven.base.exits import OK
from haven.base.problems import Problem, Problems, shown
from haven.base.regions import REGION
from haven.cli import output
from haven.cli.command_line import WHERE, Command, CommandGroup, directory_option

if TYPE_CHECKING:
    from haven.config.project import Project


@click.group("data", cls=CommandGroup, short_help="Refresh the figures about AWS that plans use.")
def data() -> None:
    """Figures about AWS that plans use: instance types, which zones offer them, and prices."""


@data.command("refresh", cls=Command)
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="REGION",
    help="A Region to ask; may be given several times. Omitted: the Regions of the project's stacks.",
)
@click.option("--prices", is_flag=True, help="Renew the price book instead, from the Price List API.")
@directory_option
def refresh(regions: tuple[str, ...], prices: bool, directory: str | None) -> int:
    """Ask EC2 which instance types there are and which zones offer them.

    Writes data/instances.csv, data/offerings.csv and data/sources.json beside Pulumi.yaml; commit them, so that every
    machine plans with the same figures. Needs AWS credentials with ec2:DescribeInstanceTypes and
    ec2:DescribeInstanceTypeOfferings, and changes nothing in AWS. With --prices it asks the Price List API in us-east-1
    (pricing:GetProducts) and writes data/prices.csv. Without an answer the files stay as they are.
    """
    from datetime import UTC, datetime

    from haven.config.project import missing_project, nearest_project, read_project
    from haven.model.refresh.offerings import refresh as renew
    from haven.model.refresh.prices import refresh_prices, unknown_regions
    from haven.program.run import start_directory

    start = start_directory(directory)
    project = read_project(nearest_project(start) or missing_project(start))
    asked = _checked(regions) or _regions_of_stacks(project)
    root, today = project.file.parent, datetime.now(UTC).date()
    counts = refresh_prices(root, asked, today) if prices else renew(root, asked, today)
    what = "prices renewed" if prices else "instance types offered"
    output.emit("".join(f"{region}: {count} {what}\n" for region, count in counts.items()))
    if prices and (lacking := unknown_regions(asked)):
        output.emit(f"not asked for, because the price list's names for them aren't known: {', '.join(lacking)}\n")
    return OK


def _checked(regions: Sequence[str]) -> list[str]:
    """The Regions of the command line, each once."""
    wrong = [each for each in regions if not re.match(REGION, each)]
    if wrong:
        fix = "write a Region, such as --region eu-west-1"
        raise Problems([Problem("--region", shown(each), "the name of a Region", fix) for each in wrong], WHERE)
    return list(dict.fromkeys(regions))


def _regions_of_stacks(project: "Project") -> list[str]:
    """The Regions that the project's stack files name."""
    import json

    from haven.config.stack_file import load_stack

    named = [load_stack(name, project.file.parent).config.get("haven:regions", "{}") for name in project.stacks()]
    found = {region for pair in map(json.loads, named) for region in pair.values()}
    if not found:
        fix = "add --region, such as --region eu-west-1"
        raise Problems([Problem("--region", "nothing", "a Region: no stack file names one", fix)], WHERE)
    return sorted(found)
