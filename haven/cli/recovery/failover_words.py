"""The words that `haven failover` and `haven failback` are given, and everything that is wrong with them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from haven.base.problems import Problem, shown
from haven.base.reasons import too_short
from haven.cli import output
from haven.cli.command_line import directory_option
from haven.cli.recovery.environment import EnvironmentSource, environment_options, every_problem, source

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Words:
    """What both commands are given."""

    environment: str
    regions: tuple[str, ...]
    manifest: Path | None
    directory: str | None
    force: str | None
    accept_loss: str | None
    acknowledge: bool
    dry_run: bool
    confirm: str
    records: Path | None
    as_json: bool

    def options(self) -> list[str]:
        """Those that every further command of this failover needs, besides the words that name the environment."""
        return ["--records", str(self.records)] if self.records else []


def failover_options(function: _Function) -> _Function:
    """The options of both commands."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON (schema: cli/schemas/failover.v1.json)."),
        click.option(
            "--records",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Keep the copies of journal and audit there. Omitted: .haven/recovery/ENVIRONMENT here.",
        ),
        click.option("--confirm", default="", metavar="NAME", help="The environment's name, instead of typing it."),
        click.option("--dry-run", is_flag=True, help="Look, decide and show the plan; change nothing."),
        click.option("--acknowledge", is_flag=True, help="Fail over although the last failover ended within the hour."),
        click.option(
            "--accept-loss",
            metavar="DURATION",
            help="Go on though more may be lost than the objective allows: 15m, 900s, 2h, or unknown. Recorded.",
        ),
        click.option(
            "--force",
            metavar="REASON",
            help="Override a refused decision, an open workflow, wrong answers: named first. Accepts no loss.",
        ),
    ):
        function = option(function)
    return environment_options(directory_option(function))


def chosen_by(words: Words, to: str | None) -> EnvironmentSource:
    """The environment that the words name.

    Args:
        words: as they were typed.
        to: the Region that becomes the writing one. None: the command finds out.

    Raises:
        Problems: all that is wrong with them, before anybody is asked.
    """
    with every_problem(list(_problems(words))):
        chosen = source(words.environment, words.regions, words.manifest, words.directory, first=to)
        if to is not None:
            chosen.require_region("--to", to)
    return chosen


def _problems(words: Words) -> Iterator[Problem]:
    """What is wrong with the judgements that a person may take over, and with the place of the records."""
    from haven.runbooks.failover.guard import UNKNOWN, accepted_ms

    yield from too_short("--force", words.force, "write why: it is recorded, and read afterwards")
    accepted = words.accept_loss
    try:
        understood = accepted is None or accepted_ms(accepted) is not None
    except ValueError:
        understood = False
    if not understood:
        allowed = f"a number with s, m or h, such as 15m, 900s or 2h; or {UNKNOWN}"
        fix = "write how much may be lost at most; --dry-run shows what that is now"
        yield Problem("--accept-loss", shown(accepted), allowed, fix)
    if words.records is not None and (why := _cannot_keep(words.records)):
        fix = "name a folder that can be written, such as --records records, or leave --records out"
        yield Problem(
            "--records", f"{shown(str(words.records))}: {why}", "a folder, which is made where it's missing", fix
        )


def _cannot_keep(records: Path) -> str:
    """Why a folder can't have the copies, before anybody is asked; empty: nothing says so. Nothing is made."""
    there = next(each for each in (records.absolute(), *records.absolute().parents) if os.path.lexists(each))
    if not there.is_dir():
        return f"{output.near(there)} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{output.near(there)} can't be written"
