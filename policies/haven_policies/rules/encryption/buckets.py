"""Buckets: the resources that each of them needs beside it."""

from collections.abc import Iterator

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.buckets import ACCESS_LOGS, BUCKETS, buckets_written_by, settings_of_buckets
from haven_policies.rules.documents import RESOURCE, denies_without_tls, statements
from haven_policies.rules.encryption._public_access import SWITCHES
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.property_rules import KEY, each_of, is_on, own_key
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import in_words, is_unknown, value_at

_ENCRYPTION = (
    aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
    aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION_V2,
)


@stack_rule(
    description="Every bucket encrypts with a customer managed key, through a bucket key.",
    remediation="Add a BucketServerSideEncryptionConfiguration: aws:kms, the Region's key, bucketKeyEnabled.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    severity=Severity.HIGH,
)
def bucket_encrypted(graph: ResourceGraph) -> Iterator[Finding]:
    """Without a bucket key every object is a request to KMS, which has a limit on them."""
    beside, spared = settings_of_buckets(graph, *_ENCRYPTION), buckets_written_by(graph, ACCESS_LOGS)
    for bucket in graph.of(*BUCKETS):
        if bucket.urn in spared:
            continue
        places = [(each, path) for each in beside.get(bucket.urn, ()) for path in each_of(each, "rules")]
        if not places:  # S3 encrypts by itself with a key of its own: that is what the bucket reports from its birth
            places = [(bucket, path) for path in each_of(bucket, "serverSideEncryptionConfiguration.rule")]
        if not places:
            fix = "add a BucketServerSideEncryptionConfiguration with the Region's key"
            yield Finding(bucket, "", "no default encryption with a customer managed key", KEY, fix)
        for record, path in places:
            yield from _weak(bucket, record, path)


def _weak(bucket: Resource, record: Resource, path: str) -> Iterator[Finding]:
    base = f"{path}.applyServerSideEncryptionByDefault"
    kind, key = value_at(record.inputs, f"{base}.sseAlgorithm"), value_at(record.inputs, f"{base}.kmsMasterKeyId")
    where = "" if record is bucket else f" of {record.name}"
    if not (is_unknown(kind) or kind in ("aws:kms", "aws:kms:dsse")):
        yield Finding(
            bucket, f"{base}.sseAlgorithm{where}", in_words(kind), '"aws:kms"', "encrypt with the Region's key"
        )
    elif not own_key(key):
        yield Finding(bucket, f"{base}.kmsMasterKeyId{where}", in_words(key), KEY, "name the Region's key")
    elif kind == "aws:kms" and not is_on(value_at(record.inputs, f"{path}.bucketKeyEnabled")):
        got = in_words(value_at(record.inputs, f"{path}.bucketKeyEnabled"))
        yield Finding(bucket, f"{path}.bucketKeyEnabled{where}", got, "true", "turn the bucket key on")


@stack_rule(
    description="Every bucket refuses requests without TLS.",
    remediation="Deny s3:* to everybody where aws:SecureTransport is false, for the bucket and all its objects.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    severity=Severity.HIGH,
)
def bucket_demands_tls(graph: ResourceGraph) -> Iterator[Finding]:
    """S3 answers plain HTTP where no policy refuses it."""
    beside = settings_of_buckets(graph, aws.S3_BUCKET_POLICY)
    for bucket in graph.of(*BUCKETS):
        policies = [bucket, *beside.get(bucket.urn, ())]
        if not any(_unreadable(each) or _refuses_plain(each) for each in policies):
            allowed = "a statement that denies s3:* to everybody where aws:SecureTransport is false"
            fix = "add it to the bucket's policy, for the bucket's ARN and for the same with /*"
            yield Finding(bucket, "policy", "no policy that refuses requests without TLS", allowed, fix)


def _unreadable(policy: Resource) -> bool:
    """Whether only another resource knows the document."""
    text = value_at(policy.inputs, "policy")
    return is_unknown(text) and text.startswith("@@")


def _refuses_plain(policy: Resource) -> bool:
    return any(
        any(name == "*" or not name.endswith("/*") for name in names) and any(name.endswith("*") for name in names)
        for each in statements(policy, RESOURCE)
        if denies_without_tls(each, "s3:*")
        for names in (each.listed("Resource"),)
    )


@stack_rule(
    description="Every bucket blocks public access, with all four switches.",
    remediation="Give the bucket a BucketPublicAccessBlock with all four switches on.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    severity=Severity.CRITICAL,
)
def bucket_not_public(graph: ResourceGraph) -> Iterator[Finding]:
    """One careless policy or list would show the data to the world."""
    beside = settings_of_buckets(graph, aws.S3_BUCKET_PUBLIC_ACCESS_BLOCK)
    for bucket in graph.of(*BUCKETS):
        blocks = beside.get(bucket.urn, ())
        if not blocks:
            fix = "add a BucketPublicAccessBlock with all four switches on"
            yield Finding(bucket, "", "no block of public access", ", ".join(SWITCHES), fix)
        for block in blocks:
            yield from _open(bucket, block)


def _open(bucket: Resource, block: Resource) -> Iterator[Finding]:
    for name in SWITCHES:
        value = value_at(block.inputs, name)
        if not is_on(value):
            yield Finding(bucket, f"{name} of {block.name}", in_words(value), "true", "turn it on")


@stack_rule(
    description="Every bucket has access control lists switched off.",
    remediation="Give the bucket BucketOwnershipControls with BucketOwnerEnforced.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
    severity=Severity.MEDIUM,
)
def bucket_without_lists(graph: ResourceGraph) -> Iterator[Finding]:
    """With lists a writer from elsewhere owns what it writes, and no policy of the bucket's governs it."""
    beside = settings_of_buckets(graph, aws.S3_BUCKET_OWNERSHIP_CONTROLS)
    for bucket in graph.of(*BUCKETS):
        controls = beside.get(bucket.urn, ())
        if not controls:
            fix = "add BucketOwnershipControls with BucketOwnerEnforced"
            yield Finding(bucket, "", "no ownership controls", '"BucketOwnerEnforced"', fix)
        for each in controls:
            owner = value_at(each.inputs, "rule.objectOwnership")
            if not (owner == "BucketOwnerEnforced" or is_unknown(owner)):
                path = f"rule.objectOwnership of {each.name}"
                yield Finding(bucket, path, in_words(owner), '"BucketOwnerEnforced"', "switch lists off")
