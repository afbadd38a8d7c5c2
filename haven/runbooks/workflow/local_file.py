"""Lines on this machine's disk that are there once `append` has returned."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Lines(Protocol):
    """An append-only file of lines."""

    def append(self, line: str) -> None:
        """Add a line and flush it to the disk.

        Raises:
            OSError: it can't be written.
        """

    def read(self) -> bytes:
        """Everything in it; empty where there is no file yet."""


@dataclass(frozen=True)
class Kept:
    """What was read from a file of lines."""

    whole: tuple[str, ...]
    torn: str = ""
    """What follows the last line end: the writer was stopped in the middle of a line."""


def kept(content: bytes) -> Kept:
    """The lines of a file; bytes that are no UTF-8 are replaced, so that whatever reads the line refuses it."""
    *whole, torn = content.decode(errors="replace").split("\n")
    return Kept(tuple(whole), torn)


class LocalFile:
    """An append-only file; one process holds it at a time."""

    def __init__(self, path: Path) -> None:
        """Open it, and cut off a line that an earlier process left torn: it was never there as a whole.

        Raises:
            BlockingIOError: another process holds it.
            OSError: it can't be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        self._file = path.open("ab", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        content = path.read_bytes()
        self._file.truncate(content.rfind(b"\n") + 1)

    def append(self, line: str) -> None:
        self._put(f"{line}\n".encode())

    def read(self) -> bytes:
        return self.path.read_bytes()

    def close(self) -> None:
        """Let another process have it."""
        self._file.close()

    def _put(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[self._file.write(view) or 0 :]
        os.fsync(self._file.fileno())
