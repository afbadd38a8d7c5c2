"""Whether the operators' role may do what a failover does: IAM simulates it, and nothing is done.

IAM's control plane is in one Region. A failover never needs it; this asks it long before, and what it doesn't answer is
a warning.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any

from haven.runbooks import data_acls
from haven.runbooks.clients import Client
from haven.runbooks.failover.database import KEPT, OF_THE_OLD_VOLUME
from haven.runbooks.failover.stores import datastore_info
from haven.runbooks.manifest import Operations, RecoveryManifest
from haven.runbooks.observation import Answer, first
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import Key, Question, Questions, View, asking
from haven.runbooks.workflow.audit import FOLDER

_SIMULATED = "simulation of"
_OF_ARC = (
    "StartPlanExecution",
    "UpdatePlanExecutionStep",
    "GetPlanExecution",
    "GetPlanInRegion",
    "ListPlanExecutionEvents",
    "ListPlanExecutions",
)
_OF_THE_DATASTORE = ("FailoverGlobalReplicationGroup", "DescribeGlobalReplicationGroups")
_OF_SERVING = (
    "autoscaling:DescribeAutoScalingGroups",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)
_BOOLEANS = ("kms:GrantIsForAWSResource",)
"""Condition keys whose values are no text."""
_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
"""Partition to the end of its services' names, where it is another one than AWS's own (botocore, partitions.json; read
2026-11-26)."""


@dataclass(frozen=True)
class Use:
    """Actions of a failover, and what they are done to."""

    name: str
    actions: Sequence[str]
    resources: Sequence[str]
    context: Mapping[str, str]
    """Condition keys of the request, with their values."""
    needed: bool = True
    """Whether Haven's own failover can't go on without it."""
    key: str = ""
    """Alias of the key that they are done to in the new Region: KMS knows its ARN. Empty: `resources` has all."""
    closed: str = ""
    """Region the VPC of whose data subnets is a condition key of the request; empty: none is."""
    datastore: str = ""
    """Cache group in the new Region to whose Global Datastore they are done: ElastiCache knows its name. Empty:
    `resources` has all."""


def uses(manifest: RecoveryManifest, to: str) -> Iterator[Use]:
    """What a failover to a Region changes and reads in AWS, as far as the manifest knows it by name: a look that is
    denied ends a step as a change does, and some come after the promotion.

    Args:
        manifest: the environment's.
        to: the Region that would become the writing one.
    """
    names = _Names(manifest, to)
    side, operations = manifest.sides[to], manifest.operations
    if operations is not None:
        yield from _of_operations(names, operations)
    if manifest.key:
        yield from _of_the_key(names, manifest.key)
    yield from _of_the_fence(names)
    yield from _of_looks(names)
    if manifest.traffic:
        namespace = next(iter(manifest.traffic.values())).namespace
        yield Use("the traffic switch", ["cloudwatch:PutMetricData"], ["*"], {"cloudwatch:namespace": namespace})
    if manifest.recovery_plan:
        actions = [f"arc-region-switch:{each}" for each in _OF_ARC]
        yield Use("the Region switch plan", actions, [manifest.recovery_plan], {}, needed=False)
    groups = [names.arn("eks", f"nodegroup/{side.cluster.name}/{each}/x") for each in side.cluster.node_groups]
    yield Use("node groups", ["eks:DescribeNodegroup", "eks:UpdateNodegroupConfig"], groups, {})
    if side.database.restored:
        restored = (manifest.database.global_cluster, side.database.global_cluster)
        databases = [names.arn("rds", f"global-cluster:{each}", "") for each in restored]
        yield Use("a look at the restored database", ["rds:DescribeGlobalClusters"], databases, {})
        passed = {"iam:PassedToService": "backup.amazonaws.com"}
        yield Use("restores", ["backup:StartRestoreJob"], [names.arn("backup", "recovery-point:x")], {})
        vault = names.arn("backup", f"backup-vault:{side.vault}")
        yield Use("copies in the vault", ["backup:ListRecoveryPointsByBackupVault"], [vault], {})
        yield Use("restore jobs", ["backup:ListRestoreJobs"], ["*"], {})
        yield Use("the key of restores", ["kms:DescribeKey"], [], {}, key=manifest.key)
        if manifest.restore_role:
            yield Use("the role of restores", ["iam:PassRole"], [manifest.restore_role], passed)
        return
    cluster = names.arn("rds", f"cluster:{side.database.cluster}")
    database = [names.arn("rds", f"global-cluster:{manifest.database.global_cluster}", ""), cluster]
    actions = [f"rds:{each}" for each in ("DescribeGlobalClusters", "FailoverGlobalCluster", "SwitchoverGlobalCluster")]
    yield Use("the database", actions, database, {})
    yield Use("events of the database", ["rds:DescribeEvents"], ["*"], {}, needed=False)
    snapshots = [names.arn("rds", f"cluster-snapshot:{each}x") for each in (OF_THE_OLD_VOLUME, KEPT)]
    yield Use("snapshots of an old volume", ["rds:CopyDBClusterSnapshot"], snapshots, {})
    if side.database.standby == 0:
        instances = [cluster, *(names.arn("rds", f"db:{each}") for each in side.database.instances)]
        yield Use("an instance for the database", ["rds:CreateDBInstance"], instances, {})
    if manifest.replicates_cache:
        cache = [names.arn("elasticache", f"replicationgroup:{side.cache}")]
        yield Use("the cache", ["elasticache:DescribeReplicationGroups"], cache, {})
        actions = [f"elasticache:{each}" for each in _OF_THE_DATASTORE]
        yield Use("the cache's Global Datastore", actions, [], {}, datastore=side.cache)


def _of_operations(names: "_Names", operations: Operations) -> Iterator[Use]:
    """Lease and journal, the audit, and what applications are asked."""
    actions = [f"dynamodb:{each}" for each in ("GetItem", "PutItem", "Query", "UpdateItem")]
    tables = [names.arn("dynamodb", f"table/{table}", region) for region, table in operations.tables.items()]
    yield Use("the operations tables", actions, tables, {})
    if names.to in operations.audit:
        records = f"arn:{names.partition}:s3:::{operations.audit[names.to]}/{FOLDER}x"
        yield Use("the audit", ["s3:PutObject"], [records], {})
    if operations.mode:
        modes = [names.arn("ssm", f"parameter{operations.mode}", region) for region in names.manifest.both]
        yield Use("the write mode", ["ssm:GetParameter", "ssm:PutParameter"], modes, {})


def _of_the_key(names: "_Names", key: str) -> Iterator[Use]:
    """What services do with the environment's key in the caller's name."""
    through = {"kms:ViaService": names.service("s3")}
    yield Use("the key of tables and audit", ["kms:Decrypt", "kms:GenerateDataKey"], [], through, key=key)
    granted = {"kms:ViaService": names.service("rds"), "kms:GrantIsForAWSResource": "true"}
    yield Use("the key of the database", ["kms:CreateGrant"], [], granted, key=key)


def _of_the_fence(names: "_Names") -> Iterator[Use]:
    """Closing the Region that is left, and opening either."""
    for region in (names.manifest.other(names.to), names.to):
        actions = ["ec2:DeleteNetworkAclEntry"]
        if region != names.to:
            actions = ["ec2:CreateNetworkAclEntry", *actions]
        if names.manifest.sides[region].database.subnet_group:
            acls = [names.arn("ec2", "network-acl/x", region)]
            yield Use(f"network ACLs in {region}", actions, acls, {}, closed=region)
        if queues := [names.arn("sqs", each, region) for each in names.manifest.sides[region].queues.values()]:
            actions = [f"sqs:{each}" for each in ("GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes")]
            yield Use(f"queues in {region}", actions, queues, {}, needed=False)


def _of_looks(names: "_Names") -> Iterator[Use]:
    """What steps look at, in each tier."""
    manifest, cluster = names.manifest, names.manifest.sides[names.to].cluster.name
    databases = [(region, manifest.sides[region].database) for region in manifest.both]
    members = [names.arn("rds", f"cluster:{each.cluster}", region) for region, each in databases]
    groups = [names.arn("rds", f"subgrp:{each.subnet_group}", region) for region, each in databases]
    instances = [names.arn("rds", f"db:{name}", region) for region, each in databases for name in each.instances]
    listed = ("DBClusters", "DBInstances", "DBClusterSnapshots", "DBSubnetGroups")
    looked_at = [*members, *instances, *groups]
    yield Use("a look at the database", [f"rds:Describe{each}" for each in listed], looked_at, {})
    # A failover doesn't ask it: preflight itself does.
    yield Use("a look at maintenance", ["rds:DescribePendingMaintenanceActions"], ["*"], {}, needed=False)
    tables = [names.arn("dynamodb", f"table/{each}") for each in names.tables]
    if tables:
        yield Use("a look at the tables", ["dynamodb:DescribeTable"], tables, {})
    if cluster:
        yield Use("the cluster's endpoint", ["eks:DescribeCluster"], [names.arn("eks", f"cluster/{cluster}")], {})
    yield Use("a look at what serves", _OF_SERVING, ["*"], {})
    yield Use("a look at the fence", ["ec2:DescribeNetworkAcls"], ["*"], {})
    if manifest.traffic:
        yield Use("a look at the traffic switch", ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"], ["*"], {})


@dataclass(frozen=True)
class _Names:
    manifest: RecoveryManifest
    to: str

    @property
    def partition(self) -> str:
        """That of the operators' role."""
        return (_role(self.manifest).split(":")[1:2] or ["aws"])[0]

    @property
    def tables(self) -> Sequence[str]:
        """Tables that are looked at in the Region: replicas, or what is restored."""
        return [*self.manifest.replicated_tables, *self.manifest.sides[self.to].tables.values()]

    def service(self, name: str) -> str:
        """A service's name in the Region, as KMS has it."""
        return f"{name}.{self.to}.{_SUFFIXES.get(self.partition, 'amazonaws.com')}"

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """ARN of something in the account; in the Region that would become the writing one where none is given."""
        place = self.to if region is None else region
        return f"arn:{self.partition}:{service}:{place}:{self.manifest.account}:{resource}"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """One for all kinds of resources that are simulated alike, in both directions, and IAM is asked one after another:
    it throttles many at once (openshift/installer#1418, cloud-custodian/cloud-custodian#7641; read 2026-11-27)."""
    denied = partial(_denied, in_turn=Lock())
    found: dict[Key, Question] = {}
    for region in manifest.both if _role(manifest) else ():
        for alike in _alike(uses(manifest, region)):
            actions = list(dict.fromkeys(action for each in alike for action in each.actions))
            found[_key(alike, region)] = asking(
                client, "iam", region, denied, client, region, manifest, replace(alike[0], actions=actions)
            )
    return found


