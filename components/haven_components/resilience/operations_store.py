"""What runbooks keep of themselves in one Region: lease, journal, heartbeats, and the audit of what was done."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.keys.multi_region_key import (
    DELETION_WINDOW_DAYS,
    EPHEMERAL_DELETION_WINDOW_DAYS,
    key_policy,
)
from haven_components.names import bucket_name
from haven_components.shared import buckets
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, policy_document, stateful

HASH_KEY, RANGE_KEY = "id", "entry"
"""The table's key, as the runbooks read it (haven/runbooks/workflow/table.py)."""
AUDIT_PREFIX = "audit/"
RETENTION_DAYS = 365
"""[assumption] How long a review, an auditor or a court may ask for what was done."""
MOST_NAME_CHARACTERS = 200


class OperationsAuditArgs(TypedDict):
    bucket_name: str
    """What the bucket's name begins with; it ends in the Region's code, as in `audit-123456789012-euw1`. Names are
    shared by all accounts in the world: put the account's number in. At most 63 characters with the code."""
    retention_days: NotRequired[int]
    """Days for which only the permission to bypass governance allows deleting a record, 1 to 36,500. Omitted: 365."""


class OperationsStoreArgs(TypedDict):
    region: str
    """The Region of the component's AWS provider, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits."""
    table_name: str
    """Name of the operations table: 3 to 255 letters, digits, hyphens, dots and underscores. Each Region has a table of
    its own, so it may be the same everywhere."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key in this Region that encrypts table and bucket. Omitted: a key of its own, for a Region that has
    none of the environment's."""
    audit: NotRequired[OperationsAuditArgs]
    """The audit bucket. Omitted: none, where a Region has a vote in the lease and nothing else."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose records may be deleted. Omitted: false, so they are protected
    and retained."""


class OperationsStore(pulumi.ComponentResource):
    """The operations table of one Region, and the bucket with the audit of what runbooks did.

    The table has the lease, the journal and the heartbeats that arrived. It is a table of that Region alone and never a
    global table, which takes the last writer's word: a lease is won in a majority of tables, so declare one in each of
    the two Regions and one in a third. Nothing of it depends on which Region is active.

    The bucket keeps what was written: versioned, under Object Lock in governance mode, without replication, because its
    records are verified against the journal of the same Region.
    """

    table_name: pulumi.Output[str]
    """Name of the operations table."""
    table_arn: pulumi.Output[str]
    """ARN of the operations table."""
    kms_key_arn: pulumi.Output[str]
    """ARN of the key that encrypts both: the one that was given, or the component's own."""
    audit_bucket: pulumi.Output[str]
    """Name of the audit bucket; empty without one."""
    audit_arn: pulumi.Output[str]
    """ARN of the audit bucket; empty without one."""

    def __init__(self, name: str, args: OperationsStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:OperationsStore", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        self.kms_key_arn = pulumi.Output.from_input(args["kms_key_arn"] if "kms_key_arn" in args else self._key().arn)
        table = self._table()
        self.table_name = table.name
        self.table_arn = table.arn
        bucket = self._audit(args["audit"]) if "audit" in args else None
        self.audit_bucket = bucket.bucket if bucket is not None else pulumi.Output.from_input("")
        self.audit_arn = bucket.arn if bucket is not None else pulumi.Output.from_input("")
        self.register_outputs(
            {
                "table_name": self.table_name,
                "table_arn": self.table_arn,
                "kms_key_arn": self.kms_key_arn,
                "audit_bucket": self.audit_bucket,
                "audit_arn": self.audit_arn,
            }
        )

    def _key(self) -> aws.kms.Key:
        """A key of this Region alone: what it encrypts is read nowhere else."""
        args = self._args
        return aws.kms.Key(
            f"{self._name}-key",
            description=f"The lease in {args['table_name']}",
            enable_key_rotation=True,
            deletion_window_in_days=EPHEMERAL_DELETION_WINDOW_DAYS if self._ephemeral else DELETION_WINDOW_DAYS,
            bypass_policy_lockout_safety_check=False,
            policy=policy_document(*key_policy(args["region"], args["account_id"])),
            tags={"Name": f"{self._name}-key"},
            opts=stateful(self, ephemeral=self._ephemeral),
        )

    def _table(self) -> aws.dynamodb.Table:
        return aws.dynamodb.Table(
            f"{self._name}-table",
            name=self._args["table_name"],
            billing_mode="PAY_PER_REQUEST",
            attributes=[{"name": HASH_KEY, "type": "S"}, {"name": RANGE_KEY, "type": "S"}],
            hash_key=HASH_KEY,
            range_key=RANGE_KEY,
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": self.kms_key_arn},
            deletion_protection_enabled=not self._ephemeral,
            tags={"Name": self._args["table_name"]},
            opts=stateful(self, ephemeral=self._ephemeral),
        )

    def _audit(self, audit: OperationsAuditArgs) -> aws.s3.Bucket:
        name = f"{self._name}-audit"
        bucket = aws.s3.Bucket(
            name,
            bucket=bucket_name(audit["bucket_name"], self._args["region"]),
            force_destroy=self._ephemeral,
            object_lock_enabled=True,
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral),
        )
        versioning = buckets.version(name, bucket, self._after())
        days = int(audit.get("retention_days", RETENTION_DAYS))
        buckets.lock(name, bucket, days, self._after(versioning))
        buckets.encrypt(name, bucket, self.kms_key_arn, self._after())
        buckets.keep_private(name, bucket, self._after)
        self._lifecycle(name, bucket, versioning)
        return bucket

    def _lifecycle(self, name: str, bucket: aws.s3.Bucket, versioning: pulumi.Resource) -> None:
        """Broken uploads go; records stay."""
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "broken-uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": buckets.ABORT_UPLOADS_DAYS},
                }
            ],
            opts=self._after(versioning),
        )

    def _after(self, *before: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(before))


def _validate(name: str, args: OperationsStoreArgs) -> None:
    checks = Checks("OperationsStore", name, OperationsStoreArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_match(
            checks,
            "table_name",
            args["table_name"],
            limits.TABLE_NAME,
            allowed="3 to 255 letters, digits, hyphens, dots and underscores",
            fix="choose another name for the table",
        ),
        lambda: _validate_audit(checks, args["region"], args["audit"]) if "audit" in args else None,
    )


def _validate_audit(checks: Checks, region: str, audit: OperationsAuditArgs) -> None:
    buckets.require_bucket_name(checks, "audit.bucket_name", audit["bucket_name"], [region])
    _checks.require_between(
        checks,
        "audit.retention_days",
        audit.get("retention_days", RETENTION_DAYS),
        limits.OBJECT_LOCK_DAYS,
        fix=f"leave it out for {RETENTION_DAYS} days",
    )
