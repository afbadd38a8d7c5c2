"""What an operator may do in AWS: every call of a recovery, what it is for, and what it is done to.

`RIGHTS` is the one list. A test holds it against the calls in the runbooks' code.

Resource types and condition keys are those of AWS's Service Authorization Reference (as of 2026-10-27); a test holds
each statement against them. No AWS account has tried the policy.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import pulumi

from haven_components import limits
from haven_components.names import SWITCH_NAMESPACE, dns_suffix, partition
from haven_components.resilience._operator_args import OperatorRoleArgs, OperatorSideArgs
from haven_components.resilience.operations_store import AUDIT_PREFIX

Value = pulumi.Input[str]


class On(StrEnum):
    """What an action is done to. The value is the statement's Sid."""

    OPERATIONS = "OperationsTables"
    TABLES = "ReplicatedTables"
    BUCKETS = "ReplicatedBuckets"
    OBJECTS = "ReplicatedObjects"
    GLOBAL_DATABASE = "GlobalDatabase"
    DATABASES = "Databases"
    NEW_INSTANCES = "NewInstances"
    SNAPSHOTS = "KeptSnapshots"
    FUNCTIONS = "HeartbeatFunctions"
    CACHES = "Caches"
    CLUSTERS = "Clusters"
    NODE_GROUPS = "NodeGroups"
    NETWORK_ACLS = "NetworkAcls"
    QUEUES = "Queues"
    SWITCH = "TrafficSwitch"
    VAULTS = "Vaults"
    COPIES = "CopiesInVaults"
    RESTORER = "RestoreRole"
    RECORDS = "AuditRecords"
    AUDIT = "AuditBuckets"
    MANIFEST = "Manifest"
    MODE = "WriteMode"
    IMAGES = "Images"
    SECRETS = "Secrets"
    CERTIFICATES = "Certificates"
    ITSELF = "OwnRole"
    KEYS = "KeysOfStores"
    KEY_NAMES = "KeysByTheirNames"
    GRANTS = "GrantsForDatabases"
    PLAN = "RegionSwitchPlan"
    APPROVALS = "ApprovalsOfThePlan"
    PLAN_QUOTAS = "QuotasOfThePlan"
    SHOWING = "WhatHasNoNarrowerResource"


@dataclass(frozen=True)
class Right:
    """One action."""

    action: str
    on: On
    why: str


