"""The AWS providers of a stack: one for each Region, explicit; an environment's make no call when configured."""

from typing import Any

import pulumi_aws as aws

from infra import tagging
from infra.config.settings import AccountSettings, Settings

_EMULATED = (
    "accessanalyzer",
    "acm",
    "amp",
    "autoscaling",
    "backup",
    "budgets",
    "ce",
    "cloudtrail",
    "cloudwatch",
    "configservice",
    "dynamodb",
    "ec2",
    "ecr",
    "eks",
    "elasticache",
    "elbv2",
    "events",
    "fis",
    "grafana",
    "guardduty",
    "iam",
    "kinesis",
    "kms",
    "logs",
    "rds",
    "route53",
    "s3",
    "s3control",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
    "wafv2",
    "xray",
)
"""The services that an environment uses: an emulator replaces these."""


def aws_providers(settings: Settings | AccountSettings) -> dict[str, aws.Provider]:
    """Region -> its provider, for both Regions.

    Configuring an environment's makes no AWS call for credentials, account or instance metadata, so that `up` still
    works for one Region while the other answers nothing. The account's own stack has resources that the provider names
    by the account id it asked for (`haven/terraform/account_ids.py`): its providers ask IAM, and STS in the recovery
    Region, which answers while the primary one is lost.
    """
    return {region: _provider(settings, region) for region in (settings.regions.primary, settings.regions.recovery)}


def witness_provider(settings: Settings) -> dict[str, aws.Provider]:
    """The third Region -> its provider, where the runbooks' lease has a vote in one: nothing else is there."""
    region = settings.operations.witness_region
    return {region: _provider(settings, region)} if region is not None else {}


def _provider(settings: Settings | AccountSettings, region: str) -> aws.Provider:
    asks = isinstance(settings, AccountSettings)
    tags = {**settings.tags, **tagging.defaults(settings.stack, settings.residency)}
    return aws.Provider(
        f"aws-{region}",
        region=region,
        default_tags={"tags": tags},
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=not asks,
        sts_region=settings.regions.recovery if asks and not settings.emulator else None,
        **(_emulated(settings.emulator) if settings.emulator else {}),
    )


def _emulated(url: str) -> dict[str, Any]:
    return {
        "access_key": "test",
        "secret_key": "test",
        "s3_use_path_style": True,
        "endpoints": [dict.fromkeys(_EMULATED, url)],
    }
