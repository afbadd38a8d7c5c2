"""The stack file that the first run writes for a pair of Regions."""

from pathlib import Path
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.config.stack_file import load_stack
from haven.model.catalog import Catalog
from haven.model.prices import PriceBook
from haven.program import validation
from haven.smoke import stack_file
from haven.smoke.request import Target
from tests.environments import ROOT

PAIRS = (
    ("eu-west-1", "eu-central-1"),
    ("us-east-1", "us-west-2"),
    ("ap-south-1", "ap-southeast-1"),
    ("us-west-1", "us-east-2"),
    ("ca-central-1", "sa-east-1"),
)


class Ec2:
    """Answers for the zones of a Region: every zone id that the data has, the first one called `a`."""

    def __init__(self, region: str, count: int = 9) -> None:
        catalog = Catalog()
        ids = {zone for each in catalog.offered(region) for zone in catalog.zone_ids(each, region) or ()}
        named = list(zip("abcdefghi", sorted(ids), strict=False))[:count]
        self.zones = [{"ZoneName": f"{region}{letter}", "ZoneId": zone} for letter, zone in named]

    def describe_availability_zones(self) -> dict[str, Any]:
        return {"AvailabilityZones": self.zones}


@pytest.mark.parametrize("pair", PAIRS)
def test_the_program_takes_the_stack_file_of_a_pair_of_regions(pair: tuple[str, str], tmp_path: Path) -> None:
    target = Target("111122223333", *pair, None)
    client = lambda _, region: Ec2(region)  # noqa: E731
    file = stack_file.write("smoke-ab12", target, tmp_path, Catalog(), PriceBook(), client=client)
    assert validation.problems(load_stack(str(file), ROOT)) == []


def test_a_zone_in_which_eks_takes_no_subnets_is_not_chosen() -> None:
    ec2 = Ec2("us-east-1")
    ec2.zones.sort(key=lambda each: each["ZoneId"] != "use1-az3")
    for letter, zone in zip("abcdef", ec2.zones, strict=False):
        zone["ZoneName"] = f"us-east-1{letter}"
    groups = [["m4.xlarge"]]
    assert "use1-az3" in (Catalog().zone_ids("m4.xlarge", "us-east-1") or ())
    assert ec2.zones[0]["ZoneId"] == "use1-az3"
    assert "us-east-1a" not in stack_file.zones("us-east-1", groups, Catalog(), lambda *_: ec2)


def test_a_region_with_one_fitting_zone_is_refused() -> None:
    with pytest.raises(Problems, match="two zones with them"):
        stack_file.zones("eu-west-1", [["m6i.large"]], Catalog(), lambda *_: Ec2("eu-west-1", 1))


@pytest.mark.parametrize("pair", PAIRS)
def test_the_witness_is_a_third_region_that_every_account_has_near_the_primary_one(pair: tuple[str, str]) -> None:
    witness = Target("111122223333", *pair, None).witness
    assert witness not in pair
    near = {"ap": "ap-", "eu": "eu-", "us": "us-"}.get(pair[0][:2], "")
    assert witness.startswith(near)
