"""Roles of Kubernetes that give more rights than they name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.documents import texts
from haven_policies.rules.model import Finding, Severity, against, resource_rule
from haven_policies.rules.values import is_list, is_off, is_unknown, value_at

_CLUSTER_ROLES = tuple(
    f"kubernetes:rbac.authorization.k8s.io/{version}:{kind}"
    for version in ("v1", "v1alpha1", "v1beta1")
    for kind in ("ClusterRole", "ClusterRolePatch")
)
_ROLES = (*_CLUSTER_ROLES, *(each.replace(":ClusterRole", ":Role") for each in _CLUSTER_ROLES))
_PAGE = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"

_MORE_RIGHTS = ("bind", "escalate", "impersonate")
"""Verbs with which somebody gets the rights of others, whatever the resource."""

_READ = ("get", "list", "watch")
_LIST = ("list", "watch")
_WRITE = ("create", "update", "patch")
_WORKLOADS = ("cronjobs", "daemonsets", "deployments", "jobs", "replicasets", "statefulsets")


@dataclass(frozen=True)
class _Leads:
    """What a verb on a resource leads to."""

    groups: Sequence[str]
    resources: Sequence[str]
    verbs: Sequence[str]
    why: str
    named: bool = False
    """Whether it is allowed on resources that the rule names (`resourceNames`)."""
    everywhere: bool = False
    """Whether it matters in a ClusterRole only: within one namespace it is what deploying there takes."""


_LEADING: Sequence[_Leads] = (
    _Leads(("",), ("nodes/proxy",), ("*",), "runs commands in every pod of the node, past admission and audit"),
    _Leads(("",), ("serviceaccounts/token",), ("create",), "makes tokens of any service account", named=True),
    _Leads(("",), ("pods/exec", "pods/attach"), ("create", "get"), "runs commands in any pod, with its rights"),
    _Leads(("",), ("pods/ephemeralcontainers",), ("update", "patch"), "runs commands in any pod, with its rights"),
    _Leads(("",), ("secrets",), _LIST, "shows every secret, with tokens of service accounts"),
    _Leads(("",), ("secrets",), ("get",), "shows every secret", named=True, everywhere=True),
    _Leads(("",), ("pods", "replicationcontrollers"), _WRITE, "runs pods as any service account", everywhere=True),
    _Leads(("apps", "batch", "extensions"), _WORKLOADS, _WRITE, "runs pods as any service account", everywhere=True),
    _Leads(("",), ("persistentvolumes",), ("create",), "makes volumes of folders of the nodes"),
    _Leads(("",), ("namespaces",), ("update", "patch"), "changes a namespace's pod security level", named=True),
    _Leads(
        ("certificates.k8s.io",),
        ("certificatesigningrequests/approval",),
        ("update", "patch"),
        "approves certificates of any user",
    ),
    _Leads(("certificates.k8s.io",), ("signers",), ("approve", "sign"), "signs certificates of any user", named=True),
    _Leads(
        ("admissionregistration.k8s.io",),
        (
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ),
        _WRITE,
        "reads and changes whatever anybody submits",
        named=True,
    ),
)
"""Rights that lead to more (Kubernetes documentation, role based access control good practices, privilege escalation
risks; read 2026-11-26)."""


@resource_rule(
    *_ROLES,
    description="A role in Kubernetes names its verbs and resources, and none that lead to more rights.",
    remediation="List the API groups, resources and verbs that are used.",
    page=_PAGE,
    severity=Severity.HIGH,
)
def kubernetes_role_without_wildcards(role: Resource) -> Iterator[Finding]:
    """An asterisk, or whatever roles carry a label, takes in everything that is installed later."""
    aggregation = value_at(role.inputs, "aggregationRule")
    if not (is_off(aggregation) or is_unknown(aggregation)):
        yield against(role, "aggregationRule", "rules of its own", "list the rules: any role may get the label")
    rules = value_at(role.inputs, "rules")
    for index, rule in enumerate(rules if is_list(rules) else ()):
        yield from _wildcards(role, f"rules[{index}]", rule)
        yield from _leading(role, f"rules[{index}]", rule)


def _wildcards(role: Resource, path: str, rule: Any) -> Iterator[Finding]:
    words: Mapping[str, str] = {"verbs": "verbs", "resources": "resources", "apiGroups": "API groups"}
    for name, word in words.items():
        if any("*" in each for each in texts(value_at(rule, name))):
            yield against(role, f"{path}.{name}", f"the {word} that are used", "name them one by one")
    if any(each in ("*", "/*") for each in texts(value_at(rule, "nonResourceURLs"))):
        yield against(role, f"{path}.nonResourceURLs", "the paths that are used", "name them one by one")


def _leading(role: Resource, path: str, rule: Any) -> Iterator[Finding]:
    verbs = texts(value_at(rule, "verbs"))
    if any(verb in _MORE_RIGHTS for verb in verbs):
        fix = "leave the verbs that give more rights to people"
        yield against(role, f"{path}.verbs", f"none of {', '.join(_MORE_RIGHTS)}", fix)
    for each in _LEADING:
        if each.everywhere and role.type not in _CLUSTER_ROLES:
            continue
        given = [name for name in texts(value_at(rule, "resources")) if name in each.resources]
        if given and _grants(each, rule, verbs):
            allowed = f"not {' or '.join(given)} with {', '.join(verbs)}: it {each.why}"
            fix = "leave it out; name the objects in resourceNames" if each.named else "leave it out"
            yield against(role, f"{path}.resources", allowed, fix)


def _grants(each: _Leads, rule: Any, verbs: Sequence[str]) -> bool:
    """Whether a rule is about the same API groups, with one of the verbs, and on more than objects that it names."""
    groups = texts(value_at(rule, "apiGroups"))
    names = texts(value_at(rule, "resourceNames"))
    same = not groups or "*" in groups or any(group in each.groups for group in groups)
    able = bool(verbs) and ("*" in each.verbs or any(verb in ("*", *each.verbs) for verb in verbs))
    return same and able and not (each.named and names and not _makes_new(each, verbs))


def _makes_new(each: _Leads, verbs: Sequence[str]) -> bool:
    """Whether a rule allows to create objects, which have no name yet; subresources are those of a named object."""
    return "create" in verbs and "create" in each.verbs and not any("/" in name for name in each.resources)
