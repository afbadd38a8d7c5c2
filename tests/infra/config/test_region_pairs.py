"""Stacks in ten pairs of commercial Regions, in GovCloud and in China: what is offered passes, the rest is named."""

import json

import pytest

from haven.base.problems import Problem
from haven.model import catalog
from haven.model.catalog import Catalog
from infra.config import stack_kinds
from infra.config.rules import instances
from infra.config.settings import Settings

PAIRS = (
    ("ap-northeast-1", "ap-northeast-3"),
    ("ap-south-1", "ap-southeast-1"),
    ("ap-southeast-2", "ap-northeast-1"),
    ("ca-central-1", "us-east-2"),
    ("eu-central-1", "eu-west-3"),
    ("eu-north-1", "eu-west-2"),
    ("eu-west-1", "eu-central-1"),
    ("sa-east-1", "us-east-2"),
    ("us-east-1", "ca-central-1"),
    ("us-east-2", "us-west-2"),
)
OTHER_PARTITIONS = (("us-gov-west-1", "us-gov-east-1"), ("cn-north-1", "cn-northwest-1"))
NEAR = "g5.xlarge"
CATALOG = Catalog()


def config(pair: tuple[str, str], types: list[str]) -> dict[str, str]:
    """A stack with one GPU group in these Regions; zones are named, as some Regions need that."""
    zones = {region: [f"{region}{letter}" for letter in "ac"] for region in pair}
    return {
        "haven:account": "111122223333",
        "haven:tier": "warm",
        "haven:regions": json.dumps({"primary": pair[0], "recovery": pair[1]}),
        "haven:zones": json.dumps(zones),
        "haven:cluster": json.dumps({"gpuNodeGroups": [{"name": "gpu", "instanceTypes": types}]}),
    }


def problems(pair: tuple[str, str], types: list[str]) -> list[Problem]:
    return stack_kinds.problems("test", config(pair, types))


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_types_that_both_regions_offer_pass(pair: tuple[str, str]) -> None:
    offered = list(CATALOG.nearest_offered(NEAR, pair, count=2))
    assert len(offered) == 2
    assert [each.render() for each in problems(pair, offered)] == []


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_a_type_that_one_of_them_lacks_is_named_with_the_nearest_that_both_offer(pair: tuple[str, str]) -> None:
    offered = list(CATALOG.nearest_offered(NEAR, pair, count=2))
    gpu = [
        name
        for name in CATALOG.instance_types()
        if catalog.accelerator(name) == "nvidia"
        and catalog.architecture(name) == "x86_64"
        and name not in catalog.NO_ON_DEMAND_PRICE
    ]
    lacking = next(name for name in gpu if any(CATALOG.zone_ids(name, region) == () for region in pair))
    [found] = problems(pair, [lacking, *offered])
    assert found.what == "haven:cluster.gpuNodeGroups[0].instanceTypes[0]"
    assert "not offer" in found.got
    nearest = CATALOG.nearest_offered(lacking, pair)[0]
    assert found.fix == f"write {nearest}"
    assert all(CATALOG.zone_ids(nearest, region) for region in pair)


@pytest.mark.parametrize("pair", OTHER_PARTITIONS, ids=" ".join)
def test_regions_that_the_data_does_not_know_pass_with_a_warning(pair: tuple[str, str]) -> None:
    keys = {key: value for key, value in config(pair, ["g5.xlarge", "g5.2xlarge"]).items() if key != "haven:zones"}
    settings = stack_kinds.load("test", keys)
    assert isinstance(settings, Settings)
    notes = instances.notes(settings.regions, settings.zones, settings.cluster, settings.database, settings.cache)
    assert all(any(f"what {region} offers is not in the data" in note for note in notes) for region in pair)
