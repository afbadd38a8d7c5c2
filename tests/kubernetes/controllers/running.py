"""A program that runs until a test has ended, with its output in a file."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from haven.base.processes import end, with_parent


@contextmanager
def running(
    command: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A process that ends with the block, and with this process whatever ends that.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        log: the file that gets what it prints.
        environment: variables beside this process's own. Omitted: none.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            with_parent(list(command)),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
    try:
        yield process
    finally:
        end(process)
        if process.stdin:
            process.stdin.close()
