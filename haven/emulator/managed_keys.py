"""AWS managed KMS keys, which exist in every Region of an account but not in the emulator."""

from collections.abc import Sequence

from haven.emulator.clients import Clients

ALIASES = ("alias/aws/dynamodb",)
"""Aliases that the AWS provider reads, to tell a customer managed key of a table from AWS's (source of the provider,
internal/service/dynamodb/table_replica.go; read 2026-11-21)."""


def create(url: str, regions: Sequence[str]) -> None:
    """Create the keys that are missing.

    Args:
        url: the emulator's endpoint.
        regions: the Regions to create them in.
    """
    clients = Clients(url)
    for region in regions:
        kms = clients.of("kms", region)
        there = {each["AliasName"] for each in clients.listed("kms", region, "list_aliases", "Aliases")}
        for alias in ALIASES:
            if alias not in there:
                key = kms.create_key(Description="AWS's own, for the tables of an account")["KeyMetadata"]
                kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
