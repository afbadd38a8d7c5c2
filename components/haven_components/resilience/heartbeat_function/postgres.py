"""A client of PostgreSQL for a few short statements: the frontend/backend protocol 3.0 over a socket.

Lambda's runtime has no PostgreSQL driver, and this one needs nothing that would have to be built or packed. Source:
PostgreSQL 17 documentation, chapter 53 (Frontend/Backend Protocol); RFC 5802 and 7677 (SCRAM); read 2026-11-26.
"""

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_PROTOCOL = 196608
_SSL_REQUEST = 80877103
_MECHANISM = "SCRAM-SHA-256"
_OK, _CLEARTEXT, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 3, 5, 10, 11, 12

Rows = list[list[str | None]]


class PostgresError(Exception):
    """The server refuses something, or doesn't speak as expected.

    Args:
        message: what it answered.
        code: its SQLSTATE, such as `28P01`; empty where the server named none.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Login:
    """Who logs in."""

    user: str
    password: str
    token: bool = False
    """Whether the password is a token of IAM, which RDS wants in cleartext; a real password is never sent so, whatever
    the server asks for."""


class Connection:
    """One connection. Every wait ends after `timeout` seconds with an `OSError`."""

    def __init__(
        self, host: str, port: int, database: str, login: Login, *, tls: ssl.SSLContext | None, timeout: float
    ) -> None:
        """Connect and log in.

        Raises:
            OSError: no connection, or no answer in time.
            PostgresError: the server refuses the login.
        """
        self._login = login
        self._socket = socket.create_connection((host, port), timeout)
        try:
            if tls is not None:
                self._encrypt(tls, host)
            self._start(database)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the server ends the session."""
        self._socket.close()

    def query(self, statements: str) -> Rows:
        """The rows of the last statement that has any.

        Raises:
            OSError: no answer in time.
            PostgresError: the server refuses a statement.
        """
        self._send(b"Q", statements.encode() + b"\0")
        rows: Rows = []
        for kind, body in self._messages():
            if kind == b"T":
                rows = []
            elif kind == b"D":
                rows.append(_row(body))
        return rows

    def _encrypt(self, tls: ssl.SSLContext, host: str) -> None:
        self._socket.sendall(struct.pack("!ii", 8, _SSL_REQUEST))
        if self._read(1) != b"S":
            raise PostgresError("the server doesn't encrypt")
        self._socket = tls.wrap_socket(self._socket, server_hostname=host)

    def _start(self, database: str) -> None:
        named = {"user": self._login.user, "database": database, "application_name": "haven-heartbeat"}
        pairs = b"".join(f"{key}\0{value}\0".encode() for key, value in named.items())
        self._socket.sendall(struct.pack("!ii", len(pairs) + 9, _PROTOCOL) + pairs + b"\0")
        scram = _Scram(self._login.password)
        for kind, body in self._messages():
            if kind == b"R":
                self._authenticate(struct.unpack("!i", body[:4])[0], body[4:], scram)

    def _authenticate(self, wanted: int, body: bytes, scram: "_Scram") -> None:
        answers: Mapping[int, Callable[[bytes], bytes]] = {
            _CLEARTEXT: lambda _: self._token() + b"\0",
            _MD5: lambda salt: _md5(self._login, salt) + b"\0",
            _SASL: scram.begin,
            _SASL_CONTINUE: scram.prove,
        }
        if wanted == _SASL_FINAL:
            scram.verify(body)
        elif wanted in answers:
            self._send(b"p", answers[wanted](body))
        elif wanted != _OK:
            raise PostgresError(f"the server wants authentication of kind {wanted}")

    def _token(self) -> bytes:
        if not self._login.token:
            raise PostgresError("the server wants the password in cleartext")
        return self._login.password.encode()

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        """The server's messages until it is ready for a statement; an error is raised once it is."""
        error: PostgresError | None = None
        while True:
            kind, length = struct.unpack("!ci", self._read(5))
            body = self._read(length - 4)
            if kind == b"E":
                error = _error(body)
                if error.code.startswith(("28", "3D", "53", "57")):  # after these the server closes the connection
                    raise error
            elif kind == b"Z":
                break
            elif error is None:
                yield kind, body
        if error is not None:
            raise error

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def _read(self, length: int) -> bytes:
        got = b""
        while len(got) < length:
            piece = self._socket.recv(length - len(got))
            if not piece:
                raise ConnectionError("the server has closed the connection")
            got += piece
        return got


class _Scram:
    """One exchange of SCRAM-SHA-256, without channel binding: both sides prove that they know the password."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._nonce = secrets.token_urlsafe(18)
        self._first = f"n=,r={self._nonce}"
        self._expected = b""

    def begin(self, mechanisms: bytes) -> bytes:
        """The client's first message."""
        if _MECHANISM.encode() not in mechanisms.split(b"\0"):
            raise PostgresError(f"the server doesn't know {_MECHANISM}")
        message = f"n,,{self._first}".encode()
        return _MECHANISM.encode() + b"\0" + struct.pack("!i", len(message)) + message

    def prove(self, challenge: bytes) -> bytes:
        """The answer to the server's first message."""
        given = dict(each.split("=", 1) for each in challenge.decode().split(","))
        if not given["r"].startswith(self._nonce):
            raise PostgresError("the server answers somebody else's login")
        final = f"c=biws,r={given['r']}"
        text = f"{self._first},{challenge.decode()},{final}".encode()
        salt = base64.b64decode(given["s"])
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), salt, int(given["i"]))
        key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(key).digest(), text)
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        self._expected = _hmac(_hmac(salted, b"Server Key"), text)
        return f"{final},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, final: bytes) -> None:
        """Whether the server knows the password too."""
        signature = base64.b64decode(final.decode().partition("v=")[2])
        if not self._expected or not hmac.compare_digest(signature, self._expected):
            raise PostgresError("the server doesn't know the password")


def literal(text: str) -> str:
    """A text as a constant in a statement."""
    return "'" + text.replace("'", "''") + "'"


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _md5(login: Login, salt: bytes) -> bytes:
    """The answer to a challenge of the older method, for which a cluster may still keep its passwords."""
    inner = hashlib.md5(login.password.encode() + login.user.encode(), usedforsecurity=False).hexdigest()
    return b"md5" + hashlib.md5(inner.encode() + salt, usedforsecurity=False).hexdigest().encode()


def _row(body: bytes) -> list[str | None]:
    at, row = 2, list[str | None]()
    for _ in range(struct.unpack("!h", body[:2])[0]):
        (length,) = struct.unpack("!i", body[at : at + 4])
        at += 4
        row.append(None if length < 0 else body[at : at + length].decode())
        at += max(0, length)
    return row


def _error(body: bytes) -> PostgresError:
    fields: Sequence[str] = body.decode(errors="replace").split("\0")
    named = {each[0]: each[1:] for each in fields if each}
    return PostgresError(named.get("M", "no message"), named.get("C", ""))
