"""Who may do what in a cluster."""

from collections.abc import Iterator
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.documents import TRUST, statements
from haven_policies.rules.model import Finding, Severity, resource_rule, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_list, value_at

_RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
_BINDINGS = tuple(f"{_RBAC}{kind}" for kind in ("ClusterRoleBinding", "RoleBinding"))
_RBAC_PAGE = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"

_EVERYBODY = ("system:anonymous", "system:authenticated", "system:nodes", "system:unauthenticated")


@resource_rule(
    *_BINDINGS,
    description="No workload is an administrator of its cluster.",
    remediation="Bind its service account to a role with the verbs and resources that it uses.",
    page=_RBAC_PAGE,
    severity=Severity.CRITICAL,
)
def workload_without_cluster_admin(binding: Resource) -> Iterator[Finding]:
    """Whoever gets into one pod would have the whole cluster, with every secret in it."""
    if value_at(binding.inputs, "roleRef.name") != "cluster-admin":
        return
    subjects = value_at(binding.inputs, "subjects")
    for index, each in enumerate(subjects if is_list(subjects) else ()):
        if _is_workload(each):
            got = f"cluster-admin for {value_at(each, 'kind')} {value_at(each, 'name')}"
            fix = "bind it to a role with the verbs and resources that it uses"
            yield Finding(binding, f"subjects[{index}]", got, "people alone", fix)


def _is_workload(subject: Any) -> bool:
    name = str(value_at(subject, "name"))
    everybody = name in _EVERYBODY or name.startswith("system:serviceaccount")
    return value_at(subject, "kind") == "ServiceAccount" or everybody


@stack_rule(
    description="No role that services or workloads assume is an administrator of a cluster.",
    remediation="Associate AmazonEKSViewPolicy or AmazonEKSEditPolicy with the namespaces that it works in.",
    page="https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html",
    severity=Severity.CRITICAL,
)
def cluster_access_without_admin(graph: ResourceGraph) -> Iterator[Finding]:
    """Access entries reach as far as role bindings."""
    for each in graph.of(aws.EKS_ACCESS_POLICY_ASSOCIATION):
        policy = str(value_at(each.inputs, "policyArn"))
        role = graph.target(value_at(each.inputs, "principalArn"))
        if (
            policy.endswith(("/AmazonEKSClusterAdminPolicy", "/AmazonEKSAdminPolicy"))
            and role
            and _assumed_by_service(role)
        ):
            got = f"{policy.rpartition('/')[2]} for {role.name}, which services assume"
            yield Finding(each, "policyArn", got, "people alone", "associate a policy with fewer rights")


def _assumed_by_service(role: Resource) -> bool:
    return any(
        each.allows and (each.principals().get("Service") or each.principals().get("Federated"))
        for each in statements(role, TRUST)
    )
