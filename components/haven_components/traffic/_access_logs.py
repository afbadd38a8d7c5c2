"""A bucket into which a load balancer writes its access logs."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.names import partition
from haven_components.shared import buckets
from haven_components.shared.support import policy_document, stateful


class AccessLogs:
    """The bucket, private, with a policy that lets the load balancer write.

    It is encrypted with keys of S3 and not with a customer's: Application Load Balancers write to no other bucket (ELB
    User Guide, access logs; read 2026-11-21).
    """

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        *,
        region: str,
        account_id: str,
        network: bool,
        retention_days: int,
        ephemeral: bool,
    ) -> None:
        self._component = component
        self._name = name
        bucket_name = f"{name}-{account_id}"
        bucket = aws.s3.Bucket(
            name,
            bucket=bucket_name,
            force_destroy=ephemeral,
            tags={"Name": name},
            opts=stateful(component, ephemeral=ephemeral),
        )
        self.bucket: pulumi.Output[str] = bucket.bucket
        self._encryption()
        self._lifecycle(retention_days)
        arn = f"arn:{partition(region)}:s3:::{bucket_name}"
        statements = _network(arn, region, account_id) if network else _application(arn, account_id)
        self.policy = self._privacy(arn, statements)

    def _encryption(self) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._after(),
        )

    def _lifecycle(self, retention_days: int) -> None:
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket,
            rules=[
                {
                    "id": "old-logs",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": retention_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": buckets.ABORT_UPLOADS_DAYS},
                }
            ],
            opts=self._after(),
        )

    def _privacy(self, arn: str, statements: list[Mapping[str, Any]]) -> aws.s3.BucketPolicy:
        block = buckets.close(self._name, self.bucket, self._after)
        only_tls = {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket,
            policy=policy_document(only_tls, *statements),
            opts=self._after(block),
        )

    def _after(self, *first: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._component, depends_on=[*first])


def _application(arn: str, account_id: str) -> list[Mapping[str, Any]]:
    """The path names the account: the service writes no other account's logs there (ELB User Guide, enable
    access logs; read 2026-11-21)."""
    return [
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{arn}/AWSLogs/{account_id}/*",
        }
    ]


def _network(arn: str, region: str, account_id: str) -> list[Mapping[str, Any]]:
    """Network Load Balancers write through CloudWatch's delivery of logs (the same guide for them; read 2026-11-21)."""
    source = {
        "StringEquals": {"aws:SourceAccount": account_id},
        "ArnLike": {"aws:SourceArn": f"arn:{partition(region)}:logs:{region}:{account_id}:*"},
    }
    allowed = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Condition": source}
    return [
        {**allowed, "Sid": "SeeOwner", "Action": "s3:GetBucketAcl", "Resource": arn},
        {**allowed, "Sid": "WriteLogs", "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/{account_id}/*"},
    ]
