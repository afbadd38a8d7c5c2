"""Two buckets that replicate into each other, encrypted with one key."""

import pulumi
import pulumi_aws as aws

from haven_components import MultiRegionKey, ReplicatedBucket

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
    "example-models-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's models",
    },
    here,
)
models = ReplicatedBucket(
    "example-models",
    {
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "recovery_provider": providers[recovery],
        "bucket_name": f"example-models-{account}",
        "replication_time_control": True,
        "object_lock_days": 30,  # now or never: S3 can't add it to an existing bucket
    },
    here,
)

pulumi.export("buckets", {primary: models.primary_bucket, recovery: models.recovery_bucket})
