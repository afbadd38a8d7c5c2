"""Passes requests on and knows what runs: what can't finish ends with an answer that a client may try again."""

import http.client
import json
import re
import select
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from . import answers, bodies, golden
from .engine import log
from .exchanges import Exchange, Requests

CONNECT_SECONDS = 2.0
BODY_SECONDS = 60.0
"""How long a client may send nothing of a body that it has begun."""
API = "/v1/"
HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}
"""Headers of one connection, and those that are written anew."""
EVENTS = "text/event-stream"


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class Route:
    """Where requests go."""

    upstreams: Sequence[str]
    own_engine: str
    """The one of the upstreams that is in this pod; empty without one."""
    cached: Sequence[Mapping[str, str]]
    model: str
    """By which the own engine knows its model, where requests have another name; empty otherwise."""
    readiness_path: str
    ready: Callable[[], bool]

    def body(self, upstream: str, body: bytes, share: bodies.Share) -> bytes | None:
        """A request's body, as the upstream understands it; None: there is no room for it."""
        if not self.model or upstream != self.own_engine:
            return body
        if len(body) > bodies.MOST_PARSED_BYTES:
            return None
        try:
            with bodies.PARSING:
                found = json.dumps(json.loads(body) | {"model": self.model}).encode()
        except (ValueError, TypeError, RecursionError):
            return body
        return found if share.take(len(found)) else None

    def degraded(self, upstream: str) -> bool:
        """Whether an answer from there is one of the fallback's."""
        return upstream == self.own_engine and (len(self.upstreams) > 1 or bool(self.cached))


