"""Secrets that both Regions hold, and generated passwords."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from haven_components.names import secret_name
from haven_components.shared.support import stateful

PASSWORD_CHARACTERS = 40
"""RDS documents 8 to 41 characters for a cluster's master password, ElastiCache 16 to 128 for a token (CreateDBCluster
and CreateReplicationGroup, read 2026-11-21). Letters and digits alone need no escaping anywhere; 40 of them hold more
than 230 bits."""

SECRET_RECOVERY_DAYS = 30
"""The longest that Secrets Manager keeps a deleted secret (DeleteSecret, read 2026-11-21)."""


class RecoverySecretArgs(TypedDict):
    region: str
    """The Region that holds the replica of the secret."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in that Region, that encrypts the replica."""


def generated(
    component: pulumi.Resource, name: str, *, ephemeral: bool, characters: int = PASSWORD_CHARACTERS
) -> pulumi.Output[str]:
    """Letters and digits made once and never again: they have no keepers, so no change elsewhere makes new ones."""
    password = random.RandomPassword(
        f"{name}-password",
        length=characters,
        special=False,
        opts=stateful(component, ephemeral=ephemeral),
    )
    return password.result


class StoredSecret:
    """A secret under one name in two Regions."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        *,
        description: str,
        kms_key_arn: pulumi.Input[str],
        replica: RecoverySecretArgs,
        ephemeral: bool,
    ) -> None:
        self._name = name
        self._options = stateful(component, ephemeral=ephemeral)
        self._secret = aws.secretsmanager.Secret(
            secret_name(name),
            name=secret_name(name),
            description=description,
            kms_key_id=kms_key_arn,
            replicas=[{"region": replica["region"], "kms_key_id": replica["kms_key_arn"]}],
            # A replica left behind by an earlier secret of this name would otherwise keep its old password.
            force_overwrite_replica_secret=True,
            recovery_window_in_days=0 if ephemeral else SECRET_RECOVERY_DAYS,
            tags={"Name": secret_name(name)},
            # A promoted replica has left. Declared again, it would be overwritten with the primary's older value.
            opts=stateful(component, ephemeral=ephemeral, ignore_changes=["replicas"]),
        )
        self.arn: pulumi.Output[str] = self._secret.arn

    def write(
        self, text: pulumi.Input[str], opts: pulumi.ResourceOptions, *, stages: Sequence[str] | None = None
    ) -> aws.secretsmanager.SecretVersion:
        """Write the secret's value, and label the version that holds it."""
        return aws.secretsmanager.SecretVersion(
            f"{self._name}-secret-value",
            secret_id=self._secret.id,
            secret_string=text,
            version_stages=stages,
            opts=opts,
        )

    def hold(self, value: Mapping[str, Any]) -> None:
        """Write the secret's value: a JSON object that keeps as long as the secret."""
        self.write(pulumi.Output.json_dumps(dict(value), sort_keys=True), self._options)
