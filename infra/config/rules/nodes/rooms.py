"""What a node has for pods: what its instance type has, without what the kernel, EKS and daemon sets take of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from haven.model.catalog import InstanceType
from haven.model.sources import Assumption, SourcedFigure

_AMIS = "awslabs/amazon-eks-ami, nodeadm's kubelet configuration (AL2023); Bottlerocket's kube_reserve_cpu and _memory"
_READ = "2026-11-26"

CPU_RESERVED = (
    SourcedFigure(0.06, "share", "of the first core is reserved for Kubernetes", _AMIS, _READ),
    SourcedFigure(0.01, "share", "of the second core", _AMIS, _READ),
    SourcedFigure(0.005, "share", "of each of the next two cores", _AMIS, _READ),
    SourcedFigure(0.0025, "share", "of each core above four", _AMIS, _READ),
)
MEMORY_RESERVED_MIB = SourcedFigure(255, "MiB", "reserved for Kubernetes, beside a part for each pod", _AMIS, _READ)
MEMORY_PER_POD_MIB = SourcedFigure(11, "MiB", "reserved for each pod that the node may have", _AMIS, _READ)
EVICTION_MIB = SourcedFigure(100, "MiB", "left free: below it kubelet evicts pods (evictionHard)", _AMIS, _READ)
VM_OVERHEAD = SourcedFigure(
    0.075,
    "share",
    "of an instance's memory that its kernel and firmware may keep, so that kubelet never counts it",
    "Karpenter, chart's settings.vmMemoryOverheadPercent",
    _READ,
)
FEW_CPUS, FEW_PODS, MANY_PODS = 30, 110, 250
"""[assumption] Pods of a node: the most that EKS gives a managed one, below and from 30 vCPUs. Fewer leave
more room."""
DAEMONS = Assumption(600, "millicores", "what daemon sets of every node ask for", "EKS's add-ons, metrics and logs")
DAEMONS_MIB = Assumption(768, "MiB", "what daemon sets of every node ask for", "as above")
GPU_DAEMONS = Assumption(300, "millicores", "what daemon sets of GPU nodes ask for beside", "an exporter of metrics")
GPU_DAEMONS_MIB = Assumption(256, "MiB", "what daemon sets of GPU nodes ask for beside", "as above")


@dataclass(frozen=True)
class Room:
    """Processors and memory."""

    millicores: int
    mib: int

    def less(self, other: "Room") -> "Room":
        """What remains without another one."""
        return Room(self.millicores - other.millicores, self.mib - other.mib)

    def share(self, share: float) -> "Room":
        """A part of it, rounded down to whole hundreds of millicores and of MiB in 256."""
        return Room(int(self.millicores * share) // 100 * 100, int(self.mib * share) // 256 * 256)

    def holds(self, other: "Room") -> int:
        """How many pods of this size fit into it."""
        return max(min(self.millicores // max(other.millicores, 1), self.mib // max(other.mib, 1)), 0)

    @property
    def cpu(self) -> str:
        """The processors, a Kubernetes quantity."""
        return f"{self.millicores}m"

    @property
    def memory(self) -> str:
        """The memory, a Kubernetes quantity."""
        return f"{self.mib}Mi"


def allocatable(instance: InstanceType) -> Room:
    """What kubelet offers of a node to all its pods."""
    first, second, few, many = (each.value for each in CPU_RESERVED)
    cores = instance.vcpu
    reserved = first + second * (cores > 1) + few * min(max(cores - 2, 0), 2) + many * max(cores - 4, 0)
    pods = FEW_PODS if cores < FEW_CPUS else MANY_PODS
    kept = MEMORY_RESERVED_MIB.value + MEMORY_PER_POD_MIB.value * pods + EVICTION_MIB.value
    memory = instance.memory_gib * 1024 * (1 - VM_OVERHEAD.value) - kept
    return Room(int(cores * 1000 - reserved * 1000), int(memory))


def room(instance: InstanceType) -> Room:
    """The same without what daemon sets ask for."""
    found = allocatable(instance).less(Room(int(DAEMONS.value), int(DAEMONS_MIB.value)))
    return found.less(Room(int(GPU_DAEMONS.value), int(GPU_DAEMONS_MIB.value))) if instance.gpus else found


def smallest(rooms: Iterable[Room]) -> Room | None:
    """What each of them has at least; None of none."""
    found = list(rooms)
    if not found:
        return None
    return Room(min(each.millicores for each in found), min(each.mib for each in found))
