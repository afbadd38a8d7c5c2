"""What heartbeats are called in stores, and a file of the archive: for the function, and for what declares it."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

RECORDS = "heartbeat"
"""Hash key, in the operations table, of what arrived."""
NAMESPACE, LATE_STORES = "Haven/Heartbeat", "LateStores"
"""Of the metric with the number of stores whose newest heartbeat is missing or older than a minute."""
DATABASE_USER = "haven_heartbeat"
"""The database user, which logs in with a token of IAM."""
CERTIFICATES_FILE = "database_certificates.pem"
"""What of the function's archive the database is verified with."""


def object_key(region: str) -> str:
    """Key of a Region's heartbeat in a bucket."""
    return f"haven/heartbeat/{region}.json"


def item_key(keys: Mapping[str, str], region: str) -> dict[str, Any]:
    """Key of a Region's heartbeat in a table, whatever types its keys have."""
    text = f"haven-heartbeat/{region}"
    values: Mapping[str, Any] = {"S": text, "N": str(-crc32(text.encode())), "B": text.encode()}
    return {name: {kind: values[kind]} for name, kind in keys.items()}
