"""The heartbeats in buckets and global tables, which both Regions write: each its own, and reads the other's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .beats import Beat, now_ms
from .keys import item_key, object_key

_AT = "havenHeartbeatMs"
_ABSENT, _DENIED = ("NoSuchKey", "404"), ("AccessDenied", "403")
"""S3 answers the second for a missing key too, to whoever may not list the bucket (S3 API, GetObject; read 2026-11-27);
whether a right to list one prefix is enough isn't documented, so the key is listed then."""


@dataclass(frozen=True)
class Bucket:
    """One Region's bucket of a pair."""

    store: str
    name: str
    region: str
    other: str
    s3: Any

    def beat(self) -> list[Beat]:
        """Write this Region's object, and read the other's.

        Raises:
            BotoCoreError, ClientError: S3 doesn't answer, or refuses.
        """
        body = json.dumps({"at": now_ms()}).encode()
        self.s3.put_object(Bucket=self.name, Key=object_key(self.region), Body=body, ContentType="application/json")
        return [Beat(self.store, self._newest(), wrote=True)]

    def _newest(self) -> float | None:
        try:
            got = self.s3.get_object(Bucket=self.name, Key=object_key(self.other))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _ABSENT or (code in _DENIED and not self._is_there()):
                return None
            raise
        return float(json.loads(got["Body"].read())["at"])

    def _is_there(self) -> bool:
        found = self.s3.list_objects_v2(Bucket=self.name, Prefix=object_key(self.other), MaxKeys=1)
        return bool(found["KeyCount"])


@dataclass(frozen=True)
class Table:
    """One Region's replica of a global table."""

    store: str
    name: str
    keys: Mapping[str, str]
    """Attribute to its type, `S`, `N` or `B`: the table's own keys."""
    region: str
    other: str
    dynamodb: Any

    def beat(self) -> list[Beat]:
        """Write this Region's item, and read the other's.

        Raises:
            BotoCoreError, ClientError: DynamoDB doesn't answer, or refuses.
        """
        own = {**item_key(self.keys, self.region), _AT: {"N": str(now_ms())}}
        self.dynamodb.put_item(TableName=self.name, Item=own)
        got = self.dynamodb.get_item(TableName=self.name, Key=item_key(self.keys, self.other))
        newest = got.get("Item", {}).get(_AT)
        return [Beat(self.store, None if newest is None else float(newest["N"]), wrote=True)]
