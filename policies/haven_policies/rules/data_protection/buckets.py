"""Objects that are overwritten or deleted can be brought back, and what an audit needs can't be deleted at all."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.buckets import ACCESS_LOGS, BUCKETS, buckets_written_by, settings_of_buckets
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.property_rules import is_on
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import entries, in_words, is_off, is_true, is_unknown, less, maps_at, value_at

LEAST_OLD_VERSION_DAYS = 7
"""Long enough for somebody to miss what was overwritten. An assumption."""
_VERSIONING = (aws.S3_BUCKET_VERSIONING, aws.S3_BUCKET_VERSIONING_V2)
_LIFECYCLE = (
    aws.S3_BUCKET_LIFECYCLE_CONFIGURATION,
    aws.S3_BUCKET_LIFECYCLE_CONFIGURATION_V2,
)
_OBJECT_LOCK = (
    aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
    aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION_V2,
)
_LOG_WRITERS: Mapping[str, Sequence[str]] = {
    **ACCESS_LOGS,
    aws.EC2_FLOW_LOG: ("logDestination",),
    aws.CLOUDFRONT_DISTRIBUTION: ("loggingConfig.bucket",),
    aws.WAFV2_WEB_ACL_LOGGING_CONFIGURATION: ("logDestinationConfigs",),
    **dict.fromkeys(BUCKETS, ("logging.targetBucket", "loggings[0].targetBucket")),
}
"""Who writes logs into buckets, each file once and under a name of its own, and in which property they name it."""


def replicated(graph: ResourceGraph) -> set[str]:
    """The URNs of the buckets that are copied, and of those that copies go to."""
    found = {urn for pair in _replications(graph) for urn in pair}
    inline = (each for each in graph.of(*BUCKETS) if _copies(value_at(each.inputs, "replicationConfiguration")))
    return found | {each.urn for each in inline}


def _copies(configuration: Any) -> bool:
    """Whether a replication is declared: before a bucket exists, its provider leaves open what nobody declared."""
    return not (is_off(configuration) or is_unknown(configuration))


def _replications(graph: ResourceGraph) -> Iterator[tuple[str, str]]:
    """Source and destination."""
    for config in graph.of(aws.S3_BUCKET_REPLICATION_CONFIG):
        sources = graph.linked(config, "bucket", *BUCKETS)
        for path, _ in maps_at(config.inputs, "rules"):
            for destination in graph.linked(config, f"{path}.destination.bucket", *BUCKETS):
                yield from ((source.urn, destination.urn) for source in sources)


def log_buckets(graph: ResourceGraph) -> set[str]:
    """The URNs of the buckets that nothing but access and flow logs go to, by what refers to them and not by names."""
    return buckets_written_by(graph, _LOG_WRITERS) - replicated(graph) - _trail_buckets(graph).keys()


def _trail_buckets(graph: ResourceGraph) -> dict[str, Resource]:
    buckets = (
        bucket for trail in graph.of(aws.CLOUDTRAIL_TRAIL) for bucket in graph.linked(trail, "s3BucketName", *BUCKETS)
    )
    return {each.urn: each for each in buckets}


@stack_rule(
    description="Buckets that hold data keep versions of their objects.",
    remediation="Enable versioning; buckets that only logs are delivered to may go without.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    severity=Severity.HIGH,
)
def bucket_versioned(graph: ResourceGraph) -> Iterator[Finding]:
    """Whatever overwrites or deletes an object leaves the old version; replication can't do without."""
    logs, versionings = log_buckets(graph), settings_of_buckets(graph, *_VERSIONING)
    for bucket in graph.of(*BUCKETS):
        if bucket.urn in logs or _versioned_itself(bucket):
            continue
        beside = versionings.get(bucket.urn, [])
        for each in beside:
            status = value_at(each.inputs, "versioningConfiguration.status")
            if status != "Enabled" and not is_unknown(status):
                yield against(each, "versioningConfiguration.status", "Enabled", "set it")
        if not beside:
            fix = "add versioning to it, with status Enabled"
            yield Finding(bucket, "", "no versioning", "versioning, as only logs do without", fix)


