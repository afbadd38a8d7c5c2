"""Metrics for HorizontalPodAutoscalers, as KEDA's metrics server answers them, with values that the test sets."""

import ssl
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any

from tests.kubernetes.api import Api, until
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.loopback.json_handler import JsonHandler

GROUP, VERSION = "external.metrics.k8s.io", "v1beta1"
_NAME = f"{VERSION}.{GROUP}"
METRICS = ("s0-prometheus", "s1-prometheus")
"""What KEDA calls the metrics of a ScaledObject's two triggers of type `prometheus`."""


class ExternalMetrics:
    """What tells the API server that a server on loopback has external metrics."""

    def __init__(self, api: Api, port: int, namespace: str) -> None:
        """
        Args:
            api: the API server.
            port: of the server, which speaks TLS.
            namespace: where the Service is that stands for it.
        """
        self._api = api
        self._port = port
        self._namespace = namespace

    def __enter__(self) -> "ExternalMetrics":
        api, port, namespace = self._api, self._port, self._namespace
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, force=True)
        spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "keda", "namespace": namespace}}
        api.apply({**service, "spec": spec}, force=True)
        served = {
            "group": GROUP,
            "version": VERSION,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "keda", "namespace": namespace, "port": port},
        }
        known = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": _NAME}}
        api.apply({**known, "spec": served}, force=True)
        until(lambda: any(each["status"] == "True" for each in self._states()), 60, self._states)
        return self

    def __exit__(self, *_: object) -> None:
        self._api.delete("apiregistration.k8s.io/v1", "APIService", _NAME)

    def _states(self) -> list[Any]:
        found = self._api.get("apiregistration.k8s.io/v1", "APIService", _NAME)
        return found.get("status", {}).get("conditions") or []


class Metrics:
    """A server of external metrics on loopback, which the API server passes requests to."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self.values: dict[str, int] = {}
        """Namespace -> the first metric's value in it."""
        self.second: dict[str, int] = {}
        """Namespace -> the second metric's value in it."""
        self._control_plane = control_plane
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, control_plane.certificate))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> "Metrics":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._served = ExternalMetrics(self._control_plane.api, self._server.server_address[1], "metrics")
        self._served.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._served.__exit__()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[JsonHandler]:
        values = dict(zip(METRICS, (self.values, self.second), strict=True))

        class Handler(JsonHandler):
            def answer(self) -> None:
                self.reply(_answer(self.path, values))

        return Handler


def _answer(path: str, values: Mapping[str, Mapping[str, int]]) -> Mapping[str, Any]:
    parts = path.partition("?")[0].strip("/").split("/")
    if len(parts) < 6:
        kind = {"namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{GROUP}/{VERSION}",
            "resources": [{"name": each, **kind} for each in values],
        }
    namespace, name = parts[4], parts[5]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    value = {"metricName": name, "metricLabels": {}, "timestamp": now, "value": str(values[name].get(namespace, 0))}
    return {
        "kind": "ExternalMetricValueList",
        "apiVersion": f"{GROUP}/{VERSION}",
        "metadata": {},
        "items": [value],
    }
