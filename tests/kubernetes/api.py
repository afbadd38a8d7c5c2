"""A small client of a Kubernetes API server on loopback."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

_TIMEOUT = 30.0
_TICK = 0.2
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
MANAGER = "pulumi-kubernetes"


class ApiError(Exception):
    """What the API server refuses."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{status}: {message}")


class Api:
    """One API server, asked as an administrator."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE  # it signs its own certificate, and is on loopback

    def ask(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """The answer to one request: an object, or the text of an answer that is none.

        Raises:
            ApiError: the server refuses it.
        """
        request = urllib.request.Request(
            f"{self._url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": content},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT, context=self._context) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, _message(error.read().decode())) from error
        return json.loads(text) if text.startswith("{") else text

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Where an object is, or all of a kind.

        Raises:
            LookupError: the server doesn't know the kind.
        """
        root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        if kind not in self._kinds.get(api_version, {}):
            self._kinds[api_version] = self._discovered(root)
        if kind not in self._kinds[api_version]:
            raise LookupError(f"the API server has no {kind} in {api_version}")
        plural, namespaced = self._kinds[api_version][kind]
        within = f"/namespaces/{namespace or 'default'}" if namespaced and (namespace or name) else ""
        return f"{root}{within}/{plural}{f'/{name}' if name else ''}"

    def _discovered(self, root: str) -> dict[str, tuple[str, bool]]:
        try:
            found = self.ask("GET", root)["resources"]
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        return {each["kind"]: (each["name"], each["namespaced"]) for each in found if "/" not in each["name"]}

    def apply(
        self, body: Mapping[str, Any], *, manager: str = MANAGER, dry_run: bool = False, force: bool = False
    ) -> Any:
        """Server-side apply with strict field validation, as Pulumi's provider does it."""
        metadata = body["metadata"]
        path = self.path(body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"])
        query = f"?fieldManager={manager}&fieldValidation=Strict{'&dryRun=All' if dry_run else ''}"
        return self.ask("PATCH", f"{path}{query}{'&force=true' if force else ''}", body, APPLY)

    def create(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Any:
        """Create an object, with strict field validation."""
        path = self.path(body["apiVersion"], body["kind"], body["metadata"].get("namespace", "") or "default")
        return self.ask("POST", f"{path}?fieldValidation=Strict{'&dryRun=All' if dry_run else ''}", body)

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Any:
        """One object."""
        return self.ask("GET", self.path(api_version, kind, namespace, name))

    def all(self, api_version: str, kind: str, namespace: str = "") -> list[Any]:
        """All objects of a kind, in one namespace or in the cluster."""
        items: list[Any] = self.ask("GET", self.path(api_version, kind, namespace))["items"]
        return [{"apiVersion": api_version, "kind": kind, **each} for each in items]

    def change(self, found: Mapping[str, Any], change: Any, part: str = "") -> Any:
        """Change an object that was found, or its subresource `part`, as an operator does and not as Pulumi."""
        metadata = found["metadata"]
        path = self.path(found["apiVersion"], found["kind"], metadata.get("namespace", ""), metadata["name"])
        return self.ask("PATCH", f"{path}{f'/{part}' if part else ''}?fieldManager=operator", change, MERGE)

    def delete(self, api_version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object at once."""
        self.ask("DELETE", self.path(api_version, kind, namespace, name), {"gracePeriodSeconds": 0})


def until(holds: Callable[[], bool], seconds: float, what: Callable[[], object] = lambda: "") -> None:
    """Wait until something holds.

    Raises:
        AssertionError: it doesn't within that time; with what `what` finds then.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what()}"
        time.sleep(_TICK)


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError):
        return text
