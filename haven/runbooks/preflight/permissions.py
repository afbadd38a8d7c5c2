"""Whether the operators' role may do what a failover does: IAM simulates it, and nothing is done.

IAM's control plane is in one Region. A failover never needs it; this asks it long before, and what it doesn't answer is
a warning.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import Key, Question, Questions, View, asking

_SIMULATED = "simulation of"


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


def uses(manifest: RecoveryManifest, to: str) -> Iterator[Use]:
    """What a failover to a Region changes in AWS, as far as the manifest knows it by name."""
    names = _Names(manifest, to)
    side, operations = manifest.sides[to], manifest.operations
    if operations is not None:
        actions = [f"dynamodb:{each}" for each in ("GetItem", "PutItem", "Query", "UpdateItem")]
        tables = [names.arn("dynamodb", f"table/{table}", region) for region, table in operations.tables.items()]
        yield Use("the operations tables", actions, tables, {})
    if manifest.traffic:
        namespace = next(iter(manifest.traffic.values())).namespace
        yield Use("the traffic switch", ["cloudwatch:PutMetricData"], ["*"], {"cloudwatch:namespace": namespace})
    if manifest.recovery_plan:
        operations_of_arc = ("StartPlanExecution", "GetPlanExecution", "UpdatePlanExecutionStep")
        actions = [f"arc-region-switch:{each}" for each in operations_of_arc]
        yield Use("the Region switch plan", actions, [manifest.recovery_plan], {}, needed=False)
    groups = [names.arn("eks", f"nodegroup/{side.cluster.name}/{each}/x") for each in side.cluster.node_groups]
    yield Use("node groups", ["eks:DescribeNodegroup", "eks:UpdateNodegroupConfig"], groups, {})
    if side.database.restored:
        passed = {"iam:PassedToService": "backup.amazonaws.com"}
        yield Use("restores", ["backup:StartRestoreJob"], [names.arn("backup", "recovery-point:x")], {})
        if manifest.restore_role:
            yield Use("the role of restores", ["iam:PassRole"], [manifest.restore_role], passed)
        return
    cluster = names.arn("rds", f"cluster:{side.database.cluster}")
    database = [names.arn("rds", f"global-cluster:{manifest.database.global_cluster}", ""), cluster]
    yield Use("the database", ["rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"], database, {})
    if side.database.standby == 0:
        instances = [cluster, *(names.arn("rds", f"db:{each}") for each in side.database.instances)]
        yield Use("an instance for the database", ["rds:CreateDBInstance"], instances, {})
    if manifest.replicates_cache:
        cache = [names.arn("elasticache", f"replicationgroup:{side.cache}")]
        yield Use("the cache", ["elasticache:FailoverGlobalReplicationGroup"], cache, {})


@dataclass(frozen=True)
class _Names:
    manifest: RecoveryManifest
    to: str

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """ARN of something in the account; in the Region that would become the writing one where none is given."""
        partition = (self.manifest.operations.role if self.manifest.operations else "").split(":")[1:2] or ["aws"]
        place = self.to if region is None else region
        return f"arn:{partition[0] or 'aws'}:{service}:{place}:{self.manifest.account}:{resource}"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """One for each kind of resource, in both directions."""
    role = manifest.operations.role if manifest.operations is not None else ""
    found: dict[Key, Question] = {}
    for region in manifest.both if role else ():
        for each in uses(manifest, region):
            found[f"{_SIMULATED} {each.name}", region] = asking(client, "iam", region, _denied, role, each)
    return found


def _denied(iam: Any, role: str, use: Use) -> Mapping[str, Sequence[str]]:
    """Each action that isn't allowed on everything -> condition keys on which that depends."""
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role,
        ActionNames=list(use.actions),
        ResourceArns=list(use.resources),
        ContextEntries=[
            {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for name, value in use.context.items()
        ],
    )
    results = [each for page in pages for each in page["EvaluationResults"]]
    return {
        str(each["EvalActionName"]): list(each.get("MissingContextValues") or [])
        for each in results
        if each["EvalDecision"] != "allowed"
    }


def checks(view: View) -> Iterator[Check]:
    """A line for each kind of resource."""
    role = view.manifest.operations.role if view.manifest.operations is not None else ""
    if not role:
        fix = "name the operators in haven:operations.operatorArns, or be sure that these credentials suffice"
        line = view.line("operators' role", "", "a role with what a failover needs", fix, blocker=False)
        yield line.unknown("the manifest names none: nobody has tried these credentials")
        return
    for each in uses(view.manifest, view.to):
        yield _check(view, role, each, view.answers[f"{_SIMULATED} {each.name}", view.to])


def _check(view: View, role: str, use: Use, answer: Answer) -> Check:
    needed = f"{role.rpartition('/')[2]} may {', '.join(use.actions)}"
    fix = (
        "pulumi up declares the role's policy; then look for a boundary or a policy of the organization that denies it"
    )
    line = view.line(f"permission for {use.name}", view.to, needed, fix, blocker=use.needed)
    if answer.value is None:
        warning = view.line(line.what, view.to, needed, "allow iam:SimulatePrincipalPolicy", blocker=False)
        return warning.unknown(answer.unknown or "no such role")
    denied = [action for action, keys in answer.value.items() if not keys]
    depends = {action: keys for action, keys in answer.value.items() if keys}
    if denied:
        return line.problem(f"denied: {', '.join(denied)}")
    if depends:
        listed = "; ".join(f"{action} depends on {', '.join(keys)}" for action, keys in depends.items())
        return view.line(line.what, view.to, needed, "try haven failover --dry-run", blocker=False).unknown(listed)
    return line.ok("allowed")
