"""The same image repositories in two Regions."""

import pulumi
import pulumi_aws as aws

from haven_components import MultiRegionKey, ReplicatedRegistry

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
    "example-registry-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's images",
    },
    here,
)
images = ReplicatedRegistry(
    "example-images",
    {
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "recovery_provider": providers[recovery],
        "repositories": ["serving", "training/trainer"],
        "reader_account_ids": ["210987654321"],
    },
    here,
)

pulumi.export("images", {primary: images.primary_urls, recovery: images.recovery_urls})
pulumi.export("the account's replication rules match", images.repository_prefix)
