"""How fast a GPU node's disk has to be: its pods start once image and weights are on it."""

import math
from collections.abc import Sequence

from haven.model.catalog import Catalog
from haven.model.sources import Assumption

IMAGE_GIB = Assumption(
    15, "GiB", "unpacked images of a GPU node", "CUDA, a framework and a server; depends on the image: measure it"
)
WEIGHTS_GIB = Assumption(
    60, "GiB", "weights that a GPU node loads", "30 billion parameters of 16 bits; depends on the model: measure it"
)
LOAD_MINUTES = Assumption(
    3, "min", "how long writing image and weights may take", "about as long as an instance takes to boot and join"
)
FILLED = Assumption(0.8, "share", "how full a node's disk may be", "kubelet deletes images from 85 % on, its default")

GB_IN_A_GIB = 1.073741824
PULLED_SHARE = 9 / 15
"""Size of an image in the registry, compressed, over its size unpacked, which `imageGib` is: about 9 GB of vLLM's
server take about 15 GiB. An assumption."""

LEAST_MIBPS, MOST_MIBPS = 125, 1000
"""What gp3 has at no price beyond its size, and what the AWS provider 5.100 accepts in a launch template."""


def throughput_mibps(catalog: Catalog, instance_types: Sequence[str], image_gib: float, weights_gib: float) -> int:
    """Throughput of the volume that image and weights are written to in `LOAD_MINUTES`: at least what gp3 has anyway,
    at most what the fastest of the instance types takes (where the data knows it).

    Args:
        catalog: what instance types have.
        instance_types: those of the node group.
        image_gib: its images, unpacked.
        weights_gib: the weights that a node loads.
    """
    wanted = math.ceil((image_gib + weights_gib) * 1024 / (LOAD_MINUTES.value * 60))
    known = [found.ebs_max_mb_s for each in instance_types if (found := catalog.instance(each)) and found.ebs_max_mb_s]
    fastest = math.floor(max(known) * 1e6 / 2**20) if known else MOST_MIBPS
    return max(LEAST_MIBPS, min(wanted, fastest, MOST_MIBPS))


def without_instance_store(catalog: Catalog, instance_types: Sequence[str]) -> Sequence[str]:
    """The types that have no instance store, as far as the data knows."""
    return [each for each in instance_types if not (found := catalog.instance(each)) or not found.nvme_gb]


def instance_store_holds(catalog: Catalog, instance_types: Sequence[str], gib: float) -> bool:
    """Whether every type has an instance store that holds this much without being filled."""
    found = [catalog.instance(each) for each in instance_types]
    return all(each is not None and each.nvme_gb * 1e9 / 2**30 * FILLED.value >= gib for each in found)
