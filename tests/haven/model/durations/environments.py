"""Inputs of recovery times: one environment in each tier, and random ones."""

from hypothesis import strategies as st

from haven.model.durations.gpu import GpuGroup
from haven.model.durations.graph import Node, Serial, Step
from haven.model.recovery_time import Detection, RecoveryInputs, Store
from haven.model.tiers import Tier, gpu_share, standby_count

STORES = {
    Tier.BACKUP: (Store.BACKUP, Store.REBUILT, Store.BACKUP),
    Tier.PILOT_LIGHT: (Store.HEADLESS, Store.REBUILT, Store.REPLICATED),
    Tier.WARM: (Store.REPLICATED, Store.REPLICATED, Store.REPLICATED),
    Tier.ACTIVE_ACTIVE: (Store.REPLICATED, Store.REPLICATED, Store.REPLICATED),
}
MISSING_SYSTEM_NODES = {Tier.BACKUP: 3, Tier.PILOT_LIGHT: 1, Tier.WARM: 0, Tier.ACTIVE_ACTIVE: 0}


def in_tier(tier: Tier, *groups: GpuGroup, detection: Detection, automatic: bool = False) -> RecoveryInputs:
    """An environment whose GPU groups run as many nodes on standby as the tier says."""
    database, cache, tables = STORES[tier]
    return RecoveryInputs(
        detection=detection,
        automatic=automatic,
        ttl_seconds=60,
        network=tier is not Tier.BACKUP,
        database=database,
        cache=cache,
        tables=tables,
        missing_system_nodes=MISSING_SYSTEM_NODES[tier],
        groups=tuple(_standby(each, standby_count(each.full, gpu_share(tier, None))) for each in groups),
    )


def without(node: Node, name: str) -> Node:
    """The graph without a step."""
    if isinstance(node, Step):
        return Serial(()) if node.name == name else node
    return type(node)(tuple(without(part, name) for part in node.parts))


def _standby(group: GpuGroup, nodes: int) -> GpuGroup:
    return GpuGroup(**{**vars(group), "standby": nodes})


detections = st.builds(
    Detection, period_seconds=st.sampled_from([10, 30, 60]), count=st.integers(1, 5), health_check=st.booleans()
)
groups = st.builds(
    GpuGroup,
    name=st.sampled_from(["serving", "embedding", "training"]),
    full=st.integers(0, 40),
    standby=st.just(0),
    serves=st.booleans(),
    running=st.booleans(),
    image_gb=st.floats(0.1, 60),
    weights_gb=st.floats(0.1, 800),
    volume_gb_s=st.floats(0.05, 2),
    loader=st.sampled_from(["safetensors", "runai", "tensorizer", "hub", "snapshot"]),
    storage=st.sampled_from(["ebs", "s3", "nvme", "network"]),
    storage_gb_s=st.floats(0.05, 30),
    parallel_pull=st.booleans(),
    image_present=st.booleans(),
    compiled=st.booleans(),
    prepared=st.integers(0, 40),
)
