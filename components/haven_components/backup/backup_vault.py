"""Backups of whatever carries a tag, copied into the other Region, in vaults that refuse to lose them early."""

import re
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.backup._backup_rules import BackupRuleArgs, best_rpo_minutes, require_rpo, require_rules, schedule
from haven_components.backup._restore_tests import RestoreTestsArgs, require_restore_tests, restore_tests
from haven_components.names import partition, vault_name
from haven_components.shared import checks as _checks
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy, stateful
from haven_components.shared.topics import service_topic

MOST_NAME_CHARACTERS = 33
"""Names of vaults, plans, selections and restore tests have at most 50 characters (AWS Backup API Reference, read
2026-11-21); a Region's code takes up to eight and the longest suffix, a restored type, nine."""


SERVICE = "backup.amazonaws.com"
EVENTS = (
    "BACKUP_JOB_COMPLETED",
    "COPY_JOB_FAILED",
    "RESTORE_JOB_COMPLETED",
    "S3_BACKUP_OBJECT_FAILED",
    "S3_RESTORE_OBJECT_FAILED",
)
"""A failed backup or restore job has no event of its own: it completes, and its message has the state (AWS Backup
API Reference, PutBackupVaultNotifications; read 2026-11-21)."""

BACKUP_POLICIES = ("service-role/AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForS3Backup")
RESTORE_POLICIES = ("service-role/AWSBackupServiceRolePolicyForRestores", "AWSBackupServiceRolePolicyForS3Restore")
"""AWS's own, because what a job needs differs by service and grows with them, and a missing permission shows only when
a job fails, or restores less than it should. Restoring is a role apart, so that the one that runs every hour can make
backups and overwrite nothing (AWS Backup Developer Guide, managed policies; read 2026-11-21)."""


class BackupSideArgs(TypedDict):
    region: str
    """The Region of this vault, for example `eu-west-1`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in the vault's own Region, that encrypts the vault and its topic. Its policy must let
    `backup.amazonaws.com` encrypt, or the topic loses what is published to it. AWS's own key `aws/backup` is no choice:
    what it encrypts can't be copied to another account."""


class BackupTagArgs(TypedDict):
    key: str
    """Key of the tag, exactly."""
    value: str
    """Value of the tag, exactly."""


class BackupVaultArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits: policies name it."""
    primary: BackupSideArgs
    """The vault in the Region of the component's AWS provider."""
    recovery: BackupSideArgs
    """The vault that takes the copies."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    rules: list[BackupRuleArgs]
    """When backups are made and how long they are kept: one rule or more."""
    selection: BackupTagArgs
    """The tag of what is backed up. A selection by tag takes only the services that are opted in to AWS Backup in the
    Region, an account's own setting (AWS Backup Developer Guide, supported services; read 2026-11-21)."""
    resource_patterns: NotRequired[list[str]]
    """Patterns of ARNs, such as `arn:aws:dynamodb:*:123456789012:table/features-*`: of what carries the tag, only what
    one of them matches is backed up. Omitted: everything that carries the tag."""
    min_retention_days: int
    """The shortest retention that the vaults accept, at least 1 day."""
    max_retention_days: int
    """The longest retention that the vaults accept, at most 36,500 days."""
    compliance_lock_cooling_off_days: NotRequired[int]
    """Lock the vaults in compliance mode after this many days, at least 3. **This can't be undone**: once they have
    passed, not even the account's root user or AWS can remove or change the lock, delete a vault that holds
    backups, or delete a backup before its time; until then it is an ordinary change. Omitted: governance mode, where
    whoever has the permission may change the lock."""
    assumed_job_minutes: int
    """Minutes that a backup job is assumed to take. Measure it: it grows with the data, and the recovery point is as
    old as the sum."""
    assumed_copy_minutes: int
    """Minutes that the copy into the other Region is assumed to take."""
    rpo_minutes: NotRequired[int]
    """The recovery point objective to be held to. It is refused if interval + start window + job + copy of the most
    frequent rule is more. Omitted: none."""
    back_up_recovery: NotRequired[bool]
    """Whether what carries the tag in the recovery Region is backed up too, by the same rules, and copied into the
    primary Region. Without it nothing makes backups after a failover; with it replicas are backed up twice. Omitted:
    false."""
    isolated_vault_arn: NotRequired[pulumi.Input[str]]
    """ARN of a vault in another account of the organization that takes a second copy, with the retention of the first:
    what stays when this account is lost to an intruder. In the primary Region: for Aurora, one copy crosses accounts or
    Regions and not both (AWS Backup Developer Guide, copy a backup; read 2026-11-26). The organization must allow
    backups across accounts, the vault's policy must let this account copy into it, its key must be a customer managed
    one, and the keys of this component's vaults, and of what is backed up, must let the other account decrypt
    (`MultiRegionKey.backup_account_ids`). Omitted: no second copy."""
    recovery_isolated_vault_arn: NotRequired[pulumi.Input[str]]
    """The same for backups of the recovery Region (`back_up_recovery`): a vault in that Region. Omitted:
    `isolated_vault_arn`."""
    restore_tests: NotRequired[RestoreTestsArgs]
    """Restores that show regularly that they work, from the copies in the recovery Region unless a resource names the
    primary one. Omitted: none."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose vaults may be deleted with the backups in them. Omitted:
    false, so they are protected and retained."""


