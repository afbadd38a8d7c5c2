"""Stacks in ten pairs of commercial Regions, in GovCloud and in China: what is offered passes, the rest is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from haven.base.exits import BAD_INPUT, OK
from haven.base.problems import Problem
from haven.cli.main import main
from haven.model import catalog
from haven.model.catalog import Catalog
from infra.config import stack_kinds
from infra.config.rules import instances
from infra.config.settings import Settings
from tests.environments import ROOT

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
PLANNED = (PAIRS[0], PAIRS[-1])
"""Those of the ten that `haven plan` itself plans here."""

Plan = Callable[[dict[str, str]], tuple[int, str]]


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


def lacking(pair: tuple[str, str]) -> str:
    """A GPU type that one of the Regions doesn't offer."""
    gpu = [
        name
        for name in CATALOG.instance_types()
        if catalog.accelerator(name) == "nvidia"
        and catalog.architecture(name) == "x86_64"
        and name not in catalog.NO_ON_DEMAND_PRICE
    ]
    return next(name for name in gpu if any(CATALOG.zone_ids(name, region) == () for region in pair))


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_types_that_both_regions_offer_pass(pair: tuple[str, str]) -> None:
    offered = list(CATALOG.nearest_offered(NEAR, pair, count=2))
    assert len(offered) == 2
    assert [each.render() for each in problems(pair, offered)] == []


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_a_type_that_one_of_them_lacks_is_named_with_the_nearest_that_both_offer(pair: tuple[str, str]) -> None:
    offered = list(CATALOG.nearest_offered(NEAR, pair, count=2))
    unoffered = lacking(pair)
    [found] = problems(pair, [unoffered, *offered])
    assert found.what == "haven:cluster.gpuNodeGroups[0].instanceTypes[0]"
    assert "not offer" in found.got
    nearest = CATALOG.nearest_offered(unoffered, pair)[0]
    assert found.fix == f"write {nearest}"
    assert all(CATALOG.zone_ids(nearest, region) for region in pair)


@pytest.mark.parametrize("pair", OTHER_PARTITIONS, ids=" ".join)
def test_regions_that_the_data_does_not_know_pass_with_a_warning(pair: tuple[str, str]) -> None:
    keys = {key: value for key, value in config(pair, ["g5.xlarge", "g5.2xlarge"]).items() if key != "haven:zones"}
    settings = stack_kinds.load("test", keys)
    assert isinstance(settings, Settings)
    notes = instances.notes(settings.regions, settings.zones, settings.cluster, settings.database, settings.cache)
    assert all(any(f"what {region} offers is not in the data" in note for note in notes) for region in pair)


@pytest.fixture
def plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Plan:
    """`haven plan` of a stack with this config; gives exit code and output."""

    def run(keys: dict[str, str]) -> tuple[int, str]:
        file = tmp_path / "Pulumi.test.yaml"
        written = {key: json.loads(value) if value.startswith("{") else value for key, value in keys.items()}
        file.write_text(yaml.safe_dump({"config": written}))
        code = main(["plan", str(file), "-C", str(ROOT)])
        captured = capsys.readouterr()
        return code, " ".join((captured.out + captured.err).split())

    return run


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", PLANNED, ids=" ".join)
def test_haven_plan_has_no_error_for_types_that_both_regions_offer(pair: tuple[str, str], plan: Plan) -> None:
    code, output = plan(config(pair, list(CATALOG.nearest_offered(NEAR, pair, count=2))))
    assert code == OK, output
    assert f"tier warm, writes go to {pair[0]}" in output
    assert "is not in the data" not in output


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", PLANNED, ids=" ".join)
def test_haven_plan_names_the_nearest_type_for_one_that_a_region_lacks(pair: tuple[str, str], plan: Plan) -> None:
    code, output = plan(config(pair, [lacking(pair)]))
    assert code == BAD_INPUT
    assert f"fix: write {CATALOG.nearest_offered(lacking(pair), pair)[0]}" in output


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", OTHER_PARTITIONS, ids=" ".join)
def test_haven_plan_warns_of_regions_that_the_data_does_not_know(pair: tuple[str, str], plan: Plan) -> None:
    keys = {key: value for key, value in config(pair, ["g5.xlarge", "g5.2xlarge"]).items() if key != "haven:zones"}
    code, output = plan(keys)
    assert code == OK, output
    assert all(f"what {region} offers is not in the data" in output for region in pair)
