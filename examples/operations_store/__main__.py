"""Lease, journal and audit of runbooks: a table in two Regions and a third, an audit bucket in each of the two."""

import pulumi
import pulumi_aws as aws

from haven_components import MultiRegionKey, OperationsStore
from haven_components.names import region_code

account = pulumi.Config().get("account") or "123456789012"
primary, recovery, witness = "eu-west-1", "eu-central-1", "eu-north-1"

providers = {
    region: aws.Provider(
        f"aws-{region}",
        region=region,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
    )
    for region in (primary, recovery, witness)
}


def here(region: str) -> pulumi.ResourceOptions:
    """Options of a component in a Region."""
    return pulumi.ResourceOptions(providers=[providers[region]])


key = MultiRegionKey(
    "example-operations-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's lease and audit",
    },
    here(primary),
)
stores = [
    OperationsStore(
        f"example-operations-{region_code(region)}",
        {
            "region": region,
            "account_id": account,
            "table_name": "example-operations",
            "kms_key_arn": arn,
            "audit": {"bucket_name": f"example-audit-{account}"},
        },
        here(region),
    )
    for region, arn in ((primary, key.primary_arn), (recovery, key.recovery_arn))
]
vote = OperationsStore(
    f"example-operations-{region_code(witness)}",
    {"region": witness, "account_id": account, "table_name": "example-operations"},
    here(witness),
)

pulumi.export("tables", [each.table_arn for each in (*stores, vote)])
pulumi.export("audit", [each.audit_bucket for each in stores])
