"""A loopback gateway in front of the emulator that makes one Region, or one service of it, fail as chosen.

It reads Region and service from each request's signature, and records the calls. Everything listens on loopback.
"""

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, urlsplit

_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Fault(Enum):
    """What happens to a request instead of being answered."""

    REFUSE = "the connection is closed"
    BLACKHOLE = "it is accepted and never answered"
    DENY = "AccessDenied"
    THROTTLE = "ThrottlingException"


@dataclass(frozen=True)
class Call:
    """One request."""

    region: str
    service: str
    operation: str


@dataclass
class Gateway:
    """A running gateway."""

    url: str
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    """Region and service to what happens; the service `*` is every service of the Region."""
    calls: list[Call] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def fault(self, region: str, service: str) -> Fault | None:
        """What happens to a request."""
        return self.faults.get((region, service)) or self.faults.get((region, "*"))


@contextmanager
def gateway(emulator: str) -> Iterator[Gateway]:
    """A gateway in front of an emulator's URL; at the end it drops every request that it holds."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    made = Gateway(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"state": made, "behind": urlsplit(emulator)})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.ended.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    state: Gateway
    behind: SplitResult

    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signed = _CREDENTIAL.search(self.headers.get("Authorization", ""))
        region, service = (signed["region"], signed["service"]) if signed else ("", "")
        self.state.calls.append(Call(region, service, self.headers.get("X-Amz-Target", "") or _action(body)))
        fault = self.state.fault(region, service)
        if fault is None:
            self._forward(body)
        elif fault is Fault.BLACKHOLE:
            self.state.ended.wait()
            self.close_connection = True
        elif fault is Fault.REFUSE:
            self.close_connection = True
        else:
            self._refuse(fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815  http.server's names

    def _forward(self, body: bytes) -> None:
        connection = http.client.HTTPConnection(self.behind.hostname or "", self.behind.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        self._answer(answer.status, answer.read(), answer.headers.items())
        connection.close()

    def _refuse(self, fault: Fault) -> None:
        query = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        text = (
            f"<ErrorResponse><Error><Code>{fault.value}</Code><Message>no</Message></Error></ErrorResponse>"
            if query
            else f'{{"__type": "{fault.value}", "message": "no"}}'
        )
        self._answer(400, text.encode(), [("x-amzn-errortype", fault.value)])

    def _answer(self, status: int, body: bytes, headers: object) -> None:
        self.send_response(status)
        for name, value in headers:  # type: ignore[attr-defined]
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        pass


def _action(body: bytes) -> str:
    found = re.match(rb"Action=(\w+)", body)
    return found[1].decode() if found else ""
