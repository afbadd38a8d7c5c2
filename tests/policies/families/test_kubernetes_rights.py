"""Roles of Kubernetes that lead to more rights, and pods that reach their node."""

import json
from typing import Any

import pytest

from tests.policies.third_party.programs import EMPTY, found, one

RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"


def _minded(kind: str, *rules: Any, **inputs: Any) -> bool:
    role = one(f"{RBAC}{kind}", rules=list(rules), **inputs)(EMPTY)
    return found("kubernetes-role-without-wildcards", role) != []


def _rule(resource: str, *verbs: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs), **more}


@pytest.mark.parametrize(
    "rule",
    [
        _rule("nodes/proxy", "get"),
        _rule("serviceaccounts/token", "create"),
        _rule("pods/exec", "create"),
        _rule("pods/attach", "get"),
        _rule("pods/ephemeralcontainers", "patch"),
        _rule("secrets", "list"),
        _rule("secrets", "watch", resourceNames=["one"]),
        _rule("secrets", "get"),
        _rule("pods", "create"),
        _rule("daemonsets", "patch", group="apps"),
        _rule("jobs", "create", group="batch"),
        _rule("persistentvolumes", "create"),
        _rule("namespaces", "patch"),
        _rule("certificatesigningrequests/approval", "update", group="certificates.k8s.io"),
        _rule("signers", "sign", group="certificates.k8s.io"),
        _rule("mutatingwebhookconfigurations", "patch", group="admissionregistration.k8s.io"),
        _rule("validatingwebhookconfigurations", "create", group="admissionregistration.k8s.io", resourceNames=["a"]),
        _rule("clusterroles", "bind", group="rbac.authorization.k8s.io", resourceNames=["one"]),
        _rule("users", "impersonate"),
        _rule("*", "get"),
        _rule("*/*", "get"),
        _rule("pods/*", "get"),
        _rule("deployments", "*", group="apps"),
        _rule("deployments", "get", group="*"),
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
        {"nonResourceURLs": ["/*"], "verbs": ["get"]},
    ],
    ids=json.dumps,
)
def test_a_right_that_leads_to_more_is_seen(rule: dict[str, Any]) -> None:
    assert _minded("ClusterRole", rule)


@pytest.mark.parametrize(
    "rule",
    [
        _rule("deployments", "get", "list", group="apps"),
        _rule("pods", "get", "list", "watch"),
        _rule("pods", "get", "list", group="metrics.k8s.io"),
        _rule("pods/log", "get"),
        _rule("secrets", "get", resourceNames=["registry"]),
        _rule("mutatingwebhookconfigurations", "patch", group="admissionregistration.k8s.io", resourceNames=["ours"]),
        _rule("serviceaccounts/token", "create", resourceNames=["ours"]),
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
    ],
    ids=json.dumps,
)
def test_a_right_that_leads_nowhere_else_passes(rule: dict[str, Any]) -> None:
    assert not _minded("ClusterRole", rule)


def test_deploying_into_one_namespace_takes_a_role_and_no_cluster_role() -> None:
    worker = _rule("jobs", "create", "get", "delete", group="batch")
    assert not _minded("Role", worker)
    assert _minded("ClusterRole", worker)


def test_rules_that_come_from_whatever_roles_carry_a_label_are_seen() -> None:
    selectors = {"clusterRoleSelectors": [{"matchLabels": {"aggregate": "true"}}]}
    assert _minded("ClusterRole", aggregationRule=selectors)


PODS = [
    {"hostNetwork": True},
    {"hostPID": True},
    {"hostIPC": True},
    {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]},
    {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
    {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
    {"securityContext": {"windowsOptions": {"hostProcess": True}}},
    {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
]
CONTAINERS = [
    {"securityContext": {"privileged": True}},
    {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    {"securityContext": {"capabilities": {"add": ["ALL"]}}},
    {"securityContext": {"procMount": "Unmasked"}},
    {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
    {"securityContext": {"windowsOptions": {"hostProcess": True}}},
    {"securityContext": {"seLinuxOptions": {"type": "spc_t"}}},
    {"ports": [{"containerPort": 80, "hostPort": 80}]},
]
KINDS = {
    "kubernetes:core/v1:Pod": "spec",
    "kubernetes:core/v1:PodTemplate": "template.spec",
    "kubernetes:core/v1:ReplicationController": "spec.template.spec",
    "kubernetes:apps/v1:Deployment": "spec.template.spec",
    "kubernetes:apps/v1:ReplicaSet": "spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
}


def _reaches(type_: str, pod: Any) -> bool:
    inputs: Any = pod
    for name in reversed(KINDS[type_].split(".")):
        inputs = {name: inputs}
    return found("pod-apart-from-node", one(type_, **inputs)(EMPTY)) != []


@pytest.mark.parametrize("pod", PODS, ids=json.dumps)
@pytest.mark.parametrize("type_", KINDS)
def test_a_pod_that_reaches_its_node_is_seen_in_every_kind(type_: str, pod: Any) -> None:
    assert _reaches(type_, {"containers": [{"name": "a"}], **pod})


@pytest.mark.parametrize("container", CONTAINERS, ids=json.dumps)
@pytest.mark.parametrize("kind", ["containers", "initContainers", "ephemeralContainers"])
def test_a_container_that_reaches_its_node_is_seen_in_every_list(kind: str, container: Any) -> None:
    assert _reaches("kubernetes:apps/v1:Deployment", {kind: [{"name": "a"}, {"name": "b", **container}]})


def test_a_pod_that_keeps_to_itself_passes() -> None:
    container = {
        "name": "a",
        "ports": [{"containerPort": 80}],
        "securityContext": {
            "privileged": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
            "procMount": "Default",
        },
    }
    volumes = [{"name": "a", "emptyDir": {}}]
    assert not _reaches("kubernetes:core/v1:Pod", {"containers": [container], "volumes": volumes})


def test_app_armor_is_turned_off_by_an_annotation_too() -> None:
    metadata = {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}}
    deployment = {"template": {"metadata": metadata, "spec": {"containers": [{"name": "a"}]}}}
    assert found("pod-apart-from-node", one("kubernetes:apps/v1:Deployment", spec=deployment)(EMPTY)) != []
