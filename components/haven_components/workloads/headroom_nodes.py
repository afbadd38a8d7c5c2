"""Nodes that Karpenter adds beside the GPU node groups of a cluster, up to a limit: headroom, and nothing more."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.limits import NODE_DISK_GIB, Range
from haven_components.names import GPU_LABEL, HEADROOM_LABEL, POOL_LABEL
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._pods import GPU_RESOURCE

NODE_POOL, NODE_CLASS = "karpenter.sh/v1", "karpenter.k8s.aws/v1"
"""What Karpenter 1.15 stores (its custom resource definitions; read 2026-11-26)."""
GPUS = Range(1, 1000)
"""A bound against slips, no limit of Karpenter."""
MOST_NAME_CHARACTERS = 40
DEFAULT_DISK_GIB = 500
EMPTY_FOR = "10m"
"""[assumption] How long a node may be empty before Karpenter removes it: longer than a restart of its pods."""


class HeadroomPoolArgs(TypedDict):
    group: str
    """Name of the GPU node group that it is for: its nodes carry the group's labels and taint, so the group's pods run
    on them too."""
    instance_types: list[str]
    """Instance types that Karpenter may choose from, x86."""
    gpus: int
    """The GPUs that all its nodes have together at most, 1 to 1,000."""
    labels: NotRequired[dict[str, str]]
    """Further labels of the nodes. Omitted: none."""
    disk_gib: NotRequired[int]
    """Data volume of a node, GiB. Omitted: 500, an assumption."""
    instance_store: NotRequired[bool]
    """Whether images and pods' files are on the instance's NVMe disks. Omitted: false."""


class HeadroomNodesArgs(TypedDict):
    region: str
    """The cluster's Region, for example `eu-west-1`."""
    cluster_name: str
    """Name of the EKS cluster."""
    zones: list[str]
    """Zones of the nodes."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of the private subnets of the nodes."""
    security_group_id: pulumi.Input[str]
    """Id of the security group that control plane and nodes share."""
    node_role_name: str
    """Name of the nodes' role, which has an access entry as the node groups' role does."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key in this Region that encrypts the nodes' volumes."""
    bottlerocket_version: str
    """Version of Bottlerocket, such as `1.50.0`: another one replaces the nodes. EKS's node groups have their own."""
    pools: list[HeadroomPoolArgs]
    """One for each GPU node group that gets headroom."""
    tags: NotRequired[dict[str, str]]
    """Tags of the instances and volumes, beside the cluster's. Omitted: none."""


