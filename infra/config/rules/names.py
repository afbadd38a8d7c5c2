"""What names have room for: AWS's limits, and the Regions' codes and suffixes that names carry beside the user's."""

from collections.abc import Iterable, Mapping
from typing import Any

from haven.base.problems import Problem, shown
from haven_components import limits
from haven_components.names import SYSTEM_NODE_GROUP, region_code
from infra import names
from infra.config import models, part_models
from infra.config.rules.validators import Rules

LONGEST_STACK_NAME = 15
RESERVED_SECRETS = ("cache", "db")
"""The secrets of the cache and of the database are called so."""

_RULES = Rules()


def check(stack: str, values: Mapping[str, Any]) -> list[Problem]:
    """Every problem of names, where the stack's own is not too long already."""
    return _RULES.check({**values, "stack": stack}) if len(stack) <= LONGEST_STACK_NAME else []


@_RULES.on("stack", "regions", "domain")
def _stack(stack: str, pair: models.Regions, domain: str | None) -> Iterable[Problem]:
    both = (pair.primary, pair.recovery)
    rooms = [limits.cache_name_characters(both) - len(names.cache_name(""))]
    if domain is not None:
        rooms += [limits.BALANCER_NAME_CHARACTERS - len(names.regional_name("", region)) for region in both]
    if len(stack) > min(rooms):
        longest = max(both, key=lambda region: len(region_code(region)))
        yield Problem(
            "the stack's name",
            shown(stack),
            f"at most {min(rooms)} characters where names carry {region_code(longest)}, for {longest}",
            f"rename the stack, for example to {stack[: min(rooms)].rstrip('-')}",
        )


@_RULES.on("stack", "regions", "queues")
def _queues(stack: str, pair: models.Regions, queues: Mapping[str, part_models.Queue]) -> Iterable[Problem]:
    for name, queue in queues.items():
        if queue.bus is not None:
            taken = max(len(names.buffer_name(stack, "", region)) for region in (pair.primary, pair.recovery))
            room = limits.BUFFER_WITH_BUS_NAME_CHARACTERS - taken
            if len(name) > room:
                yield Problem(
                    f"haven:queues.{name}",
                    shown(name),
                    f"at most {room} characters with a bus: the archive's name contains the stack's",
                    f"rename it to {name[:room].rstrip('-')}, or give the stack a shorter name",
                )


@_RULES.on("stack", "tables", "secrets", "storage", "queues")
def _endpoints(
    stack: str,
    tables: Mapping[str, part_models.Table],
    secrets: Mapping[str, part_models.Secret],
    storage: models.Storage,
    queues: Mapping[str, part_models.Queue],
) -> Iterable[Problem]:
    size = names.endpoints_characters(stack, [*tables, *secrets, *storage.buckets], list(queues))
    if size > limits.PARAMETER_CHARACTERS:
        yield Problem(
            "haven:tables, haven:secrets, haven:storage.buckets, haven:queues",
            f"up to {size} characters of names and URLs in {names.endpoints_parameter(stack)}",
            f"at most {limits.PARAMETER_CHARACTERS}: a Systems Manager parameter holds no more",
            "delete some of them, or write shorter names",
        )


@_RULES.on("secrets")
def _secrets(secrets: Mapping[str, part_models.Secret]) -> Iterable[Problem]:
    for name in RESERVED_SECRETS:
        if name in secrets:
            yield Problem(
                f"haven:secrets.{name}",
                shown(name),
                "another name: it is the name of a store's own secret",
                f"rename it, for example to {name}-token",
            )


@_RULES.on("cluster")
def _gpu_groups(cluster: models.Cluster) -> Iterable[Problem]:
    for index, group in enumerate(cluster.gpu_node_groups):
        if group.name == SYSTEM_NODE_GROUP:
            yield Problem(
                f"haven:cluster.gpuNodeGroups[{index}].name",
                shown(group.name),
                "another name: it is the node group of the cluster's own services",
                "write name: gpu, for example",
            )
