"""`haven check-destroy`: whether a promotion blocks `pulumi destroy`."""

import click

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems, shown
from haven.base.terminal import plural
from haven.cli import output
from haven.cli.command_line import Command, directory_option, stack_argument


@click.command("check-destroy", cls=Command, short_help="Ask AWS whether a promoted stack can be destroyed.")
@stack_argument()
@directory_option
def check_destroy(stack: str, directory: str | None) -> int:
    """Ask AWS whether a stack that was promoted can be destroyed.

    Asks AWS which side of the database and of the cache is the primary, changes nothing, and prints what to do before
    `pulumi destroy`, which deletes them in an order that a promotion reverses.
    """
    from haven.config import stack_file
    from haven.program import run
    from haven.runbooks import check_destroy as check
    from haven.runbooks.clients import clients, signed_in

    loaded = stack_file.load_stack(stack, run.start_directory(directory))
    with output.steps() as steps:
        recording = run.recorded(loaded, steps)
    manifest = recording.outputs.get("manifest")
    if manifest is None:
        fix = "name a stack that has a database"
        raise Problems([Problem("STACK", shown(stack), "the stack of an environment", fix)], loaded.where)
    primary, recovery = manifest["regions"]["primary"], manifest["regions"]["recovery"]
    active = loaded.config.get("haven:active") or primary
    url = loaded.config.get("haven:emulator") or None
    credentials = signed_in([active, *({primary, recovery} - {active})], output.note) if url is None else None
    roles = check.read(manifest, clients(url, credentials=credentials))
    found = list(check.obstacles(manifest, active, roles))
    if found:
        count = plural(len(found), "obstacle")
        lines = [f"{count} to pulumi destroy of stack {loaded.name}:", *(f"  {each.render()}" for each in found)]
        output.emit("\n".join(lines) + "\n")
        return FINDINGS
    output.emit(f"The roles of database and cache allow pulumi destroy of stack {loaded.name}.\n")
    return OK
