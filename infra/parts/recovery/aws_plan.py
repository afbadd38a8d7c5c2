"""Input for AWS's own recovery tools, for those who use them."""

from math import ceil

from haven_components import RecoveryCriticality, RecoveryPlan, RecoveryPlanArgs
from haven_components.names import cluster_name, global_cluster_name, partition
from infra.config import part_models
from infra.environment import Environment


def declare(environment: Environment, chosen: part_models.RecoveryPlan) -> RecoveryPlan:
    """Declare the plan and the policy. A rule of the config has seen to it that both objectives are there."""
    settings = environment.settings
    args: RecoveryPlanArgs = {
        "account_id": settings.account,
        "primary_region": environment.primary,
        "recovery_region": environment.recovery,
        "region_loss": {
            "rto_seconds": _seconds(settings.objectives.rto_minutes),
            "rpo_seconds": _seconds(settings.objectives.rpo_minutes),
        },
        "criticality": RecoveryCriticality[chosen.criticality.replace("-", "_").upper()],
        "approval_role_arn": chosen.approval_role_arn,
    }
    if environment.replication.database:
        database = f"{environment.name}-db"
        args["database"] = {
            "global_cluster_id": global_cluster_name(database),
            "primary_cluster_arn": _member(environment, database, environment.primary),
            "recovery_cluster_arn": _member(environment, database, environment.recovery),
        }
    return RecoveryPlan(f"{environment.name}-plan", args, environment.options(environment.primary))


def _seconds(minutes: float | None) -> int:
    return ceil((minutes or 0) * 60)


def _member(environment: Environment, database: str, region: str) -> str:
    account = environment.settings.account
    return f"arn:{partition(region)}:rds:{region}:{account}:cluster:{cluster_name(database, region)}"
