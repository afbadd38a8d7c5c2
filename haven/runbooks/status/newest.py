"""The newest entries of a Region's journal, as DynamoDB has them: what a screen can read of it in its time."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from haven.runbooks.workflow.journal import ID

_PAGES = 3
"""So many are looked at: DynamoDB reads 1 MB for a page, about ten failovers, and all together 7 seconds at most
(DynamoDB Developer Guide, Query; read 2026-11-27)."""


def items(dynamodb: Any, table: str, values: Mapping[str, Any] | None = None, **narrowed: Any) -> Iterator[Any]:
    """The items, the newest first.

    Args:
        dynamodb: boto3's client.
        table: the operations table.
        values: what expressions of `narrowed` name. Omitted: nothing.
        narrowed: further arguments of a Query.

    Raises:
        ClientError: DynamoDB refuses.
    """
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": ID}, **(values or {})},
        ScanIndexForward=False,
        **narrowed,
    )
    for page in islice(pages, _PAGES):
        yield from page["Items"]
