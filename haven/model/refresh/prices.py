"""Renews a project's own price book from the AWS Price List API."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from haven.base.missing_dependency import MissingDependency
from haven.model.catalog import PROJECT_FOLDER, Catalog
from haven.model.prices import FILE, PriceBook
from haven.model.refresh.clients import boto3_client
from haven.model.refresh.project_files import table, write

Client = Callable[[], Any]
"""Makes the boto3 client of the Price List API."""

API_REGION = "us-east-1"
"""Where the Price List API answers for every Region; it does in eu-central-1 and ap-south-1 too."""
_PERMISSION = "pricing:GetProducts"
_GLOBAL = "global"
_COLUMNS = ("what", "region", "usd", "unit", "source", "as_of", "confidence")
_PREFIXES = {
    "us-east-1": "",
    "us-east-2": "USE2-",
    "us-west-1": "USW1-",
    "us-west-2": "USW2-",
    "ca-central-1": "CAN1-",
    "ca-west-1": "CAN2-",
    "mx-central-1": "MXC1-",
    "sa-east-1": "SAE1-",
    "af-south-1": "AFS1-",
    "il-central-1": "ILC1-",
    "me-central-1": "MEC1-",
    "me-south-1": "MES1-",
    "eu-west-1": "EU-",
    "eu-west-2": "EUW2-",
    "eu-west-3": "EUW3-",
    "eu-central-1": "EUC1-",
    "eu-central-2": "EUC2-",
    "eu-north-1": "EUN1-",
    "eu-south-1": "EUS1-",
    "eu-south-2": "EUS2-",
    "ap-east-1": "APE1-",
    "ap-east-2": "APE2-",
    "ap-south-1": "APS3-",
    "ap-south-2": "APS5-",
    "ap-southeast-1": "APS1-",
    "ap-southeast-2": "APS2-",
    "ap-southeast-3": "APS4-",
    "ap-southeast-4": "APS6-",
    "ap-southeast-5": "APS7-",
    "ap-southeast-6": "APS8-",
    "ap-southeast-7": "APS9-",
    "ap-northeast-1": "APN1-",
    "ap-northeast-2": "APN2-",
    "ap-northeast-3": "APN3-",
}
"""First letters of a Region's usage types (AWS Regions and Availability Zones, AWS Region billing codes,
docs.aws.amazon.com/global-infrastructure/latest/regions/aws-region-billing-codes.html; read 2026-11-26)."""


@dataclass(frozen=True)
class Query:
    """What is asked for one thing in the price book."""

    what: str
    """Its name there, or the part before the type."""
    service: str
    usage: str
    """The usage type without the Region's prefix; for a thing by type, its first letters; for one by destination, its
    last."""
    unit: str
    filters: Mapping[str, str]
    attribute: str = ""
    """The attribute that names the type, for a thing by type."""
    always_prefixed: bool = False
    """Whether us-east-1's usage types have a prefix too."""
    region_named: bool = False
    """Whether the prefix is the Region's name."""
    to_anywhere: bool = False
    """Whether it is transfer, which has a price for each destination: the dearest counts, and beside it those of the
    Regions that are asked."""
    everywhere: bool = False
    """Whether it has one price, and no Region."""
    units: int = 1
    """How many of the price book's units are in one of the API's."""

    def usage_type(self, region: str) -> str:
        """The usage type in a Region, or its first or last letters."""
        if self.to_anywhere or self.everywhere:
            return self.usage
        if self.region_named:
            return f"{region}-{self.usage}"
        prefix = "USE1-" if self.always_prefixed and not _PREFIXES[region] else _PREFIXES[region]
        return prefix + self.usage

    def filters_in(self, region: str) -> Mapping[str, str]:
        """What products are asked for. Those of AWSDataTransfer have two Regions, and no `regionCode`."""
        if self.to_anywhere:
            return {"fromRegionCode": region, **self.filters}
        of_region = {} if self.everywhere or self.service == _TRANSFER else {"regionCode": region}
        usage = {} if self.attribute else {"usagetype": self.usage_type(region)}
        return {**of_region, **self.filters, **usage}

    def matches(self, usage: str, region: str) -> bool:
        """Whether a usage type is the one that is asked for."""
        wanted = self.usage_type(region)
        if self.to_anywhere:
            return usage.endswith(wanted)
        return usage.startswith(wanted) if self.attribute else usage == wanted


