"""What every versioned bucket of the environment's own data has: a key, no public access, TLS alone."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import bucket_name
from haven_components.shared import sdk
from haven_components.shared.support import Checks, policy_document

sdk.load(aws.s3)

ABORT_UPLOADS_DAYS = 7
"""Days after which what was uploaded of an object that never became one is deleted."""


class OptionsAfter(Protocol):
    """Makes the options of a child that is declared after others."""

    def __call__(self, *before: pulumi.Resource) -> pulumi.ResourceOptions: ...


def version(name: str, bucket: aws.s3.Bucket, options: pulumi.ResourceOptions) -> aws.s3.BucketVersioning:
    """Keep the versions of objects."""
    return aws.s3.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=options,
    )


def lock(name: str, bucket: aws.s3.Bucket, days: int, options: pulumi.ResourceOptions) -> None:
    """For days only the permission to bypass governance allows deleting a version; after its versioning."""
    aws.s3.BucketObjectLockConfiguration(
        f"{name}-object-lock",
        bucket=bucket.bucket,
        rule={"default_retention": {"mode": "GOVERNANCE", "days": days}},
        opts=options,
    )


def encrypt(
    name: str, bucket: aws.s3.Bucket, kms_key_arn: pulumi.Input[str], options: pulumi.ResourceOptions
) -> pulumi.Resource:
    """Encrypt objects with a key of KMS, through a bucket key."""
    return aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": "aws:kms",
                    "kms_master_key_id": kms_key_arn,
                },
                "bucket_key_enabled": True,
            }
        ],
        opts=options,
    )


def keep_private(name: str, bucket: aws.s3.Bucket, after: OptionsAfter, *statements: Mapping[str, Any]) -> None:
    """No public access, no ACLs, and a policy that wants TLS 1.2.

    Args:
        name: what the names of the resources begin with.
        bucket: the bucket.
        after: makes the options of each resource.
        statements: what the policy allows.
    """
    block = close(name, bucket.bucket, after)
    everything = [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")]
    deny: Mapping[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.bucket,
        policy=policy_document(
            {**deny, "Sid": "OnlyTls", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {**deny, "Sid": "OnlyTls12", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
            *statements,
        ),
        opts=after(block),
    )


def close(name: str, bucket: pulumi.Input[str], after: OptionsAfter) -> aws.s3.BucketPublicAccessBlock:
    """No public access and no ACLs; the result is what the bucket's policy comes after.

    Args:
        name: what the names of the resources begin with.
        bucket: the bucket's name.
        after: makes the options of each resource.
    """
    block = aws.s3.BucketPublicAccessBlock(
        f"{name}-public-access",
        bucket=bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=after(),
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=after(block),
    )
    return block


def require_bucket_name(checks: Checks, path: str, base: str, regions: Sequence[str]) -> None:
    """A bucket can have this name in each of the Regions."""
    longest = max((bucket_name(base, each) for each in regions), key=len)
    checks.require(
        limits.BUCKET_NAME.fullmatch(base) is not None and len(longest) <= limits.BUCKET_NAME_CHARACTERS,
        path,
        got=base,
        allowed=f"lower-case letters, digits and hyphens, at most {limits.BUCKET_NAME_CHARACTERS} characters with the "
        f"Region's code ({longest} has {len(longest)}), not beginning with a hyphen, xn--, sthree- or amzn-s3-demo-",
        fix="choose a shorter or plainer name",
    )
