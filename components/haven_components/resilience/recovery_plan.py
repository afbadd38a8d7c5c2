"""Input for AWS's own recovery tools: a Region switch plan."""

from math import ceil
from typing import NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import partition, region_code
from haven_components.resilience.region_switch import _checks as _step_checks
from haven_components.resilience.region_switch import _functions, _rights, _steps
from haven_components.resilience.region_switch._args import (
    RecoveryActionArgs,
    RecoveryCacheArgs,
    RecoveryClustersArgs,
    RecoveryDatabaseArgs,
    RecoveryEventSourceArgs,
    RecoveryFunctionsArgs,
    RecoveryRecordsArgs,
    RecoveryReportArgs,
    RecoverySwitchArgs,
)
from haven_components.shared import checks as _checks
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy, policy_document

MOST_NAME_CHARACTERS = 32
"""Names of Region switch plans (ARC Region switch API Reference, CreatePlan; read 2026-11-21)."""

SERVICE = "arc-region-switch.amazonaws.com"
ACCESS_POLICY = "AmazonARCRegionSwitchScalingPolicy"
"""What the plan's role may do in a cluster (ARC Developer Guide, EKS resource scaling execution block; read
2026-11-26)."""


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
    recovery_provider: NotRequired[aws.Provider]
    """The AWS provider of the recovery Region. Needed with `clusters`, `cache` and `traffic_switch`."""
    clusters: NotRequired[RecoveryClustersArgs]
    """The EKS clusters whose node groups and Deployments are scaled. The plan's role gets an access entry in both, for
    the Deployments' namespaces alone. Omitted: nothing is scaled."""
    cache: NotRequired[RecoveryCacheArgs]
    """The ElastiCache Global Datastore whose primary moves, by a function, because Region switch has no block for it.
    It fails over in both modes: ElastiCache has no switchover. Omitted: the plan moves none."""
    event_sources: NotRequired[list[RecoveryEventSourceArgs]]
    """The Lambda event source mappings: the old Region's stop before anything moves, the new one's start before the
    traffic comes. Omitted: none."""
    actions: NotRequired[list[RecoveryActionArgs]]
    """What else the plan does, in this order, after the promotions and before the traffic moves. Each function runs in
    the Region that becomes the active one, so nothing lost is asked. Omitted: nothing."""
    traffic_switch: NotRequired[RecoverySwitchArgs]
    """The `TrafficSwitch` that a function throws, last. Not together with `records`. Omitted: none."""
    records: NotRequired[RecoveryRecordsArgs]
    """Records that follow health checks which Region switch makes, and turns last: a lever of its own, for records that
    follow no other. Omitted: none."""
    functions: NotRequired[RecoveryFunctionsArgs]
    """Keys and logs of the plan's own functions. Needed with `cache`, `traffic_switch` and node groups."""
    alarm_arns: NotRequired[dict[str, pulumi.Input[str]]]
    """Name -> ARN of a CloudWatch alarm on the application's health, of both Regions: by them Region switch tells how
    long a recovery really took. They start nothing. Omitted: none."""
    report: NotRequired[RecoveryReportArgs]
    """Where Region switch puts a report of each run. Omitted: none is written."""


