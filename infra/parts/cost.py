"""The environment's budget, for those who want one."""

from haven_components import CostGuard
from infra.config.part_models import Cost
from infra.environment import Environment


def guard(environment: Environment, chosen: Cost) -> CostGuard:
    """Declare the budget. Its topic is in the primary Region: costs of a lost Region can wait."""
    settings = environment.settings
    return CostGuard(
        f"{environment.name}-cost",
        {
            "account_id": settings.account,
            "region": environment.primary,
            "tag": {"key": "haven:environment", "value": settings.stack},
            "monthly_limit_usd": chosen.monthly_limit_usd,
            "anomaly_impact_usd": chosen.anomaly_impact_usd,
            "emails": list(chosen.emails),
            "kms_key_arn": environment.key.primary_arn,
        },
        environment.options(environment.primary),
    )
