"""Buckets, and the resources that configure them or write into them."""

from collections.abc import Mapping, Sequence

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.resource_graph import ResourceGraph

BUCKETS = (aws.S3_BUCKET, aws.S3_BUCKET_V2)
ACCESS_LOGS: Mapping[str, Sequence[str]] = {
    aws.ALB_LOAD_BALANCER: ("accessLogs.bucket", "connectionLogs.bucket"),
    aws.ELB_LOAD_BALANCER: ("accessLogs.bucket",),
    aws.LB_LOAD_BALANCER: ("accessLogs.bucket", "connectionLogs.bucket"),
    aws.S3_BUCKET_LOGGING: ("targetBucket",),
    aws.S3_BUCKET_LOGGING_V2: ("targetBucket",),
}
"""Type -> properties with buckets whose writers can't use a customer managed key: load balancers' access logs (Elastic
Load Balancing User Guide, access logs) and S3's own (S3 User Guide, server access logging; both read 2026-11-21)."""


def settings_of_buckets(graph: ResourceGraph, *types: str) -> dict[str, list[Resource]]:
    """The resources of these types that configure a bucket, by the bucket's URN; one that doesn't show yet which bucket
    it configures may configure any."""
    found: dict[str, list[Resource]] = {}
    for each in graph.of(*types):
        buckets = graph.linked(each, "bucket", *BUCKETS)
        if graph.is_unresolved(each, "bucket", *BUCKETS):
            buckets = graph.of(*BUCKETS, region=each.region)
        for bucket in buckets:
            found.setdefault(bucket.urn, []).append(each)
    return found


def buckets_written_by(graph: ResourceGraph, writers: Mapping[str, Sequence[str]]) -> set[str]:
    """The URNs of the buckets that writers name in these properties."""
    return {
        bucket.urn
        for writer in graph.of(*writers)
        for path in writers[writer.type]
        for bucket in graph.linked(writer, path, *BUCKETS)
    }
