"""AWS clients of the refresh commands."""

from typing import Any

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 5, 30, 3


def boto3_client(service: str, region: str) -> Any:
    """A client with the credentials of this process.

    Args:
        service: the service's name in boto3.
        region: where it is asked.
    """
    import boto3  # noqa: PLC0415  loads slowly, and only these commands need it
    from botocore.config import Config  # noqa: PLC0415  as boto3

    retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)
    return boto3.client(service, region_name=region, config=config)
