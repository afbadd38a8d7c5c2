"""Faults that can be made on purpose in one Region, on what carries a tag, and that stop by themselves."""

import re
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import fault_log_group_name, partition, resource_arn
from haven_components.resilience._fault_roles import Scope, statements
from haven_components.resilience._fault_templates import (
    FaultTagArgs,
    Target,
    Template,
    database_failover,
    isolation,
    node_loss,
    stuck_volumes,
    zone_power,
)
from haven_components.shared import checks as _checks
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy, policy_document, stateful

MOST_NAME_CHARACTERS = 50
"""Names of roles have at most 64 characters (IAM API Reference, CreateRole; read 2026-11-21)."""
SERVICE = "fis.amazonaws.com"
DURATION_MINUTES = 10
NODE_PERCENT, GPU_PERCENT = 50, 100
PERCENT = limits.Range(1, 100)


class GpuFaultArgs(TypedDict):
    label: str
    """What the experiment is called after: lower-case letters, digits and hyphens."""
    tag: FaultTagArgs
    """A tag that only this node group carries, such as its `Name`; it has to carry the common one too."""


class FaultExperimentsArgs(TypedDict):
    region: str
    """The Region of the component's AWS provider, where the faults are made."""
    account_id: str
    """The AWS account, twelve digits."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in this Region, that encrypts the log; also the one of the nodes' volumes, which can't be started
    again without it."""
    tag: FaultTagArgs
    """The tag of everything that a fault may hit: subnets, node groups, database clusters, cache groups. What doesn't
    carry it is out of every experiment's reach, by the targets and by the roles."""
    instance_tag: NotRequired[FaultTagArgs]
    """The tag of instances and of their Auto Scaling groups, where that is another one: EKS gives its own nodes
    `eks:cluster-name`. Omitted: the common tag."""
    volume_tag: NotRequired[FaultTagArgs]
    """The tag of volumes that may be paused. Omitted: there is no experiment with volumes."""
    stop_alarm_arns: list[pulumi.Input[str]]
    """ARNs of one to five alarms in this Region that stop an experiment when they go off, and let none begin while they
    are on. They should be on when users suffer, and not because a node is missing, which is what is wanted. AWS asks
    for an alarm without naming its kind; that a composite alarm works isn't documented, so name
    metric alarms."""
    zones: list[str]
    """Zones whose loss can be tried, each by an experiment of its own. Instances and subnets must exist in each of
    them: an experiment that finds no target fails."""
    cache_zones: NotRequired[list[str]]
    """Those of the zones with cache nodes, which lose their power too. Omitted: none."""
    other_region: NotRequired[str]
    """The Region that can be cut off. The experiment hits every subnet with the tag, six at most unless the quota for
    it is raised, and needs a quota of routes for each route table of 250 and more. Omitted: no such experiment."""
    database: NotRequired[bool]
    """Whether the writer of the Aurora clusters can be lost. Omitted: false."""
    nodes: NotRequired[bool]
    """Whether a part of the nodes of every managed node group can be lost. Omitted: false."""
    node_percent: NotRequired[int]
    """How many of them, in percent, 1 to 100. Omitted: 50."""
    gpu_groups: NotRequired[list[GpuFaultArgs]]
    """GPU node groups that can be lost, each by an experiment of its own. Omitted: none."""
    gpu_percent: NotRequired[int]
    """How much of such a group is lost, in percent, 1 to 100. Omitted: 100."""
    duration_minutes: NotRequired[int]
    """How long a fault lasts that doesn't end by itself, 1 to 720 minutes. Omitted: 10."""
    log_retention_days: NotRequired[int]
    """Days for which it is known what was done, a number that CloudWatch Logs accepts. Omitted: 90."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose log may be deleted. Omitted: false, so it is protected and
    retained."""