_TRANSFER = "AWSDataTransfer"
_OUTBOUND = {"transferType": "InterRegion Outbound"}
_ON_DEMAND = {"productFamily": "Amazon DynamoDB PayPerRequest Throughput"}
_INSTANCES = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}
QUERIES = (
    Query("instance", "AmazonEC2", "BoxUsage:", "hour", _INSTANCES, "instanceType"),
    Query("control-plane", "AmazonEKS", "AmazonEKS-Hours:perCluster", "hour", {}, always_prefixed=True),
    Query(
        "control-plane-extended-support",
        "AmazonEKS",
        "AmazonEKS-Hours:extendedSupport",
        "hour",
        {},
        always_prefixed=True,
    ),
    Query("gp3-storage", "AmazonEC2", "EBS:VolumeUsage.gp3", "GB-month", {}),
    Query("gp3-throughput", "AmazonEC2", "EBS:VolumeP-Throughput.gp3", "MiBps-month", {}, units=1024),
    Query("nat-gateway", "AmazonEC2", "NatGateway-Hours", "hour", {}),
    Query("nat-gateway-data", "AmazonEC2", "NatGateway-Bytes", "GB", {}),
    Query("interface-endpoint", "AmazonVPC", "VpcEndpoint-Hours", "hour", {}),
    Query("interface-endpoint-data", "AmazonVPC", "VpcEndpoint-Bytes", "GB", {}),
    Query("public-ipv4", "AmazonVPC", "PublicIPv4:InUseAddress", "hour", {}),
    Query(
        "aurora-instance",
        "AmazonRDS",
        "InstanceUsage:",
        "hour",
        {"databaseEngine": "Aurora PostgreSQL"},
        "instanceType",
    ),
    Query("aurora-storage", "AmazonRDS", "Aurora:StorageUsage", "GB-month", {}),
    Query("aurora-io", "AmazonRDS", "Aurora:StorageIOUsage", "IO", {}),
    Query("aurora-replicated-write", "AmazonRDS", "Aurora:ReplicatedWriteIO", "IO", {}),
    Query("aurora-snapshot", "AmazonRDS", "Aurora:BackupUsage", "GB-month", {}),
    Query("cache-valkey", "AmazonElastiCache", "NodeUsage:", "hour", {"cacheEngine": "Valkey"}, "instanceType"),
    Query("cache-redis", "AmazonElastiCache", "NodeUsage:", "hour", {"cacheEngine": "Redis"}, "instanceType"),
    Query("load-balancer", "AWSELB", "LoadBalancerUsage", "hour", {"productFamily": "Load Balancer-Application"}),
    Query("load-balancer-lcu", "AWSELB", "LCUUsage", "hour", {"productFamily": "Load Balancer-Application"}),
    Query("table-write", "AmazonDynamoDB", "WriteRequestUnits", "request", _ON_DEMAND),
    Query("table-read", "AmazonDynamoDB", "ReadRequestUnits", "request", _ON_DEMAND),
    Query("table-replicated-write", "AmazonDynamoDB", "ReplWriteRequestUnits", "request", _ON_DEMAND),
    Query("table-storage", "AmazonDynamoDB", "TimedStorage-ByteHrs", "GB-month", {"productFamily": "Database Storage"}),
    Query("table-snapshot", "AmazonDynamoDB", "TimedBackupStorage-ByteHrs", "GB-month", {}),
    Query("table-restore", "AmazonDynamoDB", "RestoreDataSize-Bytes", "GB", {}),
    Query("function-gb-seconds", "AWSLambda", "Lambda-GB-Second-ARM", "GB-second", {}),
    Query("function-requests", "AWSLambda", "Request-ARM", "request", {}),
    Query("key", "awskms", "KMS-Keys", "key-month", {}, region_named=True),
    Query("transfer-between-zones", _TRANSFER, "DataTransfer-Regional-Bytes", "GB", {}),
    Query(
        "transfer-to-region",
        _TRANSFER,
        "-AWS-Out-Bytes",
        "GB",
        _OUTBOUND,
        to_anywhere=True,
    ),
    Query("bucket-storage", "AmazonS3", "TimedStorage-ByteHrs", "GB-month", {}),
    Query("replication-time-control", "AmazonS3", "-S3RTC-Out-Bytes", "GB", {}, to_anywhere=True),
    Query("health-check", "AmazonRoute53", "Health-Check-AWS", "month", {}, everywhere=True),
    Query("hosted-zone", "AmazonRoute53", "HostedZone", "month", {}, everywhere=True),
    Query("images", "AmazonECR", "TimedStorage-ByteHrs", "GB-month", {}),
    Query("secret", "AWSSecretsManager", "AWSSecretsManager-Secrets", "secret-month", {}),
    Query("alarm", "AmazonCloudWatch", "CW:AlarmMonitorUsage", "alarm-month", {}),
    Query("alarm-composite", "AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage", "alarm-month", {}),
    Query("logs-ingestion", "AmazonCloudWatch", "DataProcessing-Bytes", "GB", {}),
    Query("web-acl", "awswaf", "WebACLV2", "month", {}),
    Query("web-acl-rule", "awswaf", "RuleV2", "month", {}),
    Query("web-acl-request", "awswaf", "RequestV2-Tier1", "request", {}),
    Query("dashboard", "AmazonCloudWatch", "DashboardsUsageHour", "month", {}, everywhere=True),
    Query("vended-logs", "AmazonCloudWatch", "VendedLog-Bytes", "GB", {}),
    Query("gp3-iops", "AmazonEC2", "EBS:VolumeP-IOPS.gp3", "IOPS-month", {}),
    Query("stream", "AmazonKinesis", "OnDemand-StreamHour", "hour", {}),
    Query("table-continuous-backup", "AmazonDynamoDB", "TimedPITRStorage-ByteHrs", "GB-month", {}),
    Query("health-check-feature", "AmazonRoute53", "Health-Check-Option-AWS", "month", {}, everywhere=True),
    Query("transfer-to-internet", _TRANSFER, "DataTransfer-Out-Bytes", "GB", {"transferType": "AWS Outbound"}),
)
"""What is renewed: everything else in the shipped book. Usage types and filters: AWS's price list files and bills in
public repositories, read 2026-11-25 and 2026-11-26; the units of gp3's throughput are GiB/s there; not run against
AWS."""
BY_HAND = frozenset({"grafana-editor", "multi-region-access-point", "region-switch-plan"})
"""What is in the shipped book and isn't renewed: their usage types were found nowhere."""


