"""Which networks reach a cluster, and what the plan says when none does."""

import json
from typing import Any

import pytest

from haven.base.problems import Problem, Problems
from infra.config import models, stack_kinds
from infra.config.part_models import Edge
from infra.config.rules import access

VALID = {
    "haven:account": "111122223333",
    "haven:tier": "warm",
    "haven:regions": '{"primary": "eu-west-1", "recovery": "eu-central-1"}',
}


def _refusal(**changes: Any) -> Problem:
    with pytest.raises(Problems) as refused:
        stack_kinds.load("test", VALID | {f"haven:{name}": json.dumps(value) for name, value in changes.items()})
    (problem,) = refused.value.problems
    return problem


@pytest.mark.parametrize(
    ("network", "cluster", "shared", "fix"),
    [
        ({"cidrs": {"primary": "172.20.0.0/16"}}, {}, "haven:network.cidrs.primary", "10.100.0.0/16"),
        ({"cidrs": {"recovery": "172.20.64.0/20"}}, {}, "haven:network.cidrs.recovery", "10.100.0.0/16"),
        ({}, {"serviceCidr": "10.41.0.0/16"}, "haven:network.cidrs.recovery", "172.20.0.0/16"),
        ({}, {"privateAccessCidrs": ["172.20.1.0/24"]}, "haven:cluster.privateAccessCidrs[0]", "10.100.0.0/16"),
    ],
)
def test_services_share_no_address_with_what_pods_reach(
    network: dict[str, Any], cluster: dict[str, Any], shared: str, fix: str
) -> None:
    problem = _refusal(network=network, cluster=cluster)
    assert problem.what == "haven:cluster.serviceCidr"
    assert shared in problem.got
    assert problem.fix == f"write serviceCidr: {fix}"


@pytest.mark.parametrize("block", ["100.64.0.0/16", "10.0.0.0/8", "172.20.0.0/25", "8.8.0.0/16"])
def test_a_block_that_eks_refuses_for_services_is_refused(block: str) -> None:
    assert _refusal(cluster={"serviceCidr": block}).what == "haven:cluster.serviceCidr"


@pytest.mark.parametrize("key", ["publicAccessCidrs", "privateAccessCidrs"])
def test_a_network_is_listed_once(key: str) -> None:
    assert _refusal(cluster={key: ["203.0.113.0/24", "203.0.113.0/24"]}).what == f"haven:cluster.{key}"


@pytest.mark.parametrize("key", ["publicAccessCidrs", "privateAccessCidrs"])
def test_everyone_is_no_network_that_may_reach_the_api(key: str) -> None:
    assert _refusal(cluster={key: ["0.0.0.0/0"]}).what == f"haven:cluster.{key}[0]"


def test_a_plan_says_when_nobody_reaches_the_clusters() -> None:
    (network, principal) = access.notes(models.Cluster(), Edge(), None)
    assert "publicAccessCidrs" in network
    assert "privateAccessCidrs" in network
    assert "adminRoleArns" in principal


@pytest.mark.parametrize("key", ["publicAccessCidrs", "privateAccessCidrs"])
def test_a_listed_network_and_a_role_leave_no_note(key: str) -> None:
    role = "arn:aws:iam::111122223333:role/platform"
    cluster = models.Cluster.model_validate({key: ["203.0.113.0/24"], "adminRoleArns": [role]})
    assert access.notes(cluster, Edge(), None) == []


def test_a_cluster_takes_no_more_public_networks_than_eks() -> None:
    networks = [f"203.0.{number}.0/24" for number in range(41)]
    problem = _refusal(cluster={"publicAccessCidrs": networks})
    assert (problem.what, problem.got) == ("haven:cluster.publicAccessCidrs", "41 networks")
    stack_kinds.load("test", VALID | {"haven:cluster": json.dumps({"publicAccessCidrs": networks[:40]})})


def test_a_plan_says_where_a_security_group_has_more_rules_than_ec2_gives_by_default() -> None:
    cluster = models.Cluster(publicAccessCidrs=["203.0.113.0/24"], adminRoleArns=["arn:aws:iam::111122223333:role/me"])
    edge = Edge(clientCidrs=[f"203.0.{number}.0/24" for number in range(31)])
    (note,) = access.notes(cluster, edge, "ai.example.com")
    assert note.startswith("haven:edge.clientCidrs makes 62 inbound rules in the security group of each Region's load")
    assert "L-0EA8095F" in note
    assert access.notes(cluster, edge, None) == []
    assert access.notes(cluster, Edge(clientCidrs=edge.client_cidrs[:30]), "ai.example.com") == []


def test_as_many_networks_of_the_private_endpoint_as_rules_are_no_note() -> None:
    cluster = models.Cluster(
        privateAccessCidrs=[f"192.168.{number}.0/24" for number in range(61)],
        adminRoleArns=["arn:aws:iam::111122223333:role/me"],
    )
    (note,) = access.notes(cluster, Edge(), None)
    assert note.startswith("haven:cluster.privateAccessCidrs makes 61 inbound rules")
    fewer = cluster.model_copy(update={"private_access_cidrs": cluster.private_access_cidrs[:60]})
    assert access.notes(fewer, Edge(), None) == []
