"""Two buckets, one in each Region, that replicate into each other from their first day."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import REPLICATION_RULE, bucket_name, region_code
from haven_components.shared import bucket_grants, buckets
from haven_components.shared import checks as _checks
from haven_components.shared.bucket_grants import BucketGrantArgs
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy, policy_document, stateful

NONCURRENT_DAYS = 90
REPLICATION_MINUTES = 15
"""The one value that S3 accepts for replication time control (S3 User Guide, read 2026-11-21)."""

MOST_NAME_CHARACTERS = 52
"""IAM role names have at most 64 characters (IAM quotas, read 2026-11-21); the role's suffix takes twelve of them."""


class BucketSideArgs(TypedDict):
    region: str
    """The Region of this bucket, for example `eu-west-1`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key that encrypts this bucket, in the bucket's own Region: a side of a multi-Region key. S3 treats the
    two sides as two keys and encrypts again, with the other key, while it replicates."""


class ReplicatedBucketArgs(TypedDict):
    primary: BucketSideArgs
    """The bucket in the Region of the component's AWS provider."""
    recovery: BucketSideArgs
    """The bucket in the other Region."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    bucket_name: str
    """What the buckets' names begin with; each ends in its Region's code, as in `models-123456789012-euw1`. Names are
    shared by all accounts in the world: put the account's number in. At most 63 characters with the code."""
    replication_time_control: bool
    """Whether S3 is held to replicate within 15 minutes, at an extra price, and reports what takes longer."""
    object_lock_days: NotRequired[int]
    """Days for which only the permission to bypass governance allows deleting or overwriting a version, 1 to 36,500.
    Decided at creation: adding or dropping it later replaces the buckets. Omitted: no Object Lock."""
    noncurrent_days: NotRequired[int]
    """Days for which a version is kept after it was overwritten or deleted, at least 1. Omitted: 90."""
    one_day_prefixes: NotRequired[list[str]]
    """Prefixes of keys that are overwritten all the time, whose old versions are kept for one day whatever
    `noncurrent_days` is: S3 throttles a bucket with millions of versions of one object (S3 User Guide, troubleshoot
    versioning; read 2026-11-27). Omitted: none."""
    grants: NotRequired[list[BucketGrantArgs]]
    """What the policy of both buckets allows to AWS services that write into them. A service that encrypts with the
    bucket's key needs the key's leave too. Omitted: nothing."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose buckets may be deleted with what is in them. Omitted: false,
    so they are protected and retained."""


@dataclass(frozen=True)
class _BucketSide:
    name: str
    region: str
    kms_key_arn: pulumi.Input[str]
    provider: aws.Provider | None
    bucket: aws.s3.Bucket
    versioning: aws.s3.BucketVersioning

    @property
    def objects(self) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.bucket.arn, "/*")


