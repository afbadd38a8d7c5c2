import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.network.network_peering import NetworkPeering, NetworkPeeringArgs
from tests.environments import ROOT

PRIMARY: dict[str, Any] = {
    "region": "eu-west-1",
    "vpc_id": "vpc-1",
    "cidr": "10.0.0.0/16",
    "route_table_ids": ["rtb-1", "rtb-2"],
}
RECOVERY: dict[str, Any] = {
    "region": "eu-central-1",
    "vpc_id": "vpc-2",
    "cidr": "10.1.0.0/16",
    "route_table_ids": ["rtb-3"],
}


def _declare(name: str = "peering", **changes: Any) -> Recording:
    defaults = {"account_id": "123456789012", "primary": PRIMARY, "recovery": RECOVERY}

    def program() -> None:
        here = aws.Provider("here", region="eu-west-1", skip_requesting_account_id=True)
        there = aws.Provider("there", region="eu-central-1", skip_requesting_account_id=True)
        args = cast("NetworkPeeringArgs", defaults | {"recovery_provider": there} | changes)
        peering = NetworkPeering(name, args, pulumi.ResourceOptions(providers=[here]))
        pulumi.export("connection", peering.connection_id)

    return record(program, stack="test")


def _all(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.resources if each.type.endswith(f":{kind}")}


def test_the_primary_side_asks_and_the_recovery_side_accepts() -> None:
    recording = _declare()
    (asked,) = _all(recording, "VpcPeeringConnection").values()
    (accepted,) = _all(recording, "VpcPeeringConnectionAccepter").values()
    wanted = {
        "vpcId": "vpc-1",
        "peerVpcId": "vpc-2",
        "peerRegion": "eu-central-1",
        "peerOwnerId": "123456789012",
    }
    assert wanted.items() <= asked.inputs.items()
    assert "autoAccept" not in asked.inputs
    assert accepted.inputs["vpcPeeringConnectionId"] == f"@@{asked.key}.id@@"
    assert accepted.inputs["autoAccept"] is True
    assert (asked.region, accepted.region) == ("eu-west-1", "eu-central-1")


def test_routes_lead_both_ways_once_the_connection_is_accepted() -> None:
    recording = _declare()
    (accepted,) = _all(recording, "VpcPeeringConnectionAccepter").values()
    routes = {
        name: (each.region, each.inputs["routeTableId"], each.inputs["destinationCidrBlock"])
        for name, each in _all(recording, "Route").items()
    }
    assert routes == {
        "peering-euw1-0": ("eu-west-1", "rtb-1", "10.1.0.0/16"),
        "peering-euw1-1": ("eu-west-1", "rtb-2", "10.1.0.0/16"),
        "peering-euc1-0": ("eu-central-1", "rtb-3", "10.0.0.0/16"),
    }
    through = {each.inputs["vpcPeeringConnectionId"] for each in _all(recording, "Route").values()}
    assert through == {f"@@{accepted.key}.id@@"} == {recording.outputs["connection"]}


def test_each_side_resolves_the_others_names_and_sets_that_in_its_own_region() -> None:
    options = _all(_declare(), "PeeringConnectionOptions")
    requester, accepter = options["peering-requester-options"], options["peering-accepter-options"]
    allowed = {"allowRemoteVpcDnsResolution": True}
    assert (requester.region, requester.inputs["requester"]) == ("eu-west-1", allowed)
    assert (accepter.region, accepter.inputs["accepter"]) == ("eu-central-1", allowed)
    assert "accepter" not in requester.inputs
    assert "requester" not in accepter.inputs


def test_a_route_table_that_is_added_at_the_end_changes_no_other_route() -> None:
    more = {**PRIMARY, "route_table_ids": [*PRIMARY["route_table_ids"], "rtb-9"]}
    before, after = ({each.urn: each.inputs for each in it.real()} for it in (_declare(), _declare(primary=more)))
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1


def test_everything_wrong_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare("Peering", account_id="12", recovery={**RECOVERY, "cidr": "10.0.128.0/17", "region": "eu-west-1"})
    paths = re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)
    assert paths == ["name", "account_id", "recovery.cidr", "recovery.region"]


def test_a_block_that_is_none_is_refused_without_a_traceback_of_the_arithmetic() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"primary\.cidr: got 'ten'"):
        _declare(primary={**PRIMARY, "cidr": "ten"})


@pytest.mark.parametrize("block", ["100.64.0.0/16", "10.9.8.0/26", "192.168.0.0/24"])
def test_every_block_that_a_vpc_can_have_may_be_peered(block: str) -> None:
    routes = _all(_declare(primary={**PRIMARY, "cidr": block}), "Route").values()
    assert block in {each.inputs["destinationCidrBlock"] for each in routes}


def test_the_example_peers_two_networks_through_all_their_private_and_data_tables() -> None:
    recording = record(ROOT / "examples/network_peering", stack="test")
    routes = [each for each in _all(recording, "Route").values() if each.component == "NetworkPeering"]
    assert len(routes) == 8
