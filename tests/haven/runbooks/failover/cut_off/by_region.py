"""`haven` for which each Region has hosts of its own, on loopback, and those of one Region complete no connection."""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from haven.cli.main import main
from haven.runbooks import signing_in

DOMAIN = ".test.invalid"
LOST, ADDRESSES, LOOKUPS = "HAVEN_TEST_LOST", "HAVEN_TEST_ADDRESSES", "HAVEN_TEST_LOOKUPS"
"""Variables: the Region, the addresses of its hosts, and a file for the services of it that are looked up, and when."""
_resolve = socket.getaddrinfo


class _Session(boto3.Session):  # type: ignore[misc]  # boto3 has no types
    """Clients of hosts that have the Region in their name, as AWS's have."""

    def client(self, service: str, region: str, *, config: Config, **named: Any) -> Any:
        port = urlsplit(os.environ["AWS_ENDPOINT_URL"]).port
        by_path = config.merge(Config(s3={"addressing_style": "path"}))
        named["endpoint_url"] = f"http://{service}.{region}{DOMAIN}:{port}"
        return super().client(service, region, config=by_path, **named)


def _by_region(host: str, *arguments: Any, **named: Any) -> Any:
    if not str(host).endswith(DOMAIN):
        return _resolve(host, *arguments, **named)
    if f".{os.environ[LOST]}." not in host:
        return _resolve("127.0.0.1", *arguments, **named)
    with Path(os.environ[LOOKUPS]).open("a") as file:
        file.write(f"{host.partition('.')[0]} {time.monotonic()}\n")
    return [each for one in os.environ[ADDRESSES].split() for each in _resolve(one, *arguments, **named)]


if __name__ == "__main__":
    signing_in.Session = _Session  # type: ignore[attr-defined]  # where the clients of AWS come from
    socket.getaddrinfo = _by_region  # type: ignore[assignment]
    sys.exit(main())
