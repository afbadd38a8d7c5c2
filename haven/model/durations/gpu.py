"""The GPU path of a recovery: nodes, image, weights and engine, as far as they are not there already."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from haven.model.durations.distributions import AtLeast, LogNormal, Slowest
from haven.model.durations.graph import Basis, Node, Serial, Step, parallel, serial
from haven.model.durations.terms import Fitted, Terms

OPENING_SHARE = 1 / 3
"""Share of a group's full size that serves before traffic is moved to it, rounded up. An assumption: the standby share
of tier warm."""
_SOCI = Basis("documented", ("aws-samples karpenter-blueprints, SOCI snapshotter (2025)",))
_PARALLEL_PULL = 0.5
"""Time of a parallel pull (SOCI) over that of the default. Source: karpenter-blueprints, "up to 50 % less"."""
_MORE_NODES = "keep more nodes on standby: a higher tier, haven:cluster.standbyShare, or preparedSize of the group"


@dataclass(frozen=True)
class GpuGroup:
    """A GPU node group in the standby Region, and the workload on it."""

    name: str
    full: int
    """Nodes that serve in the end."""
    standby: int
    """Nodes that run already."""
    serves: bool = True
    """Whether traffic waits for it; otherwise it comes after everything else."""
    running: bool = True
    """Whether the nodes that run already have a replica that answers."""
    image_gb: float = 9.0
    weights_gb: float = 15.0
    volume_gb_s: float = 0.125
    loader: str = "safetensors"
    """`safetensors`, `runai`, `tensorizer`, `serverlessllm`, `fastsafetensors`, `hub`, or `snapshot` for a restored
    GPU snapshot."""
    storage: str = "ebs"
    """Where weights are loaded from: `ebs`, `s3`, `nvme` or `network`."""
    storage_gb_s: float = math.inf
    """Throughput of that storage."""
    parallel_pull: bool = False
    """Whether images are pulled in parallel (SOCI)."""
    image_present: bool = False
    """Whether nodes start with the image on their volume."""
    compiled: bool = True
    """Whether the engine compiles the model when it starts, as vLLM does from 0.8 on."""
    prepared: int = 0
    """Nodes that run or wait, stopped, in a warm pool: missing ones up to here start from it."""
    system: str = ""
    """Whose it is; empty: whoever serves."""

    @property
    def opening(self) -> int:
        """Nodes that must serve before traffic is moved."""
        return math.ceil(self.full * OPENING_SHARE)


def gpu_path(group: GpuGroup, terms: Terms, wanted: int) -> Serial:
    """The steps until `wanted` nodes of a group serve: node, image, weights, engine, as far as not done already."""
    missing = max(0, wanted - group.standby)
    if wanted == 0 or (missing == 0 and group.running):
        return serial()
    return Serial(tuple(_gpu_steps(group, terms, missing)))


def _gpu_steps(group: GpuGroup, terms: Terms, missing: int) -> Iterator[Node]:
    if missing:
        yield _nodes(group, terms, missing)
    if not group.image_present:
        yield _pull(group, terms)
    if group.loader == "snapshot":
        restored = terms["gpu_snapshot"]
        yield Step(f"GPU snapshot {group.name}", restored.duration, restored.basis)
        return
    yield _load(group, terms)
    started = terms["engine_start" if group.compiled else "engine_start_uncompiled"]
    yield Step(f"engine {group.name}", started.duration, started.basis, "keep the compilation cache beside the weights")


def _nodes(group: GpuGroup, terms: Terms, missing: int) -> Node:
    """Nodes of the warm pool, beside those that are launched where it has too few."""
    pooled = min(missing, max(0, group.prepared - group.standby))
    counts = (("warm_pool_node", "warm pool", pooled), ("gpu_node", "GPU nodes", missing - pooled))
    found = [_starting(terms[term], f"{name} {group.name}", count) for term, name, count in counts if count]
    return found[0] if len(found) == 1 else parallel(*found)


def _starting(launched: Fitted, name: str, count: int) -> Step:
    return Step(name, Slowest(launched.duration, count), launched.basis, _MORE_NODES)


def _pull(group: GpuGroup, terms: Terms) -> Step:
    pulled = terms["image_pull"]
    taken = pulled.for_size(group.image_gb)
    if group.parallel_pull:
        taken = LogNormal(taken.median * _PARALLEL_PULL, taken.sigma)
    basis = _together(pulled.basis, _SOCI) if group.parallel_pull else pulled.basis
    bounded = AtLeast(taken, group.image_gb / group.volume_gb_s)
    return Step(f"image {group.name}", bounded, basis, "a smaller image, a faster volume, or a parallel pull (SOCI)")


def _load(group: GpuGroup, terms: Terms) -> Step:
    loaded = terms.weights(group.loader, group.storage)
    least = group.weights_gb / min(group.storage_gb_s, group.volume_gb_s if group.storage == "ebs" else math.inf)
    return Step(
        f"weights {group.name}",
        AtLeast(loaded.for_size(group.weights_gb), least),
        loaded.basis,
        "a streaming loader from S3, or a faster volume",
    )


def _together(*bases: Basis) -> Basis:
    return Basis(bases[0].kind, tuple(source for basis in bases for source in basis.sources))
