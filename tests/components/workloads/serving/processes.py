"""The front as a process, and an engine that does what a test asks."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from haven_components.workloads.serving import _documents
from haven_components.workloads.serving._pod import FRONT_ENVIRONMENT
from tests.ports import HOST, free_port

PATIENCE = 30.0


def eventually(holds: Callable[[], Any], what: str) -> Any:
    """What a condition gives as soon as it gives something true."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError, http.client.HTTPException):
            if found := holds():
                return found
        time.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE:g} s: {what}")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["error"]
        return found

    @property
    def text(self) -> str:
        return str(json.loads(self.body)["choices"][0]["message"]["content"])


def send(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def status(port: int, path: str) -> int:
    return send(port, "GET", path).status


def chat(port: int, content: str = "hello", **more: Any) -> Answer:
    request = {"model": "chat", "messages": [{"role": "user", "content": content}]} | more
    return send(port, "POST", "/v1/chat/completions", json.dumps(request).encode())


@dataclass
class Later:
    """A request that is on its way."""

    call: Callable[[], Answer]
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError, http.client.HTTPException):  # the test may end first
            self.answers.append(self.call())

    def answer(self) -> Answer:
        self._thread.join(PATIENCE)
        return self.answers[0]


class ScriptedEngine:
    """An engine with vLLM's paths whose answers, metrics and silence a test decides."""

    def __init__(self, port: int = 0) -> None:
        self.reply = "Paris."
        self.metrics: dict[str, float] | None = {
            "vllm:num_requests_running": 0,
            "vllm:num_requests_waiting": 0,
            "vllm:generation_tokens_total": 5,
        }
        self.health = self.code = 200
        self.asked: list[dict[str, Any]] = []
        self.hold = threading.Event()
        """Set: requests are answered at once; cleared: they wait."""
        self.hold.set()
        self.left = threading.Event()
        """Set when a client left while its request waited."""
        self._server = _engine_server(self, port)
        self.port = self._server.server_port
        threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def stop(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    engine: "ScriptedEngine"
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(self.engine.health, b"")
        elif self.engine.metrics is None:
            self._send(404, b"")
        else:
            lines = [f'{name}{{engine="0"}} {value}' for name, value in self.engine.metrics.items()]
            self._send(200, "\n".join(["# HELP of nothing", *lines, ""]).encode())

    def do_OPTIONS(self) -> None:
        self.send_response(204)
        self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
        self.end_headers()

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "17")
        self.end_headers()

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        if length > 1024 * 1024:
            self._count(length)
            return
        request = json.loads(self.rfile.read(length))
        self.engine.asked.append(request | {"id": self.headers.get("X-Request-Id")})
        if request.get("stream"):
            self._stream()
            return
        self._wait()
        choice = {"message": {"role": "assistant", "content": self.engine.reply}}
        self._send(self.engine.code, json.dumps({"choices": [choice]}).encode())

    def _count(self, length: int) -> None:
        """A large request, of which the test's own process keeps nothing."""
        while length > 0:
            length -= len(self.rfile.read(min(length, 64 * 1024)))
        self.engine.asked.append({})
        self._wait()
        self._send(self.engine.code, b"{}")

    def _wait(self) -> None:
        self.connection.settimeout(0.02)
        while not self.engine.hold.is_set():
            with suppress(TimeoutError):
                if not self.connection.recv(1):
                    self.engine.left.set()
                    return
        self.connection.settimeout(None)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._piece(b'data: {"choices": [{"delta": {"content": "Pa"}}]}\n\n')
        self._wait()
        self._piece(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _piece(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients leave: that is the point of some tests."""


def _engine_server(engine: ScriptedEngine, port: int) -> ThreadingHTTPServer:
    class Handler(_Handler):
        pass

    Handler.engine = engine
    return _Server((HOST, port), Handler)


GOLDEN = _documents.golden(
    "chat",
    "v1",
    "/v1/chat/completions",
    [{"prompt": "What is the capital of France?", "pattern": "(?i)paris", "within_seconds": 5}],
    ["You are a helpful assistant."],
)


class FrontProcess:
    """The front, from the files that pods mount."""

    def __init__(self, directory: Path, *options: str, golden: str = GOLDEN, answers: Sequence[Any] = ()) -> None:
        package = directory / "front"
        package.mkdir(exist_ok=True)
        for name, text in _documents.programs().items():
            (package / name).write_text(text)
        (directory / "golden.json").write_text(golden)
        (directory / "answers.json").write_text(json.dumps(list(answers)))
        self.port, self.probe_port = free_port(), free_port()
        self.directory = directory
        self._log = (directory / "front.log").open("w")
        defaults = {
            "--host": HOST,
            "--port": str(self.port),
            "--probe-port": str(self.probe_port),
            "--poll-seconds": "0.05",
            "--lag-seconds": "0",
            "--golden": str(directory / "golden.json"),
        }
        if answers:
            defaults["--answers"] = str(directory / "answers.json")
        own = [f"{name}={value}" for name, value in defaults.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "front", "serve", *own, *options],
            cwd=directory,
            env=os.environ | FRONT_ENVIRONMENT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        eventually(lambda: self.probe("/healthz"), "the front is up")

    def probe(self, path: str) -> bool:
        return status(self.probe_port, path) == 200

    def metrics(self) -> dict[str, float]:
        lines = send(self.probe_port, "GET", "/metrics").body.decode().splitlines()
        return {name: float(value) for name, _, value in (each.rpartition(" ") for each in lines if each[:1] != "#")}

    def log(self) -> list[dict[str, Any]]:
        lines = (self.directory / "front.log").read_text().splitlines()
        return [json.loads(each) for each in lines if each.startswith("{")]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        self._log.close()


StartFront = Callable[..., FrontProcess]


def beside(engine: ScriptedEngine, start: StartFront, *options: str) -> FrontProcess:
    """A front whose engine has answered its golden prompts."""
    front = start(f"--upstream={engine.url}", f"--engine={engine.url}", *options)
    eventually(lambda: front.probe("/startup"), "golden prompts were answered")
    return front