class HeadroomNodes(pulumi.ComponentResource):
    """A NodePool and an EC2NodeClass for each GPU node group that may have more nodes than are declared.

    It wants Karpenter 1.15 in the cluster, which it doesn't install (docs/headroom.md). Nodes are on-demand ones: spot
    instances need Karpenter's interruption queue, and node groups have them. Karpenter removes empty nodes alone.

    No recovery depends on it: capacity that a recovery needs is in the node groups and their reservations, a runbook
    scales those and waits for no node of Karpenter's, and the objects are the same whichever Region is active.
    """

    node_pools: pulumi.Output[list[str]]
    """Names of the NodePools."""

    def __init__(self, name: str, args: HeadroomNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:HeadroomNodes", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        for pool in args["pools"]:
            logical = f"{name}-{pool['group']}"
            node_class = self._object(f"{logical}-class", logical, NODE_CLASS, "EC2NodeClass", self._node_class(pool))
            self._object(logical, logical, NODE_POOL, "NodePool", self._node_pool(logical, pool), node_class)
        self.node_pools = pulumi.Output.from_input([f"{name}-{pool['group']}" for pool in args["pools"]])
        self.register_outputs({"node_pools": self.node_pools})

    def _object(
        self, logical: str, name: str, api_version: str, kind: str, spec: Any, *after: pulumi.Resource
    ) -> pulumi.Resource:
        made: pulumi.Resource = kubernetes.apiextensions.CustomResource(
            logical,
            api_version=api_version,
            kind=kind,
            metadata={"name": name, "labels": {"app.kubernetes.io/part-of": self._name}},
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )
        return made

    def _node_class(self, pool: HeadroomPoolArgs) -> dict[str, Any]:
        args = self._args
        subnets = pulumi.Output.from_input(args["subnet_ids"])
        spec: dict[str, Any] = {
            "amiSelectorTerms": [{"alias": f"bottlerocket@v{args['bottlerocket_version']}"}],
            "role": args["node_role_name"],
            "subnetSelectorTerms": [{"id": subnets[index]} for index in range(len(args["zones"]))],
            "securityGroupSelectorTerms": [{"id": args["security_group_id"]}],
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [
                self._volume("/dev/xvda", 4),
                self._volume("/dev/xvdb", int(pool.get("disk_gib", DEFAULT_DISK_GIB))),
            ],
            "tags": {**args.get("tags", {}), "Name": f"{self._name}-{pool['group']}"},
        }
        return spec | ({"instanceStorePolicy": "RAID0"} if pool.get("instance_store", False) else {})

    def _volume(self, device: str, gib: int) -> dict[str, Any]:
        """Bottlerocket has its system on the first volume and everything else on the second one."""
        volume = {"volumeSize": f"{gib}Gi", "volumeType": "gp3", "encrypted": True, "deleteOnTermination": True}
        return {"deviceName": device, "ebs": {**volume, "kmsKeyID": self._args["kms_key_arn"]}}

    def _node_pool(self, node_class: str, pool: HeadroomPoolArgs) -> dict[str, Any]:
        labels = {POOL_LABEL: pool["group"], GPU_LABEL: "true", HEADROOM_LABEL: "true"}
        requirements = {
            "node.kubernetes.io/instance-type": pool["instance_types"],
            "topology.kubernetes.io/zone": self._args["zones"],
            "karpenter.sh/capacity-type": ["on-demand"],
            "kubernetes.io/arch": ["amd64"],
        }
        return {
            "limits": {GPU_RESOURCE: str(int(pool["gpus"]))},
            "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": EMPTY_FOR},
            "template": {
                "metadata": {"labels": {**pool.get("labels", {}), **labels}},
                "spec": {
                    "nodeClassRef": {"group": NODE_CLASS.partition("/")[0], "kind": "EC2NodeClass", "name": node_class},
                    "requirements": [
                        {"key": key, "operator": "In", "values": list(values)} for key, values in requirements.items()
                    ],
                    "taints": [{"key": GPU_RESOURCE, "value": "true", "effect": "NoSchedule"}],
                    # A generation or a training run is longer than any age at which a node would have to go.
                    "expireAfter": "Never",
                },
            },
        }


def _validate(name: str, args: HeadroomNodesArgs) -> None:
    checks = Checks("HeadroomNodes", name, HeadroomNodesArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_some(checks, "zones", args["zones"]),
        lambda: _checks.require_match(
            checks,
            "bottlerocket_version",
            args["bottlerocket_version"],
            r"\d+\.\d+\.\d+",
            allowed="a version in full, such as 1.50.0",
            fix="pin one version: with another one Karpenter replaces the nodes",
        ),
        lambda: _checks.require_some(checks, "pools", [each["group"] for each in args["pools"]]),
        lambda: _require_pools(checks, args["pools"]),
    )


def _require_pools(checks: Checks, pools: list[HeadroomPoolArgs]) -> None:
    for index, pool in enumerate(pools):
        path = f"pools[{index}]"
        _checks.require_some(checks, f"{path}.instance_types", pool["instance_types"])
        _checks.require_between(checks, f"{path}.gpus", pool["gpus"], GPUS, fix="name a limit that your quotas allow")
        disk = pool.get("disk_gib", DEFAULT_DISK_GIB)
        _checks.require_between(checks, f"{path}.disk_gib", disk, NODE_DISK_GIB, fix="leave it out for 500")
