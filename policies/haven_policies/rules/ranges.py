"""Ranges of addresses: which are the internet, by whatever they are written as."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any

Network = IPv4Network | IPv6Network

_WIDEST = {4: 8, 6: 16}
"""Version of IP -> the length of the largest range that anybody was given: a wider one is many people's."""
_MUCH = 4
"""A share of 1 to this of all addresses is the internet, in however many ranges. An assumption."""
_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
"""Not reachable over the internet (RFC 1918, 4193, 6598)."""


def is_internet(ranges: Iterable[Any]) -> bool:
    """Whether ranges hold so much of the internet that it makes no difference: each of its halves, or all its parts."""
    networks = [each for each in map(_network, ranges) if each is not None and not _is_private(each)]
    return any(each.prefixlen < _WIDEST[each.version] for each in networks) or any(
        _share(networks, version) * _MUCH >= 1 for version in _WIDEST
    )


def _share(networks: list[Network], version: int) -> float:
    """The share of all addresses of a version of IP."""
    total = 0.0
    for each in collapse_addresses([each for each in networks if each.version == version]):  # type: ignore[type-var]
        total += 0.5**each.prefixlen
    return total


def _is_private(network: Network) -> bool:
    return any(network.version == each.version and network.subnet_of(each) for each in _PRIVATE)  # type: ignore[arg-type]


def _network(value: Any) -> Network | None:
    try:
        return ip_network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return None
