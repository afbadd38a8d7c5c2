"""Managed node groups: one for the cluster's own services, one for each kind of GPU capacity."""

import base64
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.cluster._node_group_args import (
    CapacityReservationArgs,
    GpuNodeGroupArgs,
    SystemNodesArgs,
    capacity_type,
    gpu_group_name,
    group_zones,
    is_block,
    system_group_name,
)
from haven_components.names import GPU_LABEL, POOL_LABEL, SYSTEM_NODE_GROUP, node_name
from haven_components.shared import sdk

sdk.load(aws.ec2)

GPU_TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}
"""Only what tolerates this, as whatever asks for a GPU does, lands on GPU nodes. NVIDIA's charts use the same key."""
GPU_TOLERATION = {"key": GPU_TAINT["key"], "operator": "Exists", "effect": "NoSchedule"}

METADATA_HOPS = 1
"""Pods get credentials from the pod identity agent, so none but those on the host's network need the instance metadata
service; one hop keeps a pod from taking the node's credentials (EKS best practices, identity, read 2026-11-21)."""

UNAVAILABLE_PERCENTAGE = 33
"""The share of a group's nodes that an update takes at a time: [assumption] a third, as in three zones."""


ON_INSTANCE_STORE = """\
[settings.bootstrap-commands.instance-store]
commands = [
  ["apiclient", "ephemeral-storage", "init"],
  ["apiclient", "ephemeral-storage", "bind", "--dirs", "/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"],
]
mode = "always"
essential = true
"""
"""User data that EKS merges with its own: Bottlerocket makes one file system of the NVMe disks and puts these
directories there, with every boot and before kubelet starts (Bottlerocket 1.22 and newer, bootstrap commands and
ephemeral storage; read 2026-11-26). A node without such disks stops booting instead of filling its volume."""


PARALLEL_PULL = """\
[settings.container-runtime]
snapshotter = "soci"

[settings.container-runtime-plugins.soci-snapshotter]
pull-mode = "parallel-pull-unpack"

[settings.container-runtime-plugins.soci-snapshotter.parallel-pull-unpack]
max-concurrent-downloads-per-image = 20
concurrent-download-chunk-size = "16mb"
max-concurrent-unpacks-per-image = 10
discard-unpacked-layers = true
"""
"""User data: images are pulled and unpacked in parallel (Bottlerocket 1.44 and newer, container runtime plugins; the
numbers of public Bottlerocket node groups, none of them measured here; read 2026-11-26)."""
SOCI_FOLDER = "/var/lib/soci-snapshotter"
"""Where Bottlerocket's SOCI snapshotter keeps images."""


class NodeGroups:
    """Makes the node groups of one cluster."""

    def __init__(
        self,
        parent: pulumi.Resource,
        cluster: str,
        cluster_name: pulumi.Output[str],
        *,
        version: str,
        kms_key_arn: pulumi.Input[str],
        role_arn: pulumi.Output[str],
        subnets: Mapping[str, pulumi.Output[str]],
        after: Sequence[pulumi.Resource],
    ) -> None:
        self._parent = parent
        self._cluster = cluster
        self._cluster_name = cluster_name
        self._version = version
        self._kms_key_arn = kms_key_arn
        self._role_arn = role_arn
        self._subnets = subnets
        self._after = list(after)

    def system(self, args: SystemNodesArgs) -> aws.eks.NodeGroup:
        """The group of the cluster's own services, over every zone."""
        return self._group(
            SYSTEM_NODE_GROUP,
            system_group_name(self._cluster, list(self._subnets), args),
            args,
            template=self._template(SYSTEM_NODE_GROUP, args),
            ami_type="BOTTLEROCKET_x86_64",
            zones=list(self._subnets),
            labels={POOL_LABEL: SYSTEM_NODE_GROUP},
            instance_types=args["instance_types"],
        )

    def gpu(self, args: GpuNodeGroupArgs) -> aws.eks.NodeGroup:
        """A group of GPU nodes: on demand or spot from several zones and types, or on one reservation in its zone."""
        reservation, spot = args.get("capacity_reservation"), args.get("spot", False)
        return self._group(
            args["name"],
            gpu_group_name(self._cluster, list(self._subnets), args),
            args,
            template=self._template(
                args["name"], args, reservation, data=_user_data(args), snapshot=args.get("image_snapshot")
            ),
            ami_type="BOTTLEROCKET_x86_64_NVIDIA",
            zones=group_zones(list(self._subnets), args),
            labels={**args.get("labels", {}), POOL_LABEL: args["name"], GPU_LABEL: "spot" if spot else "true"},
            # EKS refuses types in the group and in its launch template at once; a reservation's is in the template.
            instance_types=None if reservation else args["instance_types"],
            taints=[GPU_TAINT],
            reservation=reservation,
            spot=spot,
            prepared=args.get("prepared_size"),
        )

    def _group(
        self,
        group: str,
        aws_name: str,
        size: SystemNodesArgs | GpuNodeGroupArgs,
        *,
        template: aws.ec2.LaunchTemplate,
        ami_type: str,
        zones: Sequence[str],
        labels: dict[str, str],
        instance_types: Sequence[str] | None,
        taints: Sequence[Mapping[str, str]] = (),
        reservation: CapacityReservationArgs | None = None,
        spot: bool = False,
        prepared: int | None = None,
    ) -> aws.eks.NodeGroup:
        logical = node_name(self._cluster, group)
        return aws.eks.NodeGroup(
            logical,
            node_group_name=aws_name,
            cluster_name=self._cluster_name,
            node_role_arn=self._role_arn,
            subnet_ids=[self._subnets[zone] for zone in zones],
            version=self._version,
            release_version=size.get("ami_release"),
            ami_type=ami_type,
            capacity_type=capacity_type(reservation, spot=spot),
            instance_types=instance_types,
            launch_template={"id": template.id, "version": pulumi.Output.format("{0}", template.latest_version)},
            # `desired_size` is not among the ignored changes, though an autoscaler moves it: when a Region takes over,
            # `min_size` and `desired_size` grow together, and EKS refuses a minimum above what it holds as desired.
            scaling_config={
                "min_size": int(size["min_size"]),
                "desired_size": int(size["desired_size"]),
                "max_size": int(size["max_size"]),
            },
            update_config=_update_config(reservation),
            node_repair_config={"enabled": True},
            warm_pool_config=_warm_pool(prepared),
            labels=labels,
            taints=[aws.eks.NodeGroupTaintArgs(**each) for each in taints] or None,
            tags={"Name": logical, **_autoscaling_tags(self._cluster)},
            opts=pulumi.ResourceOptions(parent=self._parent, depends_on=self._after),
        )

    def _template(
        self,
        group: str,
        size: SystemNodesArgs | GpuNodeGroupArgs,
        reservation: CapacityReservationArgs | None = None,
        *,
        data: str = "",
        snapshot: str | None = None,
    ) -> aws.ec2.LaunchTemplate:
        logical = node_name(self._cluster, group)
        tags = {"Name": logical, POOL_LABEL: group}
        return aws.ec2.LaunchTemplate(
            logical,
            name=logical,
            description=f"Nodes of group {group} of cluster {self._cluster}",
            instance_type=reservation["instance_type"] if reservation else None,
            capacity_reservation_specification=_targeted(reservation) if reservation else None,
            instance_market_options=_market_options(reservation),
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": METADATA_HOPS,
            },
            # Bottlerocket's two volumes: its read-only system, as large as the image, and everything else.
            block_device_mappings=[self._volume("/dev/xvda"), self._volume("/dev/xvdb", size, snapshot)],
            user_data=base64.b64encode(data.encode()).decode() if data else None,
            tag_specifications=[
                {"resource_type": each, "tags": tags} for each in ("instance", "network-interface", "volume")
            ],
            tags={"Name": logical},
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _volume(
        self, device: str, size: SystemNodesArgs | GpuNodeGroupArgs | None = None, snapshot: str | None = None
    ) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
        """A volume of the image's size, or the data volume of a node."""
        throughput, iops = _performance(size) if size else (None, None)
        return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name=device,
            ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                volume_type="gp3",
                encrypted="true",
                kms_key_id=self._kms_key_arn,
                delete_on_termination="true",
                volume_size=int(size["disk_gib"]) if size else None,
                snapshot_id=snapshot,
                throughput=throughput,
                iops=iops,
            ),
        )


