"""Heartbeats of a bucket, a table and a database in two Regions, and what arrived of them in each."""

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from haven_components import (
    DatabaseSideArgs,
    GlobalDatabase,
    GlobalTable,
    Heartbeat,
    MultiRegionKey,
    OperationsStore,
    RegionalNetwork,
    ReplicatedBucket,
    TableKeyType,
)
from haven_components.names import DATABASE_PORT, bucket_name, region_code, secret_name

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"
cidrs = {primary: "10.60.0.0/16", recovery: "10.61.0.0/16"}

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
generator = random.Provider("random")
here = {region: pulumi.ResourceOptions(providers=[provider, generator]) for region, provider in providers.items()}

key = MultiRegionKey(
    "example-heartbeat-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's stores",
    },
    here[primary],
)
keys = {primary: key.primary_arn, recovery: key.recovery_arn}
networks = {
    region: RegionalNetwork(
        f"example-heartbeat-{region_code(region)}",
        {
            "region": region,
            "account_id": account,
            "zones": [f"{region}a", f"{region}b"],
            "cidr": cidrs[region],
            "nat": True,
            "interface_endpoints": False,
        },
        here[region],
    )
    for region in (primary, recovery)
}
bucket = ReplicatedBucket(
    "example-heartbeat-models",
    {
        "primary": {"region": primary, "kms_key_arn": keys[primary]},
        "recovery": {"region": recovery, "kms_key_arn": keys[recovery]},
        "recovery_provider": providers[recovery],
        "bucket_name": f"example-heartbeat-{account}",
        "replication_time_control": False,
        "noncurrent_days": 7,
    },
    here[primary],
)
table = GlobalTable(
    "example-heartbeat-sessions",
    {
        "account_id": account,
        "home": {"region": primary, "kms_key_arn": keys[primary]},
        "replica": {"region": recovery, "kms_key_arn": keys[recovery]},
        "recovery_provider": providers[recovery],
        "hash_key": {"name": "session", "type": TableKeyType.TEXT},
    },
    here[primary],
)
sides: dict[str, DatabaseSideArgs] = {
    region: {
        "region": region,
        "vpc_id": networks[region].vpc_id,
        "subnet_ids": networks[region].data_subnet_ids,
        "kms_key_arn": keys[region],
        "client_cidrs": list(cidrs.values()),
        "instances": 1,
    }
    for region in (primary, recovery)
}
database = GlobalDatabase(
    "example-heartbeat-db",
    {
        "account_id": account,
        "primary": sides[primary],
        "recovery": sides[recovery],
        "recovery_provider": providers[recovery],
        "recovery_secret": {"region": recovery, "kms_key_arn": keys[recovery]},
        "engine_version": "16.11",
        "instance_class": "db.r6g.large",
        "database_name": "app",
        "master_username": "haven",
        "write_forwarding": False,
        "backup_retention_days": 7,
    },
    here[primary],
)
members = {
    primary: (database.primary_endpoint, database.primary_reader_endpoint, database.primary_resource_id),
    recovery: (database.recovery_endpoint, database.recovery_reader_endpoint, database.recovery_resource_id),
}
for region, other in ((primary, recovery), (recovery, primary)):
    store = OperationsStore(
        f"example-heartbeat-operations-{region_code(region)}",
        {
            "region": region,
            "account_id": account,
            "table_name": "example-heartbeat-operations",
            "kms_key_arn": keys[region],
        },
        here[region],
    )
    writer, reader, resource_id = members[region]
    heartbeat = Heartbeat(
        f"example-heartbeat-{region_code(region)}-beat",
        {
            "region": region,
            "other_region": other,
            "account_id": account,
            "kms_key_arn": keys[region],
            "operations_table": "example-heartbeat-operations",
            "network": {
                "vpc_id": networks[region].vpc_id,
                "subnet_ids": networks[region].private_subnet_ids,
                "cidr": cidrs[region],
            },
            "database": {
                "writer_host": writer,
                "reader_host": reader,
                "port": DATABASE_PORT,
                "name": "app",
                "secret_name": secret_name("example-heartbeat-db"),
                "resource_id": resource_id,
            },
            "buckets": {"bucket:models": bucket_name(f"example-heartbeat-{account}", region)},
            "tables": {"table:sessions": {"name": "example-heartbeat-sessions", "keys": {"session": "S"}}},
        },
        pulumi.ResourceOptions.merge(here[region], pulumi.ResourceOptions(depends_on=[store, table, bucket])),
    )
    pulumi.export(f"function-{region}", heartbeat.function_name)
