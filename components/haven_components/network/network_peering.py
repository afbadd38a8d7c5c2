"""The private way between the networks of two Regions."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.names import region_code
from haven_components.network import _subnets
from haven_components.shared import checks as _checks
from haven_components.shared import sdk
from haven_components.shared.support import Checks

sdk.load(aws.ec2)

MOST_NAME_CHARACTERS = 200
"""Tag values have at most 256 characters (EC2 tag restrictions, read 2026-11-21); a route's suffix takes some."""


class PeeringSideArgs(TypedDict):
    region: str
    """The Region of this side, for example `eu-west-1`."""
    vpc_id: pulumi.Input[str]
    """Id of the network on this side."""
    cidr: str
    """The network's IPv4 block. The two sides' blocks must not overlap."""
    route_table_ids: list[pulumi.Input[str]]
    """Ids of the route tables that get a route to the other side. A table's place in the list names its route: add
    new ones at the end."""


class NetworkPeeringArgs(TypedDict):
    account_id: str
    """The AWS account that owns both networks, twelve digits."""
    primary: PeeringSideArgs
    """The side in the component's own provider's Region, which asks for the connection."""
    recovery: PeeringSideArgs
    """The side in the recovery provider's Region, which accepts it."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery side's Region."""


class NetworkPeering(pulumi.ComponentResource):
    """A VPC peering between two Regions of one account: connection, acceptance, name resolution, routes both ways.

    Traffic between the two stays on AWS's backbone and is encrypted by AWS (VPC Peering Guide, read 2026-11-21).
    """

    connection_id: pulumi.Output[str]
    """Id of the accepted connection."""

    def __init__(self, name: str, args: NetworkPeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:NetworkPeering", name, {}, opts)
        _validate(name, args)
        self._base = name
        self._recovery_provider = args["recovery_provider"]
        self.connection_id = self._connection(args)
        self._resolution()
        self._routes(args["primary"], args["recovery"]["cidr"], None)
        self._routes(args["recovery"], args["primary"]["cidr"], self._recovery_provider)
        self.register_outputs({"connection_id": self.connection_id})

    def _in(self, provider: aws.Provider | None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=provider)

    def _connection(self, args: NetworkPeeringArgs) -> pulumi.Output[str]:
        """The connection's id as the accepter gives it: whatever uses it waits for the acceptance."""
        request = aws.ec2.VpcPeeringConnection(
            f"{self._base}-connection",
            vpc_id=args["primary"]["vpc_id"],
            peer_vpc_id=args["recovery"]["vpc_id"],
            peer_owner_id=args["account_id"],
            peer_region=args["recovery"]["region"],
            tags={"Name": self._base},
            opts=self._in(None),
        )
        accepted = aws.ec2.VpcPeeringConnectionAccepter(
            f"{self._base}-accepter",
            vpc_peering_connection_id=request.id,
            auto_accept=True,
            tags={"Name": self._base},
            opts=self._in(self._recovery_provider),
        )
        return accepted.id

    def _resolution(self) -> None:
        """Each side resolves the other's public host names to private addresses, as far as they have both."""
        aws.ec2.PeeringConnectionOptions(
            f"{self._base}-requester-options",
            vpc_peering_connection_id=self.connection_id,
            requester={"allow_remote_vpc_dns_resolution": True},
            opts=self._in(None),
        )
        aws.ec2.PeeringConnectionOptions(
            f"{self._base}-accepter-options",
            vpc_peering_connection_id=self.connection_id,
            accepter={"allow_remote_vpc_dns_resolution": True},
            opts=self._in(self._recovery_provider),
        )

    def _routes(self, side: PeeringSideArgs, destination: str, provider: aws.Provider | None) -> None:
        for index, table in enumerate(side["route_table_ids"]):
            aws.ec2.Route(
                f"{self._base}-{region_code(side['region'])}-{index}",
                route_table_id=table,
                destination_cidr_block=destination,
                vpc_peering_connection_id=self.connection_id,
                opts=self._in(provider),
            )


def _validate(name: str, args: NetworkPeeringArgs) -> None:
    checks = Checks("NetworkPeering", name, NetworkPeeringArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _validate_blocks(checks, args),
        lambda: _validate_regions(checks, args),
    )


def _validate_blocks(checks: Checks, args: NetworkPeeringArgs) -> None:
    sides = {"primary": args["primary"], "recovery": args["recovery"]}
    for path, side in sides.items():
        wrong = _subnets.vpc_problem(side["cidr"])
        checks.require(
            wrong is None,
            f"{path}.cidr",
            got=side["cidr"],
            allowed="the network's IPv4 block",
            fix=f"give the block of the network on this side: {wrong}",
        )
    blocks = [side["cidr"] for side in sides.values()]
    usable = not any(_subnets.vpc_problem(block) for block in blocks)
    checks.require(
        not (usable and _subnets.overlap(*blocks)),
        "recovery.cidr",
        got=args["recovery"]["cidr"],
        allowed=f"a block that shares no address with {args['primary']['cidr']}",
        fix="choose blocks that don't overlap: traffic between them could not be routed",
    )


def _validate_regions(checks: Checks, args: NetworkPeeringArgs) -> None:
    checks.require(
        args["primary"]["region"] != args["recovery"]["region"],
        "recovery.region",
        got=args["recovery"]["region"],
        allowed=f"another Region than {args['primary']['region']}",
        fix="give the recovery side's own Region",
    )
