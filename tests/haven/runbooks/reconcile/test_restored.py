"""The cluster of `--old-volume` is one that was restored beside the old member; anything else is refused."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from haven.base.exits import BAD_INPUT
from haven.cli.main import main
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.reconcile import restored
from tests.simulation.model import P, R
from tests.simulation.operators import manifest_document

OWN, OTHER = "haven-compare-db-1", "haven-compare-elsewhere"


def manifest(tier: str = "warm") -> RecoveryManifest:
    return parse(json.dumps({**manifest_document(), "tier": tier}), "a test")


@dataclass
class Rds:
    """One Region's databases, as its answers describe them."""

    region: str
    instances: list[Mapping[str, Any]] = field(default_factory=list)
    writer: str = R
    is_silent: bool = False

    def describe_global_clusters(self, **_: str) -> Mapping[str, Any]:
        if self.is_silent:
            raise EndpointConnectionError(endpoint_url=self.region)
        member = {"DBClusterArn": f"arn:aws:rds:{self.writer}:111122223333:cluster:db", "IsWriter": True}
        return {"GlobalClusters": [{"GlobalClusterMembers": [member]}]}

    def describe_replication_groups(self, **_: str) -> Mapping[str, Any]:
        return {"ReplicationGroups": []}

    def get_paginator(self, operation: str) -> "Rds":
        assert operation == "describe_db_instances"
        return self

    def paginate(self) -> Iterator[Mapping[str, Any]]:
        if self.is_silent:
            raise EndpointConnectionError(endpoint_url=self.region)
        yield {"DBInstances": self.instances}


def instance(cluster: str, subnets: str) -> Mapping[str, Any]:
    return {"DBClusterIdentifier": cluster, "DBSubnetGroup": {"DBSubnetGroupName": subnets}}


def problem(cluster: str, *instances: Mapping[str, Any], tier: str = "warm", is_silent: bool = False) -> str:
    """What is wrong with a cluster while the other Region writes; empty: nothing."""
    sides = {P: Rds(P, list(instances), is_silent=is_silent), R: Rds(R)}
    found = restored.problem_of_cluster(manifest(tier), lambda _, region: sides[region], cluster)
    return found.render() if found else ""


def test_a_restored_cluster_beside_the_old_member_is_compared_and_so_is_one_that_nobody_can_ask_for() -> None:
    own = instance(OWN, manifest().sides[P].database.subnet_group)
    assert problem(OWN, own) == ""
    assert problem(OWN, is_silent=True) == ""


def test_a_cluster_that_aws_does_not_know_is_refused_with_those_there_are() -> None:
    own = instance(OWN, manifest().sides[P].database.subnet_group)
    assert problem("haven-compare-db1", own) == (
        f'--old-volume: got "haven-compare-db1", which has no instance in {P}; allowed: "{OWN}"; '
        f"fix: did you mean {OWN}?"
    )
    assert f"allowed: a cluster haven-compare-… in {P}, of which there is none" in problem(OWN)


def test_a_cluster_of_another_environment_is_refused() -> None:
    assert f'got "{OTHER}", which isn\'t in ' in problem(OTHER, instance(OTHER, "shop-data"))


def test_where_nothing_is_replicated_there_is_no_old_volume() -> None:
    assert f'got "{OWN}", in tier backup' in problem(OWN, tier="backup")


@pytest.mark.parametrize("name", ["", "foo", "haven-compare-", "haven-compare-db-", "HAVEN-COMPARE-DB"])
def test_words_about_the_old_volume_that_are_none_are_refused_at_once(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["reconcile", "warm", "--old-volume", name, "--without-snapshot", "", "--region", "nowhere"]
    assert main(words) == BAD_INPUT
    headline, *problems = capsys.readouterr().err.splitlines()
    assert headline == "3 problems in the command line:"
    assert [each.partition(";")[0] for each in problems] == [
        '  --without-snapshot: got ""',
        f'  --old-volume: got "{name}"',
        '  --region: got "nowhere"',
    ]
