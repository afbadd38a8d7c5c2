"""`haven environments`: the stacks that a workflow deploys."""

import json

import click

from haven.base.exits import OK
from haven.cli import output
from haven.cli.command_line import Command, directory_option


@click.command(cls=Command)
@directory_option
def environments(directory: str | None) -> int:
    """List the stacks deployed to AWS, for a workflow's matrix.

    Prints, as JSON, every stack with its account and the Region where writes go. Left out are stacks on an emulator
    and those of an account number that only AWS's documentation uses.
    """
    from haven.config.project import missing_project, nearest_project, read_project
    from haven.program.run import start_directory
    from haven.pull_request.environments import deployed

    start = start_directory(directory)
    project = read_project(nearest_project(start) or missing_project(start))
    output.emit(json.dumps(deployed(project)) + "\n")
    return OK
