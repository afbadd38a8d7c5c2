"""Weights of models against the memory of the GPUs that hold them."""

from collections.abc import Iterator

from infra.config import models
from infra.config.node_models import GpuNodeGroup
from infra.config.rules.instances import CATALOG
from infra.config.rules.systems import SERVING, Systems, running, serving_groups


def notes(systems: Systems, cluster: models.Cluster) -> Iterator[str]:
    """Servers whose GPUs hold less than the weights that the stack file says a node of their group loads."""
    for name, system in running(systems, SERVING).items():
        for group in serving_groups(cluster, name) if system.gpus else ():
            memory, instance_type = _smallest(group)
            stated = "weights_gib" in group.model_fields_set
            if stated and 0 < system.gpus * memory < group.weights_gib:
                gpus = "1 GPU" if system.gpus == 1 else f"{system.gpus} GPUs"
                yield (
                    f"{name}: {gpus} of {instance_type} {'has' if system.gpus == 1 else 'have'}"
                    f" {system.gpus * memory:g} GiB, and nodes of {group.name} load {group.weights_gib:g} GiB of"
                    " weights: a server doesn't start, unless these are weights of several models or the engine"
                    " quantizes them. Raise gpus, with as many in the engine's arguments (tensor parallelism), or take"
                    " larger types"
                )


def _smallest(group: GpuNodeGroup) -> tuple[float, str]:
    """The least memory of one GPU among the group's types, and the type that has it; 0 where the data knows none."""
    known = [found for name in group.instance_types if (found := CATALOG.instance(name)) is not None]
    if not known:
        return 0.0, ""
    least = min(known, key=lambda each: each.gpu_memory_gib)
    return least.gpu_memory_gib, least.name
