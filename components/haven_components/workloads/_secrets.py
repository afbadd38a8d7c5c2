"""Secrets of the own Region that pods mount: the Kubernetes secrets that come with them exist only while one does."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi

from haven_components.names import partition

DRIVER = "secrets-store.csi.k8s.io"
FOLDER = "/run/secrets/haven"
READ_SECRETS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
_SUFFIX = "-??????"
"""Secrets Manager ends a secret's ARN with a hyphen and six characters (its User Guide, IAM policy examples; read
2026-11-26)."""


class WorkloadSecretArgs(TypedDict):
    provider_class: str
    """Name of the SecretProviderClass in the namespace of the pods, such as one of `ClusterAccess`."""
    secret: str
    """Name of the secret in Secrets Manager that it reads, the same in both Regions."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in the own Region, that encrypts the secret or its replica."""


def secret_statements(region: str, account_id: str, secrets: Sequence[WorkloadSecretArgs]) -> list[Mapping[str, Any]]:
    """What the role of pods needs to mount these secrets; nothing for none."""
    if not secrets:
        return []
    return [
        {
            "Sid": "Secrets",
            "Effect": "Allow",
            "Action": list(READ_SECRETS),
            "Resource": secret_arns(region, account_id, [each["secret"] for each in secrets]),
        },
        {
            "Sid": "SecretsKey",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": [each["kms_key_arn"] for each in secrets],
            "Condition": {"StringLike": {"kms:ViaService": f"secretsmanager.{region}.*"}},
        },
    ]


def secret_arns(region: str, account_id: str, names: Sequence[str]) -> list[str]:
    """Patterns of the ARNs of secrets, which are known by their names."""
    prefix = f"arn:{partition(region)}:secretsmanager:{region}:{account_id}:secret"
    return [f"{prefix}:{each}{_SUFFIX}" for each in names]


def secret_volumes(classes: Sequence[str]) -> list[dict[str, Any]]:
    """A read-only volume for each SecretProviderClass."""
    return [
        {
            "name": f"secret-{each}",
            "csi": {"driver": DRIVER, "read_only": True, "volume_attributes": {"secretProviderClass": each}},
        }
        for each in classes
    ]


def secret_mounts(classes: Sequence[str]) -> list[dict[str, Any]]:
    """Where a container has these volumes."""
    return [{"name": f"secret-{each}", "mount_path": f"{FOLDER}/{each}", "read_only": True} for each in classes]
