import ipaddress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven_components import limits
from haven_components.network import _subnets


@st.composite
def _blocks(draw: st.DrawFn) -> str:
    around = draw(st.sampled_from(_subnets.PRIVATE_RANGES))
    prefix = draw(st.integers(limits.VPC_PREFIX.least, limits.VPC_PREFIX.most))
    step = 2 ** (32 - prefix)
    index = draw(st.integers(0, around.num_addresses // step - 1))
    return f"{around.network_address + index * step}/{prefix}"


def _networks(zones: list[_subnets.ZoneSubnets]) -> list[ipaddress.IPv4Network]:
    return [ipaddress.IPv4Network(each) for zone in zones for each in (zone.public, zone.private, zone.data)]


@given(_blocks(), st.integers(2, 3))
def test_subnets_never_overlap(cidr: str, zones: int) -> None:
    assert not any(
        one.overlaps(other) for one, other in combinations(_networks(_subnets.subnet_layout(cidr, zones)), 2)
    )


@given(_blocks(), st.integers(2, 3))
def test_every_subnet_lies_inside_the_network(cidr: str, zones: int) -> None:
    found = _networks(_subnets.subnet_layout(cidr, zones))
    assert len(found) == 3 * zones
    assert all(each.subnet_of(ipaddress.IPv4Network(cidr)) for each in found)


@given(_blocks())
def test_growing_from_two_to_three_zones_moves_no_subnet(cidr: str) -> None:
    assert _subnets.subnet_layout(cidr, 3)[:2] == _subnets.subnet_layout(cidr, 2)


@given(_blocks(), st.integers(2, 3))
def test_private_subnets_are_the_biggest_and_every_subnet_is_big_enough_for_what_it_holds(
    cidr: str, zones: int
) -> None:
    for zone in _subnets.subnet_layout(cidr, zones):
        private, public, data = (ipaddress.IPv4Network(each) for each in (zone.private, zone.public, zone.data))
        assert private.num_addresses == 8 * public.num_addresses == 8 * data.num_addresses
        assert private.prefixlen <= 24
        assert max(public.prefixlen, data.prefixlen) <= 27


def test_a_sixteen_gives_each_zone_the_blocks_that_its_place_in_the_list_says() -> None:
    assert _subnets.subnet_layout("10.0.0.0/16", 3) == [
        _subnets.ZoneSubnets("10.0.192.0/21", "10.0.0.0/18", "10.0.224.0/21"),
        _subnets.ZoneSubnets("10.0.200.0/21", "10.0.64.0/18", "10.0.232.0/21"),
        _subnets.ZoneSubnets("10.0.208.0/21", "10.0.128.0/18", "10.0.240.0/21"),
    ]


@pytest.mark.parametrize(
    ("cidr", "wrong"),
    [
        ("10.0.0.0/23", "/23 is not between /16 and /22"),
        ("10.0.0.0/15", "/15 is not between /16 and /22"),
        ("10.0.0.1/16", "10.0.0.1/16 has host bits set"),
        ("8.8.0.0/16", "it is in none of the private ranges 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10"),
        ("fd00::/56", "Expected 4 octets in 'fd00::'"),
        ("ten", "Expected 4 octets in 'ten'"),
    ],
)
def test_a_block_that_cannot_be_a_network_is_refused_with_the_reason(cidr: str, wrong: str) -> None:
    assert _subnets.problem(cidr) == wrong
    with pytest.raises(ValueError, match="is no block for a network"):
        _subnets.subnet_layout(cidr, 2)


@pytest.mark.parametrize("zones", [0, 1, 4])
def test_a_network_with_another_number_of_zones_than_two_or_three_is_refused(zones: int) -> None:
    with pytest.raises(ValueError, match="2 or 3 zones"):
        _subnets.subnet_layout("10.0.0.0/16", zones)


@given(_blocks())
def test_a_block_overlaps_itself_and_not_its_neighbour(cidr: str) -> None:
    lower, upper = ipaddress.IPv4Network(cidr).subnets()
    assert _subnets.overlap(cidr, str(lower))
    assert not _subnets.overlap(str(lower), str(upper))
