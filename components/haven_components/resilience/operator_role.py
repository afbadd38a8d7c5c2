"""The IAM role with which people fail an environment over."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import region_code
from haven_components.resilience._operator_args import OperatorRoleArgs, OperatorSideArgs
from haven_components.resilience._operator_rights import Scope
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, policy_document

MOST_NAME_CHARACTERS = 64
"""IAM role names have at most 64 characters (IAM quotas, read 2026-11-21)."""
SESSION_HOURS = 4
"""[assumption] Longer than a recovery takes: credentials that end in the middle stop it."""
_IDENTITY_CENTER = "/AWSReservedSSO_"
_SECONDS_PER_HOUR = 3600


class OperatorRole(pulumi.ComponentResource):
    """A role that may do what a recovery does to one environment, and nothing else: no IAM, no record of Route 53, no
    setting of a bucket, no deletion of data, and no record of the audit taken back.

    IAM answers from every Region, but is changed in one alone, so the role exists before it is needed and names both
    Regions. In both clusters it belongs to the Kubernetes groups that are named, by access entries.

    Whoever signs in through IAM Identity Center depends on that service's Region: name an IAM user with a second factor
    too, for the day on which it is the lost one.
    """

    role_name: pulumi.Output[str]
    """Name of the role."""
    role_arn: pulumi.Output[str]
    """ARN of the role."""

    def __init__(self, name: str, args: OperatorRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:OperatorRole", name, {}, opts)
        scope = Scope(args, name)
        _validate(name, args, scope)
        self._name = name
        self._args = args
        role = self._role()
        aws.iam.RolePolicy(
            f"{name}-permissions",
            name=name,
            role=role.name,
            policy=policy_document(*scope.inline()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for number, statements in enumerate(scope.managed, start=1):
            self._attached(role, f"{name}-stores-{number}", statements)
        self._access(args["primary"], role, None)
        self._access(args["recovery"], role, args["recovery_provider"])
        self.role_name = role.name
        self.role_arn = role.arn
        self.register_outputs({"role_name": self.role_name, "role_arn": self.role_arn})

    def _attached(self, role: aws.iam.Role, name: str, statements: Sequence[Mapping[str, Any]]) -> None:
        policy = aws.iam.Policy(
            name,
            name=name,
            description=f"What operators with the role {self._name} may do to buckets, tables, images and secrets",
            policy=policy_document(*statements),
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=pulumi.ResourceOptions(parent=self)
        )

    def _role(self) -> aws.iam.Role:
        args = self._args
        return aws.iam.Role(
            self._name,
            name=self._name,
            description="Operators fail the environment over with it",
            assume_role_policy=policy_document(*_trust(args["principal_arns"])),
            permissions_boundary=args.get("permissions_boundary"),
            max_session_duration=int(args.get("session_hours", SESSION_HOURS)) * _SECONDS_PER_HOUR,
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _access(self, side: OperatorSideArgs, role: aws.iam.Role, provider: aws.Provider | None) -> None:
        groups = self._args.get("groups", [])
        if "cluster" in side and groups:
            logical = f"{self._name}-access-{region_code(side['region'])}"
            aws.eks.AccessEntry(
                logical,
                cluster_name=side["cluster"],
                principal_arn=role.arn,
                type="STANDARD",
                kubernetes_groups=list(groups),
                tags={"Name": logical},
                opts=pulumi.ResourceOptions(parent=self, provider=provider),
            )


def _trust(principals: Sequence[str]) -> list[Mapping[str, Any]]:
    """Whoever may take the role.

    [assumption] A session of IAM Identity Center has no `aws:MultiFactorAuthPresent`: the second factor is asked there.
    """
    center = sorted(each for each in principals if _IDENTITY_CENTER in each)
    others = sorted(set(principals) - set(center))
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    shown = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    found: list[Mapping[str, Any]] = []
    if others:
        found.append({**allowed, "Sid": "WithSecondFactor", "Principal": {"AWS": others}, "Condition": shown})
    if center:
        found.append({**allowed, "Sid": "ThroughIdentityCenter", "Principal": {"AWS": center}})
    return found


def _validate(name: str, args: OperatorRoleArgs, scope: Scope) -> None:
    checks = Checks("OperatorRole", name, OperatorRoleArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: _validate_principals(checks, args["principal_arns"]),
        lambda: _validate_boundary(checks, args),
        lambda: _validate_groups(checks, args.get("groups", [])),
        lambda: _validate_lists(checks, scope),
        lambda: _checks.require_between(
            checks,
            "session_hours",
            args.get("session_hours", SESSION_HOURS),
            limits.ROLE_SESSION_HOURS,
            fix=f"leave it out for {SESSION_HOURS} hours",
        ),
    )


def _validate_principals(checks: Checks, principals: Sequence[str]) -> None:
    checks.require(
        len(principals) > 0 and len(set(principals)) == len(principals),
        "principal_arns",
        got=list(principals),
        allowed="one principal or more, each once",
        fix="name the IAM users and roles that may take the role",
    )
    _checks.require_principals(checks, "principal_arns[{}]", principals)


def _validate_boundary(checks: Checks, args: OperatorRoleArgs) -> None:
    if "permissions_boundary" in args:
        _checks.require_match(
            checks,
            "permissions_boundary",
            args["permissions_boundary"],
            limits.POLICY_ARN,
            allowed="the ARN of an IAM policy",
            fix="give the policy's ARN, or leave it out",
        )


def _validate_lists(checks: Checks, scope: Scope) -> None:
    policies = len(scope.managed)
    checks.require(
        policies <= limits.MANAGED_POLICIES_OF_A_ROLE,
        "repositories",
        got=f"names of repositories, secrets, tables and buckets that fill {policies} policies",
        allowed=f"at most {limits.MANAGED_POLICIES_OF_A_ROLE} policies of a role",
        fix="name repositories and secrets by a prefix and an asterisk",
    )


def _validate_groups(checks: Checks, groups: Sequence[str]) -> None:
    for index, each in enumerate(groups):
        checks.require(
            bool(each) and not each.startswith("system:"),
            f"groups[{index}]",
            got=each,
            allowed="a name that doesn't begin with system:, which EKS keeps to Kubernetes itself",
            fix="bind a role to a group of another name",
        )
