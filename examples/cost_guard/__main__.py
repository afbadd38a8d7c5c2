"""A monthly budget for what carries a tag, and a watch for anomalies."""

import pulumi
import pulumi_aws as aws

from haven_components import CostGuard, MultiRegionKey

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
    "example-cost-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's alerts",
        "services": ["budgets.amazonaws.com", "costalerts.amazonaws.com"],  # they publish to the encrypted topic
    },
    here,
)
guard = CostGuard(
    "example-costs",
    {
        "account_id": account,
        "region": primary,
        "tag": {"key": "environment", "value": "example"},
        "monthly_limit_usd": 20000,
        "anomaly_impact_usd": 250,
        "emails": ["platform@example.com"],
        "kms_key_arn": key.primary_arn,
    },
    here,
)

pulumi.export("budget", guard.budget_name)
pulumi.export("topic", guard.topic_arn)