def unknown_regions(regions: Sequence[str]) -> list[str]:
    """The Regions that can't be asked for: how their usage types begin isn't known."""
    return [each for each in regions if each not in _PREFIXES]


def refresh_prices(
    project: Path, regions: Sequence[str], today: date, client: Client | None = None
) -> Mapping[str, int]:
    """Ask the Price List API for each of `regions` and write the project's `data/prices.csv`. What isn't answered keeps
    the price that it has.

    Args:
        project: the project's root.
        regions: the Regions whose prices are asked for.
        today: the day to note beside the prices.
        client: makes the client. Omitted: boto3 with the credentials of this process.

    Returns:
        For each Region how many of its own prices were renewed.

    Raises:
        MissingDependency: AWS can't be asked or doesn't answer; the file is as it was.
        Problems: the project's file isn't a price book; the file is as it was.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  loads slowly, only this needs it

    PriceBook(project, today)
    known = {(each["what"], each["region"]): _columns(each) for each in Catalog(project).rows(FILE)}
    counts: dict[str, int] = {}
    try:
        pricing = client() if client else boto3_client("pricing", API_REGION)
        for region in regions:
            found = {(each["what"], each["region"]): each for each in _asked(pricing, region, regions, today)}
            counts[region] = sum(each == region for _, each in found)
            known |= found
    except (BotoCoreError, ClientError) as error:
        raise MissingDependency(
            f"the Price List API in {API_REGION} could not be asked: {error}; fix: use credentials with the permission"
            f" {_PERMISSION}; {PROJECT_FOLDER}/{FILE} is unchanged"
        ) from error
    if not any(counts.values()):
        raise MissingDependency(
            f"the Price List API has no price for {', '.join(regions)}; {PROJECT_FOLDER}/{FILE} is unchanged"
        )
    write(project, {FILE: table(_COLUMNS, known.values())}, "the source named in each row", today)
    return counts


def _columns(row: Mapping[str, str]) -> dict[str, str]:
    """A row of the project's own file, without columns of its own."""
    return {name: row.get(name) or "" for name in _COLUMNS}


