"""Where Pulumi keeps its own state: a bucket and a key that outlive the Region in which they are used."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.data.replicated_bucket import NONCURRENT_DAYS, ReplicatedBucket
from haven_components.keys.multi_region_key import MultiRegionKey
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

MOST_NAME_CHARACTERS = 41
"""Names of buckets have at most 63 characters (S3 User Guide, read 2026-11-21): the account and a Region's code take up
to 22."""


class StateBackendArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits: the buckets' names carry it."""
    primary_region: str
    """The Region of the component's AWS provider, where state is usually read and written."""
    recovery_region: str
    """The Region from which one goes on when the primary one is lost."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    replication_time_control: NotRequired[bool]
    """Whether S3 is held to replicate within 15 minutes, at an extra price, and reports what takes longer. What was not
    replicated when a Region is lost is missing from the state in the other one. Omitted: false."""
    noncurrent_days: NotRequired[int]
    """Days for which a version of the state is kept after it was overwritten, at least 1. Omitted: 90."""
    ephemeral: NotRequired[bool]
    """Whether the state is that of throw-away stacks and may be deleted. Omitted: false, so it is protected and
    retained."""


class StateBackend(pulumi.ComponentResource):
    """A multi-Region key and a pair of versioned buckets, replicated both ways, for Pulumi's state and its secrets.

    One Region's URLs are used at a time: a lock is a file, and replication copies it to the other side too late to lock
    anybody out. The key has the same alias in both Regions, and either side decrypts what the other one encrypted.
    """

    primary_bucket: pulumi.Output[str]
    """Name of the bucket in the primary Region."""
    recovery_bucket: pulumi.Output[str]
    """Name of the bucket in the recovery Region."""
    primary_url: pulumi.Output[str]
    """What `pulumi login` takes while the primary Region works: `s3://...?region=...`."""
    recovery_url: pulumi.Output[str]
    """What `pulumi login` takes to read the replica."""
    primary_secrets_provider: pulumi.Output[str]
    """What `pulumi stack init --secrets-provider` takes: `awskms://alias/...?region=...`."""
    recovery_secrets_provider: pulumi.Output[str]
    """The same key as it is known in the recovery Region."""
    key_id: pulumi.Output[str]
    """Id of the key, the same in both Regions."""

    def __init__(self, name: str, args: StateBackendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:StateBackend", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        primary, recovery = args["primary_region"], args["recovery_region"]
        key = self._key()
        buckets = self._buckets(key)
        self.primary_bucket = buckets.primary_bucket
        self.recovery_bucket = buckets.recovery_bucket
        self.primary_url = _url(buckets.primary_bucket, primary)
        self.recovery_url = _url(buckets.recovery_bucket, recovery)
        self.primary_secrets_provider = _secrets_provider(key.alias_name, primary)
        self.recovery_secrets_provider = _secrets_provider(key.alias_name, recovery)
        self.key_id = key.key_id
        self.register_outputs(
            {
                "primary_bucket": self.primary_bucket,
                "recovery_bucket": self.recovery_bucket,
                "primary_url": self.primary_url,
                "recovery_url": self.recovery_url,
                "primary_secrets_provider": self.primary_secrets_provider,
                "recovery_secrets_provider": self.recovery_secrets_provider,
                "key_id": self.key_id,
            }
        )

    def _key(self) -> MultiRegionKey:
        return MultiRegionKey(
            f"{self._name}-key",
            {
                "primary_region": self._args["primary_region"],
                "recovery_region": self._args["recovery_region"],
                "recovery_provider": self._args["recovery_provider"],
                "account_id": self._args["account_id"],
                "description": "Pulumi's state, and the secrets in it",
                "ephemeral": self._args.get("ephemeral", False),
            },
            pulumi.ResourceOptions(parent=self),
        )

    def _buckets(self, key: MultiRegionKey) -> ReplicatedBucket:
        """Without Object Lock: Pulumi overwrites and deletes what it keeps; versions show what was there."""
        return ReplicatedBucket(
            f"{self._name}-files",
            {
                "primary": {"region": self._args["primary_region"], "kms_key_arn": key.primary_arn},
                "recovery": {"region": self._args["recovery_region"], "kms_key_arn": key.recovery_arn},
                "recovery_provider": self._args["recovery_provider"],
                "bucket_name": f"{self._name}-{self._args['account_id']}",
                "replication_time_control": self._args.get("replication_time_control", False),
                "noncurrent_days": int(self._args.get("noncurrent_days", NONCURRENT_DAYS)),
                "ephemeral": self._args.get("ephemeral", False),
            },
            pulumi.ResourceOptions(parent=self),
        )


def _url(bucket: pulumi.Output[str], region: str) -> pulumi.Output[str]:
    return pulumi.Output.concat("s3://", bucket, "?region=", region)


def _secrets_provider(alias: pulumi.Output[str], region: str) -> pulumi.Output[str]:
    return pulumi.Output.concat("awskms://", alias, "?region=", region)


def _validate(name: str, args: StateBackendArgs) -> None:
    checks = Checks("StateBackend", name, StateBackendArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_identifier(checks, name),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery_region", args["recovery_region"], args["primary_region"]
        ),
        lambda: _validate_days(checks, args),
    )


def _validate_days(checks: Checks, args: StateBackendArgs) -> None:
    days = args.get("noncurrent_days", NONCURRENT_DAYS)
    checks.require(
        days >= 1,
        "noncurrent_days",
        got=days,
        allowed="1 or more",
        fix=f"leave it out for {NONCURRENT_DAYS} days",
    )