@dataclass(frozen=True)
class _VaultSide:
    name: str
    region: str
    provider: aws.Provider | None
    vault: aws.backup.Vault
    topic: aws.sns.Topic


class BackupVault(pulumi.ComponentResource):
    """Locked vaults in two Regions, a plan that backs up by tag and copies, roles to back up and to restore, and topics
    that notify of jobs.

    Both roles exist from the start: IAM can't be changed while its home Region is lost.
    """

    primary_vault: pulumi.Output[str]
    """Name of the vault in the primary Region."""
    recovery_vault: pulumi.Output[str]
    """Name of the vault in the recovery Region."""
    primary_vault_arn: pulumi.Output[str]
    """ARN of the vault in the primary Region."""
    recovery_vault_arn: pulumi.Output[str]
    """ARN of the vault in the recovery Region."""
    primary_topic_arn: pulumi.Output[str]
    """ARN of the topic that notifies of jobs in the primary Region."""
    recovery_topic_arn: pulumi.Output[str]
    """ARN of the topic that notifies of jobs in the recovery Region."""
    backup_role_arn: pulumi.Output[str]
    """ARN of the role that makes and copies backups."""
    restore_role_arn: pulumi.Output[str]
    """ARN of the role to restore with."""
    plan_id: pulumi.Output[str]
    """Id of the plan in the primary Region."""
    rpo_minutes: pulumi.Output[int]
    """How old the newest copy can be at worst: interval + start window + assumed job + assumed copy minutes."""

    def __init__(self, name: str, args: BackupVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:BackupVault", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        primary = self._side(args["primary"], None)
        recovery = self._side(args["recovery"], args["recovery_provider"])
        backup = self._role("backup", BACKUP_POLICIES)
        restore = self._role("restore", RESTORE_POLICIES)
        plan = self._plan(primary, recovery, backup)
        if args.get("back_up_recovery", False):
            self._plan(recovery, primary, backup)
        if "restore_tests" in args:
            self._restore_tests(args["restore_tests"], (primary, recovery), restore)
        self.primary_vault = primary.vault.name
        self.recovery_vault = recovery.vault.name
        self.primary_vault_arn = primary.vault.arn
        self.recovery_vault_arn = recovery.vault.arn
        self.primary_topic_arn = primary.topic.arn
        self.recovery_topic_arn = recovery.topic.arn
        self.backup_role_arn = backup.arn
        self.restore_role_arn = restore.arn
        self.plan_id = plan.id
        job, copy = int(args["assumed_job_minutes"]), int(args["assumed_copy_minutes"])
        self.rpo_minutes = pulumi.Output.from_input(best_rpo_minutes(args["rules"], job=job, copy=copy))
        self.register_outputs(
            {
                "primary_vault": self.primary_vault,
                "recovery_vault": self.recovery_vault,
                "primary_vault_arn": self.primary_vault_arn,
                "recovery_vault_arn": self.recovery_vault_arn,
                "primary_topic_arn": self.primary_topic_arn,
                "recovery_topic_arn": self.recovery_topic_arn,
                "backup_role_arn": self.backup_role_arn,
                "restore_role_arn": self.restore_role_arn,
                "plan_id": self.plan_id,
                "rpo_minutes": self.rpo_minutes,
            }
        )

    def _side(self, args: BackupSideArgs, provider: aws.Provider | None) -> _VaultSide:
        name = vault_name(self._name, args["region"])
        vault = aws.backup.Vault(
            name,
            name=name,
            kms_key_arn=args["kms_key_arn"],
            # A vault that holds recovery points can't be deleted without it.
            force_destroy=self._ephemeral,
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral, provider=provider),
        )
        self._lock(name, vault, provider)
        return _VaultSide(name, args["region"], provider, vault, self._notices(name, args, vault, provider))

    def _lock(self, name: str, vault: aws.backup.Vault, provider: aws.Provider | None) -> None:
        cooling_off = self._args.get("compliance_lock_cooling_off_days")
        aws.backup.VaultLockConfiguration(
            f"{name}-lock",
            backup_vault_name=vault.name,
            min_retention_days=int(self._args["min_retention_days"]),
            max_retention_days=int(self._args["max_retention_days"]),
            # Given, it makes the lock one of compliance; left out, one of governance.
            changeable_for_days=None if cooling_off is None else int(cooling_off),
            opts=stateful(self, ephemeral=self._ephemeral, provider=provider),
        )

    def _notices(
        self, name: str, args: BackupSideArgs, vault: aws.backup.Vault, provider: aws.Provider | None
    ) -> aws.sns.Topic:
        account, region = self._args["account_id"], args["region"]
        topic, policy = service_topic(
            f"{name}-jobs",
            kms_key_arn=args["kms_key_arn"],
            account_id=account,
            sources={SERVICE: f"arn:{partition(region)}:backup:{region}:{account}:backup-vault:{name}"},
            options=pulumi.ResourceOptions(parent=self, provider=provider),
        )
        aws.backup.VaultNotifications(
            f"{name}-notices",
            backup_vault_name=vault.name,
            sns_topic_arn=topic.arn,
            backup_vault_events=list(EVENTS),
            opts=pulumi.ResourceOptions(parent=self, provider=provider, depends_on=[policy]),
        )
        return topic

    def _role(self, purpose: str, policies: tuple[str, ...]) -> aws.iam.Role:
        """A role that AWS Backup takes on.

        Its trust has no condition on the source: AWS documents one for topics and keys alone (AWS Backup Developer
        Guide, confused deputy prevention; read 2026-11-21), and a condition on a missing key would stop every job. Only
        who may pass the role can make AWS Backup use it.
        """
        name = f"{self._name}-{purpose}"
        role = service_role(
            name,
            f"AWS Backup works with it: {purpose} of {self._name}",
            assume_role_policy(SERVICE),
            pulumi.ResourceOptions(parent=self),
        )
        aws_policies = f"arn:{partition(self._args['primary']['region'])}:iam::aws:policy"
        for policy in policies:
            aws.iam.RolePolicyAttachment(
                f"{name}-{'s3' if 'S3' in policy else 'stores'}",
                role=role.name,
                policy_arn=f"{aws_policies}/{policy}",
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role

    def _plan(self, source: _VaultSide, target: _VaultSide, role: aws.iam.Role) -> aws.backup.Plan:
        plan = aws.backup.Plan(
            f"{source.name}-plan",
            name=source.name,
            rules=[self._rule(each, source, target) for each in self._args["rules"]],
            tags={"Name": source.name},
            opts=self._beside(source),
        )
        tag = self._args["selection"]
        aws.backup.Selection(
            f"{source.name}-selection",
            name=source.name,
            plan_id=plan.id,
            iam_role_arn=role.arn,
            # Beside patterns, a selection by tag would add to them; a condition takes from them.
            resources=self._args.get("resource_patterns", ["*"]),
            conditions=[{"string_equals": [{"key": f"aws:ResourceTag/{tag['key']}", "value": tag["value"]}]}],
            opts=self._beside(source),
        )
        return plan

    def _rule(self, rule: BackupRuleArgs, source: _VaultSide, target: _VaultSide) -> aws.backup.PlanRuleArgsDict:
        copy: aws.backup.PlanRuleCopyActionLifecycleArgsDict = {"delete_after": int(rule["copy_retention_days"])}
        vaults: list[pulumi.Input[str]] = [target.vault.arn, *self._isolated(source)]
        return {
            "rule_name": rule["name"],
            "target_vault_name": source.vault.name,
            "schedule": schedule(rule),
            "schedule_expression_timezone": "Etc/UTC",
            "start_window": int(rule["start_window_minutes"]),
            "completion_window": int(rule["completion_window_minutes"]),
            "lifecycle": {"delete_after": int(rule["retention_days"])},
            "copy_actions": [{"destination_vault_arn": each, "lifecycle": copy} for each in vaults],
        }

    def _isolated(self, source: _VaultSide) -> list[pulumi.Input[str]]:
        """The vault in another account that takes a second copy of a Region's backups."""
        args = self._args
        if source.region == args["recovery"]["region"] and "recovery_isolated_vault_arn" in args:
            return [args["recovery_isolated_vault_arn"]]
        return [args["isolated_vault_arn"]] if "isolated_vault_arn" in args else []

    def _restore_tests(self, args: RestoreTestsArgs, sides: tuple[_VaultSide, _VaultSide], role: aws.iam.Role) -> None:
        for side in sides:
            here = [each for each in args["resources"] if each.get("region", sides[1].region) == side.region]
            restore_tests(
                side.name,
                args,
                here,
                vault_arn=side.vault.arn,
                role_arn=role.arn,
                options=self._beside(side),
            )

    def _beside(self, side: _VaultSide) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=side.provider)


