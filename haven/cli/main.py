"""The command line. Loads nothing heavy until a command needs it, so that `haven --help` answers at once."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from haven.base.exits import BAD_INPUT, INTERRUPTED, MISSING_DEPENDENCY, OK
from haven.base.interrupts import Interrupted
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problems
from haven.cli import (
    check_destroy,
    data,
    environments,
    gate,
    output,
    plan,
    preflight,
    pull_request,
    refresh_command,
    status,
    validate,
)
from haven.cli.command_line import CommandGroup, directory_option
from haven.cli.ephemeral import demo, smoke
from haven.cli.recovery import audit, failover, reconcile
from haven.config import checkouts

_COMPLETION = "_HAVEN_COMPLETE"
"""The variable through which a shell asks for completions; see `docs/command-line.md`."""


@click.group(cls=CommandGroup)
@click.version_option(package_name="haven-dr", message="%(prog)s %(version)s", help="Show the version and exit.")
@directory_option
def haven(directory: str | None) -> None:
    """Environments for AI systems on AWS that survive the loss of a zone or of a Region."""
    del directory  # each command looks for it


for _command in (
    validate.validate,
    plan.plan,
    pull_request.pr,
    environments.environments,
    gate.gate,
    data.data,
    demo.demo,
    check_destroy.check_destroy,
    preflight.preflight,
    refresh_command.refresh_command,
    smoke.smoke,
    status.status,
    failover.failover,
    failover.failback,
    reconcile.reconcile,
    audit.audit,
):
    haven.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        arguments: the words after `haven`. Omitted: those of this process.

    Returns:
        The exit code.
    """
    if sys.stdout is None:
        output.note("haven can't go on: standard output is closed; leave >&- out, or write to /dev/null")
        return MISSING_DEPENDENCY
    _never_fail_on_characters()
    if arguments is None and (shared := checkouts.warning(Path.cwd())):
        output.note(shared)
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        output.note("interrupted")
        return INTERRUPTED
    except Interrupted as interrupted:  # of a command that had to clean up
        output.note("interrupted")
        return 128 + interrupted.number
    except BrokenPipeError:
        output.reader_has_gone()
        return OK
    except OSError as error:
        if error.filename is not None or error.strerror is None:  # no stream of ours
            raise
        output.discard()
        output.note(f"haven can't go on: the output can't be written: {error.strerror}")
        return MISSING_DEPENDENCY
    return code


def _never_fail_on_characters() -> None:
    """A terminal without UTF-8 shows question marks instead of ending the tool."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")


def _run(arguments: Sequence[str]) -> int:
    try:
        if instruction := os.environ.get(_COMPLETION):
            return _complete(instruction)
        with haven.make_context("haven", list(arguments)) as context:
            return int(haven.invoke(context))
    except click.exceptions.Exit as done:  # --help and --version
        return done.exit_code
    except Problems as error:
        output.note(error.render())
        return BAD_INPUT
    except MissingDependency as error:
        output.note(f"haven can't go on: {error}")
        return MISSING_DEPENDENCY


def _complete(instruction: str) -> int:
    from click.shell_completion import shell_complete

    return shell_complete(haven, {}, "haven", _COMPLETION, instruction)
