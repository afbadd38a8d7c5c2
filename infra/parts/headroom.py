"""Nodes that Karpenter may add in a Region, by choice: the same whichever Region is active, outside every recovery."""

import pulumi

from haven_components import HeadroomNodes, HeadroomPoolArgs
from haven_components.names import node_role_name
from infra import tagging
from infra.config.node_models import GpuNodeGroup
from infra.config.rules import instances
from infra.environment import Environment


def declare(environment: Environment, region: str, options: pulumi.ResourceOptions) -> None:
    """Declare the pools that the stack asks for.

    Args:
        environment: whose.
        region: where.
        options: of a component on the Region's cluster.
    """
    settings, chosen = environment.settings, environment.settings.cluster.headroom
    if chosen is None:
        return
    groups = {group.name: group for group in settings.cluster.gpu_node_groups}
    cluster = environment.cluster_name(region)
    HeadroomNodes(
        f"{cluster}-headroom",
        {
            "region": region,
            "cluster_name": cluster,
            "zones": list(settings.zones[region]),
            "subnet_ids": environment.networks[region].private_subnet_ids,
            "security_group_id": environment.clusters[region].cluster_security_group_id,
            "node_role_name": node_role_name(cluster),
            "kms_key_arn": environment.region_key(region),
            "bottlerocket_version": chosen.bottlerocket_version,
            "pools": [_pool(groups[name], gpus) for name, gpus in chosen.gpus.items()],
            "tags": {**settings.tags, **tagging.defaults(settings.stack, settings.residency)},
        },
        options,
    )


def _pool(group: GpuNodeGroup, gpus: int) -> HeadroomPoolArgs:
    return {
        "group": group.name,
        "instance_types": list(group.instance_types),
        "gpus": gpus,
        "labels": dict(group.labels),
        "disk_gib": group.disk_gib,
        "instance_store": instances.uses_instance_store(group, group.instance_types),
    }
