"""A Valkey cache that writes in one Region and can be promoted in another."""

import pulumi
import pulumi_aws as aws
import pulumi_random

from haven_components import CacheEngine, GlobalCache, MultiRegionKey, RegionalNetwork

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"
blocks = {primary: "10.62.0.0/16", recovery: "10.63.0.0/16"}

random = pulumi_random.Provider("random")
providers = {
    region: aws.Provider(
        f"aws-{region}",
        region=region,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
    )
    for region in (primary, recovery)
}
key = MultiRegionKey(
    "example-cache-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's cache",
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)
key_arns = {primary: key.primary_arn, recovery: key.recovery_arn}
networks = {
    region: RegionalNetwork(
        f"example-cache-{name}",
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
    for name, region in (("primary", primary), ("recovery", recovery))
}

cache = GlobalCache(
    "example-cache",
    {
        "primary": {
            "region": primary,
            "vpc_id": networks[primary].vpc_id,
            "subnet_ids": networks[primary].data_subnet_ids,
            "kms_key_arn": key_arns[primary],
            "client_cidrs": list(blocks.values()),
        },
        "recovery": {
            "region": recovery,
            "vpc_id": networks[recovery].vpc_id,
            "subnet_ids": networks[recovery].data_subnet_ids,
            "kms_key_arn": key_arns[recovery],
            "client_cidrs": list(blocks.values()),
        },
        "recovery_provider": providers[recovery],
        "recovery_secret": {"region": recovery, "kms_key_arn": key_arns[recovery]},
        "global_datastore": True,
        "engine": CacheEngine.VALKEY,
        "engine_version": "8.0",
        "shards": 1,
        "node_type": "cache.r7g.large",
        "snapshot_retention_days": 7,
    },
    pulumi.ResourceOptions(providers=[providers[primary], random]),
)

pulumi.export("endpoints", {primary: cache.primary_endpoint, recovery: cache.recovery_endpoint})
pulumi.export("secret", cache.secret_arn)
