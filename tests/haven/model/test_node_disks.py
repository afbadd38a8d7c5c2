"""How fast a GPU node's disk is, by what it has to hold."""

import pytest

from haven.model.catalog import Catalog
from haven.model.node_disks import instance_store_holds, throughput_mibps, without_instance_store

CATALOG = Catalog()


def test_the_volume_takes_image_and_weights_within_three_minutes() -> None:
    assert throughput_mibps(CATALOG, ["p4d.24xlarge"], 15, 60) == 427  # 75 * 1024 MiB in 180 s


@pytest.mark.parametrize(
    ("types", "weights", "expected"),
    [
        (["p4d.24xlarge"], 1, 125),
        (["p4d.24xlarge"], 1000, 1000),
        (["g5.2xlarge"], 200, 417),  # 437.5 MB/s
        (["g5.2xlarge", "p4d.24xlarge"], 200, 1000),
        (["x9.unknown"], 200, 1000),
    ],
    ids=str,
)
def test_it_stays_within_what_gp3_and_the_instances_take(types: list[str], weights: float, expected: int) -> None:
    assert throughput_mibps(CATALOG, types, 15, weights) == expected


def test_an_instance_store_is_used_where_every_type_has_one_with_room() -> None:
    assert instance_store_holds(CATALOG, ["g5.2xlarge", "g5.4xlarge"], 75)
    assert not instance_store_holds(CATALOG, ["g4dn.xlarge"], 100)  # 125 GB are 116 GiB, 93 without a fifth
    assert not instance_store_holds(CATALOG, ["g5.2xlarge", "p3.2xlarge"], 75)
    assert not instance_store_holds(CATALOG, ["x9.unknown"], 75)
    assert without_instance_store(CATALOG, ["g5.2xlarge", "p3.2xlarge", "x9.unknown"]) == ["p3.2xlarge", "x9.unknown"]
