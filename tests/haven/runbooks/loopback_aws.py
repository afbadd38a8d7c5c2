"""A server on loopback that answers the requests of boto3 for STS, Service Quotas and EC2."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

_STS = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{0}:user/deployer</Arn><UserId>AIDA</UserId><Account>{0}</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""
_OFFERINGS = """<DescribeInstanceTypeOfferingsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
<instanceTypeOfferingSet>{}</instanceTypeOfferingSet></DescribeInstanceTypeOfferingsResponse>"""
_OFFERING = """<item><instanceType>{}</instanceType><location>{}</location>
<locationType>availability-zone</locationType></item>"""

_LISTS = {
    "DescribeInstances": "reservationSet",
    "DescribeCapacityReservations": "capacityReservationSet",
    "DescribeAddresses": "addressesSet",
    "DescribeVpcs": "vpcSet",
}
"""Operation of EC2 -> the list in its answer."""

_DENIED = """<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not allowed</Message></Error></Errors>
<RequestID>1</RequestID></Response>"""


@dataclass
class LoopbackAws:
    """What the server answers, and what it was asked."""

    account: str = "111122223333"
    quotas: Mapping[str, float] = field(default_factory=dict)
    """Quota code -> the account's own quota; AWS's default is 10."""
    denied: Sequence[str] = ()
    """Operations that are denied."""
    executions: tuple[int, int] = (1000, 1000)
    """Concurrent executions of Lambda functions: the account's limit, and what is unreserved."""
    reserved: int = 0
    """What each function that is asked for has reserved; 0: it isn't there."""
    zones: Sequence[str] = ("a", "b", "c")
    """The last letters of the zones that offer every type that is asked for."""
    listed: Mapping[str, str] = field(default_factory=dict)
    """Operation of EC2 -> the items of its list, as XML; every list is empty otherwise."""
    garbled: bool = False
    """Whether something else answers in AWS's place."""
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Operation and Region of each request."""

    def answer(self, operation: str, region: str, query: Mapping[str, Any]) -> tuple[int, str]:
        """Status and body."""
        self.asked.append((operation, region))
        if self.garbled:
            return 200, "<html>a proxy's login page"
        if operation in self.denied:
            denial = json.dumps({"__type": "AccessDeniedException", "message": "not allowed"})
            return 403, _DENIED if operation.startswith("Describe") else denial
        if operation == "GetCallerIdentity":
            return 200, _STS.format(self.account)
        if operation in _LISTS:
            items, name = self.listed.get(operation, ""), _LISTS[operation]
            return 200, f"<{operation}Response><{name}>{items}</{name}></{operation}Response>"
        return self._quota(operation, query) if "Quota" in operation else (200, self._offerings(region, query))

    def lambda_answer(self, path: str, region: str) -> tuple[int, str]:
        """Status and body of what Lambda is asked."""
        operation = "GetAccountSettings" if "account-settings" in path else "GetFunctionConcurrency"
        self.asked.append((operation, region))
        if operation in self.denied:
            return 403, json.dumps({"message": "not allowed"})
        if operation == "GetAccountSettings":
            limit, unreserved = self.executions
            limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": unreserved}
            return 200, json.dumps({"AccountLimit": limits})
        return (200, json.dumps({"ReservedConcurrentExecutions": self.reserved})) if self.reserved else (404, "{}")

    def _quota(self, operation: str, query: Mapping[str, Any]) -> tuple[int, str]:
        if operation == "GetServiceQuota" and query["QuotaCode"] not in self.quotas:
            return 400, json.dumps({"__type": "NoSuchResourceException", "message": "none of its own"})
        return 200, json.dumps({"Quota": {"Value": self.quotas.get(query["QuotaCode"], 10.0)}})

    def _offerings(self, region: str, query: Mapping[str, Any]) -> str:
        types = [each[0] for name, each in query.items() if name.startswith("Filter.1.Value")]
        items = [_OFFERING.format(type_, f"{region}{zone}") for type_ in types for zone in self.zones]
        return _OFFERINGS.format("".join(items))


@contextmanager
def serving(aws: LoopbackAws) -> Iterator[LoopbackAws]:
    """The server, at `aws.url` while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            region = self.headers["Authorization"].split("Credential=")[1].split("/")[2]
            self._send(*aws.lambda_answer(self.path, region))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            region = self.headers["Authorization"].split("Credential=")[1].split("/")[2]
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            query = json.loads(body) if target else parse_qs(body.decode())
            self._send(*aws.answer(target or query["Action"][0], region, query))

        def _send(self, status: int, text: str) -> None:
            self.send_response(status)
            if status == HTTPStatus.NOT_FOUND:
                self.send_header("x-amzn-ErrorType", "ResourceNotFoundException")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    aws.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
