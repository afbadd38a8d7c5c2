"""Queries over recorded resources, shared by plans, policies and the emulator."""

from collections.abc import Iterable

from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource


def of_type(records: Iterable[Resource], *types: str) -> list[Resource]:
    """The resources that have one of these types, in their order."""
    return [each for each in records if each.type in types]


def is_of_runbooks(record: Resource) -> bool:
    """Whether a table holds what the runbooks need, and none of the environment's data."""
    return record.component == "OperationsStore"


def is_gpu_group(record: Resource) -> bool:
    """Whether a node group's AMI has GPU drivers."""
    image = str(record.inputs.get("amiType", ""))
    return "NVIDIA" in image or image.endswith("_GPU")


def standby_region(recording: Recording) -> str:
    """The Region of an environment that isn't the active one."""
    active = recording.outputs["active"]
    return next(str(each) for each in recording.outputs["regions"].values() if each != active)


def zones(records: Iterable[Resource]) -> list[str]:
    """The Availability Zones of the subnets among the resources, sorted."""
    subnets = of_type(records, aws.EC2_SUBNET)
    return sorted({str(each.inputs["availabilityZone"]) for each in subnets if "availabilityZone" in each.inputs})


def read_through_both_regions(recording: Recording) -> set[str]:
    """URNs of what the AWS provider can't read while one of the Regions doesn't answer: replicated tables and replicas.

    It asks a replica's home Region for the table, and the Region of each replica for its backups (provider 5.100,
    internal/service/dynamodb, read 2026-11-26).
    """
    replicas = [each for each in recording.real() if each.type == aws.DYNAMODB_TABLE_REPLICA]
    homes = [home for each in replicas if (home := recording.referred(each.inputs.get("globalTableArn")))]
    tables = [each for each in recording.real() if each.type == aws.DYNAMODB_TABLE and each.inputs.get("replicas")]
    return {each.urn for each in (*replicas, *homes, *tables)}
