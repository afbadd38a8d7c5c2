"""Status, preflight and fence find the same network ACL, by EC2 alone where the manifest names it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.runbooks import data_acls
from haven.runbooks.clients import Client, clients
from haven.runbooks.failover import fence
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.observation import ask_all
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.steps import subnets as preflight
from haven.runbooks.preflight.view import View
from haven.runbooks.status import closed
from haven.runbooks.status.readings import Reading, State
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.steps import Missing
from haven.runbooks.workflow.threads import Threads
from tests.environments import PRIMARY, RECOVERY, ROOT
from tests.gateway import Fault, Gateway, gateway
from tests.haven.runbooks.data_acls.associations import Associations, Subnets, subnets
from tests.haven.runbooks.status_environment import manifest

pytestmark = pytest.mark.timeout(300)
WITHIN = 60
"""However busy this machine is."""


def written(*, named: bool) -> RecoveryManifest:
    """The manifest of tier `warm`; of an earlier version it names no network ACL."""
    document: dict[str, Any] = json.loads(json.dumps(manifest()))
    if not named:
        for side in document["sides"].values():
            del side["database"]["networkAcl"]
    return parse(json.dumps(document), "a test")


@dataclass
class Ground:
    """The data subnets of the primary Region in an emulator, and the gateway before it."""

    gateway: Gateway
    emulator: str
    aws: Clients
    subnets: Subnets

    @property
    def client(self) -> Client:
        """What is asked through the gateway."""
        return clients(self.gateway.url)

    def associate(self, of: Mapping[str, Sequence[str]]) -> None:
        """Give ACLs their subnets."""
        Associations(self.emulator, of).put_into(self.gateway)

    def silence_rds(self) -> None:
        """RDS in the primary Region answers nobody."""
        self.gateway.faults[PRIMARY, "rds"] = Fault.REFUSE

    def enter(self, action: str) -> None:
        """Make the entries that a failover makes, or others with their numbers, in the ACL of the data subnets."""
        for number, port in fence.RULES.items():
            self.aws.of("ec2", PRIMARY).create_network_acl_entry(
                NetworkAclId=self.subnets.acl,
                RuleNumber=number,
                Protocol="6",
                RuleAction=action,
                Egress=False,
                CidrBlock="0.0.0.0/0",
                PortRange={"From": port, "To": port},
            )

    def open(self) -> None:
        """Remove every entry that a test has made."""
        ec2 = self.aws.of("ec2", PRIMARY)
        for acl in ec2.describe_network_acls()["NetworkAcls"]:
            for entry in acl["Entries"]:
                if not acl["IsDefault"]:
                    number = {"RuleNumber": entry["RuleNumber"], "Egress": entry["Egress"]}
                    ec2.delete_network_acl_entry(NetworkAclId=acl["NetworkAclId"], **number)

    def access(self, found: RecoveryManifest) -> list[Reading]:
        """Who is shut out of the primary Region, as the status has it."""
        answers = ask_all(closed.questions(found, self.client), WITHIN)
        return [each for each in closed.readings(found, answers) if each.region == PRIMARY]

    def check(self, found: RecoveryManifest) -> Check:
        """What preflight says of the ACL that a failover to the other Region closes."""
        answers = ask_all(preflight.questions(found, self.client), WITHIN)
        check, *_ = preflight.checks(View(found, RECOVERY, answers, datetime.now(UTC)))
        return check

    def fenced(self, found: RecoveryManifest) -> str:
        """The ACL whose first entry the fence removes."""
        look = fence.opened(PRIMARY, found.sides[PRIMARY])
        missing = Threads(self.client, self.client).run(look(Workflow("w", {})))
        assert isinstance(missing, Missing)
        return str(missing.call.arguments["NetworkAclId"])


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Subnets]]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as running:
        yield running.url, subnets(Clients(running.url), PRIMARY, manifest()["sides"][PRIMARY])


@pytest.fixture
def ground(emulated: tuple[str, Subnets]) -> Iterator[Ground]:
    url, made = emulated
    with gateway(url) as before:
        found = Ground(before, url, Clients(url), made)
        found.associate({made.acl: made.data})
        yield found
        found.open()


@pytest.mark.parametrize(("named", "silent"), [(True, True), (True, False), (False, False)])
def test_whoever_looks_means_the_acl_of_the_data_subnets_and_ec2_alone_answers_where_it_is_named(
    ground: Ground, named: bool, silent: bool
) -> None:
    if silent:
        ground.silence_rds()
    found, acl = written(named=named), ground.subnets.acl
    ground.enter("deny")
    shown = ground.access(found)
    assert f"a failover closed database and cache to clients ({acl})" in [each.description for each in shown]
    assert [each.state for each in shown if acl in each.description] == [State.WRONG]
    check = ground.check(found)
    assert (check.got, check.blocks) == (acl, False)
    assert ground.fenced(found) == acl


def test_where_a_manifest_of_an_earlier_version_names_none_a_silent_rds_leaves_it_unknown(ground: Ground) -> None:
    ground.silence_rds()
    ground.enter("deny")
    states = {each.description: each.state for each in ground.access(written(named=False))}
    assert State.UNKNOWN in states.values()
    assert [each for each in states if "closed database and cache" in each] == []


def test_preflight_refuses_the_acl_that_the_fence_would_close_where_that_leaves_a_data_subnet_open(
    ground: Ground,
) -> None:
    *most, last = ground.subnets.data
    ground.associate({ground.subnets.acl: [*most, "subnet-of-others"], ground.subnets.other: [last]})
    ground.enter("deny")
    found = written(named=True)
    assert ground.fenced(found) == ground.subnets.acl
    check = ground.check(found)
    assert (check.got, check.blocks) == (f"{ground.subnets.acl}, but that of {last} is another one", True)


def test_another_s_rule_forbids_a_failover_also_while_rds_is_silent(ground: Ground) -> None:
    ground.silence_rds()
    ground.enter("allow")
    check = ground.check(written(named=True))
    acl = ground.subnets.acl
    assert (check.got, check.blocks) == (f"{acl} has another rule 1; {acl} has another rule 2", True)


@pytest.mark.parametrize("of", ["fewer subnets", "none"])
def test_an_acl_with_the_manifest_s_name_that_is_not_the_data_subnets_own_is_left_alone(
    ground: Ground, of: str
) -> None:
    other = ground.subnets.other
    first, *others = ground.subnets.data
    ground.associate({ground.subnets.acl: [first], other: others} if of == "fewer subnets" else {other: [first]})
    side = written(named=True).sides[PRIMARY]
    found = [each["NetworkAclId"] for each in data_acls.find_with(ground.client, PRIMARY, side)]
    assert sorted(found) == sorted([ground.subnets.acl, other] if of == "fewer subnets" else [other])


def test_a_region_without_data_subnets_has_none_to_close(ground: Ground) -> None:
    ground.gateway.answers["rds", "DescribeDBSubnetGroups"] = lambda _: (200, "text/xml", NO_GROUP)
    side = written(named=False).sides[PRIMARY]
    assert data_acls.find_with(ground.client, PRIMARY, side) == []


NO_GROUP = """<DescribeDBSubnetGroupsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
<DescribeDBSubnetGroupsResult><DBSubnetGroups/></DescribeDBSubnetGroupsResult></DescribeDBSubnetGroupsResponse>"""
