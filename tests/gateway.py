"""A loopback gateway in front of the emulator that makes one Region, or one service of it, fail as chosen.

It reads Region and service from each request's signature, and records the calls. Everything listens on loopback.
"""

import http.client
import json
import re
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_BACKLOG = 4
"""Connections that fill a backlog of 0, and some more: Linux completes one more than asked for."""
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Fault(Enum):
    """What happens to a request instead of being answered."""

    REFUSE = "the connection is closed"
    BLACKHOLE = "it is accepted and never answered"
    DENY = "AccessDenied"
    EXPIRED = "ExpiredTokenException"
    THROTTLE = "ThrottlingException"
    SKEWED = "RequestTimeTooSkewed"


@dataclass(frozen=True)
class Call:
    """One request."""

    region: str
    service: str
    operation: str
    """Of a service without operations in its requests (S3, EKS): method and path."""
    arguments: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)
    """Of services whose requests are JSON or forms."""
    at: float = field(default=0.0, compare=False)
    """Seconds, monotonic."""
    request: "Request | None" = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Request:
    """A call as it was sent, its signature included."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def send(self, url: str) -> tuple[int, bytes, Sequence[tuple[str, str]]]:
        """Send it to an emulator; returns status, body and headers."""
        connection = http.client.HTTPConnection(urlsplit(url).hostname or "", urlsplit(url).port, timeout=60)
        connection.request(self.method, self.path, self.body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content, answer.headers.items()


Answer = tuple[int, str, str]
"""Status, content type and body."""


@dataclass
class Gateway:
    """A running gateway."""

    url: str
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    """Region and service to what happens; the service `*` is every service of the Region."""
    calls: list[Call] = field(default_factory=list)
    held: list[tuple[Call, float]] = field(default_factory=list)
    """Requests that were never answered, and after how many seconds the client gave up."""
    ended: threading.Event = field(default_factory=threading.Event)
    chosen: Callable[[Call], Fault | None] = lambda _: None
    """Decides call by call, before `faults` does."""
    answers: dict[tuple[str, str], Callable[[Call], Answer]] = field(default_factory=dict)
    """Service and operation, without a query, to what answers in the emulator's place: a model of what AWS
    documents."""
    ahead: float = 0.0
    """Seconds by which AWS's clock is ahead of this machine's, as the answers' Date has it."""
    done: Callable[[Call], None] = lambda _: None
    """Learns of a call once it was answered, before the client does."""

    def fault(self, call: Call) -> Fault | None:
        """What happens to a request."""
        found = self.chosen(call)
        return found or self.faults.get((call.region, call.service)) or self.faults.get((call.region, "*"))


@contextmanager
def gateway(emulator: str, tls: ssl.SSLContext | None = None) -> Iterator[Gateway]:
    """A gateway in front of an emulator's URL; at the end it drops every request that it holds.

    Args:
        emulator: its URL.
        tls: with the gateway's certificate. Omitted: it speaks plain HTTP.
    """
    server = _Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made = Gateway(f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"state": made, "behind": emulator})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.ended.set()
        server.shutdown()
        server.server_close()


@contextmanager
def unconnectable(port: int, count: int) -> Iterator[Sequence[str]]:
    """Loopback addresses at one of whose ports no connection is ever completed: the kernel drops what doesn't fit into
    the full backlog of a server that accepts none, as a Region that is cut off drops it (Linux, which has all of
    127.0.0.0/8)."""
    addresses = [f"127.0.0.{number}" for number in range(2, count + 2)]
    with ExitStack() as open_:
        for each in addresses:
            silent = open_.enter_context(socket.socket())
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            silent.bind((each, port))
            silent.listen(0)
            for _ in range(_BACKLOG):
                waiting = open_.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((each, port))
        yield addresses


class _Server(ThreadingHTTPServer):
    """Serves each connection in a thread."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is none: tests kill them."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    state: Gateway
    behind: str

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    """Headers and body go out in one write: of two the AWS SDK for Go may miss the second one on a busy machine, and
    repeat a request that was carried out (haven/emulator/emulator_process.py)."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signed = _CREDENTIAL.search(self.headers.get("Authorization", ""))
        region, service = (signed["region"], signed["service"]) if signed else ("", "")
        operation = self.headers.get("X-Amz-Target", "") or _action(body) or f"{self.command} {self.path}"
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        request = Request(self.command, self.path, headers, body)
        call = Call(region, service, operation, self._arguments(body), time.monotonic(), request)
        self.state.calls.append(call)
        fault = self.state.fault(call)
        if fault is None:
            self._reply(call)
        elif fault is Fault.BLACKHOLE:
            self._hold(call)
            self.close_connection = True
        elif fault is Fault.REFUSE:
            self.close_connection = True
        else:
            self._refuse(call, fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815  http.server's names

    def _reply(self, call: Call) -> None:
        model = self.state.answers.get((call.service, call.operation.partition("?")[0].rpartition(".")[2]))
        if model is None:
            self._forward(call)
            return
        status, kind, text = model(call)
        self.state.done(call)
        self._answer(status, text.encode(), [("Content-Type", kind), self._date()])

    def _date(self) -> tuple[str, str]:
        return "Date", self.date_time_string(time.time() + self.state.ahead)

    def _hold(self, call: Call) -> None:
        """Until the client goes away."""
        while not self.state.ended.is_set():
            if select.select([self.connection], [], [], 0.05)[0]:
                break
        self.state.held.append((call, time.monotonic() - call.at))

    def _arguments(self, body: bytes) -> Mapping[str, Any]:
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if "json" in kind and body:
            found: Mapping[str, Any] = json.loads(body)
            return found
        return {}

    def _forward(self, call: Call) -> None:
        assert call.request is not None
        status, content, headers = call.request.send(self.behind)
        self.state.done(call)
        self._answer(status, content, headers)

    def _refuse(self, call: Call, fault: Fault) -> None:
        """In the words of the service's protocol."""
        form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        code = fault.value.removesuffix("Exception") if form or call.service == "s3" else fault.value
        error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        if call.service == "s3":
            text = error
        elif form:
            text = f"<ErrorResponse>{error}</ErrorResponse>"
        else:
            text = f'{{"__type": "{code}", "message": "no"}}'
        self._answer(400, text.encode(), [("x-amzn-errortype", code), self._date()])

    def _answer(self, status: int, body: bytes, headers: Iterable[tuple[str, str]]) -> None:
        self.send_response_only(status)
        for name, value in headers:
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
