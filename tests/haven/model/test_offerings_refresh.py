"""Renewing the catalog from the EC2 API, with answers of its own model."""

from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from haven.base.missing_dependency import MissingDependency
from haven.model.catalog import Catalog
from haven.model.refresh.offerings import refresh

TODAY = date(2027, 1, 2)
L4 = {
    "InstanceType": "g6.xlarge",
    "VCpuInfo": {"DefaultVCpus": 4},
    "MemoryInfo": {"SizeInMiB": 16384},
    "GpuInfo": {"Gpus": [{"Name": "L4", "Count": 1, "MemoryInfo": {"SizeInMiB": 22888}}]},
    "InstanceStorageInfo": {"TotalSizeInGB": 250},
    "NetworkInfo": {"NetworkPerformance": "Up to 10 Gigabit"},
    "EbsInfo": {"EbsOptimizedInfo": {"MaximumThroughputInMBps": 625.0}},
}


def _client(types: list[dict[str, Any]], zones: list[str]) -> Any:
    ec2 = boto3.client("ec2", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")
    answers = Stubber(ec2)
    answers.add_response("describe_instance_types", {"InstanceTypes": types}, {})
    offered = [{"InstanceType": each["InstanceType"], "Location": zone} for each in types for zone in zones]
    answers.add_response(
        "describe_instance_type_offerings", {"InstanceTypeOfferings": offered}, {"LocationType": "availability-zone-id"}
    )
    answers.activate()
    return ec2


def test_what_ec2_answers_replaces_what_was_known_of_that_region_and_of_no_other(tmp_path: Path) -> None:
    counts = refresh(tmp_path, ["eu-west-1"], TODAY, lambda _: _client([L4], ["euw1-az2", "euw1-az1"]))
    renewed = Catalog(tmp_path)
    assert counts == {"eu-west-1": 1}
    assert renewed.zone_ids("g6.xlarge", "eu-west-1") == ("euw1-az1", "euw1-az2")
    assert renewed.zone_ids("g5.xlarge", "eu-west-1") == ()
    assert renewed.zone_ids("g5.xlarge", "eu-central-1") == Catalog().zone_ids("g5.xlarge", "eu-central-1")
    assert renewed.instance("g6.xlarge") == Catalog().instance("g6.xlarge")
    assert renewed.source("offerings.csv").retrieved_on == "2027-01-02"


def test_without_credentials_the_message_says_what_is_needed_and_nothing_is_written(tmp_path: Path) -> None:
    def client(_: str) -> Any:
        raise NoCredentialsError

    with pytest.raises(MissingDependency, match="ec2:DescribeInstanceTypes and ec2:DescribeInstanceTypeOfferings"):
        refresh(tmp_path, ["eu-west-1"], TODAY, client)
    assert list(tmp_path.iterdir()) == []


def test_a_region_that_offers_nothing_is_refused_and_the_old_files_stay(tmp_path: Path) -> None:
    refresh(tmp_path, ["eu-west-1"], TODAY, lambda _: _client([L4], ["euw1-az1"]))
    before = {each.name: each.read_bytes() for each in (tmp_path / "data").iterdir()}
    with pytest.raises(MissingDependency, match="no instance type"):
        refresh(tmp_path, ["eu-west-1"], TODAY, lambda _: _client([], []))
    assert {each.name: each.read_bytes() for each in (tmp_path / "data").iterdir()} == before
