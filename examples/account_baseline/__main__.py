"""What an account has once in each of two Regions: recording, detection, defaults."""

import pulumi
import pulumi_aws as aws

from haven_components import AccountBaseline, MultiRegionKey, ThreatFeature

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"

providers = {
    region: aws.Provider(
        f"aws-{region}",
        region=region,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        # ECR's rules and GuardDuty's tags are addressed by the account id that the provider asks for.
        skip_requesting_account_id=False,
    )
    for region in (primary, recovery)
}
here = pulumi.ResourceOptions(providers=[providers[primary]])


def key(name: str, description: str) -> MultiRegionKey:
    """A key in both Regions."""
    return MultiRegionKey(
        name,
        {
            "primary_region": primary,
            "recovery_region": recovery,
            "recovery_provider": providers[recovery],
            "account_id": account,
            "description": description,
        },
        here,
    )


records = key("example-records", "What AWS Config writes down")
volumes = key("example-volumes", "Volumes for which nobody names a key")
baseline = AccountBaseline(
    "example-account",
    {
        "account_id": account,
        "primary": {
            "region": primary,
            "record_kms_key_arn": records.primary_arn,
            "volume_kms_key_arn": volumes.primary_arn,
        },
        "recovery": {
            "region": recovery,
            "record_kms_key_arn": records.recovery_arn,
            "volume_kms_key_arn": volumes.recovery_arn,
        },
        "recovery_provider": providers[recovery],
        "image_prefixes": ["example-images/"],
        "threat_features": [ThreatFeature.S3, ThreatFeature.EKS],  # the others are turned off
    },
    here,
)

pulumi.export("buckets", {primary: baseline.primary_bucket, recovery: baseline.recovery_bucket})
pulumi.export("detectors", {primary: baseline.primary_detector_id, recovery: baseline.recovery_detector_id})
