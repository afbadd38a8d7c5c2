"""Input for AWS's own recovery tools: a Region switch plan."""

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import partition
from haven_components.shared import checks as _checks
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy, policy_document

MOST_NAME_CHARACTERS = 32
"""Names of Region switch plans (ARC Region switch API Reference, CreatePlan; read 2026-11-21)."""

SERVICE = "arc-region-switch.amazonaws.com"
APPROVAL_TIMEOUT_MINUTES = 60
ACTION_TIMEOUT_MINUTES = 15
ACTION_RETRY_MINUTES = 1


class RecoveryDatabaseArgs(TypedDict):
    global_cluster_id: str
    """Identifier of the Aurora global cluster."""
    primary_cluster_arn: pulumi.Input[str]
    """ARN of its member in the primary Region."""
    recovery_cluster_arn: pulumi.Input[str]
    """ARN of its member in the recovery Region. It needs an instance before it can be promoted."""


class RecoveryActionArgs(TypedDict):
    name: str
    """What the step is called: letters, digits and hyphens, each name once."""
    primary_function_arn: pulumi.Input[str]
    """ARN of the Lambda function, in the primary Region, that runs when that Region becomes the active one."""
    recovery_function_arn: pulumi.Input[str]
    """The same in the recovery Region."""
    timeout_minutes: NotRequired[int]
    """Minutes after which the step has failed, 1 or more. Omitted: 15."""


class RecoveryPlanArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits, that everything named here belongs to."""
    primary_region: str
    """The Region of the component's AWS provider."""
    recovery_region: str
    """The Region that takes over."""
    rto_seconds: int
    """Seconds after which the system is to be back when a Region is lost, 60 to 604,800. The plan has it in whole
    minutes."""
    approval_role_arn: pulumi.Input[str]
    """ARN of the role of those who may let the plan go on: it always asks before it does anything."""
    approval_timeout_minutes: NotRequired[int]
    """Minutes for which the plan waits for leave, 1 or more. Omitted: 60."""
    database: NotRequired[RecoveryDatabaseArgs]
    """The global database whose writer moves. A graceful run switches over and loses nothing; an ungraceful one fails
    over and may. Omitted: the plan moves none."""
    actions: NotRequired[list[RecoveryActionArgs]]
    """What else the plan does, in this order, after the database. Each function runs in the Region that becomes the
    active one, so nothing lost is asked. Omitted: nothing."""


