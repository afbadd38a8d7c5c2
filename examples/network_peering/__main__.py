"""The networks of two Regions, peered."""

import pulumi
import pulumi_aws as aws

from haven_components import NetworkPeering, PeeringSideArgs, RegionalNetwork

account = pulumi.Config().get("account") or "123456789012"
blocks = {"eu-west-1": "10.20.0.0/16", "eu-central-1": "10.21.0.0/16"}

providers = {
    region: aws.Provider(
        f"aws-{region}",
        region=region,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
    )
    for region in blocks
}


def side(region: str) -> PeeringSideArgs:
    """A Region's network, as one side of the peering."""
    network = RegionalNetwork(
        f"example-{region}",
        {
            "region": region,
            "account_id": account,
            "zones": [f"{region}a", f"{region}b"],
            "cidr": blocks[region],
            "nat": False,
            "interface_endpoints": False,
        },
        pulumi.ResourceOptions(providers=[providers[region]]),
    )
    return {
        "region": region,
        "vpc_id": network.vpc_id,
        "cidr": blocks[region],
        "route_table_ids": list(network.route_table_ids),
    }


peering = NetworkPeering(
    "example-peering",
    {
        "account_id": account,
        "primary": side("eu-west-1"),
        "recovery": side("eu-central-1"),
        "recovery_provider": providers["eu-central-1"],
    },
    pulumi.ResourceOptions(providers=[providers["eu-west-1"]]),
)

pulumi.export("connection", peering.connection_id)