def server(address: tuple[str, int], requests: Requests, route: Route) -> ThreadingHTTPServer:
    """The server that takes requests."""

    class Handler(_Handler):
        pass

    Handler.requests, Handler.route = requests, route
    return _Server(address, Handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """Each token is sent when it is there, not with the next one."""
    requests: Requests
    route: Route

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Requests aren't logged: the load balancer does."""

    def do_GET(self) -> None:
        """Answer the load balancer's health check, or pass the request on."""
        if self.path.split("?")[0] == self.route.readiness_path:
            ready = self.route.ready()
            self._send(200 if ready else 503, b"ready\n" if ready else b"not ready\n", "text/plain")
        else:
            self._pass_on()

    def do_POST(self) -> None:
        """Pass the request on."""
        self._pass_on()

    def do_HEAD(self) -> None:
        """Answer as GET does, without the content."""
        self.do_GET()

    def do_OPTIONS(self) -> None:
        """Pass the request on: which origins browsers may ask from is the engine's to say."""
        self._pass_on()

    def do_DELETE(self) -> None:
        """Pass the request on."""
        self._pass_on()

    def _pass_on(self) -> None:
        request_id = self.headers.get("X-Request-Id") or uuid.uuid4().hex
        if not self.path.startswith(API):
            self._refuse(404, b"not found\n")
            return
        share = bodies.Share(self.requests.memory)
        try:
            body = self._body(share, request_id)
            if body is not None:
                self._enter(request_id, share, body)
        finally:
            share.end()

    def _enter(self, request_id: str, share: bodies.Share, body: bytes) -> None:
        if self.requests.refusing:
            self.requests.refuse()
            self.close_connection = True
            self._retry(request_id, "this server is shutting down")
            return
        exchange = self.requests.enter(request_id, share)
        outcome = "failed"
        try:
            outcome = self._exchange(exchange, body)
        except (BrokenPipeError, ConnectionResetError, ClientGoneError):
            outcome = "client_gone"
            self.close_connection = True
        finally:
            exchange.close()
            self.requests.leave(exchange, outcome)

    def _body(self, share: bodies.Share, request_id: str) -> bytes | None:
        """The request's body; None: it was refused."""
        self.connection.settimeout(BODY_SECONDS)
        try:
            return bodies.read(self.headers, self.rfile, share)
        except bodies.NoRoomError:
            self.requests.refuse()
            self._retry(request_id, "this server has no memory for more requests")
        except bodies.TooLargeError:
            self._refuse(413, b"too large\n")
        except ValueError:
            self._refuse(400, b"the body's length isn't a number\n")
        except OSError:
            self.close_connection = True  # the client left, or has sent nothing for too long
        finally:
            self.connection.settimeout(None)
        return None

    def _refuse(self, status: int, why: bytes) -> None:
        self.close_connection = True
        self._send(status, why, "text/plain")

    def _exchange(self, exchange: Exchange, body: bytes) -> str:
        problem = "no server answers"
        for upstream in self.route.upstreams:
            last = upstream == self.route.upstreams[-1]
            content = self.route.body(upstream, body, exchange.share)
            if content is None:
                problem = "it is too large for the fallback now"
                continue
            try:
                response = self._ask(exchange, upstream, content)
            except (OSError, http.client.HTTPException) as error:
                exchange.close()
                if exchange.cut:
                    return self._cut(exchange)
                problem = f"the server ended the connection: {type(error).__name__}"
                continue
            if response.status == http.client.SERVICE_UNAVAILABLE and (not last or self.route.cached):
                exchange.close()
                problem = "no server has room"
                continue
            return self._relay(exchange, response, degraded=self.route.degraded(upstream))
        found = answers.cached(self.route.cached, self.path, body, exchange.request_id)
        if found:
            kind, answer = found
            self._send(200, answer, kind, {"X-Request-Id": exchange.request_id, golden.DEGRADED: "cached"})
            return "cached"
        self._retry(exchange.request_id, problem)
        return "failed"

    def _ask(self, exchange: Exchange, upstream: str, body: bytes) -> http.client.HTTPResponse:
        target = urlsplit(upstream)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=CONNECT_SECONDS)
        exchange.upstream = connection
        connection.connect()
        exchange.wire = connection.sock
        connection.sock.settimeout(None)
        _notice_a_dead_peer(connection.sock)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_HEADERS}
        headers |= {"X-Request-Id": exchange.request_id, "Host": target.netloc, "Content-Length": str(len(body))}
        connection.request(self.command, self.path, body, headers)
        exchange.waits = True
        self._await(connection.sock)
        exchange.waits = False
        if exchange.cut:
            raise ConnectionAbortedError
        return connection.getresponse()

    def _await(self, upstream: socket.socket) -> None:
        """Wait for the upstream's answer, or for the client to leave: then nothing is computed for nobody."""
        poll = select.poll()
        poll.register(upstream, select.POLLIN)
        poll.register(self.connection, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if upstream.fileno() in ready:
                return
            if not self.connection.recv(1, socket.MSG_PEEK):
                raise ClientGoneError
            poll.unregister(self.connection)  # the client's next request, which waits

    def _relay(self, exchange: Exchange, response: http.client.HTTPResponse, *, degraded: bool) -> str:
        kept = {name: value for name, value in response.getheaders() if name.lower() not in HOP_HEADERS}
        kept |= {"X-Request-Id": exchange.request_id}
        if degraded:
            kept[golden.DEGRADED] = "model"
        if self.command == "HEAD" and response.getheader("Content-Length"):
            kept["Content-Length"] = response.getheader("Content-Length", "")
        outcome = "degraded" if degraded else "answered"
        try:
            # Whole, so that one which is cut off can still be asked for again; in pieces where there is no room for it.
            if response.length is not None and exchange.share.take(response.length):
                content = _read(exchange, response.read)
                self.requests.relayed(len(content))
                self._send(response.status, content, response.getheader("Content-Type", ""), kept)
                return outcome
            return self._stream(exchange, response, kept, outcome)
        except http.client.IncompleteRead:
            return self._cut(exchange)
        finally:
            exchange.close()

    def _stream(
        self, exchange: Exchange, response: http.client.HTTPResponse, headers: Mapping[str, str], outcome: str
    ) -> str:
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while piece := _read(exchange, lambda: response.read1(bodies.PIECE_BYTES)):
                self.requests.relayed(len(piece))
                self._piece(piece)
            broken = exchange.cut or bool(response.length)
        except http.client.HTTPException:
            broken = True
        if broken:
            # The status has been sent: clients of OpenAI's API read an error from the stream, others miss its end.
            self.close_connection = True
            if not response.getheader("Content-Type", "").startswith(EVENTS):
                return "cut_off"
            self._piece(b"data: " + self._problem(exchange.request_id, "the answer was cut off") + b"\n\n")
        self.wfile.write(b"0\r\n\r\n")
        return "cut_off" if broken else outcome

    def _piece(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def _cut(self, exchange: Exchange) -> str:
        self.close_connection = True
        self._retry(exchange.request_id, "the answer was cut off")
        return "cut_off"

    def _retry(self, request_id: str, message: str) -> None:
        headers = {"Retry-After": "1", "X-Should-Retry": "true", "X-Request-Id": request_id}
        self._send(503, self._problem(request_id, message), "application/json", headers)

    def _problem(self, request_id: str, message: str) -> bytes:
        error = {"message": message, "type": "service_unavailable", "code": "retry", "request_id": request_id}
        found = {
            "request_id": request_id,
            "trace_id": trace_id({name.lower(): value for name, value in self.headers.items()}),
        }
        log("a request ended without its answer", level="error", problem=message, **found)
        return json.dumps({"error": error}).encode()

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole answer. `headers` may have the length of one that isn't sent, for HEAD."""
        self.send_response(status)
        known = {"content-type": kind, "content-length": str(len(body))}
        known |= {name.lower(): value for name, value in (headers or {}).items()}
        for name, value in known.items():
            self.send_header(name.title(), value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def trace_id(headers: Mapping[str, str]) -> str:
    """The trace that a request belongs to, 32 hexadecimal digits: `traceparent` (W3C Trace Context), else the load
    balancer's own `X-Amzn-Trace-Id` (read 2026-11-26), their names in lower case. Empty without either."""
    found = re.match(r"[0-9a-f]{2}-([0-9a-f]{32})-", headers.get("traceparent") or "")
    if found is None:
        found = re.search(r"Root=1-([0-9a-f]{8}-[0-9a-f]{24})", headers.get("x-amzn-trace-id") or "")
    return found[1].replace("-", "") if found is not None else ""


def _read(exchange: Exchange, read: Callable[[], bytes]) -> bytes:
    """What the upstream sends. An error here is the upstream's, and not one of the client's connection."""
    exchange.waits = True
    try:
        return read()
    except OSError as error:
        raise http.client.IncompleteRead(b"") from error
    finally:
        exchange.waits = False


def _notice_a_dead_peer(connection: socket.socket) -> None:
    """A node that is gone says nothing: after 25 s without a sign of life the connection ends."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
