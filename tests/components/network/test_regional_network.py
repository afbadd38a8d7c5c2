import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.model import endpoints
from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven.runbooks.failover.fence import RULES
from haven_components.network._endpoints import INTERFACE_ENDPOINTS
from haven_components.network.regional_network import RegionalNetwork, RegionalNetworkArgs
from tests.environments import ROOT

REGION = "eu-west-1"
TWO_ZONES = ["eu-west-1a", "eu-west-1b"]
THREE_ZONES = [*TWO_ZONES, "eu-west-1c"]


def _declare(name: str = "net-euw1", **changes: Any) -> Recording:
    defaults = {"region": REGION, "account_id": "123456789012", "zones": TWO_ZONES, "cidr": "10.0.0.0/16", "nat": False}

    def program() -> None:
        provider = aws.Provider("aws", region=REGION, skip_requesting_account_id=True)
        args = cast("RegionalNetworkArgs", defaults | changes)
        network = RegionalNetwork(name, args, pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("private", network.private_subnet_ids)
        pulumi.export("tables", network.route_table_ids)
        pulumi.export("endpoint group", network.endpoint_security_group_id)

    return record(program, stack="test")


def _all(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.resources if each.type.endswith(f":{kind}")}


def _plan(recording: Recording) -> dict[str, Any]:
    return {each.urn: (each.inputs, each.options) for each in recording.real()}


def test_each_zone_has_a_public_a_private_and_a_data_subnet() -> None:
    subnets = _all(_declare(zones=THREE_ZONES), "Subnet")
    found = {name: (each.inputs["availabilityZone"], each.inputs["cidrBlock"]) for name, each in subnets.items()}
    assert found == {
        "net-euw1-public-a": ("eu-west-1a", "10.0.192.0/21"),
        "net-euw1-public-b": ("eu-west-1b", "10.0.200.0/21"),
        "net-euw1-public-c": ("eu-west-1c", "10.0.208.0/21"),
        "net-euw1-private-a": ("eu-west-1a", "10.0.0.0/18"),
        "net-euw1-private-b": ("eu-west-1b", "10.0.64.0/18"),
        "net-euw1-private-c": ("eu-west-1c", "10.0.128.0/18"),
        "net-euw1-data-a": ("eu-west-1a", "10.0.224.0/21"),
        "net-euw1-data-b": ("eu-west-1b", "10.0.232.0/21"),
        "net-euw1-data-c": ("eu-west-1c", "10.0.240.0/21"),
    }


def test_growing_from_two_to_three_zones_changes_nothing_but_what_endpoints_and_their_tables_list() -> None:
    before, after = _plan(_declare(nat=True)), _plan(_declare(nat=True, zones=THREE_ZONES))
    assert before.keys() < after.keys()
    changed = {urn.rpartition("::")[2] for urn in before if before[urn] != after[urn]}
    assert changed == {f"net-euw1-{each.replace('.', '-')}" for each in (*INTERFACE_ENDPOINTS, "s3", "dynamodb")}


def test_growing_only_appends_to_the_route_tables_that_a_peering_numbers() -> None:
    before, after = _declare().outputs["tables"], _declare(zones=THREE_ZONES).outputs["tables"]
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2


def test_turning_nat_on_only_adds_resources() -> None:
    before, after = _plan(_declare(nat=False)), _plan(_declare(nat=True))
    assert before.items() <= after.items()
    added = sorted(urn.rpartition(":")[2] for urn in after.keys() - before.keys())
    assert added == ["net-euw1-nat-a"] * 3 + ["net-euw1-nat-b"] * 3


def test_each_zone_leaves_through_its_own_nat_gateway() -> None:
    recording = _declare(nat=True)
    for zone in ("a", "b"):
        route = _all(recording, "Route")[f"net-euw1-nat-{zone}"]
        table = recording.by_key[_key(route.inputs["routeTableId"])]
        gateway = recording.by_key[_key(route.inputs["natGatewayId"])]
        subnet = recording.by_key[_key(gateway.inputs["subnetId"])]
        assert (table.name, gateway.name, subnet.name) == (
            f"net-euw1-private-{zone}",
            f"net-euw1-nat-{zone}",
            f"net-euw1-public-{zone}",
        )


def _key(reference: str) -> str:
    return reference.removeprefix("@@").partition(".")[0]


@pytest.mark.parametrize("nat", [True, False])
def test_data_subnets_have_no_route_to_the_internet(nat: bool) -> None:
    recording = _declare(nat=nat)
    tables = {each.inputs["routeTableId"] for each in _all(recording, "Route").values()}
    names = {recording.by_key[_key(each)].name for each in tables}
    assert not any("data" in name for name in names)


def test_the_data_subnets_alone_have_a_network_acl_of_their_own_so_that_closing_it_closes_nothing_else() -> None:
    recording = _declare(zones=THREE_ZONES)
    (acl,) = _all(recording, "NetworkAcl").values()
    held = [each.inputs for each in _all(recording, "NetworkAclAssociation").values()]
    assert {each["networkAclId"] for each in held} == {f"@@{acl.key}.id@@"}
    subnets = [recording.by_key[_key(each["subnetId"])].name for each in held]
    assert subnets == ["net-euw1-data-a", "net-euw1-data-b", "net-euw1-data-c"]


def test_that_network_acl_lets_everything_through_as_the_default_one_does_before_a_subnet_has_it() -> None:
    recording = _declare()
    (acl,) = _all(recording, "NetworkAcl").values()
    # Its own arguments have no rule: a refresh would take a failover's for a change of them.
    assert not acl.inputs.keys() & {"ingress", "egress", "subnetIds"}
    rules = _all(recording, "NetworkAclRule")
    everything = {"networkAclId": f"@@{acl.key}.id@@", "protocol": "-1", "ruleAction": "allow"}
    for name, egress in (("net-euw1-data-in", False), ("net-euw1-data-out", True)):
        assert rules[name].inputs == {**everything, "cidrBlock": "0.0.0.0/0", "egress": egress, "ruleNumber": 100}
    assert max(RULES) < 100
    for each in _all(recording, "NetworkAclAssociation").values():
        assert set(each.options.dependencies) >= {rule.urn for rule in rules.values()}


def test_stores_of_objects_and_tables_are_reached_without_leaving_the_network_from_private_and_data_subnets() -> None:
    recording = _declare()
    for service in ("s3", "dynamodb"):
        endpoint = _all(recording, "VpcEndpoint")[f"net-euw1-{service}"].inputs
        assert endpoint["vpcEndpointType"] == "Gateway"
        assert endpoint["serviceName"] == f"com.amazonaws.eu-west-1.{service}"
        assert sorted(endpoint["routeTableIds"]) == sorted(recording.outputs["tables"])


def test_a_private_cluster_reaches_every_service_it_needs_inside_the_network() -> None:
    recording = _declare()
    endpoints = [each.inputs for each in _all(recording, "VpcEndpoint").values()]
    interfaces = [each for each in endpoints if each["vpcEndpointType"] == "Interface"]
    services = {each["serviceName"].removeprefix("com.amazonaws.eu-west-1.") for each in interfaces}
    needed = "ecr.api ecr.dkr sts ec2 eks eks-auth logs kms secretsmanager sqs ssm elasticloadbalancing autoscaling"
    assert services == set(needed.split())
    for each in interfaces:
        assert each["privateDnsEnabled"] is True
        assert each["subnetIds"] == recording.outputs["private"]
        assert each["securityGroupIds"] == [recording.outputs["endpoint group"]]


def test_endpoints_accept_nothing_but_https_from_the_network() -> None:
    recording = _declare()
    (group,) = _all(recording, "SecurityGroup").values()
    assert not group.inputs.keys() & {"ingress", "egress"}
    (rule,) = _all(recording, "SecurityGroupIngressRule").values()
    wanted = {"cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    assert wanted.items() <= rule.inputs.items()


def test_interface_endpoints_can_be_left_out() -> None:
    recording = _declare(interface_endpoints=False)
    assert _all(recording, "VpcEndpoint").keys() == {"net-euw1-s3", "net-euw1-dynamodb"}
    assert recording.outputs["endpoint group"] == ""
    assert not _all(recording, "SecurityGroup")


def test_the_default_security_group_lets_nothing_through() -> None:
    (group,) = _all(_declare(), "DefaultSecurityGroup").values()
    assert not group.inputs.keys() & {"ingress", "egress"}


def test_flow_logs_are_kept_encrypted_and_may_only_be_written_by_this_accounts_flow_logs() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    recording = _declare(log_kms_key_arn=key, log_retention_days=30)
    (group,) = _all(recording, "LogGroup").values()
    assert group.inputs["retentionInDays"] == 30
    assert group.inputs["kmsKeyId"] == key
    (flow,) = _all(recording, "FlowLog").values()
    assert (flow.inputs["trafficType"], flow.inputs["maxAggregationInterval"]) == ("REJECT", 600)
    assert flow.inputs["logDestination"] == f"@@{group.key}.arn@@"
    (role,) = _all(recording, "Role").values()
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"},
    }
    (policy,) = _all(recording, "RolePolicy").values()
    write, list_groups = json.loads(policy.inputs["policy"])["Statement"]
    assert all("log-group:net-euw1-flow-logs" in each for each in write["Resource"])
    assert list_groups["Action"] == ["logs:DescribeLogGroups"]


@pytest.mark.parametrize("ephemeral", [True, False])
def test_flow_logs_outlive_the_stack_unless_it_is_a_throw_away_one(ephemeral: bool) -> None:
    (group,) = _all(_declare(ephemeral=ephemeral), "LogGroup").values()
    assert group.options.protect is not ephemeral
    assert group.options.retain_on_delete is not ephemeral


def test_load_balancers_find_their_subnets() -> None:
    for name, subnet in _all(_declare(), "Subnet").items():
        roles = {key: value for key, value in subnet.inputs["tags"].items() if key.startswith("kubernetes.io")}
        wanted = {"public": {"kubernetes.io/role/elb": "1"}, "private": {"kubernetes.io/role/internal-elb": "1"}}
        assert roles == wanted.get(name.split("-")[2], {})


def test_no_instance_gets_a_public_address_by_itself() -> None:
    assert {each.inputs["mapPublicIpOnLaunch"] for each in _all(_declare(), "Subnet").values()} == {False}


def test_every_child_is_named_and_parented_alike_and_has_the_components_provider() -> None:
    recording = _declare(nat=True)
    for each in recording.real():
        assert each.name.startswith("net-euw1-")
        assert each.parent.endswith("haven:index:RegionalNetwork::net-euw1")
        assert each.region == REGION


def test_everything_wrong_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            "n" * 55,
            account_id="12",
            zones=["eu-west-1a", "eu-central-1b", "eu-west-1a", "eu-west-1d"],
            cidr="10.0.0.0/24",
            log_retention_days=45,
        )
    paths = re.findall(r"^  ([\w\[\]]+): got", str(refused.value), re.MULTILINE)
    assert paths == ["name", "account_id", "zones", "zones[1]", "cidr", "log_retention_days"]
    assert "/24 is not between /16 and /22" in str(refused.value)


