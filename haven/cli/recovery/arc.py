"""`haven failover --with arc`: what is typed into this terminal for a plan's approvals, and what to do afterwards."""

import os
import select
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from haven.cli import output

if TYPE_CHECKING:
    from haven.cli.recovery.progress import Board
    from haven.runbooks.failover.run import Operator
    from haven.runbooks.manifest import RecoveryManifest
    from haven.runbooks.workflow.report import Report

_READ = 4096


class Typed:
    """Lines that are typed while the plan is watched: looked at, never waited for."""

    def __init__(self) -> None:
        self._text = b""

    @property
    def listens(self) -> bool:
        """Whether standard input is a terminal."""
        return sys.stdin is not None and sys.stdin.isatty()

    def ask(self, prompt: str) -> None:
        """Show it beside the progress."""
        output.note(prompt)

    def typed(self) -> str | None:
        """The next whole line."""
        if b"\n" not in self._text and select.select([sys.stdin], [], [], 0)[0]:
            self._text += os.read(sys.stdin.fileno(), _READ)
        line, found, rest = self._text.partition(b"\n")
        if not found:
            return None
        self._text = rest
        return line.decode(errors="replace").strip()


def maker(manifest: "RecoveryManifest") -> "Callable[..., Operator]":
    """What makes the operator that starts the plan and watches it.

    Raises:
        Problems: the manifest names no plan.
    """
    from haven.runbooks.arc.run import RegionSwitcher, require_plan

    require_plan(manifest)
    return partial(RegionSwitcher, approvals=Typed())


def document(made: "Operator | None") -> dict[str, Any]:
    """The execution, for `--json`."""
    from haven.runbooks.arc.run import RegionSwitcher

    return made.document() if isinstance(made, RegionSwitcher) else {}


def goes_on(made: "Operator | None", board: "Board") -> str:
    """What an interruption leaves running; empty: nothing was started."""
    from haven.runbooks.arc.run import RegionSwitcher
    from haven.runbooks.arc.watch import START
    from haven.runbooks.failover.site import command_of

    if not isinstance(made, RegionSwitcher) or START not in board.last:
        return ""
    number = made.watcher.number
    begin = f"Execution {number} goes on in ARC" if number else "The plan may have been started, and goes on in ARC"
    command = command_of(made.kind, made.site.manifest, made.site.to, made.site.own_options)
    return f"{begin} without this command. To watch it again: {command} (the lease ends in a minute)."


def following(made: "Operator", report: "Report") -> list[str]:
    """What to do after the plan. After a planned switch `--planned` opens what Haven's steps close on the way."""
    from haven.runbooks.arc.run import RegionSwitcher
    from haven.runbooks.failover.site import FAILOVER, REGION_SWITCH, command_of

    planned = " --planned" if isinstance(made, RegionSwitcher) and made.planned else ""
    site = made.site
    own, again = (
        f"{command_of(kind, site.manifest, site.to, site.own_options)}{planned}" for kind in (FAILOVER, REGION_SWITCH)
    )
    if report.state == "done":
        return [
            f"{own}: does what the plan leaves (scaling, golden prompts, the traffic switch), if it leaves anything"
        ]
    if report.state == "undone":
        return [f"repair what it names, then start the plan again with {again}, or fail over without it: {own}"]
    if report.state == "incomplete":
        return [f"{again}: watches on where the execution still goes on; where it has ended, {own} ends what it left"]
    return []
