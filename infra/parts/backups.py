"""Backups of the database and the tables: how often follows from the tier and its objective."""

from collections.abc import Iterator

from haven.model.backup_costs import REFERENCE, break_even_gb, copy_cost, copy_prices, headless_member_cost
from haven.model.cost import USAGE
from haven.model.prices import PriceBook
from haven.model.sources import BACKUP_RPO_WORST_CASE_MINUTES
from haven_components import (
    BackupInterval,
    BackupRuleArgs,
    BackupVault,
    BackupVaultArgs,
    RestoredTypeArgs,
    interval_minutes,
    limits,
    rpo_minutes,
)
from haven_components.names import partition, subnet_group_name
from infra import PROJECT
from infra.config.part_models import Backups
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts.stores import database_name
from infra.scale import Replication

TAG = "haven:environment"
_WRITES = "aurora-replicated-write"
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
    if chosen.recovery_isolated_vault_arn is not None:
        args["recovery_isolated_vault_arn"] = chosen.recovery_isolated_vault_arn
    if chosen.restore_tests:
        args["restore_tests"] = {"resources": _restored(environment)}
    return BackupVault(component_name(environment), args, environment.options(environment.primary, "backups"))


def notes(settings: Settings, replication: Replication) -> Iterator[str]:
    """What may fail of the copies into another account, and what those cost that are the recovery point."""
    if replication.backups_only:
        yield from cost_notes(settings)
    chosen, pair = settings.backups, settings.regions
    for key, arn, region in (
        ("isolatedVaultArn", chosen.isolated_vault_arn, pair.primary),
        ("recoveryIsolatedVaultArn", chosen.recovery_isolated_vault_arn, pair.recovery),
    ):
        if arn is not None and f":backup:{region}:" not in arn:
            yield (
                f"haven:backups.{key} is in another Region than {region}: AWS Backup copies Aurora across accounts or"
                f" across Regions, not both in one step; name a vault in {region} (docs/isolated-vault.md)"
            )


def component_name(environment: Environment) -> str:
    """What the names of vaults and plans begin with."""
    return f"{environment.name}-backups"


def restore_role(environment: Environment) -> str:
    """ARN of the role with which AWS Backup restores."""
    account = environment.settings.account
    return f"arn:{partition(environment.primary)}:iam::{account}:role/{component_name(environment)}-restore"


def rules(environment: Environment) -> list[BackupRuleArgs]:
    """When backups start.

    Daily and monthly in every environment, against what replication copies too: deletions and corruption. Where nothing
    replicates the database they are the recovery point as well: then at the longest interval that meets the objective,
    because every copy of an Aurora snapshot into another Region is a full one.
    """
    chosen = environment.settings.backups
    regular = [_rule(BackupInterval.DAILY, chosen.daily_days), _rule(BackupInterval.MONTHLY, chosen.monthly_days)]
    if not environment.replication.backups_only:
        return regular
    point = recovery_point(environment.settings)
    return regular if point["interval"] == BackupInterval.DAILY else [point, *regular]


def newest_minutes(environment: Environment) -> int:
    """How old the newest copy of a store may become, minutes: of the rule that makes the most."""
    return min(_given(each, environment.settings.backups) for each in rules(environment))


def recovery_point(settings: Settings) -> BackupRuleArgs:
    """The rule with the longest interval that meets the objective, or what the tier promises without one; every hour,
    the most that AWS Backup does, where none meets it."""
    chosen, objective = settings.backups, settings.objectives.rpo_minutes
    wanted = BACKUP_RPO_WORST_CASE_MINUTES.value if objective is None else objective
    daily = _rule(BackupInterval.DAILY, chosen.daily_days)
    hourly = [_every(hours, chosen.hourly_days) for hours in reversed(limits.BACKUP_HOUR_STEPS)]
    return next((each for each in (daily, *hourly) if _given(each, chosen) <= wanted), hourly[-1])


def _every(hours: int, days: int) -> BackupRuleArgs:
    rule = _rule(BackupInterval.HOURLY, days)
    if hours > 1:
        rule["every_hours"] = hours
    return rule


def cost_notes(settings: Settings) -> Iterator[str]:
    """What the copies of the database cost that are the recovery point, and from which size on a replica costs less."""
    rule, size = recovery_point(settings), settings.database.assumed_size_gb
    interval, kept = interval_minutes(rule), rule["copy_retention_days"]
    prices = copy_prices(settings.regions.primary, PriceBook(PROJECT), settings.regions.recovery)
    cost = copy_cost(prices, size_gb=size, interval_minutes=interval, kept_days=kept)
    lacking = f" (those of {REFERENCE} for {', '.join(prices.assumed)}: an assumption)" if prices.assumed else ""
    yield (
        f"copying the database every {interval // 60} hours costs about {cost.total:,.0f} USD a month at {size:g} GB"
        f" (haven:database.assumedSizeGb, an assumption): {cost.copies} copies, always full, {cost.transfer:,.0f} USD"
        f" transfer and {cost.storage:,.0f} USD storage at list prices{lacking}"
    )
    used = settings.cost.usage if settings.cost else {}
    million, assumed = used.get(_WRITES, USAGE[_WRITES]) / 1e6, "" if _WRITES in used else " (an assumption)"
    member = headless_member_cost(prices, size, million)
    enough = break_even_gb(prices, interval_minutes=interval, kept_days=kept, million_writes=million)
    if rule["interval"] == BackupInterval.HOURLY and enough is not None and size >= enough:
        yield (
            f"from {enough} GB on these copies cost more than a headless member of tier pilot-light, about"
            f" {member:,.0f} USD a month at {size:g} GB with {million:g} million"
            f" replicated writes{assumed}; its EKS control plane and small nodes come on top: write"
            " haven:tier: pilot-light, or a larger haven:objectives.rpoMinutes"
        )


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
