"""Renewing the price book over boto3's real calls, from a server on loopback that answers as the Price List API."""

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problems
from haven.model.catalog import Catalog
from haven.model.prices import PriceBook
from haven.model.refresh.prices import BY_HAND, QUERIES, refresh_prices, unknown_regions

TODAY = date(2027, 1, 2)


def product(usage: str, *steps: tuple[str, str], **attributes: str) -> str:
    dimensions = {
        f"step{number}": {"beginRange": begin, "pricePerUnit": {"USD": usd}}
        for number, (begin, usd) in enumerate(steps)
    }
    terms = {"OnDemand": {"term": {"priceDimensions": dimensions}}} if steps else {}
    return json.dumps({"product": {"attributes": {"usagetype": usage, **attributes}}, "terms": terms})


ON_DEMAND, OUTBOUND = "Amazon DynamoDB PayPerRequest Throughput", "InterRegion Outbound"
FROM_IRELAND = {"fromRegionCode": "eu-west-1", "transferType": OUTBOUND}
PRODUCTS = {
    "AmazonEC2": [
        product("EU-BoxUsage:p5.48xlarge", ("0", "20"), instanceType="p5.48xlarge", operatingSystem="Linux"),
        product("EU-EBS:VolumeP-Throughput.gp3", ("0", "45.0560000000")),
        product("EU-BoxUsage:g5.2xlarge", ("0", "1.4000000000"), instanceType="g5.2xlarge", operatingSystem="Linux"),
        product("EU-DedicatedUsage:g5.2xlarge", ("0", "9.0"), instanceType="g5.2xlarge", operatingSystem="Linux"),
        product("EU-BoxUsage:p5e.48xlarge", instanceType="p5e.48xlarge", operatingSystem="Linux"),
        product("EU-NatGateway-Hours", ("0", "0.0500000000")),
    ],
    "AmazonCloudWatch": [
        product("EU-DataProcessing-Bytes", ("5", "0.6000000000"), ("0", "0.0000000000"), ("1000", "0.3")),
    ],
    "AmazonDynamoDB": [
        product("EU-WriteRequestUnits", ("0", "0.0000007000"), productFamily=ON_DEMAND),
        product("EU-ReplWriteRequestUnits", ("0", "0.0000008000"), productFamily=ON_DEMAND),
        product("EU-IA-WriteRequestUnits", ("0", "0.0000009000"), productFamily=ON_DEMAND),
        product("EU-TimedStorage-ByteHrs", ("0", "0"), ("25", "0.3000000000"), productFamily="Database Storage"),
        product("EU-TimedBackupStorage-ByteHrs", ("0", "0.12")),
        product("EU-RestoreDataSize-Bytes", ("0", "0.18")),
    ],
    "AmazonRDS": [product("EU-Aurora:BackupUsage", ("0", "0.023"))],
    "AmazonRoute53": [
        product("Health-Check-AWS", ("0", "0"), ("50", "0.6000000000")),
        product("HostedZone", ("0", "0.7"), ("25", "0.1")),
    ],
    "AmazonS3": [product("EU-EUC1-S3RTC-Out-Bytes", ("0", "0.016"), fromRegionCode="eu-west-1")],
    "AWSLambda": [
        product("EU-Lambda-GB-Second", ("0", "0.0000166667")),
        product("EU-Lambda-GB-Second-ARM", ("0", "0.0000140000")),
        product("EU-Request-ARM", ("0", "0.0000003000")),
    ],
    "awskms": [
        product("eu-west-1-KMS-Requests", ("0", "0.03")),
        product("eu-west-1-KMS-Keys", ("0", "1.5000000000")),
    ],
    "AWSDataTransfer": [
        product("EU-DataTransfer-Regional-Bytes", ("0", "0.0150000000"), fromRegionCode="eu-west-1"),
        product("EU-DataTransfer-Out-Bytes", ("0", "0.09"), fromRegionCode="eu-west-1", transferType="AWS Outbound"),
        product("EU-EUC1-AWS-Out-Bytes", ("0", "0.0200000000"), **FROM_IRELAND, toRegionCode="eu-central-1"),
        product("EU-APS1-AWS-Out-Bytes", ("0", "0.0300000000"), **FROM_IRELAND, toRegionCode="ap-southeast-1"),
        product("USE1-EU-AWS-Out-Bytes", ("0", "0.0500000000"), fromRegionCode="us-east-1", transferType=OUTBOUND),
    ],
    "AmazonEKS": [
        product("EU-AmazonEKS-Hours:perCluster", ("0", "0.1000000000")),
        product("EU-AmazonEKS-Hours:extendedSupport", ("0", "0.55")),
    ],
}


class _Answers(BaseHTTPRequestHandler):
    """One product a page; a filter that names an attribute which a product has must match it."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
        if self.server.refuses:  # type: ignore[attr-defined]
            self._send(400, {"__type": "AccessDeniedException", "message": "not allowed"})
            return
        found = [each for each in PRODUCTS.get(request["ServiceCode"], []) if _matches(each, request["Filters"])]
        place = int(request.get("NextToken", "0"))
        more = {"NextToken": str(place + 1)} if place + 1 < len(found) else {}
        self._send(200, {"FormatVersion": "aws_v1", "PriceList": found[place : place + 1], **more})

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing: the test's output stays its own."""


