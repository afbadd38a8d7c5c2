"""A trail over all Regions, into locked buckets that replicate."""

import pulumi
import pulumi_aws as aws

from haven_components import AuditTrail, MultiRegionKey

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
    "example-audit-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's audit log",
        "services": ["cloudtrail.amazonaws.com"],  # it encrypts what it writes
    },
    here,
)
trail = AuditTrail(
    "example-audit",
    {
        "account_id": account,
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "recovery_provider": providers[recovery],
        "object_lock_days": 365,  # now or never: S3 can't add it to an existing bucket
        "log_retention_days": 30,
        "insights": True,
        "data_event_buckets": ["arn:aws:s3:::example-models"],
        "recovery_trail": True,
    },
    here,
)

pulumi.export("trail", trail.trail_arn)
pulumi.export("buckets", {primary: trail.primary_bucket, recovery: trail.recovery_bucket})
