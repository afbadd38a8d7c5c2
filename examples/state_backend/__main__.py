"""A bucket and a key for Pulumi's own state, in two Regions."""

import pulumi
import pulumi_aws as aws

from haven_components import StateBackend

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

state = StateBackend(
    "example-state",
    {
        "account_id": account,
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "replication_time_control": True,
    },
    here,
)

pulumi.export("login", {primary: state.primary_url, recovery: state.recovery_url})
pulumi.export("secrets", {primary: state.primary_secrets_provider, recovery: state.recovery_secrets_provider})
