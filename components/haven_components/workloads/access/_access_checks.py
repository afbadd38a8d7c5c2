"""Checks of a `ClusterAccess`'s arguments."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from haven_components import limits
from haven_components.choices import PodSecurityLevel
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._identity import MOST_ROLE_NAME_CHARACTERS
from haven_components.workloads.access._access_args import (
    ClusterAccessArgs,
    MountedSecretArgs,
    NamespaceNetworkArgs,
    NamespaceQuotaArgs,
    PodUsesArgs,
    ServiceAccountArgs,
)

_LABEL_ALLOWED = "at most 63 lower-case letters, digits and hyphens, letters or digits at both ends"

RESERVED = ("default", "kube-node-lease", "kube-public", "kube-system")

MOST_NAME_CHARACTERS = 40


def longest_name(args: ClusterAccessArgs) -> int:
    """How long the component's name may be: roles are named after it and a service account."""
    accounts = [len(each["name"]) for each in args.get("service_accounts", [])]
    return min(MOST_NAME_CHARACTERS, MOST_ROLE_NAME_CHARACTERS - 1 - max(accounts, default=0))


def check_namespace(checks: Checks, args: ClusterAccessArgs) -> None:
    """A namespace of the system's own, and an exception with a reason."""
    require_label(checks, "namespace", args["namespace"])
    checks.require(
        args["namespace"] not in RESERVED,
        "namespace",
        got=args["namespace"],
        allowed="a namespace of the system's own",
        fix="name it after the system: its rules would hold for what Kubernetes runs there",
    )
    if exception := args.get("pod_security_exception"):
        path = "pod_security_exception"
        if _checks.require_choice(checks, f"{path}.level", exception["level"], PodSecurityLevel):
            checks.require(
                exception["level"] != PodSecurityLevel.RESTRICTED,
                f"{path}.level",
                got=str(exception["level"]),
                allowed="a weaker level",
                fix="leave the exception out: restricted is what pods keep without one",
            )
        checks.require(
            bool(exception["reason"].strip()),
            f"{path}.reason",
            got=exception["reason"],
            allowed="a sentence",
            fix="say which pods need the level, and what for",
        )


def check_quota(checks: Checks, quota: NamespaceQuotaArgs) -> None:
    """Something can run."""
    for key, least in (("cpu_cores", 1), ("memory_gib", 1), ("pods", 1), ("gpus", 0), ("storage_gib", 0)):
        got = quota.get(key, least)
        checks.require(
            isinstance(got, int | float) and got >= least,
            f"quota.{key}",
            got=got,
            allowed=f"a whole number from {least}",
            fix="give what the system uses at full scale, with room for a rollout",
        )


def check_network(checks: Checks, network: NamespaceNetworkArgs) -> None:
    """Blocks and ports that a NetworkPolicy takes, and ports wherever somebody may come in."""
    for key in ("vpc_cidrs", "client_cidrs", "metrics_cidrs", "aws_cidrs", "kubernetes_api_cidrs"):
        _check_cidrs(checks, f"network.{key}", _given(network, key))
    checks.require(
        len(network["vpc_cidrs"]) > 0,
        "network.vpc_cidrs",
        got=[],
        allowed="one or more",
        fix="name the VPC's blocks: AWS's endpoints are there",
    )
    for key in ("ports", "metrics_ports", "vpc_ports"):
        for index, port in enumerate(_given(network, key)):
            checks.require(
                1 <= port <= 65535,
                f"network.{key}[{index}]",
                got=port,
                allowed="1 to 65,535",
                fix="give the pods' TCP port",
            )
    for key in ("client_namespaces", "metrics_namespaces"):
        for index, each in enumerate(_given(network, key)):
            require_label(checks, f"network.{key}[{index}]", each)
    if "collector_namespace" in network:
        require_label(checks, "network.collector_namespace", network["collector_namespace"])
    for namespace, port in network.get("servers", {}).items():
        require_label(checks, "network.servers", namespace)
        _checks.require_between(
            checks, f"network.servers.{namespace}", port, limits.PORT, fix="give the pods' TCP port"
        )
    _check_openings(checks, network)


