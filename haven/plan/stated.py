"""What a stack file states and its program doesn't declare: sizes of workloads, and inputs of the cost model."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from haven.base.problems import Problem, Problems, shown
from haven.config.refusals import as_number
from haven.model.cost import SIZED_ELSEWHERE
from haven.model.node_disks import GB_IN_A_GIB, PULLED_SHARE
from haven.model.sources import BACKUP_MINUTES


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
    """Over the defaults of `haven.model.cost.USAGE`, with the size of the database."""
    savings_plan_percent: float = 0
    outage_usd_per_hour: float | None = None
    backup_minutes: Mapping[str, float] = field(default_factory=dict)
    """What a backup job and its copy take, of those that the stack file has: `assumedJobMinutes`,
    `assumedCopyMinutes`."""

    @property
    def job_and_copy_seconds(self) -> float | None:
        """What a backup job and its copy take; None where the stack file has neither."""
        if not self.backup_minutes:
            return None
        return 60 * sum(self.backup_minutes.get(key, each.value) for key, each in BACKUP_MINUTES.items())

    def weights_gb(self, group: str, system: str) -> float | None:
        """The weights that a node of a group loads; None where the stack file doesn't say."""
        return self.system_weights_gb.get(system, self.group_weights_gb.get(group))


def stated(config: Mapping[str, str]) -> Stated:
    """What a stack's config states.

    Args:
        config: its values by key, as Pulumi has them: maps and lists are JSON, in which a number may be text.

    Raises:
        Problems: a value isn't the number that it has to be.
    """
    groups = _map(config, "haven:cluster").get("gpuNodeGroups", [])
    cost = _map(config, "haven:cost")
    backups = _map(config, "haven:backups")
    given = [key for key in BACKUP_MINUTES if key in backups]
    return Stated(
        images_gb={name: gib * PULLED_SHARE * GB_IN_A_GIB for name, gib in _of_groups(groups, "imageGib").items()},
        group_weights_gb={name: gib * GB_IN_A_GIB for name, gib in _of_groups(groups, "weightsGib").items()},
        system_weights_gb=dict(_weights(_map(config, "haven:systems"))),
        usage={
            **{what: _number(f"haven:cost.usage.{what}", each) for what, each in cost.get("usage", {}).items()},
            **dict(_sizes(config)),
        },
        savings_plan_percent=_number("haven:cost.savingsPlanPercent", cost.get("savingsPlanPercent", 0)),
        outage_usd_per_hour=(
            _number("haven:cost.outageUsdPerHour", cost["outageUsdPerHour"])
            if cost.get("outageUsdPerHour") is not None
            else None
        ),
        backup_minutes={key: _number(f"haven:backups.{key}", backups[key]) for key in given},
    )


def _of_groups(groups: Sequence[Mapping[str, Any]], key: str) -> dict[str, float]:
    return {
        each["name"]: _number(f"haven:cluster.gpuNodeGroups ({each['name']}).{key}", each[key])
        for each in groups
        if key in each
    }


def _sizes(config: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """Use that other keys state than haven:cost.usage."""
    for what, key in SIZED_ELSEWHERE.items():
        part, _, name = key.rpartition(".")
        if name in (found := _map(config, part)):
            yield what, _number(key, found[name])


def _weights(systems: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, each in systems.items():
        if model := each.get("model"):
            gib = model["versions"][model["version"]]["weightsGib"]
            yield name, _number(f"haven:systems.{name}.model.versions.{model['version']}.weightsGib", gib) * GB_IN_A_GIB


def _number(key: str, value: object) -> float:
    found = as_number(value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise Problems([Problem(key, shown(value), "a number", "write one, such as 15")])
    return found


def _map(config: Mapping[str, str], key: str) -> Mapping[str, Any]:
    found = json.loads(config.get(key) or "{}")
    return found if isinstance(found, dict) else {}
