"""Renews a project's own catalog files from the EC2 API: which instance types there are, and which zones offer them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from haven.base.missing_dependency import MissingDependency
from haven.model.catalog import INSTANCES, OFFERINGS, Catalog
from haven.model.refresh.clients import boto3_client
from haven.model.refresh.project_files import table, write

Client = Callable[[str], Any]
"""Makes the boto3 client of EC2 in a Region."""

_PERMISSIONS = "ec2:DescribeInstanceTypes and ec2:DescribeInstanceTypeOfferings"
_COLUMNS = {
    INSTANCES: (
        "type",
        "vcpu",
        "memory_gib",
        "gpus",
        "gpu_model",
        "gpu_memory_gib",
        "nvme_gb",
        "network",
        "ebs_max_mb_s",
    ),
    OFFERINGS: ("type", "region", "zones"),
}  # fmt: skip


def refresh(project: Path, regions: Sequence[str], today: date, client: Client | None = None) -> Mapping[str, int]:
    """Ask EC2 in each of `regions` and write the project's `data/` folder. Other Regions keep what is known of them.

    Args:
        project: the project's root.
        regions: the Regions to ask.
        today: the day to note beside the files.
        client: makes clients. Omitted: boto3 with the credentials of this process.

    Returns:
        For each Region how many instance types it offers.

    Raises:
        MissingDependency: AWS can't be asked or doesn't answer; the files are as they were.
    """
    client = client or partial(boto3_client, "ec2")
    known = Catalog(project)
    instances = {each["type"]: each for each in known.rows(INSTANCES)}
    offerings = {
        (each["type"], each["region"]): each for each in known.rows(OFFERINGS) if each["region"] not in regions
    }
    counts: dict[str, int] = {}
    for region in regions:
        found_types, zones = _ask(client, region)
        instances |= found_types
        offerings |= {
            (name, region): {"type": name, "region": region, "zones": " ".join(sorted(ids))}
            for name, ids in zones.items()
        }
        counts[region] = len(zones)
    tables = {INSTANCES: instances.values(), OFFERINGS: offerings.values()}
    texts = {name: table(_COLUMNS[name], rows) for name, rows in tables.items()}
    write(project, texts, "EC2 API: DescribeInstanceTypes, DescribeInstanceTypeOfferings", today)
    return counts


def _ask(client: Client, region: str) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """The instance types of a Region, and the zone ids that offer each of them."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  as boto3

    try:
        ec2 = client(region)
        types = {each["InstanceType"]: _row(each) for each in _pages(ec2, "describe_instance_types", "InstanceTypes")}
        zones: dict[str, list[str]] = {}
        for each in _pages(
            ec2, "describe_instance_type_offerings", "InstanceTypeOfferings", LocationType="availability-zone-id"
        ):
            zones.setdefault(each["InstanceType"], []).append(each["Location"])
    except (BotoCoreError, ClientError) as error:
        raise MissingDependency(
            f"EC2 in {region} could not be asked: {error}; fix: use credentials of an account with that Region enabled"
            f" and the permissions {_PERMISSIONS}; the data files are unchanged"
        ) from error
    if not zones:
        raise MissingDependency(f"EC2 in {region} offers no instance type at all; the data files are unchanged")
    return types, zones


def _pages(ec2: Any, operation: str, key: str, **arguments: str) -> Iterator[Mapping[str, Any]]:
    for page in ec2.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def _row(described: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the data file from EC2's description."""
    gpus = described.get("GpuInfo", {}).get("Gpus") or described.get("NeuronInfo", {}).get("NeuronDevices") or []
    first = gpus[0] if gpus else {}
    count = sum(_accelerators(each) for each in gpus)
    disk = described.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0)
    ebs = described.get("EbsInfo", {}).get("EbsOptimizedInfo", {})
    return {
        "type": described["InstanceType"],
        "vcpu": described["VCpuInfo"]["DefaultVCpus"],
        "memory_gib": described["MemoryInfo"]["SizeInMiB"] / 1024,
        "gpus": f"{count:g}",
        "gpu_model": first.get("Name", ""),
        "gpu_memory_gib": round(first["MemoryInfo"]["SizeInMiB"] / 1024, 1) if first.get("MemoryInfo") else "",
        "nvme_gb": disk,
        "network": described.get("NetworkInfo", {}).get("NetworkPerformance", ""),
        "ebs_max_mb_s": ebs.get("MaximumThroughputInMBps", ""),
    }


def _accelerators(device: Mapping[str, Any]) -> float:
    """How many accelerators an entry is; of a partitioned one EC2 gives the share."""
    share = float(device.get("GpuPartitionSize") or 1)
    return float(device["LogicalGpuCount"]) * share if share < 1 else float(device["Count"])