RIGHTS: Sequence[Right] = (
    Right("dynamodb:GetItem", On.OPERATIONS, "who has the lease"),
    Right("dynamodb:PutItem", On.OPERATIONS, "an entry of the journal"),
    Right("dynamodb:Query", On.OPERATIONS, "the journal, and the heartbeats that arrived"),
    Right("dynamodb:UpdateItem", On.OPERATIONS, "takes, renews and gives back the lease"),
    Right("dynamodb:BatchGetItem", On.TABLES, "compares sampled items of both Regions"),
    Right("dynamodb:DescribeTable", On.TABLES, "whether a replicated or restored table is active"),
    Right("dynamodb:Scan", On.TABLES, "a sample of a table's items"),
    Right("s3:ListBucket", On.BUCKETS, "objects without a replica"),
    Right("s3:GetObject", On.OBJECTS, "the replication status of such an object"),
    Right("rds:DescribeGlobalClusters", On.GLOBAL_DATABASE, "which Region is written"),
    Right("rds:FailoverGlobalCluster", On.GLOBAL_DATABASE, "promotes the database, unplanned"),
    Right("rds:RemoveFromGlobalCluster", On.GLOBAL_DATABASE, "gives up the member of a lost Region"),
    Right("rds:SwitchoverGlobalCluster", On.GLOBAL_DATABASE, "promotes the database, planned"),
    Right("rds:DescribeDBClusterSnapshots", On.DATABASES, "what Aurora kept of an old volume"),
    Right("rds:DescribeDBClusters", On.DATABASES, "whether a member is available"),
    Right("rds:DescribeDBInstances", On.DATABASES, "whether a member has an instance"),
    Right("rds:DescribeDBSubnetGroups", On.DATABASES, "the data subnets that are closed"),
    Right("rds:CreateDBInstance", On.NEW_INSTANCES, "an instance for a headless member"),
    Right("rds:CopyDBClusterSnapshot", On.SNAPSHOTS, "keeps what Aurora kept of an old volume"),
    Right("lambda:InvokeFunction", On.FUNCTIONS, "compares rows of both members, which only the function reaches"),
    Right("elasticache:DescribeGlobalReplicationGroups", On.CACHES, "whether the datastore takes a promotion"),
    Right("elasticache:DescribeReplicationGroups", On.CACHES, "which Region's cache is written"),
    Right("elasticache:DisassociateGlobalReplicationGroup", On.CACHES, "gives up the group of a lost Region"),
    Right("elasticache:FailoverGlobalReplicationGroup", On.CACHES, "promotes the cache"),
    Right("eks:DescribeCluster", On.CLUSTERS, "where a cluster's Kubernetes API is"),
    Right("eks:DescribeNodegroup", On.NODE_GROUPS, "the sizes of a node group"),
    Right("eks:UpdateNodegroupConfig", On.NODE_GROUPS, "scales a node group"),
    Right("ec2:CreateNetworkAclEntry", On.NETWORK_ACLS, "closes the old writer to clients"),
    Right("ec2:DeleteNetworkAclEntry", On.NETWORK_ACLS, "opens what was closed"),
    Right("sqs:GetQueueAttributes", On.QUEUES, "a queue's policy, which closes it to consumers"),
    Right("sqs:GetQueueUrl", On.QUEUES, "where a queue is"),
    Right("sqs:SetQueueAttributes", On.QUEUES, "closes a queue to consumers, and opens it"),
    Right("cloudwatch:PutMetricData", On.SWITCH, "turns a Region's traffic off and on"),
    Right("backup:ListRecoveryPointsByBackupVault", On.VAULTS, "the newest backup and the newest copy"),
    Right("backup:StartRestoreJob", On.COPIES, "restores a table, where backups are all that is copied"),
    Right("iam:PassRole", On.RESTORER, "lets AWS Backup restore"),
    Right("s3:GetObject", On.RECORDS, "verifies the audit"),
    Right("s3:PutObject", On.RECORDS, "a record of the audit"),
    Right("s3:ListBucket", On.AUDIT, "verifies the audit"),
    Right("ssm:GetParameter", On.MANIFEST, "the recovery manifest, and what applications connect to"),
    Right("ssm:GetParameter", On.MODE, "what a Region's applications are asked"),
    Right("ssm:PutParameter", On.MODE, "asks a Region's applications not to write"),
    Right("ecr:BatchGetImage", On.IMAGES, "whether the images of the pods are in a Region"),
    Right("secretsmanager:DescribeSecret", On.SECRETS, "whether both Regions have the same version"),
    Right("acm:DescribeCertificate", On.CERTIFICATES, "until when a certificate is valid"),
    Right("iam:SimulatePrincipalPolicy", On.ITSELF, "whether the role may do all of this, before it has to"),
    Right("kms:Decrypt", On.KEYS, "reads operations table and audit"),
    Right("kms:GenerateDataKey", On.KEYS, "writes the audit"),
    Right("kms:DescribeKey", On.KEY_NAMES, "encrypts what RDS makes, and what is restored"),
    Right("kms:CreateGrant", On.GRANTS, "lets RDS use the key for an instance and a snapshot"),
    Right("arc-region-switch:GetPlanEvaluationStatus", On.PLAN, "what ARC found wrong with the plan"),
    Right("arc-region-switch:GetPlanExecution", On.PLAN, "how far an execution is"),
    Right("arc-region-switch:GetPlanInRegion", On.PLAN, "the plan's steps"),
    Right("arc-region-switch:ListPlanExecutionEvents", On.PLAN, "why a step of an execution failed"),
    Right("arc-region-switch:ListPlanExecutions", On.PLAN, "whether an execution is running already"),
    Right("arc-region-switch:StartPlanExecution", On.PLAN, "haven failover --with arc"),
    Right("arc-region-switch:UpdatePlanExecutionStep", On.PLAN, "lets the writer's step fail over, unplanned"),
    Right("arc-region-switch:ApprovePlanExecutionStep", On.APPROVALS, "lets an execution go on, after a typed word"),
    Right("arc-region-switch:ListServiceQuotaWarnings", On.PLAN_QUOTAS, "quotas that ARC finds too small"),
    Right("autoscaling:DescribeAutoScalingGroups", On.SHOWING, "nodes in service"),
    Right("backup:ListRestoreJobs", On.SHOWING, "the newest restore test"),
    Right("cloudwatch:DescribeAlarms", On.SHOWING, "whether a Region can be turned off"),
    Right("cloudwatch:GetMetricData", On.SHOWING, "replication lag, and the switch's newest point"),
    Right("ec2:DescribeAddresses", On.SHOWING, "Elastic IP addresses of others"),
    Right("ec2:DescribeCapacityReservations", On.SHOWING, "vCPUs that reservations hold"),
    Right("ec2:DescribeInstances", On.SHOWING, "vCPUs of others"),
    Right("ec2:DescribeInstanceTypeOfferings", On.SHOWING, "instance types of a zone"),
    Right("ec2:DescribeNetworkAcls", On.SHOWING, "what closes the data subnets"),
    Right("ec2:DescribeVpcs", On.SHOWING, "VPCs of others"),
    Right("elasticloadbalancing:DescribeListenerCertificates", On.SHOWING, "what a listener encrypts with"),
    Right("elasticloadbalancing:DescribeListeners", On.SHOWING, "a load balancer's listeners"),
    Right("elasticloadbalancing:DescribeLoadBalancers", On.SHOWING, "whether an entrance is active"),
    Right("elasticloadbalancing:DescribeTargetGroups", On.SHOWING, "what pods register in"),
    Right("elasticloadbalancing:DescribeTargetHealth", On.SHOWING, "whether a Region serves"),
    Right("lambda:GetAccountSettings", On.SHOWING, "executions that reservations leave"),
    Right("rds:DescribeEvents", On.SHOWING, "what Aurora says about the old writer, after an unplanned failover"),
    # AWS refuses it on clusters and instances, though the reference names these (qonto/prometheus-rds-exporter#96; read
    # 2026-11-27).
    Right("rds:DescribePendingMaintenanceActions", On.SHOWING, "patches that one member has and the other lacks"),
    Right("servicequotas:GetAWSDefaultServiceQuota", On.SHOWING, "quotas of an account that has no own"),
    Right("servicequotas:GetServiceQuota", On.SHOWING, "quotas against full scale"),
)
"""Every action, once for each kind of resource."""

