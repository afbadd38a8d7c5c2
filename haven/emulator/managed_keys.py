"""Keys that AWS keeps in every Region by itself, and the emulator doesn't."""

from collections.abc import Sequence

from haven.emulator.actual import Clients

ALIASES = ("alias/aws/dynamodb",)
"""What the AWS provider looks up, to tell a table's own key from AWS's (source of the provider,
internal/service/dynamodb/table_replica.go; read 2026-11-21)."""


def make(url: str, regions: Sequence[str]) -> None:
    """Make the keys where they are missing.

    Args:
        url: the emulator's.
        regions: where.
    """
    clients = Clients(url)
    for region in regions:
        kms = clients.of("kms", region)
        there = {each["AliasName"] for each in clients.listed("kms", region, "list_aliases", "Aliases")}
        for alias in ALIASES:
            if alias not in there:
                key = kms.create_key(Description="AWS's own, for the tables of an account")["KeyMetadata"]
                kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
