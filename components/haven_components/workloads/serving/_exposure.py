"""How requests get to the pods, and what may reach them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.workloads import _pods
from haven_components.workloads._objects import EVERYWHERE, HTTPS_PORT, dns_ports, networks, tcp, to_pod_identity
from haven_components.workloads.serving._args import ModelServingArgs, traffic_port
from haven_components.workloads.serving._metadata import metadata
from haven_components.workloads.serving._names import PROBE_PORT, TARGET_LABEL, servers_name
from haven_components.workloads.serving._roles import Role

METADATA = "169.254.169.254/32"


def expose(parent: pulumi.Resource, name: str, args: ModelServingArgs, roles: Sequence[Role]) -> None:
    """Services, bindings of target groups, network policies."""
    objects = _Objects(parent, name, args)
    live = {"app.kubernetes.io/name": name, TARGET_LABEL: "live"}
    front = args.get("service_name", name)
    service = objects.service(name, live, front)
    objects.service(servers_name(name), {**live, "app.kubernetes.io/component": "server"})
    if "target" in args:
        objects.binding(name, args["target"]["target_group_arn"], service, front)
    if "canary" in args:
        canary = f"{name}-canary"
        service = objects.service(canary, live | {TARGET_LABEL: "canary"})
        if "target" in args:
            objects.binding(canary, args["canary"]["target_group_arn"], service)
    for role in roles:
        objects.policy(role)


class _Objects:
    def __init__(self, parent: pulumi.Resource, name: str, args: ModelServingArgs) -> None:
        self._parent = parent
        self._name = name
        self._args = args

    def service(self, name: str, selector: Mapping[str, str], known_as: str = "") -> kubernetes.core.v1.Service:
        """A Service of the pods that have these labels. `known_as`: its name, where that is another one."""
        port = traffic_port(self._args)
        return kubernetes.core.v1.Service(
            f"{name}-service",
            metadata=metadata(self._name, self._args, "service", known_as or name),
            spec={
                "type": "ClusterIP",
                "selector": dict(selector),
                # By number: the network policies' agent finds no named port of an init container, which the front is.
                "ports": [{"name": "http", "port": port, "target_port": port, "protocol": "TCP"}],
            },
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def binding(
        self, name: str, target_group_arn: pulumi.Input[str], service: kubernetes.core.v1.Service, known_as: str = ""
    ) -> kubernetes.apiextensions.CustomResource:
        """The Service's ready pods are the target group's targets.

        Everything that the controller's webhook would otherwise ask AWS is given, and rules of security groups are the
        environment's: so there is no `networking`.
        """
        return kubernetes.apiextensions.CustomResource(
            f"{name}-target",
            api_version="elbv2.k8s.aws/v1beta1",
            kind="TargetGroupBinding",
            metadata=metadata(self._name, self._args, "target", name),
            spec={
                "serviceRef": {"name": known_as or name, "port": traffic_port(self._args)},
                "targetGroupARN": target_group_arn,
                "targetType": "ip",
                "ipAddressType": "ipv4",
                "vpcID": self._args["target"]["vpc_id"],
            },
            # The controller's webhook refuses to edit them (AWS Load Balancer Controller, targetgroupbinding_validator;
            # read 2026-11-26).
            opts=pulumi.ResourceOptions(
                parent=self._parent,
                depends_on=[service],
                replace_on_changes=["spec.targetGroupARN", "spec.vpcID"],
                delete_before_replace=True,
            ),
        )

    def policy(self, role: Role) -> kubernetes.networking.v1.NetworkPolicy:
        """Clients may ask, and scrapers read metrics; the pods may load weights, get credentials and resolve names, and
        the fallback asks the servers. A kubelet always reaches the pods of its node."""
        own: dict[str, Any] = {"pod_selector": {}}
        clients = networks(self._args.get("client_cidrs", []))
        scrapers = networks(self._args.get("metrics_cidrs", []))
        spec: Any = {
            "pod_selector": {"match_labels": _pods.selecting(role.labels(self._name, {}))},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [
                {"from": [*clients, own], "ports": [tcp(traffic_port(self._args))]},
                {"from": [*scrapers, own], "ports": [tcp(PROBE_PORT)]},
            ],
            "egress": [
                {"ports": dns_ports()},
                to_pod_identity(),
                {"to": [{"ip_block": {"cidr": EVERYWHERE, "except": [METADATA]}}], "ports": [tcp(HTTPS_PORT)]},
                *self._to_servers(role),
            ],
        }
        return kubernetes.networking.v1.NetworkPolicy(
            f"{role.name}-policy",
            metadata=metadata(self._name, self._args, "policy", role.name),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _to_servers(self, role: Role) -> list[dict[str, Any]]:
        if role.component != "fallback":
            return []
        servers = {"app.kubernetes.io/name": self._name, "app.kubernetes.io/component": "server"}
        return [{"to": [{"pod_selector": {"match_labels": servers}}], "ports": [tcp(traffic_port(self._args))]}]