@pytest.mark.parametrize("zones", [["eu-west-1a"], [f"eu-west-1{each}" for each in "abcd"], ["eu-west-1a"] * 2])
def test_another_number_of_zones_than_two_or_three_different_ones_is_refused(zones: list[str]) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match="2 or 3 different zones"):
        _declare(zones=zones)


def test_the_example_declares_a_network_with_nat_in_two_zones() -> None:
    recording = record(ROOT / "examples/regional_network", stack="test")
    assert len(_all(recording, "NatGateway")) == 2
    assert len(recording.outputs["private subnets"]) == 2


def test_every_endpoint_has_a_reason_and_a_source() -> None:
    assert sorted(each.name for each in endpoints.SERVICES) == sorted(INTERFACE_ENDPOINTS)
    assert all(each.reason and each.source for each in endpoints.SERVICES)


def test_endpoints_are_in_the_services_and_zones_that_are_named() -> None:
    few = _all(_declare(endpoint_services=["ec2", "eks-auth"], endpoint_zones=TWO_ZONES[:1]), "VpcEndpoint")
    inside = {name: each.inputs["subnetIds"] for name, each in few.items() if "subnetIds" in each.inputs}
    assert inside.keys() == {"net-euw1-ec2", "net-euw1-eks-auth"}
    assert {len(subnets) for subnets in inside.values()} == {1}


