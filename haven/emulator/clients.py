"""boto3 clients for the emulator's endpoint, or for AWS."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=20,
    retries={"total_max_attempts": 2},
    proxies={},  # none, whatever the environment says: the endpoint is on this machine
    s3={"addressing_style": "path"},
)
_AWS_CONFIG = Config(connect_timeout=10, read_timeout=60, retries={"total_max_attempts": 5, "mode": "standard"})


@cache
def _session() -> Any:
    """One session for all clients, so that boto3 loads each service model once."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106  not checked


@cache
def _own_session() -> Any:
    """A session with this machine's own credentials."""
    return boto3.Session()


class Clients:
    """boto3 clients of one endpoint, or of AWS; each service and Region gets one client."""

    def __init__(self, url: str | None, marked: str = "") -> None:
        """
        Args:
            url: the endpoint of every service. None: AWS, with this machine's credentials.
            marked: of an account's items list those only that contain this text, in a name or a tag. Omitted: list all.
        """
        self._url = url
        self._marked = marked
        self._clients: dict[tuple[str, str], Any] = {}

    def of(self, service: str, region: str) -> Any:
        """The client of a service in a Region."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = self._make(service, region)
        return self._clients[key]

    def _make(self, service: str, region: str) -> Any:
        if self._url is None:
            return _own_session().client(service, region, config=_AWS_CONFIG)
        return _session().client(service, region, endpoint_url=self._url, config=_CONFIG)

    def marked(self, items: Iterable[Any]) -> list[Any]:
        """Those of the items that contain the marking text."""
        return [each for each in items if not self._marked or self._marked in json.dumps(each, default=str)]

    def listed(self, service: str, region: str, operation: str, answer: str, **arguments: Any) -> list[Any]:
        """All items that an operation lists, over all pages; without arguments, the marked ones.

        Args:
            service: such as `ec2`.
            region: the Region to ask.
            operation: boto3's method, such as `describe_vpcs`.
            answer: the key of the items in the answer, such as `Vpcs`.
            arguments: of the operation.
        """
        client = self.of(service, region)
        if not client.can_paginate(operation):
            items = getattr(client, operation)(**arguments).get(answer) or []
            return list(items) if arguments else self.marked(items)
        pages = client.get_paginator(operation).paginate(**arguments)
        found = [each for page in pages for each in page.get(answer) or []]
        return found if arguments else self.marked(found)
