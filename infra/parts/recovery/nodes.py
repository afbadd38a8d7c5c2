"""The node groups of a Region, at full scale and on standby: what a recovery changes of them."""

from dataclasses import asdict
from typing import Any

from haven_components import gpu_group_name, system_group_name
from haven_components.names import SYSTEM_NODE_GROUP
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.nodes import placement
from infra.config.rules.systems import SERVING
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts import compute
from infra.scale import Nodes, Scale


def groups(environment: Environment, region: str, full: Scale, standby: Scale) -> dict[str, dict[str, Any]]:
    """Name in AWS -> a node group: minimum, desired and maximum size at full scale and on standby, and what else is
    known of its nodes."""
    cluster, name = environment.settings.cluster, environment.cluster_name(region)
    zones = environment.settings.zones[region]
    system = compute.system_nodes(environment, region)
    found: dict[str, dict[str, Any]] = {
        system_group_name(name, zones, system): {
            "full": _sizes(full.system_nodes),
            "standby": _sizes(standby.system_nodes),
            "types": system["instance_types"],
            "pool": SYSTEM_NODE_GROUP,
        }
    }
    for group in cluster.gpu_node_groups:
        args = compute.gpu_group(environment, region, group)
        known: dict[str, Any] = {
            "full": _sizes(full.gpu_nodes[group.name]),
            "standby": _sizes(standby.gpu_nodes[group.name]),
            "types": args["instance_types"],
            "gpu": True,
            **_loaded(environment.settings, group),
        }
        if others := placement.stand_ins(environment.settings.systems, cluster, group):
            known["standIns"] = {each: float(replaces) for each, replaces in others.items()}
        if "capacity_reservation" in args:
            known["reservation"] = {key: args["capacity_reservation"][key] for key in ("id", "zone")}
        found[gpu_group_name(name, zones, args)] = known
    return found


def _loaded(settings: Settings, group: GpuNodeGroup) -> dict[str, Any]:
    """What a new node of a GPU group has to load: by it a runbook predicts how long that takes."""
    system = settings.systems.get(group.system or "")
    model = system.model if system is not None else None
    weights = model.versions[model.version].weights_gib if model is not None else group.weights_gib
    streamed = {"streamed": True} if system is not None and system.runs and system.kind == SERVING else {}
    return {"pool": group.name, "imageGib": group.image_gib, "weightsGib": weights, **streamed}


def _sizes(nodes: Nodes) -> list[int]:
    """Minimum, desired and maximum size."""
    return list(asdict(nodes).values())
