"""A feature store that takes reads and writes in two Regions, and sessions under strong consistency."""

import pulumi
import pulumi_aws as aws

from haven_components import GlobalTable, MultiRegionKey, TableConsistency, TableKeyType

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"

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
here = pulumi.ResourceOptions(providers=[providers[primary]])

key = MultiRegionKey(
    "example-table-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's tables",
    },
    here,
)
features = GlobalTable(
    "example-features",
    {
        "account_id": account,
        "home": {"region": primary, "kms_key_arn": key.primary_arn},
        "replica": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "recovery_provider": providers[recovery],
        "hash_key": {"name": "entity"},
        "range_key": {"name": "computed_at", "type": TableKeyType.NUMBER},
        "indexes": [
            {
                "name": "by-model",
                "hash_key": {"name": "model"},
                "range_key": {"name": "computed_at", "type": TableKeyType.NUMBER},
                "included": ["value"],
            }
        ],
        "ttl_attribute": "expires_at",
    },
    here,
)
sessions = GlobalTable(
    "example-sessions",
    {
        "account_id": account,
        "home": {"region": primary, "kms_key_arn": key.primary_arn},
        "replica": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "hash_key": {"name": "session"},
        "consistency": TableConsistency.STRONG,  # now or never: it can't be chosen once there is data
        "witness_region": "eu-west-3",
    },
    here,
)

pulumi.export("tables", {"features": features.table_name, "sessions": sessions.table_name})
pulumi.export("replica of the features", features.replica_arn)
