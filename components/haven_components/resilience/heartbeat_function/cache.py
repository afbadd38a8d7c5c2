"""The heartbeat in a Redis or Valkey cache: a key in each shard, written where the shard takes writes.

Source: Redis documentation, RESP protocol specification and cluster specification; read 2026-11-26.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from .beats import Beat, now_ms

TIMEOUT_SECONDS = 3.0
SLOTS = 16384
_REFUSED_WRITES = ("READONLY", "MOVED")
"""What a replica answers to a write: in cluster mode it names who takes it, which is never asked."""


class CacheError(Exception):
    """The server answers with an error, such as `READONLY You can't write against a read only replica.`"""


@dataclass(frozen=True)
class Shard:
    """One shard: its slots, and the node to ask."""

    slots: Sequence[tuple[int, int]]
    host: str
    port: int

    @property
    def key(self) -> str:
        """The heartbeat's key: its hash tag is the smallest number whose slot is one of the shard's."""
        numbers = iter(range(100 * SLOTS))
        tag = next(each for each in numbers if self._has(slot(str(each))))
        return f"haven:heartbeat:{{{tag}}}"

    def _has(self, wanted: int) -> bool:
        return any(begin <= wanted <= end for begin, end in self.slots)


@dataclass(frozen=True)
class Cache:
    """One Region's replication group. Every beat connects anew, as that of a database."""

    host: str
    """The configuration endpoint, or the primary endpoint of a group without cluster mode."""
    port: int
    token: str
    tls: ssl.SSLContext | None

    def beat(self) -> list[Beat]:
        """Write each shard that takes writes, and read each one.

        Raises:
            OSError: a node doesn't answer.
            CacheError: one refuses.
        """
        return [self._beat(index, shard) for index, shard in enumerate(self.shards())]

    def shards(self) -> list[Shard]:
        """All shards, in the order of their slots.

        Raises:
            OSError: the endpoint doesn't answer.
            CacheError: it refuses.
        """
        with self._connect(self.host, self.port) as node:
            try:
                answer = node.ask("CLUSTER", "SLOTS")
            except CacheError as error:
                if "cluster support disabled" not in str(error):
                    raise
                return [Shard([(0, SLOTS - 1)], self.host, self.port)]
        found: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for begin, end, primary, *_ in sorted(answer, key=lambda each: int(each[0])):
            found.setdefault((str(primary[0]) or self.host, int(primary[1])), []).append((int(begin), int(end)))
        return [Shard(slots, *node) for node, slots in found.items()]

    def _beat(self, index: int, shard: Shard) -> Beat:
        key = shard.key
        with self._connect(shard.host, shard.port) as node:
            try:
                node.ask("SET", key, str(now_ms()))
                wrote = True
            except CacheError as error:
                if not str(error).startswith(_REFUSED_WRITES):
                    raise
                wrote = False
                node.allow_reading()
            newest = node.ask("GET", key)
        return Beat(f"cache#{index}", None if newest is None else float(newest), wrote)

    def _connect(self, host: str, port: int) -> "Node":
        node = Node(host, port, self.tls)
        try:
            if self.token:
                node.ask("AUTH", self.token)
        except BaseException:
            node.close()
            raise
        return node


class Node:
    """A connection to one node. Every wait ends after `TIMEOUT_SECONDS` with an `OSError`."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        plain = socket.create_connection((host, port), TIMEOUT_SECONDS)
        try:
            self._socket = plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def ask(self, *words: str) -> Any:
        """The answer to a command.

        Raises:
            OSError: no answer in time.
            CacheError: the answer is an error.
        """
        pieces = [f"${len(each.encode())}\r\n{each}\r\n" for each in words]
        self._socket.sendall(f"*{len(words)}\r\n{''.join(pieces)}".encode())
        answer = self._answer()
        if isinstance(answer, CacheError):
            raise answer
        return answer

    def allow_reading(self) -> None:
        """A replica of a cluster reads for whoever has asked for it; outside a cluster every replica does."""
        try:
            self.ask("READONLY")
        except CacheError as error:
            if "cluster support disabled" not in str(error):
                raise

    def _answer(self) -> Any:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server has closed the connection")
        kind, text = line[:1], line[1:-2].decode()
        if kind == b"-":
            return CacheError(text)
        if kind == b"$":
            return None if text == "-1" else self._file.read(int(text) + 2)[:-2].decode()
        if kind == b"*":
            return list(self._items(int(text)))
        return int(text) if kind == b":" else text

    def _items(self, count: int) -> Iterator[Any]:
        return (self._answer() for _ in range(max(0, count)))


def slot(tag: str) -> int:
    """The slot of a key with this hash tag: CRC-16/XMODEM modulo 16,384."""
    crc = 0
    for byte in tag.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
            crc &= 0xFFFF
    return crc % SLOTS
