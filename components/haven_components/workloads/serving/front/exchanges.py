"""Requests on their way, and what became of the others."""

import http.client
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from . import bodies


@dataclass
class Exchange:
    """One request on its way."""

    request_id: str
    share: bodies.Share
    upstream: http.client.HTTPConnection | None = None
    wire: socket.socket | None = None
    """The upstream's socket: an HTTP connection gives its own up as soon as it has read the answer's headers."""
    cut: bool = False
    waits: bool = False
    """Whether it waits for the upstream, and not for the client to take what has come."""

    def close(self) -> None:
        """Nothing is asked of the upstream any more."""
        if self.upstream is not None:
            self.upstream.close()

    def end(self) -> None:
        """Wake whoever waits for the upstream."""
        self.cut = True
        if self.wire is not None:
            with suppress(OSError):
                self.wire.shutdown(socket.SHUT_RDWR)


@dataclass
class Requests:
    """All requests on their way, and what became of the others."""

    memory: bodies.Memory
    outcomes: Counter[str] = field(default_factory=Counter)
    relayed_bytes: int = 0
    refusing: bool = False
    """Whether new requests are refused, because the pod ends."""
    _exchanges: dict[int, Exchange] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._exchanges)

    def enter(self, request_id: str, share: bodies.Share) -> Exchange:
        """A request has come in."""
        exchange = Exchange(request_id, share)
        with self._lock:
            self._exchanges[id(exchange)] = exchange
        return exchange

    def leave(self, exchange: Exchange, outcome: str) -> None:
        """It has ended."""
        with self._lock:
            self._exchanges.pop(id(exchange), None)
            self.outcomes[outcome] += 1

    def refuse(self) -> None:
        """One was refused."""
        with self._lock:
            self.outcomes["refused"] += 1

    def waiting(self) -> int:
        """Requests that wait for their upstream."""
        with self._lock:
            return sum(each.waits for each in self._exchanges.values())

    def relayed(self, count: int) -> None:
        """So many bytes of an answer came from upstream."""
        with self._lock:
            self.relayed_bytes += count

    def cut_off(self) -> int:
        """End everything that runs; returns how many requests that were."""
        with self._lock:
            exchanges = list(self._exchanges.values())
        for each in exchanges:
            each.end()
        return len(exchanges)

    def wait(self, seconds: float) -> bool:
        """Wait until nothing runs; whether it came to that."""
        until = time.monotonic() + seconds
        while len(self) and time.monotonic() < until:
            time.sleep(0.1)
        return len(self) == 0