def _role(manifest: RecoveryManifest) -> str:
    """ARN of the operators' role; empty: there is none."""
    return manifest.operations.role if manifest.operations is not None else ""


def _alike(uses: Iterable[Use]) -> Sequence[Sequence[Use]]:
    """Those together that are done to the same, under the same condition keys."""
    found: list[tuple[Use, list[Use]]] = []
    for each in uses:
        what = replace(each, name="", actions=(), needed=True)
        same = next((members for one, members in found if one == what), None)
        if same is None:
            found.append((what, [each]))
        else:
            same.append(each)
    return [members for _, members in found]


def _key(alike: Sequence[Use], region: str) -> Key:
    return f"{_SIMULATED} {alike[0].name}", region


def _denied(
    iam: Any, client: Client, to: str, manifest: RecoveryManifest, use: Use, *, in_turn: Lock
) -> Mapping[str, Sequence[str]] | None:
    """Each action that isn't allowed on everything -> condition keys on which that depends; None: it isn't there."""
    role, resources, context = _role(manifest), list(use.resources), dict(use.context)
    if use.key:
        resources.append(str(client("kms", to).describe_key(KeyId=use.key)["KeyMetadata"]["Arn"]))
    if use.datastore:
        groups = client("elasticache", to).describe_replication_groups(ReplicationGroupId=use.datastore)
        name = datastore_info(first(groups["ReplicationGroups"])).get("GlobalReplicationGroupId")
        if not name:
            return None
        _, partition, _, _, account, _ = role.split(":", 5)
        resources.append(f"arn:{partition}:elasticache::{account}:globalreplicationgroup:{name}")
    if use.closed:
        acl = first(data_acls.find_with(client, use.closed, manifest.sides[use.closed]))
        if acl is None:
            return None
        account = ":".join(use.resources[0].split(":")[:5])
        context["ec2:Vpc"] = f"{account}:vpc/{acl['VpcId']}"
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role,
        ActionNames=list(use.actions),
        ResourceArns=resources,
        ContextEntries=[
            {
                "ContextKeyName": name,
                "ContextKeyValues": [value],
                "ContextKeyType": "boolean" if name in _BOOLEANS else "string",
            }
            for name, value in context.items()
        ],
    )
    with in_turn:
        results = [each for page in pages for each in page["EvaluationResults"]]
    return {
        str(each["EvalActionName"]): list(each.get("MissingContextValues") or [])
        for each in results
        if each["EvalDecision"] != "allowed"
    }