class RecoveryPlan(pulumi.ComponentResource):
    """A Region switch plan of Application Recovery Controller, for those who use it.

    The plan takes either Region to be the active one: it asks for leave, moves the database's writer, then does what it
    was given. Nothing starts it by itself. It is a second way to do what a runbook does, and knows neither the
    runbook's fence nor its guard against data loss: have one of the two run a recovery, never both.

    Creating and changing a plan goes to one Region of the partition (us-east-1 in `aws`), whatever the provider's is.
    Starting and approving a run goes to the Region that is asked: ask the one that becomes active (botocore's endpoint
    rules for ARC Region switch; read 2026-11-21).
    """

    plan_arn: pulumi.Output[str]
    """ARN of the Region switch plan."""
    execution_role_arn: pulumi.Output[str]
    """ARN of the role with which the plan is run."""

    def __init__(self, name: str, args: RecoveryPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:RecoveryPlan", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._regions = (args["primary_region"], args["recovery_region"])
        role = self._role()
        plan = self._plan(role, self._permissions(role))
        self.plan_arn = plan.arn
        self.execution_role_arn = role.arn
        self.register_outputs({"plan_arn": self.plan_arn, "execution_role_arn": self.execution_role_arn})

    def _role(self) -> aws.iam.Role:
        """Its trust names no source: ARC isn't documented to send one, and a condition on a missing key would stop
        every run (ARC Developer Guide, plan execution role trust policy; read 2026-11-21)."""
        name = f"{self._name}-execution"
        return service_role(
            name,
            f"Region switch plan {self._name} is run with it",
            assume_role_policy(SERVICE),
            pulumi.ResourceOptions(parent=self),
        )

    def _permissions(self, role: aws.iam.Role) -> aws.iam.RolePolicy:
        """What the plan's steps need (ARC Developer Guide, execution block permissions; read 2026-11-21)."""
        account_id, partition_name = self._args["account_id"], partition(self._regions[0])
        statements: list[Mapping[str, Any]] = [
            _allow("TryOwnPermissions", ["iam:SimulatePrincipalPolicy"], [role.arn]),
            _allow(
                "ReadOwnPlan",
                [f"arc-region-switch:{each}" for each in ("GetPlan", "GetPlanExecution", "ListPlanExecutions")],
                # The last part of a plan's ARN is made up by ARC.
                [f"arn:{partition_name}:arc-region-switch::{account_id}:plan/{self._name}:*"],
            ),
        ]
        if "database" in self._args:
            statements += _database(self._args["database"], partition_name, account_id, self._regions)
        functions = [arn for each in self._actions() for arn in _functions(each)]
        if functions:
            statements.append(_allow("RunActions", ["lambda:GetFunction", "lambda:InvokeFunction"], functions))
        return aws.iam.RolePolicy(
            f"{self._name}-execution-permissions",
            name=f"{self._name}-execution",
            role=role.name,
            policy=policy_document(*statements),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _plan(self, role: aws.iam.Role, permissions: aws.iam.RolePolicy) -> aws.arcregionswitch.Plan:
        return aws.arcregionswitch.Plan(
            self._name,
            name=self._name,
            description=f"Takes {self._regions[1]} or {self._regions[0]} to be the active Region",
            execution_role=role.arn,
            # There is one writer at a time, also where both Regions serve.
            recovery_approach="activePassive",
            regions=list(self._regions),
            primary_region=self._regions[0],
            recovery_time_objective_minutes=ceil(self._args["rto_seconds"] / 60),
            workflows=[
                {
                    "workflow_target_action": "activate",
                    "workflow_target_region": region,
                    "workflow_description": f"Takes {region} to be the active Region",
                    "steps": self._steps(),
                }
                for region in self._regions
            ],
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )

    def _steps(self) -> list[aws.arcregionswitch.PlanWorkflowStepArgsDict]:
        approval: aws.arcregionswitch.PlanWorkflowStepArgsDict = {
            "name": "approve",
            "execution_block_type": "ManualApproval",
            "execution_approval_configs": [
                {
                    "approval_role": self._args["approval_role_arn"],
                    "timeout_minutes": int(self._args.get("approval_timeout_minutes", APPROVAL_TIMEOUT_MINUTES)),
                }
            ],
        }
        moved = [_writer(self._args["database"])] if "database" in self._args else []
        return [approval, *moved, *(_action(each) for each in self._actions())]

    def _actions(self) -> Sequence[RecoveryActionArgs]:
        return self._args.get("actions", [])


def _writer(database: RecoveryDatabaseArgs) -> aws.arcregionswitch.PlanWorkflowStepArgsDict:
    return {
        "name": "move-writer",
        "execution_block_type": "AuroraGlobalDatabase",
        "global_aurora_configs": [
            {
                "behavior": "switchoverOnly",
                "ungracefuls": [{"ungraceful": "failover"}],
                "global_cluster_identifier": database["global_cluster_id"],
                "database_cluster_arns": [database["primary_cluster_arn"], database["recovery_cluster_arn"]],
            }
        ],
    }


def _action(action: RecoveryActionArgs) -> aws.arcregionswitch.PlanWorkflowStepArgsDict:
    return {
        "name": action["name"],
        "execution_block_type": "CustomActionLambda",
        "custom_action_lambda_configs": [
            {
                "lambdas": [{"arn": each} for each in _functions(action)],
                "region_to_run": "activatingRegion",
                "retry_interval_minutes": ACTION_RETRY_MINUTES,
                "timeout_minutes": int(action.get("timeout_minutes", ACTION_TIMEOUT_MINUTES)),
            }
        ],
    }


def _functions(action: RecoveryActionArgs) -> list[pulumi.Input[str]]:
    return [action["primary_function_arn"], action["recovery_function_arn"]]


def _database(
    database: RecoveryDatabaseArgs, partition_name: str, account_id: str, regions: Sequence[str]
) -> list[Mapping[str, Any]]:
    every_global = f"arn:{partition_name}:rds::{account_id}:global-cluster:"
    every_member = [f"arn:{partition_name}:rds:{region}:{account_id}:cluster:*" for region in regions]
    moved = [
        f"{every_global}{database['global_cluster_id']}",
        database["primary_cluster_arn"],
        database["recovery_cluster_arn"],
    ]
    return [
        # Whether ARC asks for these clusters or lists all of them isn't documented; its sample allows `*`.
        _allow("ReadGlobalDatabases", ["rds:DescribeGlobalClusters"], [f"{every_global}*"]),
        _allow("ReadDatabases", ["rds:DescribeDBClusters"], every_member),
        _allow("MoveWriter", ["rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"], moved),
    ]


def _allow(sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]]) -> Mapping[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _validate(name: str, args: RecoveryPlanArgs) -> None:
    checks = Checks("RecoveryPlan", name, RecoveryPlanArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _check_name(checks, name),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery_region", args["recovery_region"], args["primary_region"]
        ),
        lambda: _check_objective(checks, args["rto_seconds"]),
        lambda: _check_steps(checks, args),
    )


def _check_name(checks: Checks, name: str) -> None:
    checks.require(
        not name.endswith("-"),
        "name",
        got=name,
        allowed="a name that doesn't end with a hyphen",
        fix="leave the last hyphen out: Region switch accepts no such name",
    )


def _check_objective(checks: Checks, seconds: int) -> None:
    checks.require(
        limits.RECOVERY_RTO_SECONDS.least <= seconds <= limits.RECOVERY_RTO_SECONDS.most,
        "rto_seconds",
        got=seconds,
        allowed=f"{limits.RECOVERY_RTO_SECONDS.least} to {limits.RECOVERY_RTO_SECONDS.most}",
        fix="give seconds: one minute to a week",
    )


def _check_steps(checks: Checks, args: RecoveryPlanArgs) -> None:
    actions = args.get("actions", [])
    checks.require(
        "database" in args or len(actions) > 0,
        "database",
        got=None,
        allowed="a database or actions, for a plan does something",
        fix="name the global database whose writer moves, or what else is done",
    )
    names = [each["name"] for each in actions]
    taken = {"approve", "move-writer"}
    checks.require(
        len({*names, *taken}) == len(names) + len(taken)
        and all(re.fullmatch(r"[A-Za-z0-9-]+", each) for each in names),
        "actions",
        got=names,
        allowed="names of letters, digits and hyphens, each once, other than approve and move-writer",
        fix="rename an action",
    )
    timeouts = {
        f"actions[{index}].timeout_minutes": each.get("timeout_minutes", 1) for index, each in enumerate(actions)
    }
    for path, minutes in (timeouts | {"approval_timeout_minutes": args.get("approval_timeout_minutes", 1)}).items():
        checks.require(minutes >= 1, path, got=minutes, allowed="1 or more", fix="leave it out for the default")