class FaultExperiments(pulumi.ComponentResource):
    """Templates of experiments, a role for each kind of them, and a log.

    Nothing happens until somebody starts one: `aws fis start-experiment --experiment-template-id <id>`. An experiment
    that finds nothing to break has failed. What AWS FIS does is undone when it ends or is stopped, except that nodes
    that were terminated stay so, and that a database's writer isn't moved back.
    """

    template_ids: pulumi.Output[dict[str, str]]
    """Ids of the templates by what they are called: `zone-<zone>`, `volumes-<zone>`, `nodes`, `gpu-<label>`,
    `isolation`, `database`."""
    log_group_name: pulumi.Output[str]
    """Name of the log group."""

    def __init__(self, name: str, args: FaultExperimentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:FaultExperiments", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        group, policy = self._log()
        chosen = templates(args)
        roles = {kind: self._role(kind) for kind in dict.fromkeys(each.kind for each in chosen)}
        made = {each.suffix: self._template(each, roles[each.kind], [group, policy]) for each in chosen}
        self.template_ids = pulumi.Output.all(**{suffix: each.id for suffix, each in made.items()})
        self.log_group_name = group.name
        self.register_outputs({"template_ids": self.template_ids, "log_group_name": self.log_group_name})

    def _log(self) -> tuple[aws.cloudwatch.LogGroup, aws.cloudwatch.LogResourcePolicy]:
        """The log group and the policy that lets logs be delivered to it, which AWS would otherwise write itself."""
        name = fault_log_group_name(self._name)
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-log",
            name=name,
            kms_key_id=self._args["kms_key_arn"],
            retention_in_days=int(self._args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)),
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._args.get("ephemeral", False)),
        )
        policy = aws.cloudwatch.LogResourcePolicy(
            f"{self._name}-log-policy",
            policy_name=self._name,
            policy_document=policy_document(
                {
                    "Sid": "DeliverLogs",
                    "Effect": "Allow",
                    "Principal": {"Service": "delivery.logs.amazonaws.com"},
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": f"{self._arn('logs', f'log-group:{name}')}:log-stream:*",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": self._args["account_id"]},
                        "ArnLike": {"aws:SourceArn": self._arn("logs", "*")},
                    },
                }
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return group, policy

    def _role(self, kind: str) -> aws.iam.Role:
        name = f"{self._name}-{kind}"
        role = service_role(
            name,
            f"Experiments of the kind {kind} run with it",
            assume_role_policy(
                SERVICE, account_id=self._args["account_id"], source_arn=self._arn("fis", "experiment/*")
            ),
            pulumi.ResourceOptions(parent=self),
        )
        aws.iam.RolePolicy(
            f"{name}-permissions",
            name=name,
            role=role.name,
            policy=policy_document(*statements(kind, self._scope())),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role

    def _scope(self) -> Scope:
        args = self._args
        return Scope(
            region=args["region"],
            account_id=args["account_id"],
            kms_key_arn=args["kms_key_arn"],
            tag=args["tag"],
            instance_tag=args.get("instance_tag", args["tag"]),
            volume_tag=args.get("volume_tag", args["tag"]),
            cache=bool(args.get("cache_zones")),
        )

    def _template(
        self, template: Template, role: aws.iam.Role, after: Sequence[pulumi.Resource]
    ) -> aws.fis.ExperimentTemplate:
        name = f"{self._name}-{template.suffix}"
        return aws.fis.ExperimentTemplate(
            name,
            description=template.description,
            role_arn=role.arn,
            actions=[
                {
                    "name": each.name,
                    "action_id": each.action_id,
                    "parameters": _pairs(each.parameters),
                    "target": {"key": each.target.called, "value": each.name},
                }
                for each in template.actions
            ],
            targets=[_target(each.name, each.target) for each in template.actions],
            stop_conditions=[
                {"source": "aws:cloudwatch:alarm", "value": each} for each in self._args["stop_alarm_arns"]
            ],
            experiment_options={"account_targeting": "single-account", "empty_target_resolution_mode": "fail"},
            log_configuration={
                "log_schema_version": 2,
                "cloudwatch_logs_configuration": {
                    "log_group_arn": f"{self._arn('logs', f'log-group:{fault_log_group_name(self._name)}')}:*"
                },
            },
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _arn(self, service: str, resource: str) -> str:
        return resource_arn(service, self._args["region"], self._args["account_id"], resource)


def templates(args: FaultExperimentsArgs) -> list[Template]:
    """Every experiment that the arguments choose."""
    tag, duration = args["tag"], f"PT{int(args.get('duration_minutes', DURATION_MINUTES))}M"
    instance_tag, cache_zones = args.get("instance_tag", tag), args.get("cache_zones", [])
    chosen = [
        zone_power(zone, duration, tag=tag, instance_tag=instance_tag, cache=zone in cache_zones)
        for zone in args["zones"]
    ]
    if "volume_tag" in args:
        chosen += [stuck_volumes(zone, duration, args["volume_tag"]) for zone in args["zones"]]
    if args.get("nodes", False):
        percent = int(args.get("node_percent", NODE_PERCENT))
        chosen.append(node_loss("nodes", f"{percent} % of the nodes of every node group are lost", percent, [tag]))
    for each in args.get("gpu_groups", []):
        percent = int(args.get("gpu_percent", GPU_PERCENT))
        described = f"{percent} % of the GPU nodes of {each['label']} are lost"
        chosen.append(node_loss(f"gpu-{each['label']}", described, percent, [tag, each["tag"]]))
    if "other_region" in args:
        chosen.append(isolation(args["other_region"], duration, tag))
    if args.get("database", False):
        chosen.append(database_failover(tag))
    return chosen


def _pairs(values: Mapping[str, str]) -> list[aws.fis.ExperimentTemplateActionParameterArgsDict]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _target(name: str, target: Target) -> aws.fis.ExperimentTemplateTargetArgsDict:
    return {
        "name": name,
        "resource_type": target.resource_type,
        "selection_mode": "ALL",
        "resource_tags": [{"key": each["key"], "value": each["value"]} for each in target.tags],
        "filters": [{"path": path, "values": [value]} for path, value in target.filters.items()],
        "parameters": dict(target.parameters) or None,
    }


def _validate(name: str, args: FaultExperimentsArgs) -> None:
    checks = Checks("FaultExperiments", name, FaultExperimentsArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _require_tags(checks, args),
        lambda: _require_alarms(checks, args),
        lambda: _require_zones(checks, args),
        lambda: _require_other_region(checks, args),
        lambda: _require_labels(checks, args),
        lambda: _require_shares(checks, args),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
    )


def _require_other_region(checks: Checks, args: FaultExperimentsArgs) -> None:
    if "other_region" in args:
        _checks.require_other_region(checks, "other_region", args["other_region"], args["region"])


def _require_shares(checks: Checks, args: FaultExperimentsArgs) -> None:
    for path, otherwise, allowed in (
        ("node_percent", NODE_PERCENT, PERCENT),
        ("gpu_percent", GPU_PERCENT, PERCENT),
        ("duration_minutes", DURATION_MINUTES, limits.FAULT_DURATION_MINUTES),
    ):
        got = cast("float", args.get(path, otherwise))
        _checks.require_between(checks, path, got, allowed, fix=f"leave it out for {otherwise}")


def _require_tags(checks: Checks, args: FaultExperimentsArgs) -> None:
    """An empty value would match what carries the key alone, and an empty key everything or nothing."""
    given = {"tag": args["tag"]}
    given |= {"instance_tag": args["instance_tag"]} if "instance_tag" in args else {}
    given |= {"volume_tag": args["volume_tag"]} if "volume_tag" in args else {}
    given |= {f"gpu_groups[{index}].tag": each["tag"] for index, each in enumerate(args.get("gpu_groups", []))}
    for path, tag in given.items():
        checks.require(
            0 < len(tag["key"]) <= 128 and 0 < len(tag["value"]) <= 256 and "*" not in tag["key"] + tag["value"],
            path,
            got=dict(tag),
            allowed="a key of 1 to 128 characters and a value of 1 to 256, without wildcards",
            fix="name the tag of what may be broken",
        )


def _require_alarms(checks: Checks, args: FaultExperimentsArgs) -> None:
    alarms = args["stop_alarm_arns"]
    checks.require(
        1 <= len(alarms) <= limits.FAULT_STOP_CONDITIONS,
        "stop_alarm_arns",
        got=f"{len(alarms)} alarms",
        allowed=f"1 to {limits.FAULT_STOP_CONDITIONS}",
        fix="name the alarm that is on when users suffer",
    )
    prefix = f"arn:{partition(args['region'])}:cloudwatch:{args['region']}:{args['account_id']}:alarm:"
    for index, arn in enumerate(alarms):
        checks.require(
            not isinstance(arn, str) or (arn.startswith(prefix) and len(arn) > len(prefix)),
            f"stop_alarm_arns[{index}]",
            got=arn,
            allowed=f"the ARN of an alarm here: {prefix}<name>",
            fix="an experiment is stopped by alarms of its own Region",
        )


def _require_zones(checks: Checks, args: FaultExperimentsArgs) -> None:
    zones, region = args["zones"], args["region"]
    checks.require(
        0 < len(set(zones)) == len(zones) and all(re.fullmatch(re.escape(region) + "[a-z]", each) for each in zones),
        "zones",
        got=zones,
        allowed=f"names of zones of {region}, each once, such as {region}a",
        fix="name the zones with instances and subnets",
    )
    checks.require(
        set(args.get("cache_zones", [])) <= set(zones),
        "cache_zones",
        got=args.get("cache_zones", []),
        allowed="some of zones",
        fix="name the zones with cache nodes",
    )


def _require_labels(checks: Checks, args: FaultExperimentsArgs) -> None:
    labels = [each["label"] for each in args.get("gpu_groups", [])]
    checks.require(
        len(set(labels)) == len(labels) and all(re.fullmatch(r"[a-z][a-z0-9-]{0,31}", each) for each in labels),
        "gpu_groups",
        got=labels,
        allowed="labels of at most 32 lower-case letters, digits and hyphens, each once",
        fix="call each group by its own name",
    )
