"""The nodes that a stack declares, each of the smallest type that its group may get and of that type's real size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from haven.model.catalog import InstanceType
from haven.program.recording import Recording
from infra.config.rules.instances import CATALOG
from infra.config.rules.nodes import rooms
from tests.environments import of_type
from tests.kubernetes import cluster
from tests.sides import CODES

ZONES = "abc"


@dataclass(frozen=True)
class DeclaredNode:
    """A node of a group."""

    name: str
    labels: Mapping[str, str]
    room: Mapping[str, str]
    """What it has for pods, without what daemon sets take, as Kubernetes' quantities."""


def declared_nodes(recording: Recording, region: str) -> Iterator[DeclaredNode]:
    """All nodes of a Region as its groups are declared, spread over three zones."""
    for group in of_type(recording, "aws:eks/nodeGroup:NodeGroup", region):
        inputs = group.inputs
        for number in range(inputs["scalingConfig"]["desiredSize"]):
            zone = f"{region}{ZONES[number % len(ZONES)]}"
            labels = {**inputs["labels"], cluster.ZONE: zone, "eks.amazonaws.com/capacityType": inputs["capacityType"]}
            name = f"fit-{CODES[region]}-{inputs['labels']['haven.dev/pool']}-{number}"
            yield DeclaredNode(name, labels, room_of(smallest(inputs["instanceTypes"])))


def smallest(names: list[str]) -> InstanceType:
    """The type with the least memory."""
    known = [each for name in names if (each := CATALOG.instance(name)) is not None]
    return min(known, key=lambda each: (each.memory_gib, each.vcpu))


def room_of(instance: InstanceType) -> Mapping[str, str]:
    """What a node of a type has for pods."""
    found = rooms.room(instance)
    room = {"cpu": found.cpu, "memory": found.memory, "pods": "58"}
    return room | ({cluster.GPU: str(int(instance.gpus))} if instance.gpus else {})
