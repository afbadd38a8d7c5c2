"""An ARC Region switch plan, for those who use it."""

from math import ceil

from haven_components import RecoveryPlan, RecoveryPlanArgs
from haven_components.names import cluster_name, global_cluster_name, partition
from infra.config import part_models
from infra.environment import Environment


def declare(environment: Environment, chosen: part_models.RecoveryPlan) -> RecoveryPlan:
    """Declare the plan. A rule of the config has seen to it that its objective is there."""
    settings = environment.settings
    args: RecoveryPlanArgs = {
        "account_id": settings.account,
        "primary_region": environment.primary,
        "recovery_region": environment.recovery,
        "rto_seconds": ceil((settings.objectives.rto_minutes or 0) * 60),
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


def _member(environment: Environment, database: str, region: str) -> str:
    account = environment.settings.account
    return f"arn:{partition(region)}:rds:{region}:{account}:cluster:{cluster_name(database, region)}"
