"""The network ACL of a network's data subnets, in which a failover closes the database and the cache to clients.

The VPC's default ACL is that of every subnet, so what a failover denies there nodes and pods would meet as well.
"""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from haven_components.names import data_acl_name

_LAST = 100
"""Number of the rule that lets everything through: what a failover adds has lower numbers, and so comes first."""
_EVERY_PROTOCOL = "-1"
_EVERYBODY = "0.0.0.0/0"


def own_acl(
    parent: pulumi.Resource, name: str, vpc_id: pulumi.Input[str], subnets: Mapping[str, aws.ec2.Subnet]
) -> None:
    """An ACL that lets through what the default one does: everything, of IPv4, for the VPC has no block of IPv6.

    A subnet's ACL is another one in place (EC2 API Reference, ReplaceNetworkAclAssociation; read 2026-11-26). A new ACL
    lets nothing through, so its rules are there before its subnets are. They are resources of their own: of rules in
    the ACL's own arguments a refresh would take a failover's for a change, and `pulumi up` would open what it closed.

    Args:
        parent: the network.
        name: the network's.
        vpc_id: of the VPC.
        subnets: letter of each zone -> its data subnet.
    """
    logical = data_acl_name(name)
    here = pulumi.ResourceOptions(parent=parent)
    acl = aws.ec2.NetworkAcl(logical, vpc_id=vpc_id, tags={"Name": logical}, opts=here)
    rules = [
        aws.ec2.NetworkAclRule(
            f"{logical}-{way}",
            network_acl_id=acl.id,
            rule_number=_LAST,
            egress=egress,
            protocol=_EVERY_PROTOCOL,
            rule_action="allow",
            cidr_block=_EVERYBODY,
            opts=here,
        )
        for way, egress in (("in", False), ("out", True))
    ]
    for zone, subnet in subnets.items():
        aws.ec2.NetworkAclAssociation(
            f"{logical}-{zone}",
            network_acl_id=acl.id,
            subnet_id=subnet.id,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=rules),
        )
