"""`haven refresh-command`: the refresh that ends while a Region is lost."""

import shlex

import click

from haven.base.exits import OK
from haven.base.problems import Problem, Problems, choices, shown
from haven.cli import output
from haven.cli.command_line import WHERE, Command, directory_option, stack_argument


@click.command("refresh-command", cls=Command)
@stack_argument()
@click.option("--region", metavar="REGION", help="The Region to refresh. Omitted: the active one.")
@directory_option
def refresh_command(stack: str, region: str | None, directory: str | None) -> int:
    """Print the pulumi refresh of one Region's resources alone.

    A refresh of a whole stack waits without end for a Region that doesn't answer. Runs the stack's program offline and
    prints a command whose targets are the resources of the Region that does. It asks before it changes the state, so it
    needs a terminal: haven refresh-command prod >refresh.sh && sh refresh.sh
    """
    from haven.config import stack_file
    from haven.program import run
    from haven.program.queries import read_through_both_regions

    loaded = stack_file.load_stack(stack, run.start_directory(directory))
    with output.steps() as steps:
        recording = run.recorded(loaded, steps)
    chosen = region or str(recording.outputs.get("active"))
    both = read_through_both_regions(recording)
    urns = [each.urn for each in recording.real() if each.region == chosen and each.urn not in both]
    if not urns:
        regions = sorted({each.region for each in recording.real() if each.region})
        got = shown(chosen) if region else "nothing: the stack has no active Region"
        raise Problems([Problem("--region", got, choices(regions), f"write --region {regions[0]}")], WHERE)
    targets = [f"--target {shlex.quote(urn)}" for urn in urns]
    left_out = [urn.rpartition("::")[2] for urn in sorted(both) if recording.by_urn[urn].region == chosen]
    if left_out:
        output.emit(f"# Left out, as the provider reads them through both Regions: {', '.join(left_out)}\n")
    output.emit(" \\\n  ".join([f"pulumi refresh --stack {shlex.quote(loaded.name)}", *targets]) + "\n")
    return OK
