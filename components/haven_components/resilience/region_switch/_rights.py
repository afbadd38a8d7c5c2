"""What a plan's execution role may do: what its steps need and nothing else (ARC Developer Guide, execution block
permissions; read 2026-11-26)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from haven_components.names import partition
from haven_components.resilience.region_switch._args import (
    RecoveryDatabaseArgs,
    RecoveryEventSourceArgs,
    RecoveryRecordsArgs,
    RecoveryReportArgs,
)
from haven_components.resilience.region_switch._steps import Pair, StepArgs


@dataclass(frozen=True)
class Account:
    """Where everything is that ARNs are made for."""

    account_id: str
    regions: tuple[str, str]
    """The primary Region and the recovery Region."""

    def arn(self, service: str, region: str, resource: str) -> str:
        """ARN of something of the account; `region` is empty for what belongs to none."""
        return f"arn:{partition(self.regions[0])}:{service}:{region}:{self.account_id}:{resource}"


def own(name: str, role_arn: pulumi.Input[str], account: Account) -> list[Mapping[str, Any]]:
    """What every plan needs."""
    reads = [f"arc-region-switch:{each}" for each in ("GetPlan", "GetPlanExecution", "ListPlanExecutions")]
    return [
        allow("TryOwnPermissions", ["iam:SimulatePrincipalPolicy"], [role_arn]),
        # The last part of a plan's ARN is made up by ARC.
        allow("ReadOwnPlan", reads, [account.arn("arc-region-switch", "", f"plan/{name}:*")]),
    ]


def of_steps(args: StepArgs, account: Account, clusters: Pair | None) -> Iterator[Mapping[str, Any]]:
    """What the steps of a plan need.

    Args:
        args: what the steps are made from.
        account: where everything is.
        clusters: names of the EKS clusters. None: there are none.
    """
    if "database" in args:
        yield from _database(args["database"], account)
    if clusters is not None and args.get("deployments"):
        yield from _clusters(clusters, account)
    functions = [arn for pair in args.get("functions", {}).values() for arn in pair]
    functions += [
        arn for each in args.get("actions", ()) for arn in (each["primary_function_arn"], each["recovery_function_arn"])
    ]
    if functions:
        yield allow("RunActions", ["lambda:GetFunction", "lambda:InvokeFunction"], functions)
    if args.get("event_sources"):
        yield from _sources(args["event_sources"])
    if "records" in args:
        yield _records(args["records"], account)


def of_alarms(arns: Sequence[pulumi.Input[str]]) -> Mapping[str, Any]:
    """How long a recovery really took is read from alarms, and a report has their states."""
    return allow("ReadAlarms", ["cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"], arns)


def of_report(report: RecoveryReportArgs, account: Account) -> Iterator[Mapping[str, Any]]:
    """Puts reports into the bucket, encrypted with its key."""
    whole = f"arn:{partition(account.regions[0])}:s3:::{report_path(report)}/*"
    yield allow("WriteReports", ["s3:PutObject"], [whole])
    if "kms_key_arn" in report:
        yield allow("EncryptReports", ["kms:Encrypt", "kms:GenerateDataKey"], [report["kms_key_arn"]])


def report_path(report: RecoveryReportArgs) -> str:
    """Bucket and prefix, as Region switch takes them."""
    return "/".join(filter(None, (report["bucket_name"], report.get("prefix", ""))))


def _database(database: RecoveryDatabaseArgs, account: Account) -> Iterator[Mapping[str, Any]]:
    every_global = account.arn("rds", "", "global-cluster:")
    every_member = [account.arn("rds", region, "cluster:*") for region in account.regions]
    whole = f"{every_global}{database['global_cluster_id']}"
    members = [database["primary_cluster_arn"], database["recovery_cluster_arn"]]
    # Whether ARC asks for these clusters or lists all of them isn't documented; its sample allows `*`.
    yield allow("ReadGlobalDatabases", ["rds:DescribeGlobalClusters"], [f"{every_global}*"])
    yield allow("ReadDatabases", ["rds:DescribeDBClusters"], every_member)
    yield allow("MoveWriter", ["rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"], [whole, *members])
    if "primary_instance_arn" in database:
        instances = [database["primary_instance_arn"], database["recovery_instance_arn"]]
        yield allow("ReadInstances", ["rds:DescribeDBInstances"], instances)
        # ARC's sample names instances and clusters alone; RDS also asks for what an instance is made with, as for an
        # operator (RDS actions, Service Authorization Reference; read 2026-11-26).
        parts = [
            account.arn("rds", region, part)
            for region in account.regions
            for part in ("og:default:*", "pg:default.*", "subgrp:*")
        ]
        made = ["rds:CreateDBInstance", "rds:ModifyDBInstance"]
        yield allow("CreateInstances", made, [*instances, *members, *parts])
        yield allow("ChooseClass", ["ec2:DescribeInstanceTypes", "rds:DescribeOrderableDBInstanceOptions"], ["*"])


def _clusters(clusters: Pair, account: Account) -> Iterator[Mapping[str, Any]]:
    found = [
        pulumi.Output.concat(account.arn("eks", region, f"{kind}/"), name, rest)
        for kind, rest in (("cluster", ""), ("access-entry", "/*"))
        for region, name in zip(account.regions, clusters, strict=True)
    ]
    yield allow("FindClusters", ["eks:DescribeCluster"], found[:2])
    yield allow("SeeOwnAccess", ["eks:ListAssociatedAccessPolicies"], found[2:])


def _sources(sources: Sequence[RecoveryEventSourceArgs]) -> Iterator[Mapping[str, Any]]:
    mappings = [arn for each in sources for arn in (each["primary_mapping_arn"], each["recovery_mapping_arn"])]
    functions = [arn for each in sources for arn in (each["primary_function_arn"], each["recovery_function_arn"])]
    yield allow("TurnEventSources", ["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"], mappings)
    yield allow("SeeFunctions", ["lambda:GetFunction"], functions)


def _records(records: RecoveryRecordsArgs, account: Account) -> Mapping[str, Any]:
    zone = pulumi.Output.concat(f"arn:{partition(account.regions[0])}:route53:::hostedzone/", records["hosted_zone_id"])
    return allow("ReadRecords", ["route53:ListResourceRecordSets"], [zone])


def allow(sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]]) -> Mapping[str, Any]:
    """A statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
