"""The cluster of one Region, at the Region's scale."""

import pulumi

from haven.model import node_disks
from haven_components import CapacityMarket, ClusterAccessPolicy, GpuNodeGroupArgs, InferenceCluster, SystemNodesArgs
from haven_components.names import target_group_name
from infra import tagging
from infra.config.addons import pinned
from infra.config.node_models import GpuNodeGroup
from infra.config.rules import instances
from infra.environment import Environment

SYSTEM_LABEL = "haven-system"


def cluster(environment: Environment, region: str) -> InferenceCluster:
    """Declare the cluster of a Region."""
    settings, network = environment.settings, environment.networks[region]
    chosen = settings.cluster
    return InferenceCluster(
        environment.cluster_name(region),
        {
            "region": region,
            "account_id": settings.account,
            "kubernetes_version": chosen.version,
            "upgrade_policy": chosen.upgrade_policy,
            "vpc_id": network.vpc_id,
            "subnet_ids": network.private_subnet_ids,
            "zones": list(settings.zones[region]),
            "kms_key_arn": environment.region_key(region),
            "addons": pinned(chosen.version, chosen.addons),
            "public_access_cidrs": list(chosen.public_access_cidrs),
            "private_access_cidrs": list(chosen.private_access_cidrs),
            "service_cidr": chosen.service_cidr,
            "target_groups": [target_group_name(environment.cluster_name(region))] if settings.domain else [],
            "access_entries": [
                {"principal_arn": arn, "policy": ClusterAccessPolicy.CLUSTER_ADMIN} for arn in chosen.admin_role_arns
            ],
            "log_types": list(chosen.log_types),
            "system_nodes": system_nodes(environment, region),
            "gpu_node_groups": [gpu_group(environment, region, group) for group in chosen.gpu_node_groups],
            "ephemeral": settings.ephemeral,
        },
        pulumi.ResourceOptions.merge(
            environment.options(region, "logs"),
            pulumi.ResourceOptions(transformations=[*tagging.by_label(SYSTEM_LABEL)]),
        ),
    )


def system_nodes(environment: Environment, region: str) -> SystemNodesArgs:
    """What a Region's cluster asks for its own services."""
    nodes = environment.settings.cluster.system_nodes
    sizes = environment.scales[region].system_nodes
    args: SystemNodesArgs = {
        "instance_types": list(nodes.instance_types),
        "min_size": sizes.min_size,
        "desired_size": sizes.desired_size,
        "max_size": sizes.max_size,
        "disk_gib": nodes.disk_gib,
    }
    _add_disk(args, nodes.disk_throughput_mibps, nodes.disk_iops)
    return args


def gpu_group(environment: Environment, region: str, group: GpuNodeGroup) -> GpuNodeGroupArgs:
    """What a Region's cluster asks for one of its GPU groups."""
    sizes = environment.scales[region].gpu_nodes[group.name]
    args: GpuNodeGroupArgs = {
        "name": group.name,
        "instance_types": list(group.instance_types),
        "min_size": sizes.min_size,
        "desired_size": sizes.desired_size,
        "max_size": sizes.max_size,
        "disk_gib": group.disk_gib,
        "labels": {**group.labels, **({SYSTEM_LABEL: group.system} if group.system else {})},
    }
    if group.spot:
        args["spot"] = True
    if group.prepared_size is not None:
        args["prepared_size"] = group.prepared_size
    if group.parallel_pull:
        args["parallel_pull"] = True
    if snapshot := group.image_snapshots.get(region):
        args["image_snapshot"] = snapshot
    reserved = group.capacity_reservations.get(region)
    if reserved:
        args["instance_types"] = [reserved.instance_type]
        args["capacity_reservation"] = {
            "id": reserved.id,
            "zone": reserved.zone,
            "instance_type": reserved.instance_type,
            "market": CapacityMarket(reserved.market),
        }
    throughput = group.disk_throughput_mibps
    if instances.uses_instance_store(group, args["instance_types"]):
        args["instance_store"] = True
    elif throughput is None:
        throughput = node_disks.throughput_mibps(
            instances.CATALOG, args["instance_types"], group.image_gib, group.weights_gib
        )
    _add_disk(args, throughput, group.disk_iops)
    return args


def _add_disk(args: SystemNodesArgs | GpuNodeGroupArgs, throughput: int | None, iops: int | None) -> None:
    if throughput is not None:
        args["disk_throughput_mibps"] = throughput
    if iops is not None:
        args["disk_iops"] = iops