def _validate(name: str, args: BackupVaultArgs) -> None:
    checks = Checks("BackupVault", name, BackupVaultArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: _require_lock(checks, args),
        lambda: require_rules(checks, args["rules"], int(args["min_retention_days"]), int(args["max_retention_days"])),
        lambda: _require_rpo(checks, args),
        lambda: _require_isolated_vault(checks, args),
        lambda: require_restore_tests(
            checks, args.get("restore_tests"), args["primary"]["region"], args["recovery"]["region"]
        ),
    )


def _require_rpo(checks: Checks, args: BackupVaultArgs) -> None:
    job, copy = int(args["assumed_job_minutes"]), int(args["assumed_copy_minutes"])
    require_rpo(checks, args.get("rpo_minutes"), args["rules"], job=job, copy=copy)


def _require_lock(checks: Checks, args: BackupVaultArgs) -> None:
    least, most = args["min_retention_days"], args["max_retention_days"]
    checks.require(
        1 <= least <= most <= limits.BACKUP_RETENTION_DAYS.most,
        "min_retention_days",
        got=(least, most),
        allowed=f"1 or more, at most max_retention_days, which is at most {limits.BACKUP_RETENTION_DAYS.most}",
        fix="give the shortest and the longest retention of the rules",
    )
    cooling_off = args.get("compliance_lock_cooling_off_days")
    checks.require(
        cooling_off is None or limits.VAULT_LOCK_COOLING_OFF_DAYS.holds(cooling_off),
        "compliance_lock_cooling_off_days",
        got=cooling_off,
        allowed=f"{limits.VAULT_LOCK_COOLING_OFF_DAYS}; afterwards the lock can't be undone by anybody",
        fix="leave it out for a lock that those with the permission can change",
    )
    checks.require(
        cooling_off is None or not args.get("ephemeral", False),
        "compliance_lock_cooling_off_days",
        got=cooling_off,
        allowed="nothing in a throw-away environment: its vaults could never be deleted",
        fix="leave it out, or drop ephemeral",
    )


def _require_isolated_vault(checks: Checks, args: BackupVaultArgs) -> None:
    for path, arn in (
        ("isolated_vault_arn", args.get("isolated_vault_arn")),
        ("recovery_isolated_vault_arn", args.get("recovery_isolated_vault_arn")),
    ):
        if not isinstance(arn, str):
            continue
        found = re.fullmatch(r"arn:aws[\w-]*:backup:[a-z0-9-]+:(\d{12}):backup-vault:[\w-]+", arn)
        checks.require(
            found is not None and found[1] != args["account_id"],
            path,
            got=arn,
            allowed=f"the ARN of a backup vault in an account other than {args['account_id']}",
            fix="give a vault of an account that shares no credentials with this one",
        )