class RecoveryPlan(pulumi.ComponentResource):
    """A Region switch plan of Application Recovery Controller, for those who use it.

    The plan takes either Region to be the active one. It asks for leave; asks for nodes and creates a missing database
    instance; moves the writers of database and cache while pods start; starts what needs the database; does what else
    it was given; and moves the traffic. What isn't given is left out. Nothing starts it by itself. It is a second way
    to do what a runbook does, and knows neither the runbook's fence nor its guard against data loss: have one of the
    two run a recovery, never both.

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
        self._account = _rights.Account(args["account_id"], self._regions)
        role = self._role()
        given = self._step_args()
        self._access(role)
        plan = self._plan(role, given, self._permissions(role, given))
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

    def _step_args(self) -> _steps.StepArgs:
        """What the steps are made from; functions that they need are declared for it."""
        found = {key: self._args[key] for key in _steps.StepArgs.__annotations__ if key in self._args}  # type: ignore[literal-required]
        if "clusters" in self._args:
            clusters = self._args["clusters"]
            found["deployments"] = clusters.get("deployments", [])
            names = (clusters["primary_cluster"], clusters["recovery_cluster"])
            found["cluster_arns"] = tuple(
                pulumi.Output.concat(self._account.arn("eks", region, "cluster/"), name)
                for region, name in zip(self._regions, names, strict=True)
            )
        providers = {self._regions[0]: None, self._regions[1]: self._args.get("recovery_provider")}
        home = _functions.Home(self._name, self, providers, self._account)
        if _step_checks.needs_functions(self._args):
            wanted = {key: self._args[key] for key in _functions.ActionArgs.__annotations__ if key in self._args}  # type: ignore[literal-required]
            found["functions"] = _functions.declare(cast("_functions.ActionArgs", wanted), home)
        return cast("_steps.StepArgs", found)

    def _permissions(self, role: aws.iam.Role, given: _steps.StepArgs) -> aws.iam.RolePolicy:
        args, clusters = self._args, self._args.get("clusters")
        names = (clusters["primary_cluster"], clusters["recovery_cluster"]) if clusters is not None else None
        alarms = list(args.get("alarm_arns", {}).values())
        return aws.iam.RolePolicy(
            f"{self._name}-execution-permissions",
            name=f"{self._name}-execution",
            role=role.name,
            policy=policy_document(
                *_rights.own(self._name, role.arn, self._account),
                *_rights.of_steps(given, self._account, names),
                *([_rights.of_alarms(alarms)] if alarms else []),
                *(_rights.of_report(args["report"], self._account) if "report" in args else []),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _access(self, role: aws.iam.Role) -> None:
        """The role scales Deployments in their own namespaces, and can do nothing else in a cluster. The plan doesn't
        come after it: half of it is in the other Region, and Region switch looks again every half an hour."""
        clusters = self._args.get("clusters")
        if clusters is None or not clusters.get("deployments"):
            return
        namespaces = sorted({each["namespace"] for each in clusters["deployments"]})
        sides = ((clusters["primary_cluster"], None), (clusters["recovery_cluster"], self._args["recovery_provider"]))
        for region, (cluster, provider) in zip(self._regions, sides, strict=True):
            logical = f"{self._name}-access-{region_code(region)}"
            here = pulumi.ResourceOptions(parent=self, provider=provider)
            entry = aws.eks.AccessEntry(
                logical,
                cluster_name=cluster,
                principal_arn=role.arn,
                type="STANDARD",
                tags={"Name": logical},
                opts=here,
            )
            aws.eks.AccessPolicyAssociation(
                logical,
                cluster_name=cluster,
                principal_arn=entry.principal_arn,
                policy_arn=f"arn:{partition(region)}:eks::aws:cluster-access-policy/{ACCESS_POLICY}",
                access_scope={"type": "namespace", "namespaces": namespaces},
                opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[entry])),
            )

    def _plan(
        self, role: aws.iam.Role, given: _steps.StepArgs, permissions: aws.iam.RolePolicy
    ) -> aws.arcregionswitch.Plan:
        # The provider's types of steps and of steps in parallel are the same but for their names.
        steps = cast("list[aws.arcregionswitch.PlanWorkflowStepArgsDict]", _steps.steps(given, self._regions))
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
                    "steps": steps,
                }
                for region in self._regions
            ],
            associated_alarms=[
                {"map_block_key": name, "alarm_type": "applicationHealth", "resource_identifier": arn}
                for name, arn in self._args.get("alarm_arns", {}).items()
            ],
            report_configurations=self._reports(),
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )

    def _reports(self) -> list[aws.arcregionswitch.PlanReportConfigurationArgsDict]:
        if "report" not in self._args:
            return []
        path, owner = _rights.report_path(self._args["report"]), self._args["account_id"]
        return [{"report_outputs": [{"s3_configurations": [{"bucket_path": path, "bucket_owner": owner}]}]}]


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
        lambda: _step_checks.check_steps(checks, args),
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
