"""VPCs that exist already, and what the config may say of them."""

import json
import re
from typing import Any

import pytest
import yaml

from haven.base.problems import Problem, Problems
from infra.config import stack_kinds
from infra.config.rules import networks
from infra.config.settings import Settings
from tests.environments import PRIMARY, RECOVERY, ROOT

PAGE = ROOT / "docs" / "existing-network.md"
EXAMPLE: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)[0])["config"]
ZONES, EXISTING = EXAMPLE["haven:zones"], EXAMPLE["haven:network"]["existing"]
VALID = {
    "haven:account": "111122223333",
    "haven:tier": "warm",
    "haven:domain": "ai.example.com",
    "haven:regions": json.dumps({"primary": PRIMARY, "recovery": RECOVERY}),
}


def _load(existing: Any, *, zones: Any = ZONES, cidrs: Any = None, **changes: str) -> Settings:
    network = {"existing": existing, **({"cidrs": cidrs} if cidrs else {})}
    config = VALID | {"haven:zones": json.dumps(zones), "haven:network": json.dumps(network)} | changes
    settings = stack_kinds.load("test", {key: value for key, value in config.items() if value})
    assert isinstance(settings, Settings)
    return settings


def _refusal(existing: Any, **changes: Any) -> Problem:
    with pytest.raises(Problems) as refused:
        _load(existing, **changes)
    (problem,) = refused.value.problems
    return problem


def _changed(region: str = PRIMARY, without: str = "", **changes: Any) -> dict[str, Any]:
    own = {key: value for key, value in EXISTING[region].items() if key != without}
    return {**EXISTING, region: own | changes}


def test_the_page_s_example_is_accepted_for_both_regions_and_for_one() -> None:
    assert _load(EXISTING).network.existing.keys() == {PRIMARY, RECOVERY}
    assert _load({RECOVERY: EXISTING[RECOVERY]}).network.existing.keys() == {RECOVERY}


@pytest.mark.parametrize("key", ["privateSubnetIds", "publicSubnetIds", "dataSubnetIds"])
def test_there_is_a_subnet_of_each_kind_for_each_zone(key: str) -> None:
    zones = {**ZONES, PRIMARY: [*ZONES[PRIMARY], "eu-west-1c"]}
    ids = [f"subnet-{index:08x}" for index in range(9)]
    kinds = ("privateSubnetIds", "publicSubnetIds", "dataSubnetIds")
    three: dict[str, Any] = {kind: ids[3 * index : 3 * index + 3] for index, kind in enumerate(kinds)}
    assert _load(_changed(**three), zones=zones)
    problem = _refusal(_changed(**{**three, key: three[key][:2]}), zones=zones)
    assert problem.what == f"haven:network.existing.{PRIMARY}.{key}"
    assert (problem.got, "eu-west-1c" in problem.allowed) == ("2 subnets", True)


def test_the_zones_of_existing_subnets_are_named() -> None:
    problem = _refusal(EXISTING, zones={RECOVERY: ZONES[RECOVERY]})
    assert (problem.what, problem.got) == (f"haven:zones.{PRIMARY}", "nothing")


def test_a_subnet_is_named_once() -> None:
    shared = EXISTING[PRIMARY]["privateSubnetIds"]
    problem = _refusal(_changed(dataSubnetIds=shared))
    assert problem.what == f"haven:network.existing.{PRIMARY}"
    assert shared[0] in problem.got


def test_a_balancer_that_faces_the_internet_needs_public_subnets() -> None:
    without = _changed(without="publicSubnetIds")
    assert _refusal(without).what == f"haven:network.existing.{PRIMARY}.publicSubnetIds"
    assert _load(without, **{"haven:edge": '{"internal": true}'})
    assert _load(without, **{"haven:domain": ""})


def test_blocks_do_not_overlap_whoever_created_the_networks() -> None:
    both = _refusal(_changed(cidr="10.65.128.0/20"))
    assert both.what == f"haven:network.existing.{PRIMARY}.cidr and haven:network.existing.{RECOVERY}.cidr"
    one = _refusal({PRIMARY: {**EXISTING[PRIMARY], "cidr": "10.41.7.0/24"}})
    assert one.what == f"haven:network.existing.{PRIMARY}.cidr and haven:network.cidrs.recovery"
    proposed = re.search(r"haven:network.cidrs.recovery: (\S+),", one.fix)
    assert proposed
    assert _load({PRIMARY: {**EXISTING[PRIMARY], "cidr": "10.41.7.0/24"}}, cidrs={"recovery": proposed[1]})


def test_a_region_has_one_block() -> None:
    problem = _refusal(EXISTING, cidrs={"primary": "10.64.0.0/16"})
    assert problem.what == "haven:network.cidrs.primary"


def test_another_region_than_the_two_is_refused() -> None:
    problem = _refusal({**EXISTING, "us-east-1": EXISTING[PRIMARY]})
    assert problem.what == "haven:network.existing.us-east-1"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vpcId", "vpc-ABC"),
        ("vpcId", "subnet-0a1b2c3d"),
        ("cidr", "10.64.0.1/16"),
        ("cidr", "10.0.0.0/8"),
        ("privateSubnetIds", ["subnet-0a1b2c3d"]),
    ],
)
def test_what_no_vpc_has_is_refused_at_its_key(key: str, value: Any) -> None:
    assert _refusal(_changed(**{key: value})).what.startswith(f"haven:network.existing.{PRIMARY}.{key}")


def test_services_of_the_cluster_keep_out_of_an_existing_vpc() -> None:
    assert _refusal(_changed(cidr="172.20.0.0/18")).what == "haven:cluster.serviceCidr"


def test_a_plan_names_the_vpcs_and_what_they_lack() -> None:
    settings = _load(_changed(without="routeTableIds"))
    (primary, recovery, peering, tags) = networks.notes(settings.network, settings.regions, experiments=True)
    assert "vpc-0a1b2c3d4e5f60718 (10.64.0.0/16)" in primary
    assert "vpc-0b1b2c3d4e5f60718 (10.65.0.0/16)" in recovery
    assert f"no routeTableIds in {PRIMARY}" in peering
    assert "haven:environment" in tags
