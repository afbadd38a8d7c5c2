"""One Region's network, on its own."""

import pulumi
import pulumi_aws as aws

from haven_components import RegionalNetwork

account = pulumi.Config().get("account") or "123456789012"
region = "eu-west-1"

provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
network = RegionalNetwork(
    "example-euw1",
    {
        "region": region,
        "account_id": account,
        "zones": [f"{region}a", f"{region}b"],  # add a third one at any time: it moves nothing
        "cidr": "10.20.0.0/16",
        "nat": True,
    },
    pulumi.ResourceOptions(providers=[provider]),
)

pulumi.export("vpc", network.vpc_id)
pulumi.export("private subnets", network.private_subnet_ids)
