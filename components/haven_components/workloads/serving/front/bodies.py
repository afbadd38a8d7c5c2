"""Reads the bodies of requests, within the memory that all of them may take: the container has a limit of it."""

import re
import threading
from dataclasses import dataclass, field
from email.message import Message
from io import BufferedIOBase

MOST_BODY_BYTES = 64 * 1024 * 1024
MOST_PARSED_BYTES = 4 * 1024 * 1024
"""The largest body that is read as JSON. Lists of empty lists take 30 times as much as objects of Python."""
PARSING = threading.Lock()
"""Held by whoever has such objects: one body at a time."""
PIECE_BYTES = 64 * 1024
LINE_BYTES = 8 * 1024
REQUEST_BYTES = 128 * 1024
"""What a request takes without its body: a thread, and buffers."""


class TooLargeError(Exception):
    """The body is larger than any may be."""


class NoRoomError(Exception):
    """There is no memory for it now."""


@dataclass
class Memory:
    """What bodies of requests and of answers take together, in bytes."""

    most: int
    held: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def move(self, count: int) -> bool:
        """Take so many bytes, or give them back if the number is negative; whether there was room."""
        with self._lock:
            if count > 0 and self.held + count > self.most:
                return False
            self.held += count
            return True


@dataclass
class Share:
    """What one request has of it."""

    memory: Memory
    held: int = 0

    def take(self, count: int) -> bool:
        """Take so many bytes; whether there was room."""
        found = self.memory.move(count)
        self.held += count if found else 0
        return found

    def give_back(self, count: int) -> None:
        """So many bytes aren't needed any more."""
        self.memory.move(-count)
        self.held -= count

    def end(self) -> None:
        """Nothing is needed any more."""
        self.give_back(self.held)


def read(headers: Message, source: BufferedIOBase, share: Share) -> bytes:
    """The body of a request. One for which there is no room is read and dropped, for the client hears nothing before
    it has sent everything.

    Raises:
        TooLargeError: it is larger than 64 MiB; the rest of it isn't read.
        NoRoomError: there is no memory for it now.
        ValueError: its length isn't a number.
        OSError: the client left, or sends nothing any more.
    """
    room = share.take(REQUEST_BYTES)
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        return _chunks(source, share, room=room)
    length = _number(headers.get("Content-Length") or "0", 10)
    if length > MOST_BODY_BYTES:
        raise TooLargeError
    if not room or not share.take(length):
        _drop(source, length)
        raise NoRoomError
    return _exactly(source, length)


def _chunks(source: BufferedIOBase, share: Share, *, room: bool) -> bytes:
    chunks: list[bytes] = []
    length = 0
    while size := _number(source.readline(LINE_BYTES).split(b";")[0].decode("ascii"), 16):
        length += size
        if length > MOST_BODY_BYTES:
            raise TooLargeError
        room = room and share.take(2 * size)  # the chunks, and what they are put together to
        if room:
            chunks.append(_exactly(source, size))
        else:
            chunks.clear()
            _drop(source, size)
        source.readline(LINE_BYTES)
    while source.readline(LINE_BYTES).strip():
        pass
    if not room:
        raise NoRoomError
    body = b"".join(chunks)
    chunks.clear()
    share.give_back(length)
    return body


def _number(text: str, base: int) -> int:
    if not re.fullmatch(r"[0-9a-fA-F]+", text.strip()):
        raise ValueError(text)
    return int(text, base)


def _exactly(source: BufferedIOBase, length: int) -> bytes:
    found = source.read(length)
    if len(found) < length:
        raise ConnectionResetError
    return found


def _drop(source: BufferedIOBase, length: int) -> None:
    while length > 0:
        length -= len(_exactly(source, min(length, PIECE_BYTES)))