class ReplicatedBucket(pulumi.ComponentResource):
    """Versioned, encrypted, private buckets in two Regions, each replicating everything into the other.

    Rules exist in both directions from the start, because a rule isn't retroactive and bucket settings can't be changed
    while a Region is lost. What is older than its rule, or lost its destination, needs a batch replication job: live
    rules don't reach it.
    """

    primary_bucket: pulumi.Output[str]
    """Name of the bucket in the primary Region."""
    recovery_bucket: pulumi.Output[str]
    """Name of the bucket in the recovery Region."""
    primary_arn: pulumi.Output[str]
    """ARN of the bucket in the primary Region."""
    recovery_arn: pulumi.Output[str]
    """ARN of the bucket in the recovery Region."""
    replication_role_arn: pulumi.Output[str]
    """ARN of the role with which S3 replicates, in both directions."""

    def __init__(self, name: str, args: ReplicatedBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ReplicatedBucket", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        primary = self._side(args["primary"], None)
        recovery = self._side(args["recovery"], args["recovery_provider"])
        role = self._role()
        permissions = self._permissions(role, primary, recovery)
        for side in (primary, recovery):
            self._privacy(side)
            self._lifecycle(side)
            if "object_lock_days" in args:
                days = int(args["object_lock_days"])
                buckets.lock(side.name, side.bucket, days, self._beside(side, side.versioning))
        for source, destination in ((primary, recovery), (recovery, primary)):
            self._replication(source, destination, role, [permissions, self._encryption(destination)])
        self.primary_bucket = primary.bucket.bucket
        self.recovery_bucket = recovery.bucket.bucket
        self.primary_arn = primary.bucket.arn
        self.recovery_arn = recovery.bucket.arn
        self.replication_role_arn = role.arn
        self.register_outputs(
            {
                "primary_bucket": self.primary_bucket,
                "recovery_bucket": self.recovery_bucket,
                "primary_arn": self.primary_arn,
                "recovery_arn": self.recovery_arn,
                "replication_role_arn": self.replication_role_arn,
            }
        )

    def _side(self, side: BucketSideArgs, provider: aws.Provider | None) -> _BucketSide:
        name = f"{self._name}-{region_code(side['region'])}"
        bucket = aws.s3.Bucket(
            name,
            bucket=bucket_name(self._args["bucket_name"], side["region"]),
            force_destroy=self._ephemeral,
            object_lock_enabled="object_lock_days" in self._args,
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral, provider=provider),
        )
        versioning = buckets.version(name, bucket, pulumi.ResourceOptions(parent=self, provider=provider))
        return _BucketSide(name, side["region"], side["kms_key_arn"], provider, bucket, versioning)

    def _encryption(self, side: _BucketSide) -> pulumi.Resource:
        return buckets.encrypt(side.name, side.bucket, side.kms_key_arn, self._beside(side))

    def _privacy(self, side: _BucketSide) -> None:
        grants = bucket_grants.statements(self._args.get("grants", []), side.bucket.arn)
        buckets.keep_private(side.name, side.bucket, partial(self._beside, side), *grants)

    def _lifecycle(self, side: _BucketSide) -> None:
        """Each side needs its own rules: what a lifecycle rule deletes isn't deleted in the replica. Of two rules for
        one object the shorter holds (S3 User Guide, conflicts in lifecycle configurations; read 2026-11-27)."""
        aws.s3.BucketLifecycleConfiguration(
            f"{side.name}-lifecycle",
            bucket=side.bucket.bucket,
            rules=[
                {
                    "id": "old-versions-and-broken-uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": buckets.ABORT_UPLOADS_DAYS},
                    "noncurrent_version_expiration": {
                        "noncurrent_days": int(self._args.get("noncurrent_days", NONCURRENT_DAYS))
                    },
                    "expiration": {"expired_object_delete_marker": True},
                },
                *map(_one_day_of_versions, self._args.get("one_day_prefixes", [])),
            ],
            opts=self._beside(side, side.versioning),
        )

    def _role(self) -> aws.iam.Role:
        """One role for both directions: IAM can't be changed while its home Region is lost, so both are in it already.

        Its trust has no condition on the source: S3 isn't documented to name one when it replicates (S3 User Guide,
        permissions for live replication; read 2026-11-21), and a condition on a missing key would stop all replication
        without an error. Only who may pass the role can make a bucket use it.
        """
        name = f"{self._name}-replication"
        return service_role(
            name,
            f"S3 replicates the buckets {self._args['bucket_name']}-* with it",
            assume_role_policy("s3.amazonaws.com"),
            pulumi.ResourceOptions(parent=self),
        )

    def _permissions(self, role: aws.iam.Role, primary: _BucketSide, recovery: _BucketSide) -> aws.iam.RolePolicy:
        name = f"{self._name}-replication"
        statements = _objects(primary, recovery, locked="object_lock_days" in self._args)
        for side in (primary, recovery):
            statements += _key(side)
        return aws.iam.RolePolicy(
            f"{name}-permissions",
            name=name,
            role=role.name,
            policy=policy_document(*statements),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _replication(
        self, source: _BucketSide, destination: _BucketSide, role: aws.iam.Role, before: list[pulumi.Resource]
    ) -> None:
        aws.s3.BucketReplicationConfig(
            f"{source.name}-replication",
            bucket=source.bucket.bucket,
            role=role.arn,
            rules=[
                {
                    "id": REPLICATION_RULE,
                    "priority": 1,
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Enabled"},
                    "source_selection_criteria": {
                        "sse_kms_encrypted_objects": {"status": "Enabled"},
                        "replica_modifications": {"status": "Enabled"},
                    },
                    "destination": self._destination(destination),
                }
            ],
            opts=self._beside(source, source.versioning, destination.versioning, *before),
        )

    def _destination(self, side: _BucketSide) -> aws.s3.BucketReplicationConfigRuleDestinationArgsDict:
        destination: aws.s3.BucketReplicationConfigRuleDestinationArgsDict = {
            "bucket": side.bucket.arn,
            "encryption_configuration": {"replica_kms_key_id": side.kms_key_arn},
            "metrics": {"status": "Enabled"},
        }
        if self._args["replication_time_control"]:
            # A threshold for the metrics exists only together with time control.
            destination["metrics"] = {"status": "Enabled", "event_threshold": {"minutes": REPLICATION_MINUTES}}
            destination["replication_time"] = {"status": "Enabled", "time": {"minutes": REPLICATION_MINUTES}}
        return destination

    def _beside(self, side: _BucketSide, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of what belongs to a bucket: made in its Region, after what S3 wants to be there first."""
        return pulumi.ResourceOptions(parent=self, provider=side.provider, depends_on=list(after))


def _one_day_of_versions(prefix: str) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": f"one-day-of-versions-{prefix}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "noncurrent_version_expiration": {"noncurrent_days": 1},
    }


def _objects(primary: _BucketSide, recovery: _BucketSide, *, locked: bool) -> list[Mapping[str, Any]]:
    """Both buckets are source and destination, so each permission holds for both."""
    buckets = [primary.bucket.arn, recovery.bucket.arn]
    objects = [primary.objects, recovery.objects]
    # Without these two, versions with a retention or a legal hold stay behind.
    locks = ["s3:GetObjectLegalHold", "s3:GetObjectRetention"] if locked else []
    return [
        {
            "Sid": "ReadRules",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": buckets,
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
                *locks,
            ],
            "Resource": objects,
        },
        {
            "Sid": "WriteReplicas",
            "Effect": "Allow",
            "Action": ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": objects,
        },
    ]


def _key(side: _BucketSide) -> list[Mapping[str, Any]]:
    """What S3 needs of one side's key. Without it, encrypted objects stay where they are and no call fails.

    With a bucket key the context is the bucket; an object that was written without one has its own ARN there (S3 User
    Guide, replicating encrypted objects; read 2026-11-21).
    """
    condition = {
        "StringEquals": {"kms:ViaService": f"s3.{side.region}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [side.bucket.arn, side.objects]},
    }
    allowed: Mapping[str, Any] = {"Effect": "Allow", "Resource": side.kms_key_arn, "Condition": condition}
    code = region_code(side.region).capitalize()
    return [
        {**allowed, "Sid": f"DecryptSource{code}", "Action": "kms:Decrypt"},
        {**allowed, "Sid": f"EncryptReplicas{code}", "Action": ["kms:Encrypt", "kms:GenerateDataKey"]},
    ]


def _validate(name: str, args: ReplicatedBucketArgs) -> None:
    checks = Checks("ReplicatedBucket", name, ReplicatedBucketArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: buckets.require_bucket_name(
            checks, "bucket_name", args["bucket_name"], [args["primary"]["region"], args["recovery"]["region"]]
        ),
        lambda: _validate_days(checks, args),
        lambda: bucket_grants.require_grants(checks, args.get("grants", [])),
    )


def _validate_days(checks: Checks, args: ReplicatedBucketArgs) -> None:
    lock, noncurrent = args.get("object_lock_days", 1), args.get("noncurrent_days", NONCURRENT_DAYS)
    _checks.require_between(
        checks, "object_lock_days", lock, limits.OBJECT_LOCK_DAYS, fix="leave it out for buckets without Object Lock"
    )
    checks.require(
        noncurrent >= 1,
        "noncurrent_days",
        got=noncurrent,
        allowed="1 or more",
        fix="leave it out for 90 days",
    )
