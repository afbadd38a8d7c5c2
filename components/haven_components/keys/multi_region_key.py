"""One KMS key in two Regions: what one side encrypts, the other can decrypt without asking it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import partition, region_code
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, policy_document, stateful

DELETION_WINDOW_DAYS = 30
"""KMS waits 7 to 30 days before it deletes a key (ScheduleKeyDeletion, read 2026-11-21): the longest regret."""
EPHEMERAL_DELETION_WINDOW_DAYS = 7

MOST_NAME_CHARACTERS = 244
"""Alias names have at most 256 characters, `alias/` among them (CreateAlias, read 2026-11-21)."""

_ENCRYPT = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
_USE = (*_ENCRYPT, "kms:DescribeKey")


class MultiRegionKeyArgs(TypedDict):
    primary_region: str
    """The Region of the primary key, for example `eu-west-1`: that of the component's AWS provider. It never follows
    the active Region: moving a key's primary is a KMS operation of its own and nothing needs it."""
    recovery_region: str
    """The Region of the replica."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    account_id: str
    """The AWS account, twelve digits: the key's policy names it."""
    description: str
    """What the key protects, as the KMS console shows it."""
    services: NotRequired[list[str]]
    """AWS services that use the key in their own name, such as `cloudtrail.amazonaws.com` for a trail, or
    `backup.amazonaws.com` for what it publishes to an encrypted topic. They may for this account alone. Omitted: none
    beyond CloudWatch Logs and Auto Scaling."""
    backup_account_ids: NotRequired[list[str]]
    """Other accounts, twelve digits each, to whose vaults AWS Backup copies what this key encrypts. Their
    service-linked roles may use it and create grants for AWS services; the copy is encrypted with the other account's
    own key (AWS Backup Developer Guide, creating backup copies across accounts; read 2026-11-26). Omitted: none, and
    such copies fail."""
    deletion_window_days: NotRequired[int]
    """Days between the order to delete the key and its end, 7 to 30 (KMS). Omitted: 30, or 7 when ephemeral."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose key may be deleted. Omitted: false, so the key is protected
    and retained."""


class MultiRegionKey(pulumi.ComponentResource):
    """A symmetric multi-Region key that rotates every year, its replica, and the alias `alias/<name>` in both Regions.

    The account's IAM policies decide who uses it. Beyond them, in each Region: CloudWatch Logs for log groups of the
    account, Auto Scaling for the volumes of the instances it starts, and the services that are named.
    """

    key_id: pulumi.Output[str]
    """Id of the key, the same in both Regions: `mrk-...`."""
    primary_arn: pulumi.Output[str]
    """ARN of the key in the primary Region."""
    recovery_arn: pulumi.Output[str]
    """ARN of the replica in the recovery Region."""
    alias_name: pulumi.Output[str]
    """The alias under which each Region knows its key."""

    def __init__(self, name: str, args: MultiRegionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:MultiRegionKey", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        default_window = EPHEMERAL_DELETION_WINDOW_DAYS if self._ephemeral else DELETION_WINDOW_DAYS
        self._deletion_window_days = int(args.get("deletion_window_days", default_window))
        key = self._primary()
        replica = self._replica(key)
        self._alias(args["primary_region"], key.id, None)
        self._alias(args["recovery_region"], replica.id, args["recovery_provider"])
        self.key_id = key.id
        self.primary_arn = key.arn
        self.recovery_arn = replica.arn
        self.alias_name = pulumi.Output.from_input(f"alias/{name}")
        self.register_outputs(
            {
                "key_id": self.key_id,
                "primary_arn": self.primary_arn,
                "recovery_arn": self.recovery_arn,
                "alias_name": self.alias_name,
            }
        )

    def _primary(self) -> aws.kms.Key:
        region = self._args["primary_region"]
        name = f"{self._name}-{region_code(region)}"
        return aws.kms.Key(
            name,
            description=self._args["description"],
            multi_region=True,
            enable_key_rotation=True,
            deletion_window_in_days=self._deletion_window_days,
            bypass_policy_lockout_safety_check=False,
            policy=self._policy(region),
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral),
        )

    def _replica(self, key: aws.kms.Key) -> aws.kms.ReplicaKey:
        """The replica; rotation comes from the primary, the policy doesn't: each Region has its own."""
        region = self._args["recovery_region"]
        name = f"{self._name}-{region_code(region)}"
        return aws.kms.ReplicaKey(
            name,
            primary_key_arn=key.arn,
            description=self._args["description"],
            deletion_window_in_days=self._deletion_window_days,
            bypass_policy_lockout_safety_check=False,
            policy=self._policy(region),
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral, provider=self._args["recovery_provider"]),
        )

    def _alias(self, region: str, key_id: pulumi.Output[str], provider: aws.Provider | None) -> None:
        aws.kms.Alias(
            f"{self._name}-{region_code(region)}-alias",
            name=f"alias/{self._name}",
            target_key_id=key_id,
            opts=pulumi.ResourceOptions(parent=self, provider=provider),
        )

    def _policy(self, region: str) -> pulumi.Output[str]:
        args = self._args
        return policy_document(
            *key_policy(region, args["account_id"], args.get("services", [])),
            *_copies_to(partition(region), args.get("backup_account_ids", [])),
        )


