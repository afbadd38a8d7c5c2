"""A small client of a cluster's Kubernetes API: reads objects and merges changes into them, as the operator."""

import base64
import binascii
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import urllib3
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.model import ServiceId
from botocore.session import get_session
from botocore.signers import RequestSigner

from haven.runbooks.endpoints.cluster import Cluster
from haven.runbooks.endpoints.transport import TooLargeError, body, pool, reason

FIELD_MANAGER = "haven-runbook"
"""Owns what a runbook changes. Not Pulumi's name: an `up` with the configuration from before the failover is then
refused (409) where it would take the replicas away, and one that declares what the runbook did goes through."""
_TOKEN_PREFIX, _TOKEN_SECONDS = "k8s-aws-v1.", 60
_CLUSTER_HEADER = "x-k8s-aws-id"
_MERGE = "application/merge-patch+json"
_FIRST_ERROR = 300
_LARGEST = 1 << 26
"""Bytes of an answer. etcd takes objects of 1.5 MiB (etcd, System limits; read 2026-11-27); lists have several."""
_CODES = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 429: "Throttling"}
_REMEDIES = {
    401: "; the principal of these credentials has no access entry in the cluster: haven:operations.operatorArns",
    403: "; the operator's Kubernetes role doesn't allow it: pulumi up with haven:operations.operatorArns declares it",
}


class KubernetesApi:
    """Clusters of one Region. Errors are botocore's, so that whoever calls AWS handles them too."""

    def __init__(self, session: Any, region: str, *, connecting: float, reading: float, attempts: int) -> None:
        """
        Args:
            session: boto3's, with the operator's credentials.
            region: of the clusters, whose STS checks the tokens.
            connecting: seconds for a connection: name, addresses and TLS together.
            reading: seconds for all of an answer.
            attempts: how often a request is sent.
        """
        self._session, self._region = session, region
        self._connecting, self._reading, self._attempts = connecting, reading, attempts
        self._pools: dict[Cluster, urllib3.PoolManager] = {}

    def read(self, *, cluster: Cluster, path: str) -> Mapping[str, Any]:
        """An object, or a list of them.

        Raises:
            ClientError: the API server refuses it.
            OSError: it doesn't answer.
        """
        return self._ask("GET", cluster, path, None)

    def patch(self, *, cluster: Cluster, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge a change into an object.

        Raises:
            ClientError: the API server refuses it.
            OSError: it doesn't answer; it may have been done.
        """
        return self._ask("PATCH", cluster, f"{path}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict", body)

    def _ask(self, method: str, cluster: Cluster, path: str, change: Mapping[str, Any] | None) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {token(self._session, self._region, cluster.name)}"}
        if change is not None:
            headers["Content-Type"] = _MERGE
        content = None if change is None else json.dumps(change).encode()
        try:
            answer = self._pool(cluster).request(
                method, cluster.url + path, body=content, headers=headers, preload_content=False
            )
            text = body(answer, _LARGEST).decode(errors="replace")
        except TooLargeError as error:
            raise OSError(f"the Kubernetes API of {cluster} gives {error}") from error
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise OSError(f"the Kubernetes API of {cluster}: {reason(error)}{_HOW_TO_REACH}") from error
        if answer.status >= _FIRST_ERROR:
            raise _refusal(method, path, answer.status, text)
        try:
            document = json.loads(text)
        except ValueError as error:
            raise OSError(f"{cluster} answers something else than a Kubernetes API{_HOW_TO_REACH}") from error
        return {**document, "ResponseMetadata": {"RequestId": answer.headers.get("Audit-Id", ""), "HTTPHeaders": {}}}

    def _pool(self, cluster: Cluster) -> urllib3.PoolManager:
        if cluster not in self._pools:
            try:
                authority = base64.b64decode(cluster.certificate, validate=True).decode()
            except (binascii.Error, UnicodeError) as error:
                raise OSError(f"eks:DescribeCluster gives no certificate for {cluster}") from error
            self._pools[cluster] = pool(
                cluster.url,
                connecting=self._connecting,
                reading=self._reading,
                attempts=self._attempts,
                ca_cert_data=authority,
                cert_reqs="CERT_REQUIRED",
            )
        return self._pools[cluster]


_HOW_TO_REACH = (
    "; its endpoint is private: use a network of haven:cluster.privateAccessCidrs or publicAccessCidrs"
    " (docs/cluster-access.md)"
)


def token(session: Any, region: str, cluster: str) -> str:
    """What EKS takes as a bearer token: a request to the Region's own STS for the caller's identity, signed for one
    cluster (EKS User Guide, Grant IAM users access to Kubernetes; aws-iam-authenticator, API authorization; read
    2026-11-26). Nothing is sent for it.

    Raises:
        NoCredentialsError: this machine has no credentials.
    """
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    host = _sts_host(session.get_partition_for_region(region), region)
    signer = RequestSigner(ServiceId("sts"), region, "sts", "v4", credentials, session.events)
    request = {
        "method": "GET",
        "url": f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {_CLUSTER_HEADER: cluster},
        "context": {},
    }
    signed = signer.generate_presigned_url(request, region_name=region, expires_in=_TOKEN_SECONDS, operation_name="")
    return _TOKEN_PREFIX + base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")


@cache
def _sts_host(partition: str, region: str) -> str:
    """Of the Region's own STS, whatever the machine's configuration prefers."""
    partitions = get_session().get_data("endpoints")["partitions"]
    suffix = next(each["dnsSuffix"] for each in partitions if each["partition"] == partition)
    return f"sts.{region}.{suffix}"


def _refusal(method: str, path: str, status: int, text: str) -> Exception:
    try:
        message = str(json.loads(text)["message"])
    except (ValueError, LookupError, TypeError):
        message = text[:200]
    about = {"Code": _CODES.get(status, f"Http{status}"), "Message": f"{message}{_REMEDIES.get(status, '')}"}
    found: Exception = ClientError({"Error": about, "ResponseMetadata": {"HTTPStatusCode": status}}, f"{method} {path}")
    return found
