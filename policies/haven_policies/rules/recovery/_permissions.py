"""What runs on both sides may do the same on both."""

from collections.abc import Iterator
from dataclasses import dataclass

from haven.model.tiers import Tier
from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Resource
from haven_policies.rules.documents import statements, texts
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.recovery._sides import Pair, pairs
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import value_at

_DOCUMENTS = {aws.IAM_ROLE_POLICY: ("policy",)}


@dataclass(frozen=True)
class Grant:
    """One action, and the Region of what it may be done to; none for what is in no Region."""

    action: str
    region: str | None


@stack_rule(
    description="Pods that have a role in one Region's cluster have one in the other's.",
    remediation="Declare the pod identity association for both clusters.",
    page="https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
    severity=Severity.HIGH,
)
def pod_roles_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """IAM's and EKS's control planes are not part of a recovery: what pods need exists before. In tier backup the whole
    cluster is made during the recovery."""
    if graph.facts.tier is Tier.BACKUP:
        return
    for pair in pairs(graph):
        if not any(pair.counterparts.of(each) for each in pair.here(aws.EKS_CLUSTER)):
            continue
        known = {_account(each) for each in pair.there(aws.EKS_POD_IDENTITY_ASSOCIATION)}
        for association in pair.here(aws.EKS_POD_IDENTITY_ASSOCIATION):
            if _account(association) not in known:
                account = "/".join(_account(association))
                yield pair.lacks(association, f"role for {account}", "associate a role with it in both clusters")


@stack_rule(
    description="What a role allows nodes and pods of one Region, the other Region's counterpart is allowed there.",
    remediation="Give both Regions' roles the same policies, each for its own Region.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html",
    severity=Severity.HIGH,
)
def permissions_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """A pod that starts in the other Region and may not read its bucket there is as good as none."""
    known = _Permissions(graph)
    for pair in pairs(graph):
        for role, other in _roles(pair):
            missing = sorted({*known.policies_of(role)} - {*known.policies_of(other)})
            missing += sorted(known.lacking(role, other, pair))
            if missing:
                yield Finding(
                    other,
                    "",
                    f"a role without {', '.join(missing)}",
                    f"what {role.name} may do in {pair.region}, in {pair.other}",
                    "give both Regions' roles the same policies, each for its own Region",
                )


def _account(association: Resource) -> tuple[str, str]:
    """Namespace and service account; one that is called after its cluster has the other cluster's name there."""
    account, cluster = (str(value_at(association.inputs, each)) for each in ("serviceAccount", "clusterName"))
    return str(value_at(association.inputs, "namespace")), account.removeprefix(cluster)


def _roles(pair: Pair) -> Iterator[tuple[Resource, Resource]]:
    """The roles of nodes and pods, each with that of its counterpart in the other Region; one that serves both too."""
    found: dict[tuple[str, str], tuple[Resource, Resource]] = {}
    accounts = {_account(each): each for each in pair.there(aws.EKS_POD_IDENTITY_ASSOCIATION)}
    users = [(each, "roleArn", accounts.get(_account(each))) for each in pair.here(aws.EKS_POD_IDENTITY_ASSOCIATION)]
    users += [(each, "nodeRoleArn", pair.counterparts.of(each)) for each in pair.here(aws.EKS_NODE_GROUP)]
    for user, path, other in users:
        role = pair.graph.target(user.inputs.get(path))
        twin = pair.graph.target(other.inputs.get(path)) if other else None
        if role is not None and twin is not None and role.type == twin.type == aws.IAM_ROLE:
            found[role.urn, twin.urn] = role, twin
    yield from found.values()


class _Permissions:
    """What roles may do."""

    def __init__(self, graph: ResourceGraph) -> None:
        self._graph = graph
        names = {value_at(each.inputs, "name"): each.urn for each in graph.of(aws.IAM_ROLE) if _text(each, "name")}
        self._of: dict[str, list[Resource]] = {}
        for each in graph.of(aws.IAM_ROLE_POLICY_ATTACHMENT, aws.IAM_ROLE_POLICY):
            role = graph.target(each.inputs.get("role"))
            urn = role.urn if role else names.get(str(value_at(each.inputs, "role")))
            if urn is not None:
                self._of.setdefault(urn, []).append(each)

    def policies_of(self, role: Resource) -> list[str]:
        """The managed policies that are attached to a role: names where AWS's own, their declared names otherwise."""
        own = texts(value_at(role.inputs, "managedPolicyArns"))
        attached = [
            str(value_at(each.inputs, "policyArn"))
            for each in self._of.get(role.urn, ())
            if each.type == aws.IAM_ROLE_POLICY_ATTACHMENT
        ]
        return [each for each in (*own, *attached) if REFERENCE.search(each) is None]

    def lacking(self, role: Resource, other: Resource, pair: Pair) -> Iterator[str]:
        """The actions that one role may do in its Region, and the other may not in the other one."""
        allowed = self._grants(other)
        for grant in self._grants(role):
            fitting = {Grant(grant.action, pair.other), Grant(grant.action, None)}
            if grant.region in (pair.region, None) and not fitting & allowed:
                yield grant.action

    def _grants(self, role: Resource) -> set[Grant]:
        return {
            Grant(action, region)
            for each in self._of.get(role.urn, ())
            for statement in statements(each, _DOCUMENTS)
            if statement.allows
            for action in statement.listed("Action")
            for resource in statement.listed("Resource")
            for region in self._regions(resource)
        }

    def _regions(self, resource: str) -> set[str | None]:
        """The Regions of what a statement's resource names; None for what is in none, and for everything."""
        found: set[str | None] = {each.region for each in self._graph.referred(resource)}
        parts = REFERENCE.sub("", resource).split(":")
        return found or ({parts[3]} if len(parts) > 3 and parts[3] not in ("", "*") else {None})


def _text(record: Resource, path: str) -> bool:
    return isinstance(value_at(record.inputs, path), str)
