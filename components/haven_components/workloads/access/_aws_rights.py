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
    QueueAccessArgs,
    ServiceAccountArgs,
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

    def statements(self, account: ServiceAccountArgs) -> list[Mapping[str, Any]]:
        """Everything that a service account's pods may do, and nothing where it names nothing."""
        return [
            *self._buckets(account.get("buckets", [])),
            *self._tables(account.get("tables", [])),
            *self._queues(account.get("queues", [])),
            *self._secrets(account.get("secrets", [])),
            *self._databases(account),
            *self._keys(account),
        ]

    def _arn(self, service: str, resource: str) -> str:
        return resource_arn(service, self.region, self.account_id, resource)

    def _buckets(self, buckets: Sequence[BucketAccessArgs]) -> Iterator[Mapping[str, Any]]:
        for each in buckets:
            arn, prefix = bucket_arn(self.region, each["bucket"]), each.get("prefix", "")
            yield _allow(
                (*READ_OBJECTS, *(WRITE_OBJECTS if each.get("write", False) else ())),
                pulumi.Output.concat(arn, f"/{prefix}*"),
            )
            listed = _allow(LIST_BUCKETS, arn)
            yield listed | ({"Condition": {"StringLike": {"s3:prefix": f"{prefix}*"}}} if prefix else {})

    def _tables(self, tables: Sequence[TableAccessArgs]) -> Iterator[Mapping[str, Any]]:
        for each in tables:
            table = self._arn("dynamodb", f"table/{each['table']}")
            actions = (*READ_ITEMS, *(WRITE_ITEMS if each.get("write", False) else ()))
            yield _allow(actions, [table, f"{table}/index/*"])

    @staticmethod
    def _queues(queues: Sequence[QueueAccessArgs]) -> Iterator[Mapping[str, Any]]:
        for each in queues:
            sends = SEND if each.get("send", False) else ()
            receives = RECEIVE if each.get("receive", False) else ()
            yield _allow((*FIND_QUEUES, *sends, *receives), each["queue_arn"])

    def _secrets(self, secrets: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        if secrets:
            yield _allow(READ_SECRETS, secret_arns(self.region, self.account_id, secrets))

    def _databases(self, account: ServiceAccountArgs) -> Iterator[Mapping[str, Any]]:
        # The user in the ARN is the database's (Aurora User Guide, IAM policy for IAM database access; 2026-11-26).
        users = [
            pulumi.Output.concat(self._arn("rds-db", "dbuser:"), each["resource_id"], f"/{each['user']}")
            for each in account.get("database_users", [])
        ]
        if users:
            yield _allow(("rds-db:connect",), users)

    def _keys(self, account: ServiceAccountArgs) -> Iterator[Mapping[str, Any]]:
        """Keys are used through the services that hold the data, and through no other."""
        services = [
            service
            for service, used in (
                ("dynamodb", account.get("tables")),
                ("s3", account.get("buckets")),
                ("secretsmanager", account.get("secrets")),
                ("sqs", account.get("queues")),
            )
            if used
        ]
        keys = account.get("kms_key_arns", [])
        if not keys or not services:
            return
        writes = any(each.get("write", False) for each in account.get("buckets", [])) or any(
            each.get("send", False) for each in account.get("queues", [])
        )
        through = [f"{each}.{self.region}.{dns_suffix(self.region)}" for each in services]
        actions = ("kms:Decrypt", *(("kms:GenerateDataKey",) if writes else ()))
        yield _allow(actions, list(keys)) | {"Condition": {"StringEquals": {"kms:ViaService": through}}}


def _allow(actions: Sequence[str], resource: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
