"""`haven validate`: what is wrong with a stack, in a second or two and without running its program."""

from typing import TYPE_CHECKING

import click

from haven.base.exits import OK
from haven.base.problems import Problems
from haven.cli import output
from haven.cli.command_line import Command, directory_option, stack_argument

if TYPE_CHECKING:
    from haven.config.stack_file import Stack


@click.command(cls=Command)
@stack_argument()
@directory_option
def validate(stack: str, directory: str | None) -> int:
    """Check a stack file without running the program.

    Lists everything that is wrong with the file of STACK (a stack's name, or the path of a stack file), with the values
    of its keys and between them, and with the names of rules in haven:policy. Needs no credentials, no network and no
    Pulumi CLI. A program of your own takes part with a file validate.py beside its __main__.py.
    """
    from haven.config import stack_file
    from haven.program import run, validation

    loaded = stack_file.load_stack(stack, run.start_directory(directory))
    refuse(loaded)
    if validation.hook(loaded):
        output.emit(f"{loaded.where} is valid.\n")
    else:
        got = f"the program has no {validation.HOOK}, so its own rules were not checked"
        output.emit(f"{loaded.where} is a valid stack file; {got}: see haven plan.\n")
    return OK


def refuse(stack: "Stack") -> None:
    """Check the stack file, its config and the names of rules.

    Raises:
        Problems: with everything that is wrong.
    """
    from haven.program import validation
    from haven_policies.judge import problems_of_names

    problems = [*validation.problems(stack), *problems_of_names(stack.config)]
    if problems:
        raise Problems(problems, stack.where)
