"""What KEDA asks in the place of a Region's managed Prometheus: a loopback server whose answers the test sets.

It is no Prometheus: it knows a query by the metric and the namespace in it, and sums nothing.
"""

import re
import threading
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.kubernetes.loopback.json_handler import JsonHandler

_QUERY = re.compile(r'sum\(\{__name__="(?P<metric>[^"]+)",namespace="(?P<namespace>[^"]+)",pod=~"[^"]+"\}\)')
_WORKSPACE = "/workspaces/ws-01234567"


class Prometheus:
    """Answers `/api/v1/query` of one workspace."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], float] = {}
        """Namespace and metric -> what a query of it finds; one that isn't here has no result."""
        self.unsigned: list[str] = []
        """Requests without a signature of AWS."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def endpoint(self) -> str:
        """Of the workspace."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{_WORKSPACE}"

    def __enter__(self) -> "Prometheus":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[JsonHandler]:
        prometheus = self

        class Handler(JsonHandler):
            def answer(self) -> None:
                if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
                    prometheus.unsigned.append(self.path)
                status, answer = prometheus._answer(self.path)
                self.reply(answer, status)

        return Handler

    def _answer(self, path: str) -> tuple[int, dict[str, Any]]:
        asked = urlsplit(path)
        found = _QUERY.fullmatch(parse_qs(asked.query).get("query", [""])[0])
        if asked.path != f"{_WORKSPACE}/api/v1/query" or found is None:
            return 400, {"status": "error", "error": path}
        value = self.values.get((found["namespace"], found["metric"]))
        result = [] if value is None else [{"metric": {}, "value": [0, str(value)]}]
        return 200, {"status": "success", "data": {"resultType": "vector", "result": result}}
