"""Where a network's subnets lie: pure arithmetic on address blocks."""

import ipaddress
from dataclasses import dataclass

from haven_components import limits

PRIVATE_RANGES = tuple(
    ipaddress.IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


@dataclass(frozen=True)
class ZoneSubnets:
    """The address blocks of one zone."""

    public: str
    private: str
    data: str


def subnet_layout(cidr: str, zones: int) -> list[ZoneSubnets]:
    """The subnets of the first `zones` zones of a network.

    A zone's blocks depend on its position alone: the network is cut as if it had every zone it can ever have, so a
    zone that is added later moves nothing. A quarter of the network is private for each of three zones, because the
    VPC's network interface plugin takes every pod's address from there; the last quarter holds the public and data
    subnets, a thirty-second of the network each, and two such blocks stay free.

    Raises:
        ValueError: `problem` finds something wrong with the block, or `zones` is not 2 or 3.
    """
    wrong = problem(cidr)
    if wrong:
        raise ValueError(f"{cidr!r} is no block for a network: {wrong}")
    if not limits.ZONES.least <= zones <= limits.ZONES.most:
        raise ValueError(f"a network has {limits.ZONES.least} or {limits.ZONES.most} zones, not {zones}")
    *private, shared = ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=2)
    small = list(shared.subnets(prefixlen_diff=3))
    public, data = small[: limits.ZONES.most], small[4 : 4 + limits.ZONES.most]
    blocks = zip(public, private, data, strict=True)
    return [ZoneSubnets(*(str(block) for block in each)) for each in blocks][:zones]


def problem(cidr: str) -> str | None:
    """Why a block can't be a network's, in words, or None where it can."""
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        return str(error)
    if not limits.VPC_PREFIX.least <= block.prefixlen <= limits.VPC_PREFIX.most:
        return f"/{block.prefixlen} is not between /{limits.VPC_PREFIX.least} and /{limits.VPC_PREFIX.most}"
    if not any(block.subnet_of(each) for each in PRIVATE_RANGES):
        return f"it is in none of the private ranges {', '.join(str(each) for each in PRIVATE_RANGES)}"
    return None


def vpc_problem(cidr: str) -> str | None:
    """Why a block can be no VPC's, whoever created it, in words, or None where it can."""
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        return str(error)
    allowed = limits.EXISTING_VPC_PREFIX
    return (
        None
        if allowed.holds(block.prefixlen)
        else f"/{block.prefixlen} is not between /{allowed.least} and /{allowed.most}"
    )


def overlap(first: str, second: str) -> bool:
    """Whether two valid blocks share an address."""
    return ipaddress.IPv4Network(first).overlaps(ipaddress.IPv4Network(second))
