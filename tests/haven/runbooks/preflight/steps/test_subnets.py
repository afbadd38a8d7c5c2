"""What closing the old writer would close: the network ACL of the data subnets, and whose else it is."""

from typing import Any

import pytest

from haven.runbooks.failover.fence import RULES
from haven.runbooks.observation import Answer
from haven.runbooks.preflight.checks import Status
from tests.environments import PRIMARY
from tests.haven.runbooks.preflight.answers import acl, bad

DATA = ("subnet-data-a", "subnet-data-b")


def denial(number: int, port: int, **changes: Any) -> dict[str, Any]:
    """An entry that a failover makes."""
    ports = {"From": port, "To": port}
    return {"RuleNumber": number, "Egress": False, "RuleAction": "deny", "Protocol": "6", "PortRange": ports, **changes}


def test_an_acl_of_other_subnets_too_is_a_warning_that_names_them() -> None:
    [check] = bad({("network ACLs", PRIMARY): [acl("acl-default", *DATA, "subnet-private-a", "subnet-private-b")]})
    assert check.got == "acl-default is that of subnet-private-a, subnet-private-b too"
    assert (check.region, check.status, check.blocks) == (PRIMARY, Status.PROBLEM, False)
    assert "an ACL of their own" in check.fix
    assert "5432 and 6379" in check.fix


def test_nodes_in_the_data_subnets_are_a_warning_for_the_acl_does_not_see_them() -> None:
    [check] = bad({("subnets of nodes", PRIMARY): {DATA[0], "subnet-private-b"}})
    assert (check.got, check.blocks) == ("1 subnet of the cluster: subnet-data-a", False)


@pytest.mark.parametrize("number", RULES)
def test_a_rule_of_somebody_else_s_with_the_number_of_a_failover_s_forbids_it(number: int) -> None:
    theirs = denial(number, 22)
    [check] = bad({("network ACLs", PRIMARY): [acl("acl-data", *DATA, entries=[theirs])]})
    assert (check.got, check.blocks) == (f"acl-data has another rule {number}", True)


def test_what_an_earlier_failover_closed_and_what_leaves_are_not_in_its_way() -> None:
    own = [denial(number, port) for number, port in RULES.items()]
    leaving = denial(1, 22, Egress=True)
    assert bad({("network ACLs", PRIMARY): [acl("acl-data", *DATA, entries=[*own, leaving])]}) == []


def test_data_subnets_without_an_acl_or_a_group_forbid_it() -> None:
    [check] = bad({("network ACLs", PRIMARY): []})
    assert (check.got, check.blocks) == ("none", True)
    assert check.fix == "pulumi up gives the data subnets their network ACL"
    [check] = bad({("data subnets", PRIMARY): None})
    assert (check.got, check.blocks) == ("no such subnet group", True)


ALONE, APART = "other subnets of that network ACL", "nodes in the data subnets"


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("data subnets", [ALONE, APART]),
        ("network ACLs", ["network ACL of haven-warm-db-euw1-subnets", ALONE]),
        ("subnets of nodes", [APART]),
    ],
)
def test_what_is_silent_is_unknown_forbids_nothing_and_hides_nothing_else(question: str, unknown: list[str]) -> None:
    found = bad({(question, PRIMARY): Answer(unknown="no connection")})
    assert [each.what for each in found] == unknown
    assert {(each.got, each.status, each.blocks) for each in found} == {("no connection", Status.UNKNOWN, False)}


def test_an_acl_that_is_not_that_of_every_data_subnet_forbids_it_for_the_others_would_stay_open() -> None:
    check, other = bad({("network ACLs", PRIMARY): [acl("acl-data", DATA[0], "subnet-private-a")]})
    assert (check.got, check.blocks) == ("acl-data, but that of subnet-data-b is another one", True)
    assert other.got == "acl-data is that of subnet-private-a too"