def _given(network: NamespaceNetworkArgs, key: str) -> list[Any]:
    value: Any = network.get(key, [])
    return list(value)


def _check_openings(checks: Checks, network: NamespaceNetworkArgs) -> None:
    ports = network.get("ports", [])
    for path, opened, on in (
        ("client", bool(network.get("client_cidrs") or network.get("client_namespaces")), ports),
        (
            "metrics",
            bool(network.get("metrics_cidrs") or network.get("metrics_namespaces")),
            network.get("metrics_ports", ports),
        ),
    ):
        checks.require(
            bool(on) or not opened,
            "network.ports",
            got=list(ports),
            allowed=f"one or more, as there are {path}_cidrs or {path}_namespaces",
            fix="name the ports: a rule without ports would open all of them",
        )


def _check_cidrs(checks: Checks, path: str, cidrs: Sequence[str]) -> None:
    for index, each in enumerate(cidrs):
        try:
            ipaddress.IPv4Network(each)
            known = True
        except ValueError:
            known = False
        checks.require(
            known, f"{path}[{index}]", got=each, allowed="an IPv4 block, such as 10.20.0.0/16", fix="write its network"
        )


def check_service_accounts(checks: Checks, accounts: Sequence[ServiceAccountArgs]) -> None:
    """Each once, and each names what it uses completely."""
    names = [each["name"] for each in accounts]
    checks.require(
        len(set(names)) == len(names),
        "service_accounts",
        got=names,
        allowed="each name once",
        fix="put what they use into one of them",
    )
    for index, account in enumerate(accounts):
        path = f"service_accounts[{index}]"
        require_label(checks, f"{path}.name", account["name"])
        checks.require(
            account["name"] != "default",
            f"{path}.name",
            got="default",
            allowed="an account of the workload's own",
            fix="name it after the workload: pods without an account of their own would get these rights",
        )
        check_uses(checks, f"{path}.uses", account.get("uses", {}))


def check_uses(checks: Checks, path: str, uses: PodUsesArgs) -> None:
    """Pods do something with each queue, and keys are those of something."""
    for position, queue in enumerate(uses.get("queues", [])):
        checks.require(
            queue.get("send", False) or queue.get("receive", False),
            f"{path}.queues[{position}]",
            got="neither send nor receive",
            allowed="one of them, or both",
            fix="say what the pods do with the queue",
        )
    used = [uses.get(each) for each in ("buckets", "tables", "queues", "secrets")]
    checks.require(
        "kms_key_arns" not in uses or any(used),
        f"{path}.kms_key_arns",
        got="keys of nothing",
        allowed="keys of the buckets, tables, queues and secrets that the pods use",
        fix="leave it out, or name what the keys encrypt",
    )


def check_mounts(checks: Checks, args: ClusterAccessArgs) -> None:
    """Each class once, each key in a file of its own."""
    mounts = args.get("mounted_secrets", [])
    names = [each["name"] for each in mounts]
    checks.require(
        len(set(names)) == len(names), "mounted_secrets", got=names, allowed="each name once", fix="rename one of them"
    )
    for index, each in enumerate(mounts):
        _check_mount(checks, f"mounted_secrets[{index}]", each)


def _check_mount(checks: Checks, path: str, mount: MountedSecretArgs) -> None:
    require_label(checks, f"{path}.name", mount["name"])
    files = list(mount.get("keys", {}).values())
    checks.require(
        len(set(files)) == len(files),
        f"{path}.keys",
        got=files,
        allowed="each file once",
        fix="give every key a file of its own",
    )
    checks.require(
        "environment_secret" not in mount or bool(files),
        f"{path}.environment_secret",
        got=mount.get("environment_secret"),
        allowed="nothing without keys",
        fix="name the keys that become environment variables",
    )


def require_label(checks: Checks, path: str, got: str) -> None:
    """A text is a Kubernetes label name."""
    _checks.require_match(checks, path, got, limits.KUBERNETES_NAME, allowed=_LABEL_ALLOWED, fix="choose another name")
