"""Restores that AWS Backup makes by itself, to show that backups can be restored before they have to be."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import restore_test_name
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

SCHEDULE = "cron(0 5 ? * SUN *)"
START_WINDOW_HOURS = 1
SELECTION_WINDOW_DAYS = 7
VALIDATION_WINDOW_HOURS = 4


class RestoredTypeArgs(TypedDict):
    resource_type: str
    """What is restored: `Aurora`, `DynamoDB`, `EBS`, `EC2`, `EFS`, `RDS` or `S3`; of each resource one recovery point,
    picked at random among those of the last seven days."""
    region: NotRequired[str]
    """The Region of the vault that it is restored from, and where it is restored: the primary or the recovery one. A
    database needs subnets of its own there. Omitted: the recovery Region, whose vault has the copies."""
    metadata: NotRequired[dict[str, pulumi.Input[str]]]
    """What AWS Backup can't infer, or infers wrongly. A database is restored into the Region's default VPC, and where
    that is gone the restore fails without `dbsubnetgroupname` (AWS Backup Developer Guide, inferred metadata; read
    2026-11-21). Omitted: what AWS Backup infers."""


class RestoreTestsArgs(TypedDict):
    resources: list[RestoredTypeArgs]
    """What is restored, each type once in a Region."""
    schedule: NotRequired[str]
    """When, as an AWS cron expression in UTC. Omitted: every Sunday at 05:00."""
    validation_window_hours: NotRequired[int]
    """Hours for which restored resources stay for examination, 1 to 168; then AWS Backup deletes them.
    They cost money until then. Omitted: 4."""


def restore_tests(
    name: str,
    args: RestoreTestsArgs,
    resources: Sequence[RestoredTypeArgs],
    *,
    vault_arn: pulumi.Input[str],
    role_arn: pulumi.Input[str],
    options: pulumi.ResourceOptions,
) -> None:
    """A plan that restores from one vault, and what it restores; nothing where there is nothing to restore."""
    if not resources:
        return
    plan = aws.backup.RestoreTestingPlan(
        f"{name}-restore-tests",
        name=restore_test_name(name),
        schedule_expression=args.get("schedule", SCHEDULE),
        schedule_expression_timezone="Etc/UTC",
        start_window_hours=START_WINDOW_HOURS,
        recovery_point_selection={
            "algorithm": "RANDOM_WITHIN_WINDOW",
            "include_vaults": [vault_arn],
            "recovery_point_types": ["SNAPSHOT"],
            "selection_window_days": SELECTION_WINDOW_DAYS,
        },
        tags={"Name": f"{name}-restore-tests"},
        opts=options,
    )
    for each in resources:
        type_ = each["resource_type"]
        aws.backup.RestoreTestingSelection(
            f"{name}-restore-test-{type_.lower()}",
            name=f"{restore_test_name(name)}_{type_.lower()}",
            restore_testing_plan_name=plan.name,
            protected_resource_type=type_,
            protected_resource_arns=["*"],  # whatever of this type the vault holds: the vault is the limit
            restore_metadata_overrides=each.get("metadata"),
            iam_role_arn=role_arn,
            validation_window_hours=int(args.get("validation_window_hours", VALIDATION_WINDOW_HOURS)),
            opts=options,
        )


def require_restore_tests(checks: Checks, args: RestoreTestsArgs | None, primary: str, recovery: str) -> None:
    """Types that can be restored, each once in a Region that has a vault, on a schedule, for a while."""
    if args is None:
        return
    for index, each in enumerate(args["resources"]):
        region = each.get("region", recovery)
        checks.require(
            region in (primary, recovery),
            f"restore_tests.resources[{index}].region",
            got=region,
            allowed=f"{primary} or {recovery}",
            fix="name the Region of one of the vaults, or leave it out for the recovery Region's",
        )
    types = [(each["resource_type"], each.get("region", recovery)) for each in args["resources"]]
    checks.require(
        0 < len(types) == len(set(types)) and {type_ for type_, _ in types} <= set(limits.RESTORABLE_TYPES),
        "restore_tests.resources",
        got=[type_ for type_, _ in types],
        allowed=f"each once in a Region, of {', '.join(limits.RESTORABLE_TYPES)}",
        fix="name what the vault holds, or leave restore_tests out",
    )
    schedule = args.get("schedule", SCHEDULE)
    _checks.require_match(
        checks,
        "restore_tests.schedule",
        schedule,
        r"cron\(\S+( \S+){5}\)",
        allowed=f"an AWS cron expression, such as {SCHEDULE}",
        fix=f"leave it out for {SCHEDULE}",
    )
    hours = args.get("validation_window_hours", VALIDATION_WINDOW_HOURS)
    checks.require(
        1 <= hours <= limits.RESTORE_VALIDATION_HOURS.most,
        "restore_tests.validation_window_hours",
        got=hours,
        allowed=str(limits.RESTORE_VALIDATION_HOURS),
        fix=f"leave it out for {VALIDATION_WINDOW_HOURS}",
    )
