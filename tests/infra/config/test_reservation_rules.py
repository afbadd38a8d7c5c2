"""Reserved capacity against its group, its Region and its zone."""

from typing import Any

import pytest

from infra.config import models
from infra.config.rules.instances import CATALOG
from infra.config.rules.nodes import reservations

PAIR = models.Regions(primary="us-east-1", recovery="us-east-2")
GROUP = "haven:cluster.gpuNodeGroups[0]"
HOME = {"id": "cr-0123456789abcdef0", "zone": "us-east-1a", "instanceType": "g5.2xlarge"}
AWAY = {"id": "cr-0123456789abcdef1", "zone": "us-east-2a", "instanceType": "g5.2xlarge"}


def _problems(home: dict[str, str] | None = None, away: dict[str, str] | None = None, **group: Any) -> list[str]:
    reserved = {"us-east-1": home, "us-east-2": away}
    serving = {
        "name": "serving",
        "instanceTypes": ["g5.2xlarge", "g5.4xlarge"],
        "capacityReservations": {region: each for region, each in reserved.items() if each},
        **group,
    }
    cluster = models.Cluster.model_validate({"gpuNodeGroups": [serving]})
    return [each.render() for each in reservations.RULES.check({"regions": PAIR, "cluster": cluster, "zones": {}})]


def test_a_reservation_of_one_of_the_groups_types_in_each_region_is_accepted() -> None:
    assert _problems(HOME, AWAY) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("m5.large", "a type with NVIDIA GPUs: the nodes start from AMI type BOTTLEROCKET_x86_64_NVIDIA"),
        ("g5g.xlarge", "an x86-64 type"),
        ("g5.13xlarge", "an EC2 instance type"),
    ],
)
def test_a_reserved_type_that_cannot_take_the_place_of_the_groups_is_refused(name: str, why: str) -> None:
    (problem,) = _problems(away={**AWAY, "instanceType": name})
    assert problem.startswith(f"{GROUP}.capacityReservations.us-east-2.instanceType: got ")
    assert why in problem


def test_a_reserved_type_with_fewer_gpus_than_the_groups_is_refused_and_one_with_smaller_ones_is_not() -> None:
    large: Any = {"instanceTypes": ["g5.12xlarge", "g5.24xlarge"]}
    (problem,) = _problems(away={**AWAY, "instanceType": "g5.2xlarge"}, **large)
    assert "with 1 GPU; allowed: at least 4, as every type of the group has" in problem
    assert _problems(away={**AWAY, "instanceType": "g4dn.12xlarge"}, **large) == []


def test_a_reserved_type_is_offered_in_its_own_region_only() -> None:
    assert CATALOG.zone_ids("p4de.24xlarge", "us-east-2") == ()
    (problem,) = _problems(away={**AWAY, "instanceType": "p4de.24xlarge"})
    assert 'got "p4de.24xlarge", which us-east-2 does not offer' in problem
    assert _problems({**HOME, "instanceType": "p4de.24xlarge"}) == []


def test_a_type_without_an_on_demand_price_is_reserved_as_a_capacity_block() -> None:
    reserved = {**AWAY, "instanceType": "p5e.48xlarge"}
    (problem,) = _problems(away=reserved)
    assert problem.startswith(
        f'{GROUP}.capacityReservations.us-east-2.market: got "on-demand"; allowed: capacity-block'
    )
    assert _problems(away={**reserved, "market": "capacity-block"}) == []


def test_a_zone_in_which_the_cluster_has_no_subnet_is_refused() -> None:
    (problem,) = _problems(away={**AWAY, "zone": "us-east-1a"})
    assert problem == (
        f'{GROUP}.capacityReservations.us-east-2.zone: got "us-east-1a"; allowed: a zone of us-east-2 in which the'
        ' cluster has a subnet: "us-east-2a", "us-east-2b", "us-east-2c"; fix: write the reservation\'s zone;'
        " another zone of us-east-2 has to be one of the three in haven:zones.us-east-2 before the first deployment"
    )


def test_one_reservation_in_two_regions_is_refused() -> None:
    (problem,) = _problems(HOME, {**AWAY, "id": HOME["id"]})
    assert problem.startswith(f'{GROUP}.capacityReservations.us-east-2.id: got "{HOME["id"]}"; allowed: another')


def test_spot_instances_are_never_reserved() -> None:
    (problem,) = _problems(HOME, spot=True)
    assert problem.startswith(f"{GROUP}.spot: got true; allowed: false with capacityReservations")
