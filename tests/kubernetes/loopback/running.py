"""Programs that run until a test has ended, each with its output in a file."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from haven.base.processes import end, with_parent


class Programs:
    """What starts with a block and ends with it, or when it doesn't start whole."""

    def __init__(self) -> None:
        self._running = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _start(self) -> None:
        """Start everything; what ends with the block is in `_running`."""
        raise NotImplementedError


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