def _user_data(args: GpuNodeGroupArgs) -> str:
    """What a node of a group does before kubelet starts; EKS merges it with its own."""
    store = ON_INSTANCE_STORE if args.get("instance_store", False) else ""
    if not args.get("parallel_pull", False):
        return store
    return store.replace('"/var/log/pods"', f'"/var/log/pods", "{SOCI_FOLDER}"') + PARALLEL_PULL


def _warm_pool(prepared: int | None) -> aws.eks.NodeGroupWarmPoolConfigArgs | None:
    """What of the prepared nodes doesn't run is stopped: all of them together are as many, whatever runs, so a failover
    empties the pool without a change of it (EC2 Auto Scaling API Reference, PutWarmPool; read 2026-11-26)."""
    if prepared is None:
        return None
    return aws.eks.NodeGroupWarmPoolConfigArgs(
        max_group_prepared_capacity=int(prepared), min_size=0, pool_state="STOPPED"
    )


def _performance(size: SystemNodesArgs | GpuNodeGroupArgs) -> tuple[int | None, int | None]:
    """Throughput and IOPS of a data volume; EBS's own least where nothing is asked for."""
    throughput, iops = size.get("disk_throughput_mibps"), size.get("disk_iops")
    if throughput is not None and iops is None:
        iops = max(limits.GP3_IOPS.least, limits.GP3_IOPS_PER_MIBPS * int(throughput))
    return None if throughput is None else int(throughput), None if iops is None else int(iops)


def _market_options(
    reservation: CapacityReservationArgs | None,
) -> aws.ec2.LaunchTemplateInstanceMarketOptionsArgs | None:
    if not is_block(reservation):
        return None
    return aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="capacity-block")


def _targeted(
    reservation: CapacityReservationArgs,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs:
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
            capacity_reservation_id=reservation["id"]
        )
    )


def _update_config(reservation: CapacityReservationArgs | None) -> aws.eks.NodeGroupUpdateConfigArgs:
    # A reservation has no room for a second set of nodes: the old ones go first (EKS User Guide, update strategies of
    # managed node groups, read 2026-11-21).
    return aws.eks.NodeGroupUpdateConfigArgs(
        max_unavailable_percentage=UNAVAILABLE_PERCENTAGE, update_strategy="MINIMAL" if reservation else None
    )


def _autoscaling_tags(cluster: str) -> dict[str, str]:
    """What an autoscaler finds its groups by.

    EKS itself puts these on the Auto Scaling group behind a managed node group (EKS User Guide, managed node groups,
    read 2026-11-21); on the node group they let an autoscaler's policy name what it may touch. Labels and taints of a
    group without nodes the Cluster Autoscaler asks of EKS (`eks:DescribeNodegroup`, since 1.24), and the number of
    GPUs it takes from the instance type, so no `node-template` tags are needed (its AWS notes, read 2026-11-21).
    """
    return {"k8s.io/cluster-autoscaler/enabled": "true", f"k8s.io/cluster-autoscaler/{cluster}": "owned"}
