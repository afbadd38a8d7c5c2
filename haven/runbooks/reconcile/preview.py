"""Runs `pulumi preview` with the proposed keys, which the stack file doesn't have yet."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from haven.base import processes
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import one_line
from haven.config.stack_file import Stack
from haven.runbooks.reconcile import proposal
from haven.runbooks.reconcile.report import Documents

SOURCE = "pulumi preview"
WITHIN_SECONDS = 900.0
"""A preview without a refresh asks no Region. An assumption."""
_NONE = "no preview: install the Pulumi CLI, or give --preview FILE (docs/runbooks/reconcile.md)"


def run(stack: Stack, values: Mapping[str, str], updates: Mapping[str, bytes]) -> Documents:
    """A preview of the stack with these keys, where there is a Pulumi CLI.

    Raises:
        Problems: the stack file can't be changed line by line.
        MissingDependency: the CLI fails, or takes too long.
    """
    program = shutil.which("pulumi")
    if program is None:
        return Documents(None, _NONE, updates)
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / stack.file.name
        copy.write_text(proposal.changed(stack, values), encoding="utf-8")
        words = [program, "preview", "--stack", stack.name, "--json", "--non-interactive", "--config-file", str(copy)]
        lines: list[str] = []
        log = Path(place) / "log"
        code = processes.follow(
            words,
            folder=stack.project.file.parent,
            environment=os.environ,
            log=log,
            line=lines.append,
            tick=_deadline(),
        )
        text = "\n".join(lines)
        if not text.lstrip().startswith("{"):
            last = one_line(log.read_text(encoding="utf-8", errors="replace"))[-400:]
            raise MissingDependency(f"pulumi preview ended with {code}: {last}")
    return Documents(text.encode(), SOURCE, updates)


def _deadline() -> Callable[[], None]:
    end = time.monotonic() + WITHIN_SECONDS

    def tick() -> None:
        if time.monotonic() > end:
            raise MissingDependency(f"pulumi preview hasn't ended within {WITHIN_SECONDS:.0f} s")

    return tick
