"""EKS's webhook that writes credentials into pods, for associations that take effect when a test says so."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from http.server import ThreadingHTTPServer
from typing import Any

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.loopback.json_handler import JsonHandler

CREDENTIALS = {"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "http://169.254.170.23/v1/credentials"}
_NAME = "pod-identity-webhook"


class IdentityWebhook:
    """A mutating webhook on loopback. Like EKS's it is asked about every pod, and its errors let pods pass."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self.effective: set[tuple[str, str]] = set()
        """Namespaces and service accounts whose associations have taken effect."""
        self._control_plane = control_plane
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, control_plane.certificate))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> "IdentityWebhook":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        authority = base64.b64encode(self._control_plane.certificate[0].read_bytes()).decode()
        address = f"https://127.0.0.1:{self._server.server_address[1]}/mutate"
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
        hook = {
            "name": "pods.identity.example.com",
            "clientConfig": {"url": address, "caBundle": authority},
            "rules": [rule],
            "failurePolicy": "Ignore",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
        self._control_plane.api.apply({**kind, "metadata": {"name": _NAME}, "webhooks": [hook]}, force=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._control_plane.api.delete("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", _NAME)
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[JsonHandler]:
        effective = self.effective

        class Handler(JsonHandler):
            def answer(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.reply(_answer(review["request"], effective))

        return Handler


def _answer(request: Mapping[str, Any], effective: set[tuple[str, str]]) -> Mapping[str, Any]:
    pod = request["object"]
    response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    if (request["namespace"], pod["spec"].get("serviceAccountName", "default")) in effective:
        patch = base64.b64encode(json.dumps(list(_patch(pod))).encode()).decode()
        response |= {"patchType": "JSONPatch", "patch": patch}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _patch(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for group in ("containers", "initContainers"):
        for index, each in enumerate(pod["spec"].get(group, ())):
            value = [*each.get("env", ()), CREDENTIALS]
            yield {"op": "add", "path": f"/spec/{group}/{index}/env", "value": value}
