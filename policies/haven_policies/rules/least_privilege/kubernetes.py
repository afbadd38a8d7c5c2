"""Who may do what in a cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.documents import TRUST, statements, texts
from haven_policies.rules.model import Finding, Severity, against, resource_rule, stack_rule
from haven_policies.rules.property_rules import Property, is_not_on, property_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_list, value_at

_RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
_BINDINGS = (f"{_RBAC}ClusterRoleBinding", f"{_RBAC}RoleBinding")
_ROLES = (f"{_RBAC}ClusterRole", f"{_RBAC}Role")
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


_DANGEROUS = ("bind", "escalate", "impersonate")


@resource_rule(
    *_ROLES,
    description="A role in Kubernetes names its verbs and resources, and none that lead to more rights.",
    remediation="List the API groups, resources and verbs that are used.",
    page=_RBAC_PAGE,
    severity=Severity.HIGH,
)
def kubernetes_role_without_wildcards(role: Resource) -> Iterator[Finding]:
    """An asterisk takes in everything that is installed later."""
    rules = value_at(role.inputs, "rules")
    for index, rule in enumerate(rules if is_list(rules) else ()):
        for name in ("verbs", "resources"):
            if "*" in texts(value_at(rule, name)):
                yield against(role, f"rules[{index}].{name}", f"the {name} that are used", "name them one by one")
        if any(verb in _DANGEROUS for verb in texts(value_at(rule, "verbs"))):
            fix = "leave the verbs that give more rights to people"
            yield against(role, f"rules[{index}].verbs", f"none of {', '.join(_DANGEROUS)}", fix)


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


_PODS: Mapping[str, str] = {
    "kubernetes:apps/v1:DaemonSet": "spec.template.spec",
    "kubernetes:apps/v1:Deployment": "spec.template.spec",
    "kubernetes:apps/v1:ReplicaSet": "spec.template.spec",
    "kubernetes:apps/v1:StatefulSet": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:core/v1:Pod": "spec",
}
"""Type -> where it describes its pods."""

# Whoever gets into such a pod has the node, and every other pod on it. Drivers and agents may need it.
pod_apart_from_node = property_rule(
    "least privilege/pod-apart-from-node",
    *(
        Property((type_,), f"{base}.{path}", is_not_on, "false", "leave it off")
        for type_, base in _PODS.items()
        for path in (
            "hostNetwork",
            "hostPID",
            "hostIPC",
            "containers[].securityContext.privileged",
            "initContainers[].securityContext.privileged",
        )
    ),
    description="Pods are isolated from their node: not privileged, and in namespaces of their own.",
    remediation="Leave privileged, hostNetwork, hostPID and hostIPC off.",
    page="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    severity=Severity.HIGH,
    level=Level.ADVISORY,
)