def test_more_services_and_zones_add_endpoints_and_change_the_others_in_place() -> None:
    before = _plan(_declare(endpoint_services=list(endpoints.TO_START), endpoint_zones=TWO_ZONES[:1]))
    after = _plan(_declare())
    assert before.keys() < after.keys()
    for urn in before:
        old, new = before[urn][0], after[urn][0]
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        assert changed <= {"subnetIds"}
        assert set(old.get("subnetIds", ())) <= set(new.get("subnetIds", ()))


@pytest.mark.parametrize(
    "changes",
    [{"endpoint_services": ["s4"]}, {"endpoint_services": []}, {"endpoint_zones": ["eu-west-1c"]}],
    ids=["service", "none", "zone"],
)
def test_endpoints_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=next(iter(changes))):
        _declare(**changes)


def test_flow_logs_hold_what_is_chosen() -> None:
    (flow,) = _all(_declare(flow_log_traffic="ALL", flow_log_seconds=60.0), "FlowLog").values()
    assert (flow.inputs["trafficType"], flow.inputs["maxAggregationInterval"]) == ("ALL", 60)


@pytest.mark.parametrize("changes", [{"flow_log_traffic": "DROPPED"}, {"flow_log_seconds": 300}], ids=str)
def test_flow_logs_that_aws_refuses_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=next(iter(changes))):
        _declare(**changes)
