"""`haven smoke`: the first run on an AWS account."""

import click

from haven.cli.command_line import Command, directory_option


@click.command(cls=Command, short_help="Deploy to AWS, fail over and back, and destroy.")
@click.option("--account", default="", metavar="ACCOUNT", help="The account's 12 digits; the credentials must be its.")
@click.option("--regions", default="", metavar="REGIONS", help="Primary and recovery Region, with a comma between.")
@click.option("--yes", is_flag=True, help="Deploy without asking for the account's id.")
@click.option("--endpoint-url", metavar="URL", help="Deploy into this emulator on this machine instead of AWS.")
@directory_option
def smoke(*, account: str, regions: str, yes: bool, endpoint_url: str | None, directory: str | None) -> int:
    """Deploy a small environment to AWS, fail it over and back, and destroy it.

    For the first run on an account; it costs money. Checks credentials, quotas and instance types, prints what an hour
    costs, and asks for the account's id before it deploys. Reads back what was deployed, runs `haven failover` and
    `haven failback`, deploys after each, and destroys everything. Cleans up when a step fails, and on Ctrl-C or
    SIGTERM; what can't be destroyed it names, with the command that destroys it.
    """
    from haven.program.run import start_directory
    from haven.smoke.request import Request
    from haven.smoke.run import run

    return run(Request(account, regions, endpoint_url, confirmed=yes), start_directory(directory))