def _versioned_itself(bucket: Resource) -> bool:
    """As older versions of the provider have it."""
    inner = [value_at(bucket.inputs, "versioning"), *entries(bucket.inputs.get("versionings"))]
    return any(is_on(value_at(each, "enabled")) or value_at(each, "status") == "Enabled" for each in inner)


@stack_rule(
    description="Lifecycle rules neither expire what is replicated nor drop old versions within days.",
    remediation="Limit the rule to a prefix or a tag, or leave the expiration of current versions out.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html",
    severity=Severity.HIGH,
)
def bucket_lifecycle_keeps_data(graph: ResourceGraph) -> Iterator[Finding]:
    """A rule over a whole bucket that expires objects empties it, and its copy's own rule empties the copy."""
    copied, logs = replicated(graph), log_buckets(graph)
    for config in graph.of(*_LIFECYCLE):
        for bucket in graph.linked(config, "bucket", *BUCKETS):
            yield from _lifecycle(config, "rules", bucket, copied, logs)
    for bucket in graph.of(*BUCKETS):
        yield from _lifecycle(bucket, "lifecycleRules", bucket, copied, logs)


def _lifecycle(record: Resource, path: str, bucket: Resource, copied: set[str], logs: set[str]) -> Iterator[Finding]:
    for place, rule in maps_at(record.inputs, path):
        if not (value_at(rule, "status") == "Enabled" or is_true(rule.get("enabled"))):
            continue
        expires = value_at(rule, "expiration.days") or value_at(rule, "expiration.date")
        if bucket.urn in copied and expires and not _is_narrow(rule):
            got = f"expiration of everything ({in_words(expires)})"
            allowed = "no expiration of current versions of replicated data, unless a filter limits it"
            yield Finding(record, f"{place}.expiration", got, allowed, "name a prefix or a tag, or leave it out")
        old = value_at(rule, "noncurrentVersionExpiration")
        name = "noncurrentDays" if value_at(old, "noncurrentDays") is not None else "days"
        few = not is_off(old) and not _is_narrow(rule) and less(value_at(old, name), LEAST_OLD_VERSION_DAYS)
        if bucket.urn not in logs and few:
            allowed = f"at least {LEAST_OLD_VERSION_DAYS} days"
            yield against(record, f"{place}.noncurrentVersionExpiration.{name}", allowed, "keep old versions longer")


def _is_narrow(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is about some objects only."""
    limits = ("prefix", "tag", "tags", "and", "objectSizeGreaterThan", "objectSizeLessThan")
    return any(not is_off(value_at(place, name)) for place in (rule, rule.get("filter")) for name in limits)


@stack_rule(
    description="What a trail writes is locked, and so are its copies.",
    remediation="Create the bucket with Object Lock and give it a default retention.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
    severity=Severity.HIGH,
)
def audit_trail_locked(graph: ResourceGraph) -> Iterator[Finding]:
    """Whoever gets in deletes the traces first. Object Lock is decided when a bucket is made."""
    if graph.facts.ephemeral:
        return
    trails = _trail_buckets(graph)
    copies = {destination for source, destination in _replications(graph) if source in trails}
    locks = settings_of_buckets(graph, *_OBJECT_LOCK)
    for urn in sorted(trails.keys() | copies):
        bucket = graph.recording.by_urn[urn]
        if is_off(bucket.inputs.get("objectLockEnabled")) and is_off(
            value_at(bucket.inputs, "objectLockConfiguration.objectLockEnabled")
        ):
            yield against(bucket, "objectLockEnabled", "true", "create another bucket with it")
        elif not any(_retains(each, "rule") for each in locks.get(urn, ())) and not _retains(
            bucket, "objectLockConfiguration.rule"
        ):
            fix = "add a BucketObjectLockConfiguration with defaultRetention"
            yield Finding(bucket, "", "Object Lock without a default retention", "a default retention", fix)


def _retains(record: Resource, path: str) -> bool:
    return value_at(record.inputs, f"{path}.defaultRetention") is not None