def checks(view: View) -> Iterator[Check]:
    """A line for each kind of resource."""
    role = _role(view.manifest)
    if not role:
        fix = "name the operators in haven:operations.operatorArns, or be sure that these credentials suffice"
        line = view.line("operators' role", "", "a role with what a failover needs", fix, blocker=False)
        yield line.unknown("the manifest names none: nobody has tried these credentials")
        return
    for alike in _alike(uses(view.manifest, view.to)):
        answer = view.answers[_key(alike, view.to)]
        for each in alike:
            yield _check(view, role, each, answer)


def _check(view: View, role: str, use: Use, answer: Answer) -> Check:
    needed = f"{role.rpartition('/')[2]} may {', '.join(use.actions)}"
    fix = (
        "pulumi up declares the role's policy; then look for a boundary or a policy of the organization that denies it"
    )
    line = view.line(f"permission for {use.name}", view.to, needed, fix, blocker=use.needed)
    if answer.value is None:
        allow = "allow iam:SimulatePrincipalPolicy, and looks at the key, the data subnets and the cache"
        warning = view.line(line.what, view.to, needed, allow, blocker=False)
        return warning.unknown(answer.unknown or "no such role, key, network ACL or Global Datastore")
    own = {action: keys for action, keys in answer.value.items() if action in use.actions}
    denied = [action for action, keys in own.items() if not keys]
    depends = {action: keys for action, keys in own.items() if keys}
    if denied:
        return line.problem(f"denied: {', '.join(denied)}")
    if depends:
        listed = "; ".join(f"{action} depends on {', '.join(keys)}" for action, keys in depends.items())
        return view.line(line.what, view.to, needed, "try haven failover --dry-run", blocker=False).unknown(listed)
    return line.ok("allowed")