def _matches(text: str, filters: list[dict[str, str]]) -> bool:
    attributes = json.loads(text)["product"]["attributes"]
    return all(attributes.get(each["Field"], each["Value"]) == each["Value"] for each in filters)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    made.refuses = False  # type: ignore[attr-defined]
    threading.Thread(target=made.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", f"http://127.0.0.1:{made.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield made
    made.shutdown()
    made.server_close()


def test_prices_of_a_region_are_renewed_and_all_others_stay(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert refresh_prices(tmp_path, ["eu-west-1"], TODAY) == {"eu-west-1": 20}
    old, new = PriceBook(), PriceBook(tmp_path, TODAY)
    for what, usd in (
        ("instance:g5.2xlarge", 1.4),
        ("nat-gateway", 0.05),
        ("logs-ingestion", 0.6),
        ("control-plane", 0.1),
        ("table-write", 0.0000007),
        ("table-replicated-write", 0.0000008),
        ("table-storage", 0.3),
        ("key", 1.5),
        ("transfer-between-zones", 0.015),
        ("transfer-to-region", 0.03),  # the dearest destination
        ("instance:p5.48xlarge", 20),
        ("gp3-throughput", 0.044),  # a GiB/s there, a MiB/s here
        ("table-snapshot", 0.12),
        ("table-restore", 0.18),
        ("aurora-snapshot", 0.023),
        ("health-check", 0.6),
        ("hosted-zone", 0.7),
        ("replication-time-control", 0.016),
        ("function-gb-seconds", 0.000014),
        ("function-requests", 0.0000003),
        ("control-plane-extended-support", 0.55),
    ):
        price = new.price(what, "eu-west-1")
        assert price
        assert (price.usd, price.as_of, price.is_stale(TODAY)) == (usd, "2027-01-02", False)
        assert price.source.startswith("AWS Price List API, ")
        if what not in ("health-check", "hosted-zone"):  # which have one price everywhere
            assert new.price(what, "eu-central-1") == old.price(what, "eu-central-1")
    assert new.price("alarm", "eu-west-1") == old.price("alarm", "eu-west-1")
    assert new.price("instance:p5e.48xlarge", "eu-west-1") is None
    assert Catalog(tmp_path).source("prices.csv").retrieved_on == "2027-01-02"


def test_a_refusal_says_which_permission_is_needed_and_leaves_the_file_as_it_was(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    refresh_prices(tmp_path, ["eu-west-1"], TODAY)
    before = {each.name: each.read_bytes() for each in (tmp_path / "data").iterdir()}
    server.refuses = True  # type: ignore[attr-defined]
    with pytest.raises(MissingDependency, match=r"not allowed.*pricing:GetProducts.*unchanged"):
        refresh_prices(tmp_path, ["eu-west-1"], TODAY)
    assert {each.name: each.read_bytes() for each in (tmp_path / "data").iterdir()} == before


def test_regions_without_any_price_are_an_error_and_write_nothing(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="no price for af-south-1"):
        refresh_prices(tmp_path, ["af-south-1"], TODAY)
    assert list(tmp_path.iterdir()) == []


def test_transfer_between_the_regions_that_are_asked_has_the_price_of_the_pair(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    refresh_prices(tmp_path, ["eu-west-1", "eu-central-1"], TODAY)
    new = PriceBook(tmp_path, TODAY)
    usd = {
        to: price.usd if (price := new.price("transfer-to-region", "eu-west-1", to)) else None
        for to in ("eu-central-1", "ap-southeast-1", "us-east-1", "")
    }
    assert usd == {"eu-central-1": 0.02, "ap-southeast-1": 0.03, "us-east-1": 0.03, "": 0.03}


def test_everything_in_the_shipped_book_can_be_renewed_in_every_region_that_is_offered() -> None:
    asked = {each.what for each in QUERIES}
    assert {what.partition(":")[0] for what, _ in PriceBook()._prices} <= asked | BY_HAND
    assert not asked & BY_HAND
    regions = {*Catalog().regions(), "mx-central-1", "ca-west-1"}
    assert (
        unknown_regions(sorted(each for each in regions if not each.startswith(("cn-", "us-gov-", "us-iso", "eusc-"))))
        == []
    )
    assert unknown_regions(["cn-north-1", "eu-west-1"]) == ["cn-north-1"]


def test_a_broken_price_book_is_refused_and_stays_as_it_was(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    file = tmp_path / "data" / "prices.csv"
    file.parent.mkdir()
    file.write_text("what,region\nkey,eu-west-1\n")
    with pytest.raises(Problems, match="no usd, unit, source, as_of"):
        refresh_prices(tmp_path, ["eu-west-1"], TODAY)
    assert file.read_text() == "what,region\nkey,eu-west-1\n"


def test_columns_of_a_projects_own_are_left_out(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    file = tmp_path / "data" / "prices.csv"
    file.parent.mkdir()
    file.write_text("what,region,usd,unit,source,as_of,note\nkey,af-south-1,1,month,a contract,2026-11-25,ours\n")
    refresh_prices(tmp_path, ["eu-west-1"], TODAY)
    price = PriceBook(tmp_path, TODAY).price("key", "af-south-1")
    assert price
    assert (price.usd, price.source) == (1, "a contract")
