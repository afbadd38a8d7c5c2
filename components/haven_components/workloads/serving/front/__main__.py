"""`python3 -m front serve` runs beside an engine. `python3 -m front check` asks golden prompts once and exits with 1 if
an answer is wrong or late.
"""

import argparse
import json
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import answers, bodies, golden
from .engine import METRICS, Engine, Traffic, get, log
from .exchanges import Requests
from .proxy import Route, server

ENGINE_EXIT_SECONDS = 60.0
LAST_WORDS_SECONDS = 3.0
"""How long answers to requests that were cut off may take."""


class Front:
    """All parts of the program together."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._requests = Requests(bodies.Memory(options.held_mib * 1024 * 1024))
        self._degraded = False
        self._engine = self._own_engine()
        cached = answers.load(options.answers) if options.answers else []
        self._others = [each for each in options.upstream if each != options.engine]
        self._route = Route(options.upstream, options.engine, cached, options.model, options.readiness_path, self.ready)

    def _own_engine(self) -> Engine | None:
        options = self._options
        if not options.engine:
            return None
        return Engine(
            options.engine,
            golden.load(options.golden),
            Traffic(self._requests.waiting, lambda: self._requests.relayed_bytes),
            options.stall_seconds,
            json.loads(options.metrics) if options.metrics else METRICS,
            options.poll_seconds,
            options.drain_seconds + ENGINE_EXIT_SECONDS,
            on_start=self._accept,
        )

    def _accept(self) -> None:
        self._requests.refusing = False

    def run(self) -> None:
        """Serve until a signal ends it."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        traffic = server((self._options.host, self._options.port), self._requests, self._route)
        probes = _probes((self._options.host, self._options.probe_port), self)
        for each in (traffic, probes):
            threading.Thread(target=each.serve_forever, daemon=True).start()
        if self._engine:
            self._engine.watch()
        threading.Thread(target=self._watch_servers, daemon=True).start()
        log("front is up", port=traffic.server_port, probe_port=probes.server_port)
        ended.wait()
        self._end()

    def ready(self) -> bool:
        """Whether the pod may have traffic."""
        return self.started() and not self._requests.refusing and (self._engine is None or self._engine.ready())

    def started(self) -> bool:
        """Whether the engine has answered its golden prompts."""
        return self._engine is None or self._engine.started

    def up(self) -> bool:
        """Whether the front itself works: it answers."""
        return True

    def live(self) -> bool:
        """Whether the engine works."""
        return self._engine is None or self._engine.live()

    def drain(self) -> None:
        """Let what runs finish, up to the deadline; a frozen engine finishes nothing."""
        begun = time.monotonic()
        frozen = self._engine is not None and not self._engine.live()
        if not frozen:
            # The load balancer sends requests until it knows that the pod has left.
            time.sleep(min(self._options.lag_seconds, self._options.drain_seconds))
        self._requests.refusing = True
        if self._engine:
            self._engine.ends()
        left = 0.0 if frozen else self._options.drain_seconds - (time.monotonic() - begun)
        if not self._requests.wait(max(0.0, left)):
            self._end()
        log("drained", frozen=frozen)

    def _end(self) -> None:
        count = self._requests.cut_off()
        if count:
            log("requests were cut off", count=count)
        self._requests.wait(LAST_WORDS_SECONDS)

    def _watch_servers(self) -> None:
        """Whether this fallback has to answer: its servers are asked, for without requests nothing else would tell."""
        while self._others or self._route.cached or (self._options.engine and len(self._options.upstream) > 1):
            self._degraded = not any(_answers(each, self._options.readiness_path) for each in self._others)
            time.sleep(self._options.poll_seconds)

    def metrics(self) -> bytes:
        """The engine's, and the front's own."""
        own = {
            "haven_front_in_flight": len(self._requests),
            "haven_front_held_bytes": self._requests.memory.held,
            "haven_front_engine_up": int(self._engine is not None and self._engine.reachable),
            "haven_front_started": int(self.started()),
            "haven_front_stalled": int(self._engine is not None and self._engine.stalled()),
            "haven_front_degraded": int(self._degraded),
            "haven_front_golden_failures_total": self._engine.golden_failures if self._engine else 0,
        }
        lines = [f"{name} {value}" for name, value in own.items()]
        lines += [
            f'haven_front_requests_total{{outcome="{outcome}"}} {count}'
            for outcome, count in sorted(self._requests.outcomes.items())
        ]
        theirs = self._engine.metrics() if self._engine else b""
        return theirs.rstrip(b"\n") + b"\n" * bool(theirs) + "\n".join(lines).encode() + b"\n"


def _answers(url: str, path: str) -> bool:
    try:
        return get(url, path, 2.0)[0] == 200
    except OSError:
        return False


def _probes(address: tuple[str, int], front: Front) -> ThreadingHTTPServer:
    """What the kubelet and Prometheus ask."""
    questions = {"/startup": front.started, "/live": front.live, "/ready": front.ready, "/healthz": front.up}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
            """Probes aren't logged."""

        def do_GET(self) -> None:
            if self.path in questions:
                holds = questions[self.path]()
                self._send(200 if holds else 503, b"yes\n" if holds else b"no\n")
            elif self.path == "/metrics":
                self._send(200, front.metrics())
            elif self.path == "/drain":
                front.drain()
                self._send(200, b"drained\n")
            else:
                self._send(404, b"not found\n")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(address, Handler)


def check(options: argparse.Namespace) -> int:
    """Ask the golden prompts once."""
    prompts = golden.load(options.golden)
    found = golden.problems(options.url, prompts, fallback=options.fallback)
    log("golden prompts", version=prompts.version, prompts=len(prompts.prompts), problems=found)
    return 1 if found else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="front", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve")
    serve.add_argument("--upstream", action="append", default=[], help="where requests go, in this order")
    serve.add_argument("--engine", default="", help="the upstream in this pod")
    serve.add_argument("--model", default="", help="its model's name, where requests have another one")
    serve.add_argument("--golden", type=Path, help="golden prompts of the engine")
    serve.add_argument("--answers", type=Path, help="cached answers")
    serve.add_argument("--host", default="0.0.0.0")  # noqa: S104  a pod's own network
    serve.add_argument("--port", type=int, default=8080)
    serve.add_argument("--probe-port", type=int, default=8002)
    serve.add_argument("--readiness-path", default="/readyz")
    serve.add_argument("--drain-seconds", type=float, default=115.0)
    serve.add_argument("--lag-seconds", type=float, default=15.0, help="how long requests still come in when it ends")
    serve.add_argument("--stall-seconds", type=float, default=120.0)
    serve.add_argument("--poll-seconds", type=float, default=2.0)
    serve.add_argument("--held-mib", type=int, default=256, help="most memory of bodies on their way together")
    serve.add_argument("--metrics", default="", help="names of the engine's metrics, as JSON")
    checking = commands.add_parser("check")
    checking.add_argument("--url", required=True)
    checking.add_argument("--golden", type=Path, required=True)
    checking.add_argument("--fallback", action="store_true", help="answers of the fallback count too")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one of the two commands."""
    options = _options(arguments)
    if options.command == "check":
        return check(options)
    Front(options).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
