"""Locked vaults in two Regions that back up by tag, every hour and every day."""

import pulumi
import pulumi_aws as aws

from haven_components import BackupInterval, BackupVault, MultiRegionKey

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
    "example-backup-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's backups",
        "services": ["backup.amazonaws.com"],  # it publishes to the encrypted topics
    },
    here,
)
backups = BackupVault(
    "example-backups",
    {
        "account_id": account,
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "recovery_provider": providers[recovery],
        "rules": [
            {
                "name": "hourly",
                "interval": BackupInterval.HOURLY,
                "start_window_minutes": 60,
                "completion_window_minutes": 180,
                "retention_days": 7,
                "copy_retention_days": 7,
            },
            {
                "name": "daily",
                "interval": BackupInterval.DAILY,
                "start_window_minutes": 60,
                "completion_window_minutes": 480,
                "retention_days": 35,
                "copy_retention_days": 90,
            },
        ],
        "selection": {"key": "backup", "value": "example"},
        "min_retention_days": 7,
        "max_retention_days": 365,
        "assumed_job_minutes": 30,
        "assumed_copy_minutes": 30,
        "rpo_minutes": 180,
        "isolated_vault_arn": f"arn:aws:backup:{primary}:210987654321:backup-vault:example-isolated",
        "restore_tests": {"resources": [{"resource_type": "S3"}, {"resource_type": "DynamoDB"}]},
    },
    here,
)

pulumi.export("vaults", {primary: backups.primary_vault, recovery: backups.recovery_vault})
pulumi.export("rpoMinutes", backups.rpo_minutes)
