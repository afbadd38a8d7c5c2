"""Connections whose time-outs hold: for name, addresses and TLS together, and for an answer as a whole.

botocore and urllib3 wait for a resolver without end, for each address of a name anew, and for each piece of an answer.
"""

import io
import os
import queue
import selectors
import socket
import threading
import time
from collections.abc import Sequence
from http.client import HTTPResponse
from typing import Any

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from haven.runbooks.limits import begin_sending

STAGGER_SECONDS = 0.25
"""After which the next address is tried too, while the one before may still answer (RFC 8305, Connection Attempt Delay;
read 2026-11-27)."""
_LEAST_SECONDS = 0.001
"""A socket's time-out of 0 would mean: don't wait."""

Address = tuple[int, int, int, str, Any]
"""As `socket.getaddrinfo` gives it."""


def resolve(host: str, port: int | None, within: float) -> Sequence[Address]:
    """The addresses of a name, asked in a thread that is left behind: nothing ends a question to a silent resolver.

    Args:
        host: the name.
        port: of the service. None: the addresses alone.
        within: seconds.

    Raises:
        TimeoutError: the resolver doesn't answer.
        OSError: there is no such name.
    """
    answers: queue.SimpleQueue[Sequence[Any] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name=f"resolve {host}").start()
    try:
        found = answers.get(timeout=max(0.0, within))
    except queue.Empty:
        raise TimeoutError(f"the name {host} wasn't resolved within {within:g} s") from None
    if isinstance(found, OSError):
        raise found
    if isinstance(found, UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, f"{host} is no name: {found}")
    return found


def connect(addresses: Sequence[Address], until: float, options: Sequence[Any]) -> socket.socket:
    """A connection to the first address that takes one; the others are tried beside each other, a moment apart.

    Args:
        addresses: of one name, in the resolver's order.
        until: on this machine's monotonic clock.
        options: of the socket.

    Raises:
        TimeoutError: none did in time.
        OSError: all refused.
    """
    with _Attempts(addresses, options) as attempts:
        while (now := time.monotonic()) < until:
            attempts.begin(now)
            if (found := attempts.connected(until)) is not None:
                return found
    raise TimeoutError(f"none of {len(addresses)} addresses took a connection in time")


class _Attempts:
    """Connections on their way to the addresses of one name."""

    def __init__(self, addresses: Sequence[Address], options: Sequence[Any]) -> None:
        self._left, self._options = list(addresses), options
        self._next = 0.0
        self._selector = selectors.DefaultSelector()
        self._error = OSError("its name has no address")

    def __enter__(self) -> "_Attempts":
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # a socket
        self._selector.close()

    def begin(self, now: float) -> None:
        """Try the next address, where it is time to or nothing else is on its way.

        Raises:
            OSError: all have refused.
        """
        if not self._left and not self._selector.get_map():
            raise self._error
        if not self._left or (now < self._next and self._selector.get_map()):
            return
        self._next = now + STAGGER_SECONDS
        family, kind, protocol, _, address = self._left.pop(0)
        try:
            begun = socket.socket(family, kind, protocol)
        except OSError as error:  # this machine may not have the family
            self._error = error
            return
        for each in self._options:
            begun.setsockopt(*each)
        begun.setblocking(False)
        begun.connect_ex(address)  # what came of it, the socket says when it can be written
        self._selector.register(begun, selectors.EVENT_WRITE)

    def connected(self, until: float) -> socket.socket | None:
        """The first that stands, after waiting until one does, refuses, or the next address is due."""
        wait = min(until, self._next if self._left else until) - time.monotonic()
        for key, _ in self._selector.select(max(0.0, wait)):
            found: socket.socket = key.fileobj  # type: ignore[assignment]
            self._selector.unregister(found)
            refused = found.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not refused:
                return found
            found.close()
            self._error, self._next = OSError(refused, os.strerror(refused)), 0.0
        return None


class _Pieces(io.RawIOBase):
    """What a socket receives, by one deadline for all of it."""

    def __init__(self, received: socket.socket, until: float) -> None:
        self._socket, self._until = received, until
        self._raw: Any = received.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long as a whole")
        if self._socket.fileno() >= 0:  # closed with the connection, it is read to its end all the same
            self._socket.settimeout(max(left, _LEAST_SECONDS))
        found: int | None = self._raw.readinto(buffer)
        return found

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer whose time-out is for all of it, from status to end."""

    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        within = sock.gettimeout()
        if within is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_Pieces(sock, time.monotonic() + within))


class _Timed:
    """A connection of urllib3's: `timeout` is for name, addresses and TLS together, and then for the answer."""

    response_class = _Answer
    timeout: Any
    sock: Any

    def _new_conn(self: Any) -> socket.socket:
        """urllib3's name: the TCP connection. What is left of the time is for the proxy and for TLS."""
        until = time.monotonic() + self.timeout
        try:
            addresses = resolve(self._dns_host, self.port, self.timeout)
            found = connect(addresses, until, self.socket_options or ())
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(
                self, f"no connection to {self.host} within {self.timeout:g} s: {error}"
            ) from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection to {self.host}: {error}") from error
        found.settimeout(max(until - time.monotonic(), _LEAST_SECONDS))
        return found

    def request(self: Any, *args: Any, **named: Any) -> None:
        """urllib3's name: connect, where that hasn't been done, and send if it is still allowed.

        Raises:
            NotSentError: it isn't.
        """
        if self.is_closed:
            self.connect()
        begin_sending()
        super().request(*args, **named)  # type: ignore[misc]  # of the class that this is mixed into


class _HttpConnection(_Timed, AWSHTTPConnection):  # type: ignore[misc]  # botocore has no types
    pass


class _HttpsConnection(_Timed, AWSHTTPSConnection):  # type: ignore[misc]  # botocore has no types
    pass


class _HttpPool(AWSHTTPConnectionPool):  # type: ignore[misc]  # botocore has no types
    ConnectionCls = _HttpConnection


class _HttpsPool(AWSHTTPSConnectionPool):  # type: ignore[misc]  # botocore has no types
    ConnectionCls = _HttpsConnection


POOLS: dict[str, Any] = {"http": _HttpPool, "https": _HttpsPool}
"""For `pool_classes_by_scheme` of a pool manager."""


def use_in(client: Any) -> None:
    """Let a client of boto3 connect so; it hasn't sent anything yet."""
    # The session that sends its requests makes pools of these classes, those to proxies too (botocore 1.44.5,
    # `httpsession.py`): everything else about it stays as botocore configured it.
    client._endpoint.http_session._pool_classes_by_scheme.update(POOLS)
