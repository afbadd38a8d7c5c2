"""HTTP for these endpoints: short timeouts, few attempts, the proxy that the environment names."""

from functools import partial
from typing import Any
from urllib.request import getproxies, proxy_bypass

import urllib3

from haven.runbooks.connections import POOLS

_PIECE = 1 << 16
"""Bytes that are read at once."""


def pool(url: str, *, connecting: float, reading: float, attempts: int, **tls: Any) -> urllib3.PoolManager:
    """Connections to one endpoint.

    Args:
        url: where.
        connecting: seconds for the connection: name, addresses and TLS together.
        reading: seconds for all of an answer.
        attempts: how often a request is sent.
        tls: how the endpoint's certificate is checked; omitted: against this machine's authorities.
    """
    timeout = urllib3.Timeout(connect=connecting, read=reading)
    again = attempts - 1
    retries = urllib3.Retry(total=again, connect=again, read=again, status=0, redirect=False, allowed_methods=None)
    parts = urllib3.util.parse_url(url)
    proxy = None if proxy_bypass(parts.host or "") else getproxies().get(parts.scheme or "")
    made = urllib3.PoolManager if proxy is None else partial(urllib3.ProxyManager, proxy)
    found: urllib3.PoolManager = made(timeout=timeout, retries=retries, **tls)
    found.pool_classes_by_scheme = POOLS
    return found


def body(answer: urllib3.BaseHTTPResponse, largest: int) -> bytes:
    """What an answer contains, read in pieces; of one that wasn't loaded yet.

    Args:
        answer: as it began.
        largest: bytes.

    Raises:
        TooLargeError: it has more.
        urllib3.exceptions.HTTPError: it doesn't come in time.
    """
    found = bytearray()
    try:
        while piece := answer.read(_PIECE):
            found += piece
            if len(found) > largest:
                answer.close()  # the rest is no answer to the next question
                raise TooLargeError(largest)
    finally:
        answer.release_conn()
    return bytes(found)


class TooLargeError(Exception):
    """An answer is larger than any that was asked for."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"an answer of more than {largest >> 20} MiB")


def reason(error: Exception) -> str:
    """Why there was no answer, in a few words."""
    inner = getattr(error, "reason", None) or error
    if isinstance(inner, urllib3.exceptions.NameResolutionError):
        return "its name can't be resolved"
    if isinstance(inner, urllib3.exceptions.NewConnectionError):  # a ConnectTimeoutError too
        return "no connection"
    if isinstance(inner, urllib3.exceptions.ConnectTimeoutError):
        return "no connection in time"
    if isinstance(inner, urllib3.exceptions.ReadTimeoutError):
        return "no answer in time"
    if isinstance(inner, urllib3.exceptions.SSLError):
        return f"its certificate isn't trusted: {inner}"
    return str(inner)
