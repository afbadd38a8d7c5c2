"""Pods that reach their node: whoever gets into one has the node, and every other pod on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from haven.config.policy import Level
from haven.program.recording import Resource
from haven_policies.rules.documents import texts
from haven_policies.rules.model import Finding, Severity, against, resource_rule
from haven_policies.rules.values import is_off, is_true, is_unknown, maps_at, number, value_at

_TEMPLATE = "spec.template.spec"
_KINDS: Mapping[str, Sequence[str]] = {
    "spec": ("core/v1:Pod",),
    "template.spec": ("core/v1:PodTemplate",),
    "spec.jobTemplate.spec.template.spec": ("batch/v1:CronJob", "batch/v1beta1:CronJob", "batch/v2alpha1:CronJob"),
    _TEMPLATE: (
        "apps/v1:DaemonSet",
        "apps/v1:Deployment",
        "apps/v1:ReplicaSet",
        "apps/v1:StatefulSet",
        "apps/v1beta1:Deployment",
        "apps/v1beta1:StatefulSet",
        "apps/v1beta2:DaemonSet",
        "apps/v1beta2:Deployment",
        "apps/v1beta2:ReplicaSet",
        "apps/v1beta2:StatefulSet",
        "batch/v1:Job",
        "core/v1:ReplicationController",
        "extensions/v1beta1:DaemonSet",
        "extensions/v1beta1:Deployment",
        "extensions/v1beta1:ReplicaSet",
    ),
}
"""Where objects describe their pods -> the types that do it there."""

_PODS: Mapping[str, str] = {
    f"kubernetes:{kind}{patch}": place for place, kinds in _KINDS.items() for kind in kinds for patch in ("", "Patch")
}
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")

_CAPABILITIES = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)
_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    )
)
_SELINUX = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
"""What the pod security standard Baseline allows to add, to set, to be (Kubernetes documentation, Pod Security
Standards; read 2026-11-26)."""

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_OFF, _CONFINED = "leave it off", "leave it out: the runtime's own profile then applies"

Check = tuple[str, Callable[[Any], bool], str, str]
"""Path, whether a value of it reaches the node, what is allowed, the fix."""


def _unconfined(value: Any) -> bool:
    return bool(value == "Unconfined")


_CONTEXT: Sequence[Check] = (
    ("securityContext.seccompProfile.type", _unconfined, "RuntimeDefault or Localhost", _CONFINED),
    ("securityContext.appArmorProfile.type", _unconfined, "RuntimeDefault or Localhost", _CONFINED),
    ("securityContext.windowsOptions.hostProcess", is_true, "false", _OFF),
    (
        "securityContext.seLinuxOptions.type",
        lambda value: not (value is None or is_unknown(value) or value in _SELINUX),
        "a type for containers",
        "leave it out",
    ),
    ("securityContext.seLinuxOptions.user", lambda value: not is_off(value), "nothing", "leave it out"),
    ("securityContext.seLinuxOptions.role", lambda value: not is_off(value), "nothing", "leave it out"),
)
"""Of pods and of containers alike."""

_OF_PODS: Sequence[Check] = (
    ("hostNetwork", is_true, "false", _OFF),
    ("hostPID", is_true, "false", _OFF),
    ("hostIPC", is_true, "false", _OFF),
    *_CONTEXT,
)
_OF_CONTAINERS: Sequence[Check] = (
    ("securityContext.privileged", is_true, "false", _OFF),
    (
        "securityContext.procMount",
        lambda value: not (is_off(value) or is_unknown(value) or value == "Default"),
        "Default",
        "leave it out",
    ),
    (
        "securityContext.capabilities.add",
        lambda value: any(
            not is_unknown(each) and each.upper().removeprefix("CAP_") not in _CAPABILITIES for each in texts(value)
        ),
        f"some of {', '.join(sorted(_CAPABILITIES))}",
        "add only what the container uses of these",
    ),
    *_CONTEXT,
)


@resource_rule(
    *_PODS,
    description="Pods are isolated from their node: not privileged, and in namespaces and folders of their own.",
    remediation="Keep to the pod security standard Baseline: no host namespaces, host paths, host ports or privileges.",
    page="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    severity=Severity.HIGH,
    level=Level.ADVISORY,
)
def pod_apart_from_node(holder: Resource) -> Iterator[Finding]:
    """Drivers and agents may need it."""
    pod = _PODS[holder.type]
    yield from _checked(holder, pod, _OF_PODS)
    yield from _volumes_and_sysctls(holder, pod)
    for kind in _CONTAINERS:
        for path, container in maps_at(holder.inputs, f"{pod}.{kind}"):
            yield from _checked(holder, path, _OF_CONTAINERS)
            for place, port in maps_at(container, "ports"):
                if number(port.get("hostPort")):
                    yield against(holder, f"{path}.{place}.hostPort", "no port of the node", "use a Service")
    yield from _annotations(holder, pod)


def _checked(holder: Resource, base: str, checks: Sequence[Check]) -> Iterator[Finding]:
    for path, reaches, allowed, fix in checks:
        value = value_at(holder.inputs, f"{base}.{path}")
        if not is_unknown(value) and reaches(value):
            yield against(holder, f"{base}.{path}", allowed, fix)


def _volumes_and_sysctls(holder: Resource, pod: str) -> Iterator[Finding]:
    for path, volume in maps_at(holder.inputs, f"{pod}.volumes"):
        folder = value_at(volume, "hostPath")
        if not (is_off(folder) or is_unknown(folder)):
            yield against(holder, f"{path}.hostPath", "no folder of the node", "use a volume of the pod's own")
    for path, setting in maps_at(holder.inputs, f"{pod}.securityContext.sysctls"):
        name = value_at(setting, "name")
        if isinstance(name, str) and not is_unknown(name) and name not in _SYSCTLS:
            yield against(holder, f"{path}.name", "a sysctl of the pod's own namespaces", "leave it out")


def _annotations(holder: Resource, pod: str) -> Iterator[Finding]:
    """AppArmor's older setting, in the metadata beside the pod's spec."""
    metadata = f"{pod.removesuffix('spec')}metadata.annotations"
    found = value_at(holder.inputs, metadata)
    for name, value in found.items() if isinstance(found, Mapping) else ():
        if name.startswith(_ANNOTATION) and value == "unconfined":
            yield Finding(holder, f"{metadata}.{name}", "unconfined", "runtime/default", "leave it out")
