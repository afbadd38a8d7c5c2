"""A terminal of 80 columns: a real pseudo-terminal, and what is written to it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

COLUMNS = 80
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Screen:
    """What was written."""

    parts: list[bytes] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """Without colours and movements of the cursor."""
        text = _CONTROL.sub("", b"".join(self.parts).decode())
        return [each.rstrip() for each in re.split(r"[\r\n]+", text)]

    @property
    def words(self) -> str:
        """Everything as one line, without what breaks lines."""
        return " ".join(" ".join(each.removesuffix("\\") for each in self.lines).split())

    @property
    def widest(self) -> int:
        """Characters in the longest line."""
        return max(map(len, self.lines))


@contextmanager
def terminal(rows: int = 40) -> Iterator[tuple[TextIO, Screen]]:
    """A terminal to write to, and what is written; all of it is there once the block has ended."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, COLUMNS, 0, 0))
    screen = Screen()

    def read() -> None:
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other end is closed
                return
            screen.parts.append(part)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        with os.fdopen(slave, "w") as out:
            yield out, screen
    finally:
        thread.join()
        os.close(master)


def on_a_terminal(command: Sequence[str], environment: Mapping[str, str]) -> Screen:
    """What a command writes there until it ends; nothing is typed."""
    variables = {name: value for name, value in environment.items() if name != "COLUMNS"}
    with terminal() as (out, screen):
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**variables, "TERM": "xterm"}, check=False
        )
    return screen
