"""Queries over recorded resources, shared by plans, policies and the emulator."""

from collections.abc import Iterable

from haven.program import aws_types as aws
from haven.program.recording import Resource


def of_type(records: Iterable[Resource], *types: str) -> list[Resource]:
    """The resources that have one of these types, in their order."""
    return [each for each in records if each.type in types]


def is_gpu_group(record: Resource) -> bool:
    """Whether a node group's AMI has GPU drivers."""
    image = str(record.inputs.get("amiType", ""))
    return "NVIDIA" in image or image.endswith("_GPU")


def zones(records: Iterable[Resource]) -> list[str]:
    """The Availability Zones of the subnets among the resources, sorted."""
    subnets = of_type(records, aws.EC2_SUBNET)
    return sorted({str(each.inputs["availabilityZone"]) for each in subnets if "availabilityZone" in each.inputs})
