"""An Aurora PostgreSQL database that writes in one Region and can be promoted in another."""

import pulumi
import pulumi_aws as aws
import pulumi_random

from haven_components import GlobalDatabase, MultiRegionKey, RegionalNetwork

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"
blocks = {primary: "10.60.0.0/16", recovery: "10.61.0.0/16"}

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
    "example-db-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's database",
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)
key_arns = {primary: key.primary_arn, recovery: key.recovery_arn}
networks = {
    region: RegionalNetwork(
        f"example-db-{name}",
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

database = GlobalDatabase(
    "example-db",
    {
        "account_id": account,
        "primary": {
            "region": primary,
            "vpc_id": networks[primary].vpc_id,
            "subnet_ids": networks[primary].data_subnet_ids,
            "zones": [f"{primary}a", f"{primary}b"],
            "kms_key_arn": key_arns[primary],
            "client_cidrs": list(blocks.values()),
            "instances": 2,
        },
        "recovery": {
            "region": recovery,
            "vpc_id": networks[recovery].vpc_id,
            "subnet_ids": networks[recovery].data_subnet_ids,
            "kms_key_arn": key_arns[recovery],
            "client_cidrs": list(blocks.values()),
            "instances": 0,  # storage only; an instance must be added before it can be promoted
        },
        "recovery_provider": providers[recovery],
        "recovery_secret": {"region": recovery, "kms_key_arn": key_arns[recovery]},
        "engine_version": "16.11",
        "instance_class": "db.r6g.large",
        "database_name": "example",
        "master_username": "example_admin",
        "write_forwarding": False,
        "backup_retention_days": 14,
    },
    pulumi.ResourceOptions(providers=[providers[primary], random]),
)

pulumi.export("writer", database.writer_endpoint)
pulumi.export("secret", database.secret_arn)
