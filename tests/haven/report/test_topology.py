"""The topology: what replicates is read from the recording, and the README's picture is current."""

from xml.etree import ElementTree as ET

import pytest

from haven.report.topology import DataFlow, ServiceRow, Topology, topology
from haven.report.topology_svg import PICTURE, STACK, draw
from tests.environments import TIERS, environment


def row(shape: Topology, service: str) -> ServiceRow:
    (found,) = [each for each in shape.rows if each.service == service]
    return found


def test_the_picture_in_the_docs_is_current() -> None:
    assert PICTURE.read_text() == draw(topology(environment(STACK))), "run `make reference`"


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_is_drawn_as_valid_xml_with_both_regions(tier: str) -> None:
    text = draw(topology(environment(tier)))
    ET.fromstring(text)
    assert "eu-west-1" in text
    assert "eu-central-1" in text


def test_buckets_replicate_both_ways_in_every_tier() -> None:
    assert {row(topology(environment(tier)), "S3").edge for tier in TIERS} == {DataFlow.BOTH}


def test_the_database_replicates_to_the_standby_region() -> None:
    before, after = (row(topology(environment("warm", **each)), "Aurora PostgreSQL") for each in ({}, FAILOVER))
    assert (before.edge, before.primary, before.recovery) == (DataFlow.TO_RECOVERY, "writer, 1 reader", "1 reader")
    assert (after.edge, after.primary, after.recovery) == (DataFlow.TO_PRIMARY, "2 readers", "writer, 1 reader")


FAILOVER = {"active": "eu-central-1"}


def test_tier_backup_has_backup_copies_and_no_replicated_database() -> None:
    shape = topology(environment("backup"))
    assert row(shape, "Aurora PostgreSQL").edge is DataFlow.NONE
    assert row(shape, "ElastiCache").edge is DataFlow.NONE
    assert row(shape, "AWS Backup").mechanism == "copies"
    assert shape.recovery.zones == []


def test_only_a_tier_with_a_global_datastore_replicates_the_cache() -> None:
    edges = {tier: row(topology(environment(tier)), "ElastiCache").edge for tier in TIERS}
    assert [tier for tier, edge in edges.items() if edge is not DataFlow.NONE] == ["warm", "active-active"]
