"""Lines on this machine's disk that are there once `append` has returned."""

import fcntl
import os
from dataclasses import dataclass
from io import FileIO
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
    """An append-only file; it is opened when the first line is written, and one process holds it at a time."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet."""
        self.path = path
        self._file: FileIO | None = None

    def append(self, line: str) -> None:
        if self._file is None:
            self._file = self._opened()
        view = memoryview(f"{line}\n".encode())
        while view:
            view = view[self._file.write(view) or 0 :]
        os.fsync(self._file.fileno())

    def read(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def close(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> FileIO:
        """The file, without a line that an earlier process left torn: it was never there as a whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = FileIO(self.path, "ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise OSError(error.errno, "another process on this machine is at work", str(self.path)) from error
        file.truncate(self.path.read_bytes().rfind(b"\n") + 1)
        return file
