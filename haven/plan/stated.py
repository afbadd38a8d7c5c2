"""What a stack file states and its program doesn't declare: sizes of workloads, and inputs of the cost model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from haven.model.node_disks import GB_IN_A_GIB, PULLED_SHARE


@dataclass(frozen=True)
class Stated:
    """Values of a stack file; without one, nothing is stated and the models assume."""

    images_gb: Mapping[str, float] = field(default_factory=dict)
    """GPU node group -> its images, as they are pulled."""
    group_weights_gb: Mapping[str, float] = field(default_factory=dict)
    """GPU node group -> the weights that a node loads."""
    system_weights_gb: Mapping[str, float] = field(default_factory=dict)
    """System -> the weights of the version that serves."""
    usage: Mapping[str, float] = field(default_factory=dict)
    """Over the defaults of `haven.model.cost.USAGE`."""
    savings_plan_percent: float = 0
    outage_usd_per_hour: float | None = None

    def weights_gb(self, group: str, system: str) -> float | None:
        """The weights that a node of a group loads; None where the stack file doesn't say."""
        return self.system_weights_gb.get(system, self.group_weights_gb.get(group))


def stated(config: Mapping[str, str]) -> Stated:
    """What a stack's config states.

    Args:
        config: its values by key, as Pulumi has them: maps and lists are JSON.
    """
    groups = _map(config, "haven:cluster").get("gpuNodeGroups", [])
    cost = _map(config, "haven:cost")
    return Stated(
        images_gb={
            each["name"]: each["imageGib"] * PULLED_SHARE * GB_IN_A_GIB for each in groups if "imageGib" in each
        },
        group_weights_gb={each["name"]: each["weightsGib"] * GB_IN_A_GIB for each in groups if "weightsGib" in each},
        system_weights_gb=dict(_weights(_map(config, "haven:systems"))),
        usage=cost.get("usage", {}),
        savings_plan_percent=cost.get("savingsPlanPercent", 0),
        outage_usd_per_hour=cost.get("outageUsdPerHour"),
    )


def _weights(systems: Mapping[str, Any]) -> list[tuple[str, float]]:
    models = [(name, each["model"]) for name, each in systems.items() if each.get("model")]
    return [(name, each["versions"][each["version"]]["weightsGib"] * GB_IN_A_GIB) for name, each in models]


def _map(config: Mapping[str, str], key: str) -> Mapping[str, Any]:
    found = json.loads(config.get(key) or "{}")
    return found if isinstance(found, dict) else {}
