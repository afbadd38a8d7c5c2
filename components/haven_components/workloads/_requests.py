"""What pods ask of a node: processors, memory, GPUs, and room on its disk."""

from typing import Any

from haven_components.workloads._pods import GPU_RESOURCE

CPU_PER_GPU, MEMORY_PER_GPU_GIB = 2, 12
"""[assumption] For each GPU where nothing else is declared: what the smallest nodes with one NVIDIA GPU, of 4 vCPUs
and 16 GiB, have for their pods."""
CPU_WITHOUT_GPUS, MEMORY_WITHOUT_GPUS_GIB = 1, 4
"""[assumption] The same for a pod without GPUs."""
DISK_REQUEST = "4Gi"
"""[assumption] What a pod that computes writes onto its node's disk, logs included: the scheduler looks for a node that
has it, and where a disk fills, pods that wrote more go first."""

SMALL_DISK_REQUEST, SCRATCH_LIMIT = "1Gi", "50Gi"
"""[assumption] The same for a pod that keeps what it holds elsewhere, and the most it may write meanwhile: the system
nodes' disks have 80 GiB by default."""


def default_cpu(gpus: int) -> str:
    """Processors where nothing else is declared."""
    return str(gpus * CPU_PER_GPU or CPU_WITHOUT_GPUS)


def default_memory(gpus: int) -> str:
    """Memory where nothing else is declared."""
    return f"{gpus * MEMORY_PER_GPU_GIB or MEMORY_WITHOUT_GPUS_GIB}Gi"


def requests(cpu: str, memory: str, gpus: int) -> dict[str, Any]:
    """A container's `resources`: memory and GPUs are its limits too, processors that nobody uses it may take.

    Args:
        cpu: processors, a Kubernetes quantity.
        memory: memory, a Kubernetes quantity.
        gpus: GPUs.
    """
    limits = {"memory": memory} | ({GPU_RESOURCE: str(gpus)} if gpus else {})
    return {"requests": {"cpu": cpu, "ephemeral-storage": DISK_REQUEST, **limits}, "limits": limits}


def scratch(name: str, limit: str) -> dict[str, Any]:
    """A volume on the node's disk: a pod that writes more than `limit` ends before it takes the disk from others."""
    return {"name": name, "empty_dir": {"size_limit": limit}}


def shared_memory(memory: str) -> dict[str, Any]:
    """`/dev/shm` with up to a container's memory, of which it is a part; without it there are 64 MiB, too few for
    processes that exchange data."""
    return {"name": "shared-memory", "empty_dir": {"medium": "Memory", "size_limit": memory}}
