"""A namespace's NetworkPolicies: nothing goes in or out but what is named.

They are enforced where the VPC CNI add-on has `enableNetworkPolicy: "true"`, as `InferenceCluster` sets it (EKS User
Guide, network policies; read 2026-11-26). Policies add up: a component may allow more for its own pods, none can take
anything back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_kubernetes as kubernetes

from haven_components.names import CACHE_PORT, DATABASE_PORT
from haven_components.shared.traces import OTLP_PORTS
from haven_components.workloads._objects import (
    EVERYWHERE,
    HTTPS_PORT,
    dns_ports,
    in_namespace,
    networks,
    tcp,
    to_networks,
    to_pod_identity,
)
from haven_components.workloads.access._access_args import NamespaceNetworkArgs
from haven_components.workloads.access._namespace import InNamespace

VPC_PORTS = (HTTPS_PORT, DATABASE_PORT, CACHE_PORT)


PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
"""What is no public address (RFC 1918, RFC 3927, RFC 6598)."""

_EVERYBODY: Mapping[str, Any] = {}


def network_policies(place: InNamespace, args: NamespaceNetworkArgs) -> None:
    """Declare the policies of one namespace."""
    for name, spec in _policies(args).items():
        kubernetes.networking.v1.NetworkPolicy(
            place.logical(name),
            metadata=place.metadata(name),
            spec=spec,
            opts=place.options,
        )


def _policies(args: NamespaceNetworkArgs) -> dict[str, Any]:
    ports = args.get("ports", [])
    policies = {
        "default-deny": {"pod_selector": _EVERYBODY, "policy_types": ["Ingress", "Egress"]},
        "within-namespace": _ingress({"from_": [{"pod_selector": _EVERYBODY}]})
        | _egress({"to": [{"pod_selector": _EVERYBODY}]}, both=True),
        "to-dns": _egress({"to": [_dns()], "ports": dns_ports()}),
        "to-aws": _egress(*_aws(args)),
    }
    clients = _peers(args.get("client_cidrs", []), args.get("client_namespaces", []))
    if clients and ports:
        policies["from-clients"] = _ingress({"from_": clients, "ports": [tcp(each) for each in ports]})
    scrapers = _peers(args.get("metrics_cidrs", []), args.get("metrics_namespaces", []))
    if scrapers:
        scraped = [tcp(each) for each in args.get("metrics_ports", ports)]
        policies["from-metrics"] = _ingress({"from_": scrapers, "ports": scraped})
    if servers := args.get("servers", {}):
        called = [{"to": [in_namespace(each)], "ports": [tcp(port)]} for each, port in servers.items()]
        policies["to-servers"] = _egress(*called)
    if collector := args.get("collector_namespace"):
        ports = list(OTLP_PORTS.values())
        policies["to-collector"] = _egress({"to": [in_namespace(collector)], "ports": [tcp(each) for each in ports]})
    if api := args.get("kubernetes_api_cidrs", []):
        policies["to-kubernetes-api"] = _egress(to_networks(api, HTTPS_PORT))
    return policies


def _aws(args: NamespaceNetworkArgs) -> list[dict[str, Any]]:
    """Credentials from the node's agent; endpoints, database and cache in the VPC; what has public addresses."""
    if "aws_cidrs" in args:
        public = networks(args["aws_cidrs"])
    else:
        public = [{"ip_block": {"cidr": EVERYWHERE, "except_": list(PRIVATE)}}]
    rules = [to_pod_identity(), to_networks(args["vpc_cidrs"], *args.get("vpc_ports", VPC_PORTS))]
    # A rule without peers would allow everybody.
    return [*rules, *([{"to": public, "ports": [tcp(HTTPS_PORT)]}] if public else [])]


def _dns() -> dict[str, Any]:
    return in_namespace("kube-system") | {"pod_selector": {"match_labels": {"k8s-app": "kube-dns"}}}


def _peers(cidrs: Sequence[str], namespaces: Sequence[str]) -> list[dict[str, Any]]:
    return [*networks(cidrs), *(in_namespace(each) for each in namespaces)]


def _ingress(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"pod_selector": _EVERYBODY, "ingress": [rule], "policy_types": ["Ingress"]}


def _egress(*rules: Mapping[str, Any], both: bool = False) -> dict[str, Any]:
    types = ["Ingress", "Egress"] if both else ["Egress"]
    return {"pod_selector": _EVERYBODY, "egress": list(rules), "policy_types": types}
