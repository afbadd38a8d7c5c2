"""One key in two Regions."""

import pulumi
import pulumi_aws as aws

from haven_components import MultiRegionKey

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

key = MultiRegionKey(
    "example-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "What the example stores",
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)

pulumi.export("keys", {primary: key.primary_arn, recovery: key.recovery_arn})
