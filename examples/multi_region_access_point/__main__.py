"""One global name in front of two buckets that replicate into each other."""

import pulumi
import pulumi_aws as aws

from haven_components import MultiRegionAccessPoint, MultiRegionKey, ReplicatedBucket

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
    "example-shared-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's objects",
    },
    here,
)
shared = ReplicatedBucket(
    "example-shared",
    {
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "recovery_provider": providers[recovery],
        "bucket_name": f"example-shared-{account}",
        "replication_time_control": True,
    },
    here,
)
point = MultiRegionAccessPoint(
    "example-shared",
    {
        "account_id": account,
        "primary": {"region": primary, "bucket": shared.primary_bucket},
        "recovery": {"region": recovery, "bucket": shared.recovery_bucket},
    },
    here,
)

pulumi.export("accessPoint", point.arn)
pulumi.export("hostName", point.domain_name)