def _copies_to(aws_partition: str, accounts: Sequence[str]) -> list[Mapping[str, Any]]:
    """What AWS Backup in another account needs to copy what the key encrypts.

    It copies as its service-linked role there, AWSServiceRoleForBackup, and RDS as its own; nobody's own role or user
    of that account gets in.
    """
    if not accounts:
        return []
    iam = [f"arn:{aws_partition}:iam::{account}" for account in sorted(accounts)]
    service_roles = {"aws:PrincipalArn": [f"{each}:role/aws-service-role/*" for each in iam]}
    shared = {"Effect": "Allow", "Principal": {"AWS": [f"{each}:root" for each in iam]}, "Resource": "*"}
    return [
        {
            **shared,
            "Sid": "CopiesOfBackupsInOtherAccounts",
            "Action": list(_USE),
            "Condition": {"ArnLike": service_roles},
        },
        {
            **shared,
            "Sid": "CopiesOfBackupsInOtherAccountsByGrant",
            "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            "Condition": {"ArnLike": service_roles, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


def key_policy(region: str, account_id: str, services: Sequence[str] = ()) -> list[Mapping[str, Any]]:
    """The statements of the key's policy in one Region."""
    aws_partition = partition(region)
    roles = f"arn:{aws_partition}:iam::{account_id}:role/aws-service-role"
    return [
        {
            "Sid": "IamPoliciesOfTheAccountApply",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{aws_partition}:iam::{account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogGroupsOfTheAccount",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            # Describing a key has no encryption context that the condition could be met with.
            "Action": list(_ENCRYPT),
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": f"arn:{aws_partition}:logs:{region}:{account_id}:log-group:*"
                }
            },
        },
        *_linked_role(
            f"{roles}/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", account_id, "VolumesOfAutoScalingGroups"
        ),
        *_linked_role(
            f"{roles}/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication",
            account_id,
            "ReplicasOfTables",
        ),
        *_services(services, account_id),
    ]


def _linked_role(role_arn: str, account_id: str, sid: str) -> list[Mapping[str, Any]]:
    """Use, and grants for AWS resources, for one service-linked role.

    KMS refuses a policy whose principal doesn't exist, and such a role appears with an account's first Auto Scaling
    group or global table. Naming the account instead gives the role nothing, for it has no IAM permission for KMS. So
    the principal is anyone, and the conditions leave exactly that role (KMS Developer Guide, key policies; read
    2026-11-21).
    """
    anyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*"}
    only_the_role = {"StringEquals": {"aws:PrincipalArn": role_arn, "kms:CallerAccount": account_id}}
    grants = {**only_the_role, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        {**anyone, "Sid": sid, "Action": list(_USE), "Condition": only_the_role},
        {**anyone, "Sid": f"{sid}StayAttachable", "Action": "kms:CreateGrant", "Condition": grants},
    ]


def _services(services: Sequence[str], account_id: str) -> list[Mapping[str, Any]]:
    """Encrypting and decrypting in the name of this account, and no other's."""
    if not services:
        return []
    return [
        {
            "Sid": "ServicesForTheAccount",
            "Effect": "Allow",
            "Principal": {"Service": sorted(services)},
            # Archives of EventBridge also re-encrypt (EventBridge User Guide, encrypting archives; read 2026-11-21).
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        }
    ]


def _check_backup_accounts(checks: Checks, args: MultiRegionKeyArgs) -> None:
    for index, account in enumerate(args.get("backup_account_ids", [])):
        checks.require(
            re.fullmatch(r"\d{12}", account) is not None and account != args["account_id"],
            f"backup_account_ids[{index}]",
            got=account,
            allowed=f"twelve digits, of an account other than {args['account_id']}",
            fix="name the account of the isolated vault",
        )


def _validate(name: str, args: MultiRegionKeyArgs) -> None:
    checks = Checks("MultiRegionKey", name, MultiRegionKeyArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _check_backup_accounts(checks, args),
        lambda: _checks.require_other_region(
            checks, "recovery_region", args["recovery_region"], args["primary_region"]
        ),
        lambda: _validate_window(checks, args),
        lambda: _validate_services(checks, args),
    )


def _validate_window(checks: Checks, args: MultiRegionKeyArgs) -> None:
    window = args.get("deletion_window_days", DELETION_WINDOW_DAYS)
    _checks.require_between(
        checks,
        "deletion_window_days",
        window,
        limits.KEY_DELETION_DAYS,
        fix="leave it out for 30 days, the longest that KMS waits",
    )


def _validate_services(checks: Checks, args: MultiRegionKeyArgs) -> None:
    for index, service in enumerate(args.get("services", [])):
        _checks.require_match(
            checks,
            f"services[{index}]",
            service,
            limits.SERVICE_PRINCIPAL,
            allowed="a service's principal, such as cloudtrail.amazonaws.com",
            fix="name the service as policies do",
        )
