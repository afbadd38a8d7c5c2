"""What a failover meets beside the API server: EKS's check of tokens, and the entrance of a model."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

OPERATORS = "haven-operators"
SECRET = "test"
"""Of the emulator's clients."""
_PREFIX = "k8s-aws-v1."


def is_signed_for(token: str, cluster: str) -> bool:
    """Whether a token is a request to STS for the caller's identity, signed for one cluster (AWS General Reference,
    Signature Version 4; read 2026-11-26)."""
    if not token.startswith(_PREFIX):
        return False
    text = token.removeprefix(_PREFIX)
    url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    raw = dict(each.split("=", 1) for each in url.query.split("&"))
    given = raw.pop("X-Amz-Signature")
    _, day, region, service, end = query["X-Amz-Credential"].split("/")
    canonical = "\n".join(
        (
            *("GET", url.path, "&".join(f"{name}={raw[name]}" for name in sorted(raw))),
            *(f"host:{url.netloc}", f"x-k8s-aws-id:{cluster}", ""),
            *(query["X-Amz-SignedHeaders"], hashlib.sha256(b"").hexdigest()),
        )
    )
    scope = "/".join((day, region, service, end))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, end, f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    named = (query["Action"], url.netloc, query["X-Amz-SignedHeaders"])
    return given == key.hex() and named == ("GetCallerIdentity", f"sts.{region}.amazonaws.com", "host;x-k8s-aws-id")


@contextmanager
def token_check(folder: Path, cluster: str) -> Iterator[Sequence[str]]:
    """Arguments for an API server that lets operators in as EKS does."""

    def review(body: Mapping[str, Any]) -> tuple[int, Mapping[str, str], Any]:
        known = is_signed_for(body["spec"]["token"], cluster)
        user = {"username": "operator", "groups": [OPERATORS]}
        status = {"authenticated": True, "user": user} if known else {"authenticated": False}
        return 200, {}, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}

    with _serving(review) as url:
        file = folder / "tokens.json"
        context = {"cluster": "it", "user": "it"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": {"server": url}}],
            "users": [{"name": "it", "user": {}}],
            "contexts": [{"name": "it", "context": context}],
            "current-context": "it",
        }
        file.write_text(json.dumps(document))
        yield (
            f"--authentication-token-webhook-config-file={file}",
            "--authentication-token-webhook-version=v1",
            "--authentication-token-webhook-cache-ttl=0s",
        )


class Model:
    """A model's entrance: it answers right while `works`."""

    def __init__(self, works: Callable[[], bool]) -> None:
        self.works = works
        self.answers: list[tuple[float, int]] = []
        """When, monotonic, and with which status it answered."""
        self.url = ""

    @contextmanager
    def served(self) -> Iterator["Model"]:
        """The same, at `url` while the context lasts."""
        with _serving(self._answer) as url:
            self.url = f"{url}/v1/chat/completions"
            yield self

    def _answer(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, str], Any]:
        status = 200 if self.works() else 503
        self.answers.append((time.monotonic(), status))
        assert body["messages"][0]["content"] == "Capital of France?"
        return status, {}, {"choices": [{"message": {"content": "It is Paris."}}]}


@contextmanager
def trickling(piece: bytes, every: float) -> Iterator[str]:
    """A server whose answers go on for a minute and more, in chunks of one piece each."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(ConnectionError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(int(60 / max(every, 0.001))):
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    time.sleep(every)

        do_GET = do_POST  # noqa: N815  http.server's name

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with _running(Handler) as url:
        yield url


@contextmanager
def _serving(answer: Callable[[Mapping[str, Any]], tuple[int, Mapping[str, str], Any]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, headers, document = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # whoever asked may have given up
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with _running(Handler) as url:
        yield url


@contextmanager
def _running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The URL of a server on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
