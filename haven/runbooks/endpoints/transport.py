"""HTTP for these endpoints: short timeouts, few attempts, the proxy that the environment names."""

from typing import Any
from urllib.request import getproxies, proxy_bypass

import urllib3


def pool(url: str, *, connecting: float, reading: float, attempts: int, **tls: Any) -> urllib3.PoolManager:
    """Connections to one endpoint.

    Args:
        url: where.
        connecting: seconds for the connection.
        reading: seconds between two pieces of the answer.
        attempts: how often a request is sent.
        tls: how the endpoint's certificate is checked; omitted: against this machine's authorities.
    """
    timeout = urllib3.Timeout(connect=connecting, read=reading)
    again = attempts - 1
    retries = urllib3.Retry(total=again, connect=again, read=again, status=0, redirect=False, allowed_methods=None)
    parts = urllib3.util.parse_url(url)
    proxy = None if proxy_bypass(parts.host or "") else getproxies().get(parts.scheme or "")
    if proxy:
        return urllib3.ProxyManager(proxy, timeout=timeout, retries=retries, **tls)
    return urllib3.PoolManager(timeout=timeout, retries=retries, **tls)


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
