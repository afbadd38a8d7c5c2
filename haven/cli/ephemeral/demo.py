"""`haven demo`: a stack in an emulator on this machine."""

import click

from haven.cli.command_line import Command, directory_option, stack_argument


@click.command(cls=Command, short_help="Deploy a stack into an emulator here, and destroy it.")
@stack_argument(default="demo", metavar="[STACK]")
@click.option("--detail", is_flag=True, help="Print everything: each resource, each fact that was read back.")
@directory_option
def demo(*, stack: str, detail: bool, directory: str | None) -> int:
    """Deploy a stack into an emulator on this machine, and destroy it.

    Starts an emulator of AWS on this machine, deploys STACK (`demo` when omitted) into it, reads back what is there,
    deploys once more to show that nothing changes, and destroys it again. Prints one screen; the whole report is in
    .haven/demo-STACK.txt.
    """
    from haven.emulator import demo as job
    from haven.program.run import start_directory

    return job.run(stack, start_directory(directory), detail=detail)
