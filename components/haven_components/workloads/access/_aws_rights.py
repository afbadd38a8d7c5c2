"""What a service account's pods may do in AWS: statements of an IAM policy, least privilege."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from haven_components.names import dns_suffix, resource_arn
from haven_components.workloads._identity import bucket_arn
from haven_components.workloads._secrets import READ_SECRETS, secret_arns
from haven_components.workloads.access._access_args import (
    BucketAccessArgs,
    PodUsesArgs,
    QueueAccessArgs,
    TableAccessArgs,
)

# Actions and the resources that they know: Service Authorization Reference, S3, DynamoDB, SQS, Secrets Manager and KMS;
# read 2026-11-26.
READ_OBJECTS = ("s3:GetObject", "s3:GetObjectVersion")
WRITE_OBJECTS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
LIST_BUCKETS = ("s3:ListBucket", "s3:ListBucketVersions")
READ_ITEMS = ("dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan")
WRITE_ITEMS = (
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
FIND_QUEUES = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")
SEND = ("sqs:SendMessage",)
RECEIVE = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage")


@dataclass(frozen=True)
class Rights:
    """The rights of one Region's service accounts."""

    region: str
    account_id: str

    def statements(self, uses: PodUsesArgs) -> list[Mapping[str, Any]]:
        """Everything that a service account's pods may do, and nothing where they use nothing.

        What is used alike is in one statement: all policies of a role share 10,240 characters (IAM quotas; read
        2026-11-26).
        """
        return [
            *self._buckets(uses.get("buckets", [])),
            *self._tables(uses.get("tables", [])),
            *self._queues(uses.get("queues", [])),
            *self._secrets(uses.get("secrets", [])),
            *self._databases(uses),
            *self._keys(uses),
        ]

    def _arn(self, service: str, resource: str) -> str:
        return resource_arn(service, self.region, self.account_id, resource)

    def _buckets(self, buckets: Sequence[BucketAccessArgs]) -> Iterator[Mapping[str, Any]]:
        for write in (False, True):
            objects = [
                pulumi.Output.concat(bucket_arn(self.region, each["bucket"]), f"/{each.get('prefix', '')}*")
                for each in buckets
                if each.get("write", False) == write
            ]
            if objects:
                yield _allow((*READ_OBJECTS, *(WRITE_OBJECTS if write else ())), objects)
        whole = [bucket_arn(self.region, each["bucket"]) for each in buckets if not each.get("prefix", "")]
        if whole:
            yield _allow(LIST_BUCKETS, whole)
        for each in buckets:
            if prefix := each.get("prefix", ""):
                listed = _allow(LIST_BUCKETS, bucket_arn(self.region, each["bucket"]))
                yield listed | {"Condition": {"StringLike": {"s3:prefix": f"{prefix}*"}}}

    def _tables(self, tables: Sequence[TableAccessArgs]) -> Iterator[Mapping[str, Any]]:
        for write in (False, True):
            named = [
                self._arn("dynamodb", f"table/{each['table']}") for each in tables if each.get("write", False) == write
            ]
            if named:
                actions = (*READ_ITEMS, *(WRITE_ITEMS if write else ()))
                yield _allow(actions, [arn for each in named for arn in (each, f"{each}/index/*")])

    @staticmethod
    def _queues(queues: Sequence[QueueAccessArgs]) -> Iterator[Mapping[str, Any]]:
        for sends, receives in ((True, False), (False, True), (True, True)):
            used = [
                each["queue_arn"]
                for each in queues
                if (each.get("send", False), each.get("receive", False)) == (sends, receives)
            ]
            if used:
                yield _allow((*FIND_QUEUES, *(SEND if sends else ()), *(RECEIVE if receives else ())), used)

    def _secrets(self, secrets: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        if secrets:
            yield _allow(READ_SECRETS, secret_arns(self.region, self.account_id, secrets))

    def _databases(self, uses: PodUsesArgs) -> Iterator[Mapping[str, Any]]:
        # The user in the ARN is the database's (Aurora User Guide, IAM policy for IAM database access; 2026-11-26).
        users = [
            pulumi.Output.concat(self._arn("rds-db", "dbuser:"), each["resource_id"], f"/{each['user']}")
            for each in uses.get("database_users", [])
        ]
        if users:
            yield _allow(("rds-db:connect",), users)

    def _keys(self, uses: PodUsesArgs) -> Iterator[Mapping[str, Any]]:
        """Keys are used through the services that hold the data, and through no other."""
        services = [
            service
            for service, used in (
                ("dynamodb", uses.get("tables")),
                ("s3", uses.get("buckets")),
                ("secretsmanager", uses.get("secrets")),
                ("sqs", uses.get("queues")),
            )
            if used
        ]
        keys = uses.get("kms_key_arns", [])
        if not keys or not services:
            return
        writes = any(each.get("write", False) for each in uses.get("buckets", [])) or any(
            each.get("send", False) for each in uses.get("queues", [])
        )
        through = [f"{each}.{self.region}.{dns_suffix(self.region)}" for each in services]
        actions = ("kms:Decrypt", *(("kms:GenerateDataKey",) if writes else ()))
        yield _allow(actions, list(keys)) | {"Condition": {"StringEquals": {"kms:ViaService": through}}}


def _allow(actions: Sequence[str], resource: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
