"""A role that fails one environment over, and does nothing else."""

import pulumi
import pulumi_aws as aws

from haven_components import MultiRegionKey, OperationsStore, OperatorRole, OperatorSideArgs
from haven_components.names import bucket_name, region_code

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"
audit = f"example-operator-audit-{account}"

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
    "example-operator-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's lease and audit",
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)
keys = {primary: key.primary_arn, recovery: key.recovery_arn}
stores = [
    OperationsStore(
        f"example-operator-{region_code(region)}",
        {
            "region": region,
            "account_id": account,
            "table_name": "example-operator",
            "kms_key_arn": keys[region],
            "audit": {"bucket_name": audit},
        },
        pulumi.ResourceOptions(providers=[providers[region]]),
    )
    for region in (primary, recovery)
]


def side(region: str) -> OperatorSideArgs:
    """What the environment has in a Region."""
    code = region_code(region)
    return {
        "region": region,
        "kms_key_arn": keys[region],
        "database_cluster": f"example-db-{code}",
        "subnet_group": f"example-db-{code}-subnets",
        "cache_group": f"example-cache-{code}",
        "cluster_name": f"example-{code}",
        "vault": f"example-backup-{code}",
        "audit_bucket": bucket_name(audit, region),
    }


role = OperatorRole(
    "example-operator",
    {
        "account_id": account,
        "principal_arns": [f"arn:aws:iam::{account}:user/on-call"],
        "primary": side(primary),
        "recovery": side(recovery),
        "recovery_provider": providers[recovery],
        "operations_table_arns": [each.table_arn for each in stores],
        "global_cluster": "example-db-global",
        "datastore_suffix": "example-cache-global",
        "manifest_parameter": "/haven/example/manifest",
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)

pulumi.export("role", role.role_arn)
