"""Network ACLs with the subnets of each, which the emulator keeps of none, and by which it filters nothing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from haven.emulator.clients import Clients
from tests.gateway import Answer, Call, Gateway

_EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"


@dataclass(frozen=True)
class Subnets:
    """A Region's data subnets, and the ACLs there."""

    data: Sequence[str]
    acl: str
    """The id of the ACL that the manifest may name."""
    other: str
    """The id of another one."""


def subnets(aws: Clients, region: str, side: Mapping[str, Any]) -> Subnets:
    """Create what the manifest names in a Region: a data subnet for each zone, their group and their ACL."""
    ec2 = aws.of("ec2", region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    blocks = [f"10.0.{number}.0/24" for number in range(len(side["zones"]))]
    data = [ec2.create_subnet(VpcId=vpc, CidrBlock=each)["Subnet"]["SubnetId"] for each in blocks]
    database = side["database"]
    aws.of("rds", region).create_db_subnet_group(
        DBSubnetGroupName=database["subnetGroup"], DBSubnetGroupDescription="data", SubnetIds=data
    )
    tags = [{"Key": "Name", "Value": database["networkAcl"]}]
    named = [{"ResourceType": "network-acl", "Tags": tags}]
    acl = ec2.create_network_acl(VpcId=vpc, TagSpecifications=named)["NetworkAcl"]["NetworkAclId"]
    other = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    return Subnets(data, acl, other)


@dataclass(frozen=True)
class Associations:
    """Answers DescribeNetworkAcls as EC2 does (EC2 API Reference, DescribeNetworkAcls; read 2026-11-27)."""

    emulator: str
    """Its URL."""
    of: Mapping[str, Sequence[str]]
    """ACL to its subnets; every other ACL has none."""

    def put_into(self, gateway: Gateway) -> None:
        """Let the gateway answer so."""
        gateway.answers["ec2", "DescribeNetworkAcls"] = self

    def __call__(self, call: Call) -> Answer:
        assert call.request is not None
        status, content, _ = call.request.send(self.emulator)
        ET.register_namespace("", _EC2)
        root = ET.fromstring(content)
        acls = root.find(_tag("networkAclSet"))
        assert acls is not None
        wanted = self._wanted(call.arguments)
        for acl in list(acls):
            own = self.of.get(acl.findtext(_tag("networkAclId")) or "", ())
            if wanted and not wanted & set(own):
                acls.remove(acl)
                continue
            associations = acl.find(_tag("associationSet"))
            assert associations is not None
            for each in own:
                item = ET.SubElement(associations, _tag("item"))
                ET.SubElement(item, _tag("subnetId")).text = each
        return status, "text/xml", ET.tostring(root, encoding="unicode")

    def _wanted(self, arguments: Mapping[str, str]) -> set[str]:
        """The subnets that are filtered by; none: by another property."""
        if arguments.get("Filter.1.Name") != "association.subnet-id":
            return set()
        return {value for name, value in arguments.items() if re.fullmatch(r"Filter\.1\.Value\.\d+", name)}


def _tag(name: str) -> str:
    return f"{{{_EC2}}}{name}"
