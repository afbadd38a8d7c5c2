"""boto3 clients for the emulator's endpoint."""

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


@cache
def _session() -> Any:
    """One session for all clients, so that boto3 loads each service model once."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106  not checked


class Clients:
    """boto3 clients of one endpoint; each service and Region gets one client."""

    def __init__(self, url: str) -> None:
        """
        Args:
            url: the endpoint of every service.
        """
        self._url = url
        self._clients: dict[tuple[str, str], Any] = {}

    def of(self, service: str, region: str) -> Any:
        """The client of a service in a Region."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = _session().client(service, region, endpoint_url=self._url, config=_CONFIG)
        return self._clients[key]

    def listed(self, service: str, region: str, operation: str, answer: str, **arguments: Any) -> list[Any]:
        """All items that an operation lists, over all pages.

        Args:
            service: such as `ec2`.
            region: the Region to ask.
            operation: boto3's method, such as `describe_vpcs`.
            answer: the key of the items in the answer, such as `Vpcs`.
            arguments: of the operation.
        """
        client = self.of(service, region)
        if not client.can_paginate(operation):
            return list(getattr(client, operation)(**arguments).get(answer) or [])
        pages = client.get_paginator(operation).paginate(**arguments)
        return [each for page in pages for each in page.get(answer) or []]
