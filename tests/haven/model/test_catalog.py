"""What AWS sells and where, read from the shipped data and from a project's own."""

import json
from pathlib import Path

import pytest

from haven.model import catalog
from haven.model.catalog import Catalog


@pytest.mark.parametrize(
    ("name", "region", "offered"),
    [("g6.xlarge", "eu-west-1", False), ("g5.xlarge", "eu-west-1", True), ("g6.xlarge", "eu-central-1", True)],
)
def test_a_type_is_offered_where_the_data_has_zones_for_it(name: str, region: str, offered: bool) -> None:
    assert bool(Catalog().zone_ids(name, region)) is offered


@pytest.mark.parametrize(("name", "region"), [("g5.xlarge", "us-gov-west-1"), ("g99.large", "eu-west-1")])
def test_what_the_data_knows_nothing_of_is_neither_offered_nor_refused(name: str, region: str) -> None:
    assert Catalog().zone_ids(name, region) is None


def test_the_nearest_types_have_the_same_architecture_and_accelerator() -> None:
    assert Catalog().nearest_offered("g6.xlarge", ["eu-west-1"]) == ["g5.xlarge", "g5.2xlarge", "g5.4xlarge"]
    assert Catalog().nearest_offered("g5g.xlarge", ["eu-west-1"]) == []
    assert Catalog().nearest_offered("g6e.xlarge", ["eu-west-1", "eu-central-1"])[0] == "g5.xlarge"


@pytest.mark.parametrize(
    ("name", "known"), [("g5.13xlarge", False), ("m6i.largee", False), ("m6i.2xlarge", True), ("trn2u.48xlarge", True)]
)
def test_invented_types_are_unknown(name: str, known: bool) -> None:
    assert Catalog().is_known(name) is known


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m6i.large", "x86_64"), ("m7g.large", "arm64"), ("g5g.xlarge", "arm64"), ("g5.xlarge", "x86_64"),
        ("gr6.4xlarge", "x86_64"), ("a1.large", "arm64"), ("c7gn.xlarge", "arm64"), ("p6e-gb200.36xlarge", "arm64"),
    ],
)  # fmt: skip
def test_the_name_of_a_type_shows_its_architecture(name: str, expected: str) -> None:
    assert catalog.architecture(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("g4ad.xlarge", "amd"), ("g4dn.xlarge", "nvidia"), ("g6f.large", "nvidia"), ("inf2.xlarge", "neuron"),
        ("trn1n.32xlarge", "neuron"), ("p6-b200.48xlarge", "nvidia"), ("m5.large", "none"), ("r7g.large", "none"),
    ],
)  # fmt: skip
def test_the_name_of_a_type_shows_whose_accelerators_it_has(name: str, expected: str) -> None:
    assert catalog.accelerator(name) == expected


def test_names_show_the_accelerators_that_the_data_counts() -> None:
    undescribed = {"trn2u.48xlarge"}  # EC2 describes it without its accelerators
    for each in Catalog()._instances().values():
        if each.name in undescribed:
            continue
        assert (catalog.accelerator(each.name) != "none") == (each.gpus > 0), each.name


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("db.r6g.large", True),
        ("db.m6g.large", False),
        ("db.r4.large", False),
        ("db.serverless", True),
        ("db.r11g.large", None),
    ],
)
def test_aurora_takes_some_families_and_of_new_ones_nothing_is_known(name: str, taken: bool | None) -> None:
    assert catalog.takes_aurora_postgresql(name) is taken


def test_zones_without_eks_are_zone_ids() -> None:
    assert catalog.zones_without_eks("us-east-1") == ["use1-az3"]
    assert catalog.zones_without_eks("eu-west-1") == []


def test_every_data_file_has_a_source_and_a_day() -> None:
    folder = Path(catalog.__file__).parent / "data"
    sources = json.loads((folder / "sources.json").read_text())
    assert sources.keys() == {each.name for each in folder.glob("*.csv")}
    assert all(each["source"] and each["retrieved_on"] for each in sources.values())


def test_a_project_s_own_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "offerings.csv").write_text("type,region,zones\ng6.xlarge,eu-west-1,euw1-az1\n")
    (tmp_path / "data" / "sources.json").write_text(
        json.dumps({"offerings.csv": {"description": "d", "source": "EC2", "retrieved_on": "2027-01-01"}})
    )
    own = Catalog(tmp_path)
    assert own.zone_ids("g6.xlarge", "eu-west-1") == ("euw1-az1",)
    assert own.source("offerings.csv").retrieved_on == "2027-01-01"
    assert own.source("instances.csv") == Catalog().source("instances.csv")
