"""A load balancer with TLS, a firewall and logs, in front of a Region's network."""

import pulumi
import pulumi_aws as aws

from haven_components import EdgeBalancer, MultiRegionKey, RegionalNetwork

config = pulumi.Config()
account = config.get("account") or "123456789012"
region, recovery = "eu-west-1", "eu-central-1"
cidr = "10.20.0.0/16"

providers = {
    each: aws.Provider(
        f"aws-{each}",
        region=each,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
    )
    for each in (region, recovery)
}
here = pulumi.ResourceOptions(providers=[providers[region]])

key = MultiRegionKey(
    "example-edge-key",
    {
        "primary_region": region,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's logs",
    },
    here,
)
network = RegionalNetwork(
    "example-web-euw1",
    {
        "region": region,
        "account_id": account,
        "zones": [f"{region}a", f"{region}b"],
        "cidr": cidr,
        "nat": False,
    },
    here,
)
edge = EdgeBalancer(
    "example-edge-euw1",
    {
        "region": region,
        "account_id": account,
        "vpc_id": network.vpc_id,
        "subnet_ids": network.public_subnet_ids,
        "client_cidrs": ["0.0.0.0/0"],
        "target_cidrs": [cidr],
        "canary_weight": 0,  # the share of a second version, on a target group of its own
        "target_port": 8080,
        "health": {"path": "/ready"},
        "certificate": {
            "domain": config.get("domain") or "api.example.com",
            "hosted_zone_id": config.get("hostedZoneId") or "Z0123456789EXAMPLE00",
            "creates_validation_record": True,
        },
        "kms_key_arn": key.primary_arn,
    },
    here,
)

pulumi.export("hostName", edge.dns_name)
pulumi.export("targetGroup", edge.target_group_arn)