_AROUND = 50
"""Characters of a policy around its statements."""
LISTED = (On.TABLES, On.BUCKETS, On.OBJECTS, On.IMAGES, On.SECRETS)
"""Kinds of which an environment may have any number: their names need policies of their own."""

_SNAPSHOTS = ("rds:unplanned-global-failover-*", "haven-kept-*")
"""Of the old volume, by Aurora and by the runbook (haven/runbooks/failover/database.py)."""


@dataclass(frozen=True)
class Scope:
    """What one operator's role is confined to."""

    args: OperatorRoleArgs
    role: str
    """The role's own name."""

    @property
    def sides(self) -> tuple[OperatorSideArgs, OperatorSideArgs]:
        """Both Regions."""
        return self.args["primary"], self.args["recovery"]

    def arn(self, service: str, region: str, resource: str) -> str:
        """ARN of something of the account's; no Region for what is in none."""
        return f"arn:{self._partition}:{service}:{region}:{self.args['account_id']}:{resource}"

    @property
    def _partition(self) -> str:
        return partition(self.args["primary"]["region"])

    def inline(self) -> list[Mapping[str, Any]]:
        """The role's own policy: what grows with no list of the environment's."""
        return [each for each in self.statements() if each["Sid"] not in LISTED]

    @cached_property
    def managed(self) -> Sequence[Sequence[Mapping[str, Any]]]:
        """Statements of each further policy: as many resources as IAM lets one have."""
        found: list[list[Mapping[str, Any]]] = [[]]
        for statement in self.statements():
            for resource in statement["Resource"] if statement["Sid"] in LISTED else ():
                longer = _with(found[-1], statement, resource)
                if len(json.dumps(longer)) > limits.MANAGED_POLICY_CHARACTERS - _AROUND:
                    found.append(_with([], statement, resource))
                else:
                    found[-1] = longer
        return [each for each in found if each]

    def statements(self) -> list[Mapping[str, Any]]:
        """All that the role may do: a statement for each kind of resource that there is."""
        found: list[Mapping[str, Any]] = []
        for on in On:
            resources = self._resources(on)
            if resources:
                actions = [each.action for each in RIGHTS if each.on is on]
                statement = {"Sid": on.value, "Effect": "Allow", "Action": actions, "Resource": resources}
                condition = self._condition(on)
                found.append({**statement, "Condition": condition} if condition else statement)
        return found

    def _resources(self, on: On) -> list[Value]:
        if on in (On.SHOWING, On.SWITCH):
            return ["*"]
        plan = [self.args["recovery_plan_arn"]] if "recovery_plan_arn" in self.args else []
        named: Mapping[On, list[Value]] = {
            On.OPERATIONS: list(self.args["operations_table_arns"]),
            On.KEYS: self._keys(),
            On.KEY_NAMES: self._keys(),
            On.GRANTS: [each["kms_key_arn"] for each in self.sides],
            On.ITSELF: [self.arn("iam", "", f"role/{self.role}")],
            On.RESTORER: [self.args["restore_role_arn"]] if "restore_role_arn" in self.args else [],
            On.PLAN: list(plan),
            On.APPROVALS: plan if self.args.get("approves_recovery_plan", False) else [],
            # It lists the warnings of every plan that the caller sees: the reference has no resource type for it.
            On.PLAN_QUOTAS: ["*"] if plan else [],
        }
        if on in named:
            return named[on]
        return [*(arn for side in self.sides for arn in self._of_side(on, side)), *self._of_no_region(on)]

    def _keys(self) -> list[Value]:
        return [*(each["kms_key_arn"] for each in self.sides), *self.args.get("further_kms_key_arns", [])]

    def _of_no_region(self, on: On) -> list[str]:
        """What spans both; AWS puts five letters of a Region and a hyphen before a Global Datastore's suffix."""
        if on is On.GLOBAL_DATABASE:
            restored = [each["restored_global_cluster"] for each in self.sides if "restored_global_cluster" in each]
            return [self.arn("rds", "", f"global-cluster:{each}") for each in (self.args["global_cluster"], *restored)]
        if on is On.CACHES:
            return [self.arn("elasticache", "", f"globalreplicationgroup:?????-{self.args['datastore_suffix']}")]
        return []

    def _of_side(self, on: On, side: OperatorSideArgs) -> list[str]:
        """ARNs of one Region."""
        region, database = side["region"], side["database_cluster"]
        rds = {
            On.GLOBAL_DATABASE: [f"cluster:{database}"],
            On.DATABASES: [f"cluster:{database}", "cluster-snapshot:*", "db:*", f"subgrp:{side['subnet_group']}"],
            On.NEW_INSTANCES: [
                f"cluster:{database}",
                f"db:{database}-*",
                "og:default:*",
                "pg:default.*",
                f"subgrp:{side['subnet_group']}",
            ],
            On.SNAPSHOTS: [f"cluster-snapshot:{each}" for each in _SNAPSHOTS],
        }
        others = {
            On.TABLES: ("dynamodb", [f"table/{each}" for each in self.args.get("tables", [])]),
            On.CACHES: ("elasticache", [f"replicationgroup:{side['cache_group']}"]),
            On.CLUSTERS: ("eks", [f"cluster/{side['cluster_name']}"]),
            On.NODE_GROUPS: ("eks", [f"nodegroup/{side['cluster_name']}/*"]),
            On.NETWORK_ACLS: ("ec2", ["network-acl/*"]),
            On.QUEUES: ("sqs", side.get("queues", [])),
            On.VAULTS: ("backup", [f"backup-vault:{side['vault']}"]),
            On.MANIFEST: ("ssm", [f"parameter{each}" for each in self._read_parameters()]),
            On.MODE: ("ssm", [f"parameter{each}" for each in [self.args.get("mode_parameter")] if each]),
            On.IMAGES: ("ecr", [f"repository/{each}" for each in self.args.get("repositories", [])]),
            # Secrets Manager puts a hyphen and six characters behind a name.
            On.SECRETS: ("secretsmanager", [f"secret:{each}-??????" for each in self.args.get("secrets", [])]),
            On.CERTIFICATES: ("acm", ["certificate/*"]),
        }
        if on is On.COPIES:
            kept = ("backup", "recovery-point:*"), ("dynamodb", "table/*/backup/*")
            given = "restore_role_arn" in self.args
            return [self.arn(service, region, each) for service, each in kept] if given else []
        if on is On.FUNCTIONS:
            given = "heartbeat_function" in side
            return [self.arn("lambda", region, f"function:{side['heartbeat_function']}")] if given else []
        if on in (On.BUCKETS, On.OBJECTS):
            buckets = [f"arn:{self._partition}:s3:::{each}" for each in side.get("buckets", [])]
            return [f"{each}/*" for each in buckets] if on is On.OBJECTS else buckets
        if on in (On.AUDIT, On.RECORDS):
            bucket = f"arn:{self._partition}:s3:::{side['audit_bucket']}"
            return [f"{bucket}/{AUDIT_PREFIX}*" if on is On.RECORDS else bucket]
        service, resources = ("rds", rds[on]) if on in rds else others[on]
        return [self.arn(service, region, each) for each in resources]

    def _read_parameters(self) -> list[str]:
        """The manifest, of a large one what each Region has, and what applications connect to."""
        name = self.args["manifest_parameter"]
        found = [name, f"{name}/*"]
        return [*found, self.args["endpoints_parameter"]] if "endpoints_parameter" in self.args else found

    def _condition(self, on: On) -> Mapping[str, Any]:
        vpcs = [each["vpc_id"] for each in self.sides if "vpc_id" in each]
        conditions: Mapping[On, Mapping[str, Any]] = {
            On.SWITCH: {"StringEquals": {"cloudwatch:namespace": SWITCH_NAMESPACE}},
            On.AUDIT: {"StringLike": {"s3:prefix": f"{AUDIT_PREFIX}*"}},
            On.RESTORER: {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}},
            On.KEYS: {"StringEquals": {"kms:ViaService": self._services("dynamodb", "rds", "s3")}},
            On.GRANTS: {
                "StringEquals": {"kms:ViaService": self._services("rds")},
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            },
        }
        if on is On.NETWORK_ACLS and len(vpcs) == len(self.sides):
            return {"ArnEquals": {"ec2:Vpc": [self._vpc(each) for each in self.sides]}}
        return conditions.get(on, {})

    def _vpc(self, side: OperatorSideArgs) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.arn("ec2", side["region"], "vpc/"), side["vpc_id"])

    def _services(self, *names: str) -> list[str]:
        regions = [*(each["region"] for each in self.sides), *self.args.get("further_regions", [])]
        return [f"{name}.{region}.{dns_suffix(region)}" for name in names for region in regions]


def _with(
    policy: Sequence[Mapping[str, Any]], statement: Mapping[str, Any], resource: Value
) -> list[Mapping[str, Any]]:
    """The statements of a policy with one more resource."""
    *before, last = policy or [{"Sid": ""}]
    if last["Sid"] == statement["Sid"]:
        return [*before, {**last, "Resource": [*last["Resource"], resource]}]
    return [*policy, {**statement, "Resource": [resource]}]
