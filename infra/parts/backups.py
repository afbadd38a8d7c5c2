"""Backups of the database and the tables: how often follows from the tier and its objective."""

from haven_components import (
    BackupInterval,
    BackupRuleArgs,
    BackupVault,
    BackupVaultArgs,
    RestoredTypeArgs,
    interval_minutes,
    rpo_minutes,
)
from haven_components.names import partition, subnet_group_name
from infra.config.part_models import Backups
from infra.environment import Environment
from infra.parts.stores import database_name

TAG = "haven:environment"
START_WINDOW_MINUTES = 60
"""The shortest that AWS Backup takes: it is a part of the recovery point objective."""
COMPLETION_WINDOW_MINUTES = 480


def declare(environment: Environment) -> BackupVault:
    """Declare vaults, plans and restore tests.

    From the first failover on, the recovery Region makes backups of its own: its plan joins once it runs at full
    scale.
    """
    settings = environment.settings
    chosen, objective = settings.backups, settings.objectives.rpo_minutes
    chosen_rules = rules(environment)
    args: BackupVaultArgs = {
        "account_id": settings.account,
        "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
        "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
        "recovery_provider": environment.providers[environment.recovery],
        "rules": chosen_rules,
        "selection": {"key": TAG, "value": settings.stack},
        "resource_patterns": _patterns(environment),
        # Those of every tier's rules: another lock replaces the existing one, and that is protected (source of the
        # AWS provider, internal/service/backup/vault_lock_configuration.go; read 2026-11-21).
        "min_retention_days": min(chosen.hourly_days, chosen.daily_days, chosen.monthly_days),
        "max_retention_days": max(chosen.hourly_days, chosen.daily_days, chosen.monthly_days),
        "assumed_job_minutes": chosen.assumed_job_minutes,
        "assumed_copy_minutes": chosen.assumed_copy_minutes,
        "back_up_recovery": environment.scales[environment.recovery].full,
        "ephemeral": settings.ephemeral,
    }
    if environment.replication.backups_only and objective is not None:
        args["rpo_minutes"] = int(objective)
    if chosen.compliance_lock_cooling_off_days is not None:
        args["compliance_lock_cooling_off_days"] = chosen.compliance_lock_cooling_off_days
    if chosen.isolated_vault_arn is not None:
        args["isolated_vault_arn"] = chosen.isolated_vault_arn
    if chosen.restore_tests:
        args["restore_tests"] = {"resources": _restored(environment)}
    return BackupVault(component_name(environment), args, environment.options(environment.primary, "backups"))


def component_name(environment: Environment) -> str:
    """What the names of vaults and plans begin with."""
    return f"{environment.name}-backups"


def rules(environment: Environment) -> list[BackupRuleArgs]:
    """When backups start.

    Daily and monthly in every environment, against what replication copies too: deletions and corruption. Where nothing
    replicates the database they are the recovery point as well: then hourly, unless daily ones meet the objective.
    """
    chosen, objective = environment.settings.backups, environment.settings.objectives.rpo_minutes
    daily = _rule(BackupInterval.DAILY, chosen.daily_days)
    monthly = _rule(BackupInterval.MONTHLY, chosen.monthly_days)
    enough = objective is not None and _given(daily, chosen) <= objective
    if not environment.replication.backups_only or enough:
        return [daily, monthly]
    return [_rule(BackupInterval.HOURLY, chosen.hourly_days), daily, monthly]


def _rule(interval: BackupInterval, days: int) -> BackupRuleArgs:
    return {
        "name": interval.value,
        "interval": interval,
        "start_window_minutes": START_WINDOW_MINUTES,
        "completion_window_minutes": COMPLETION_WINDOW_MINUTES,
        "retention_days": days,
        "copy_retention_days": days,
    }


def _given(rule: BackupRuleArgs, chosen: Backups) -> int:
    return rpo_minutes(
        interval=interval_minutes(rule),
        start_window=rule["start_window_minutes"],
        job=chosen.assumed_job_minutes,
        copy=chosen.assumed_copy_minutes,
    )


def _patterns(environment: Environment) -> list[str]:
    """The database's members and the tables; buckets keep their own versions, and replicate them."""
    account, aws_partition = environment.settings.account, partition(environment.primary)
    return [
        f"arn:{aws_partition}:rds:*:{account}:cluster:{environment.name}-db*",
        f"arn:{aws_partition}:dynamodb:*:{account}:table/{environment.name}-*",
    ]


def _restored(environment: Environment) -> list[RestoredTypeArgs]:
    """What the weekly restores take: from the copies, but for a database whose Region of the copies has no network of
    the environment's to be restored into. It is restored from the primary Region's vault."""
    restored: list[RestoredTypeArgs] = []
    recovery = environment.scales[environment.recovery].database
    region = environment.recovery if recovery else environment.primary
    group = subnet_group_name(database_name(environment), region)
    restored.append({"resource_type": "Aurora", "region": region, "metadata": {"dbsubnetgroupname": group}})
    if environment.settings.tables:
        restored.append({"resource_type": "DynamoDB"})
    return restored
