"""Encryption at rest with customer managed keys, TLS in transit, and no public access."""

from haven_policies.rules.encryption._at_rest import AT_REST
from haven_policies.rules.encryption._public_access import PUBLIC_ACCESS
from haven_policies.rules.encryption.buckets import (
    bucket_demands_tls,
    bucket_encrypted,
    bucket_not_public,
    bucket_without_lists,
)
from haven_policies.rules.encryption.databases import database_demands_tls
from haven_policies.rules.encryption.network_exposure import (
    instance_without_public_address,
    listener_demands_tls,
    queue_demands_tls,
    security_group_not_open,
    topic_demands_tls,
)
from haven_policies.rules.encryption.volumes import volume_encrypted

__all__ = [
    "AT_REST",
    "PUBLIC_ACCESS",
    "bucket_demands_tls",
    "bucket_encrypted",
    "bucket_not_public",
    "bucket_without_lists",
    "database_demands_tls",
    "instance_without_public_address",
    "listener_demands_tls",
    "queue_demands_tls",
    "security_group_not_open",
    "topic_demands_tls",
    "volume_encrypted",
]
