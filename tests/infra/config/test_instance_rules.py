"""Instance types against the Regions, zones and AMI types that they are asked for in."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from haven_components import rds_certificates
from infra import PROJECT
from infra.config import models, stack_kinds
from infra.config.rules import general, instances
from infra.config.rules.instances import CATALOG

EUROPE = models.Regions(primary="eu-west-1", recovery="eu-central-1")
AMERICA = models.Regions(primary="us-east-1", recovery="us-west-2")

SNAPSHOT = "snap-0123456789abcdef0"


def _cluster(*types: str, **group: Any) -> models.Cluster:
    serving = {"name": "serving", "instanceTypes": list(types), **group}
    return models.Cluster.model_validate({"gpuNodeGroups": [serving]})


def _problems(**values: Any) -> list[str]:
    return [each.render() for each in instances.RULES.check(values)]


def test_types_that_both_regions_offer_are_accepted() -> None:
    assert _problems(regions=EUROPE, cluster=_cluster("g5.2xlarge", "g4dn.2xlarge")) == []


def test_a_type_that_a_region_does_not_offer_is_refused_with_the_nearest_that_it_does() -> None:
    (problem,) = _problems(regions=EUROPE, cluster=_cluster("g6.2xlarge", "g5.2xlarge"))
    assert problem.startswith(
        'haven:cluster.gpuNodeGroups[0].instanceTypes[0]: got "g6.2xlarge", which eu-west-1 does not offer; allowed: a'
        ' type that eu-west-1 and eu-central-1 offer (EC2 offerings of 2026-10-27), nearest "g5.xlarge"'
    )
    assert problem.endswith("fix: write g5.xlarge")  # g5.2xlarge is named already


def test_two_types_that_a_region_lacks_become_two_others() -> None:
    problems = _problems(regions=EUROPE, cluster=_cluster("p5.48xlarge", "p5en.48xlarge"))
    assert [each.rpartition("; fix: ")[2] for each in problems] == ["write p4d.24xlarge", "write g5.48xlarge"]


@pytest.mark.parametrize(("name", "near"), [("g5.13xlarge", "g5.16xlarge"), ("g55.xlarge", "g5.xlarge")])
def test_an_invented_type_is_refused_with_the_nearest_name(name: str, near: str) -> None:
    (problem,) = _problems(regions=EUROPE, cluster=_cluster(name, "g5.xlarge"))
    assert f'got "{name}"; allowed: an EC2 instance type; fix: write {near}' in problem


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("g5g.xlarge", "an Arm type"),
        ("trn1.2xlarge", "accelerators of neuron"),
        ("inf2.xlarge", "accelerators of neuron"),
        ("g4ad.xlarge", "accelerators of amd"),
        ("m5.xlarge", "a type without GPU"),
    ],
)
def test_a_type_that_the_gpu_ami_does_not_fit_is_refused(name: str, why: str) -> None:
    (problem,) = _problems(regions=AMERICA, cluster=_cluster(name, "g5.xlarge"))
    assert why in problem
    assert "BOTTLEROCKET_x86_64_NVIDIA" in problem


@pytest.mark.parametrize("name", ["m6g.large", "m7g.large", "c8g.xlarge"])
def test_an_arm_type_for_system_nodes_is_refused(name: str) -> None:
    cluster = models.Cluster.model_validate({"systemNodes": {"instanceTypes": [name, "m5.large"]}})
    (problem,) = _problems(regions=EUROPE, cluster=cluster)
    assert "an x86-64 type" in problem


def test_a_type_without_an_on_demand_price_needs_a_capacity_block_in_each_region() -> None:
    problems = _problems(regions=AMERICA, cluster=_cluster("p5e.48xlarge"))
    assert len([each for each in problems if "without a Capacity Block" in each]) == 2
    block = {"id": "cr-0123456789abcdef0", "zone": "us-west-2a", "instanceType": "p5e.48xlarge"}
    blocks = {region: {**block, "market": "capacity-block"} for region in ("us-east-1", "us-west-2")}
    problems = _problems(regions=AMERICA, cluster=_cluster("p5e.48xlarge", capacityReservations=blocks))
    assert [each for each in problems if "Capacity Block" in each] == []


@pytest.mark.parametrize("name", ["db.m6g.large", "db.r4.large", "db.x2idn.4xlarge"])
def test_a_database_class_that_aurora_postgresql_refuses_is_refused(name: str) -> None:
    (problem,) = _problems(database=models.Database.model_validate({"instanceClass": name}))
    assert problem.startswith(f'haven:database.instanceClass: got "{name}"')


def test_a_region_with_a_zone_that_eks_refuses_needs_named_zones() -> None:
    (problem,) = (each.render() for each in general.RULES.check({"regions": AMERICA, "zones": {}}))
    assert problem.startswith("haven:zones.us-east-1: got nothing")
    assert "use1-az3" in problem
    assert general.RULES.check({"regions": AMERICA, "zones": {"us-east-1": ["us-east-1a", "us-east-1b"]}}) == []


PAIRS = (
    ("ap-northeast-1", "ap-southeast-1"),
    ("ap-south-1", "ap-southeast-2"),
    ("ca-central-1", "us-east-2"),
    ("eu-central-1", "eu-west-1"),
    ("eu-north-1", "eu-west-2"),
    ("eu-west-3", "eu-south-1"),
    ("sa-east-1", "us-west-2"),
    ("us-east-1", "us-east-2"),
    ("us-east-1", "us-west-2"),
    ("us-west-1", "us-west-2"),
)


def _config(pair: tuple[str, str], types: Sequence[str]) -> dict[str, str]:
    values = {
        "regions": {"primary": pair[0], "recovery": pair[1]},
        "zones": {region: [f"{region}a", f"{region}b"] for region in pair},
        "database": {"certificates": rds_certificates.certificates("us-east-1")},
        "cluster": {
            "systemNodes": {"instanceTypes": ["m5.large", "m5.xlarge"]},
            "gpuNodeGroups": [{"name": "serving", "instanceTypes": list(types), "minSize": 1, "desiredSize": 1}],
        },
    }
    texts = {name: json.dumps(value) for name, value in values.items()}
    return {f"haven:{name}": text for name, text in {"account": "111122223333", "tier": "warm", **texts}.items()}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_of_regions_takes_what_both_offer_and_refuses_the_rest_with_the_nearest(pair: tuple[str, str]) -> None:
    def offered(name: str) -> bool:
        return all(CATALOG.zone_ids(name, region) for region in pair)

    kinds = [f"{family}.{size}" for family in ("g4dn", "g5", "g6", "p5") for size in ("2xlarge", "4xlarge", "48xlarge")]
    known = [each for each in kinds if CATALOG.is_known(each)]
    both = [each for each in known if offered(each)]
    assert list(stack_kinds.problems("test", _config(pair, both[:2]))) == []
    for lacking in (each for each in known if not offered(each)):
        found = [each.render() for each in stack_kinds.problems("test", _config(pair, [both[0], lacking]))]
        (problem,) = (each for each in found if f'got "{lacking}"' in each)
        near = re.search(r'nearest "([^"]+)"', problem)
        assert near
        assert offered(near[1])


@pytest.mark.parametrize("pair", [("us-gov-west-1", "us-gov-east-1"), ("cn-north-1", "cn-northwest-1")])
def test_regions_that_the_data_does_not_know_are_accepted_without_named_zones(pair: tuple[str, str]) -> None:
    config = _config(pair, ["g4dn.2xlarge", "g5.2xlarge"])
    del config["haven:zones"]
    assert list(stack_kinds.problems("test", config)) == []
    known = models.Regions(primary=pair[0], recovery=pair[1])
    notes = _notes(known, _cluster("g5.2xlarge", "g4dn.2xlarge"))
    assert [each.split(" offers")[0] for each in notes if " offers" in each] == [f"what {region}" for region in pair]


def _notes(pair: models.Regions, cluster: models.Cluster, database: str = "db.r6g.large") -> list[str]:
    zones = {region: [f"{region}{letter}" for letter in "abc"] for region in (pair.primary, pair.recovery)}
    chosen = models.Database.model_validate({"instanceClass": database})
    return instances.notes(pair, zones, cluster, chosen, models.Cache())


def test_what_the_data_knows_whole_gives_no_note() -> None:
    assert _notes(EUROPE, _cluster("g5.2xlarge", "g4dn.2xlarge")) == []


def test_a_type_that_fewer_zones_offer_is_a_note_with_zone_ids() -> None:
    (note,) = _notes(EUROPE, _cluster("p4d.24xlarge"))[:1]
    assert "p4d.24xlarge in euw1-az" in note
    assert "zone ids" in note


def test_a_class_that_neither_price_lists_nor_sdk_name_is_a_note() -> None:
    (note,) = _notes(EUROPE, _cluster("g5.2xlarge", "g4dn.2xlarge"), "db.r9g.large")
    assert "db.r9g.large" in note


def test_the_data_that_counts_first_is_in_the_folder_that_a_refresh_writes_to() -> None:
    assert (PROJECT / "Pulumi.yaml").is_file()


@pytest.mark.parametrize(
    ("group", "key", "fix"),
    [
        ({"preparedSize": 5}, "preparedSize", "write preparedSize: 4"),
        ({"preparedSize": 2, "spot": True}, "preparedSize", "delete preparedSize"),
        ({"imageSnapshots": {"eu-west-2": SNAPSHOT}, "instanceStore": False}, "imageSnapshots", "delete eu-west-2"),
        ({"imageSnapshots": {"eu-west-1": SNAPSHOT}, "instanceStore": True}, "imageSnapshots", "instanceStore: false"),
        (
            {"imageSnapshots": {"eu-west-1": SNAPSHOT}, "instanceStore": False, "parallelPull": True},
            "parallelPull",
            "delete one of the two",
        ),
    ],
)
def test_what_makes_nodes_start_sooner_is_refused_where_it_does_not_go_together(
    group: dict[str, Any], key: str, fix: str
) -> None:
    (problem,) = _problems(regions=EUROPE, cluster=_cluster("g5.2xlarge", "g4dn.2xlarge", **group))
    assert problem.startswith(f"haven:cluster.gpuNodeGroups[0].{key}: got")
    assert fix in problem


def test_warm_pool_and_parallel_pull_go_together() -> None:
    group = {"preparedSize": 4, "parallelPull": True}
    assert _problems(regions=EUROPE, cluster=_cluster("g5.2xlarge", "g4dn.2xlarge", **group)) == []