def _asked(pricing: Any, region: str, regions: Sequence[str], today: date) -> Iterator[dict[str, str]]:
    """The rows of a Region; a Region whose usage types aren't known has none."""
    if region not in _PREFIXES:
        return
    for query in QUERIES:
        yield from _rows(pricing, query, region, regions, today)


def _rows(pricing: Any, query: Query, region: str, regions: Sequence[str], today: date) -> Iterator[dict[str, str]]:
    """The rows of one thing; of transfer the dearest, and those to the other Regions."""
    found: list[dict[str, str]] = []
    to: dict[str, dict[str, str]] = {}
    for product in _products(pricing, query.service, query.filters_in(region)):
        if row := _row(query, region, product):
            attributes = product["product"]["attributes"]
            source = f"AWS Price List API, {query.service} {attributes['usagetype']}"
            what, usd = row
            values = (what, _GLOBAL if query.everywhere else region, usd, query.unit, source, today.isoformat())
            found.append(dict(zip(_COLUMNS, (*values, "primary"), strict=True)))
            if query.to_anywhere and attributes.get("toRegionCode") in regions:
                other = str(attributes["toRegionCode"])
                to[other] = {**found[-1], "what": f"{what}:{other}"}
    if query.to_anywhere and found:
        found = [max(found, key=lambda each: float(each["usd"])), *to.values()]
    yield from found


def _products(pricing: Any, service: str, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    terms = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
    for page in pricing.get_paginator("get_products").paginate(ServiceCode=service, Filters=terms):
        for text in page["PriceList"]:
            yield json.loads(text)


def _row(query: Query, region: str, product: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name and price of a product; None where it is another one than was asked for, or has no price on demand."""
    attributes = product["product"]["attributes"]
    usage = str(attributes.get("usagetype", ""))
    if not query.matches(usage, region):
        return None
    usd = _first_step(product)
    if usd is None:
        return None
    name = f"{query.what}:{attributes[query.attribute]}" if query.attribute else query.what
    return name, f"{(usd / query.units).normalize():f}"


def _first_step(product: Mapping[str, Any]) -> Decimal | None:
    """The price on demand of the first unit that costs anything: later price steps, and a free tier, are left out."""
    terms = product.get("terms", {}).get("OnDemand", {})
    steps = [step for term in terms.values() for step in term["priceDimensions"].values()]
    for step in sorted(steps, key=lambda each: float(each.get("beginRange") or 0)):
        usd = Decimal(str(step["pricePerUnit"].get("USD", "0")))
        if usd > 0:
            return usd
    return None
